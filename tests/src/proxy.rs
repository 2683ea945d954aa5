//! A TCP proxy that records everything that passes, and can cut all connections.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// Stands between devices and a relay.
pub struct Proxy {
    /// Its port.
    pub port: u16,
    wire: Arc<Mutex<Vec<u8>>>,
    open: Arc<Mutex<Vec<TcpStream>>>,
}

impl Proxy {
    /// Listens on a free loopback port; connections wait until [`Proxy::serve`] says where they go.
    pub fn bind() -> (TcpListener, u16) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        (listener, port)
    }

    /// Connects everybody who comes to `target`.
    pub fn serve(listener: TcpListener, target: u16) -> Self {
        let port = listener.local_addr().expect("an address").port();
        let (wire, open) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(Vec::new())));
        let (recorded, connections) = (Arc::clone(&wire), Arc::clone(&open));
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let Ok(server) = TcpStream::connect(("127.0.0.1", target)) else { continue };
                let _ = client.set_nodelay(true);
                let _ = server.set_nodelay(true);
                let pairs = [(&client, &server), (&server, &client)];
                for (from, to) in pairs {
                    let (Ok(from), Ok(to)) = (from.try_clone(), to.try_clone()) else { continue };
                    let recorded = Arc::clone(&recorded);
                    std::thread::spawn(move || pump(from, to, &recorded));
                }
                connections.lock().expect("a lock").extend([client, server]);
            }
        });
        Self { port, wire, open }
    }

    /// Returns everything that passed, in both directions.
    pub fn wire(&self) -> Vec<u8> {
        self.wire.lock().expect("a lock").clone()
    }

    /// Cuts all connections.
    pub fn cut(&self) {
        for stream in self.open.lock().expect("a lock").drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

fn pump(mut from: TcpStream, mut to: TcpStream, wire: &Mutex<Vec<u8>>) {
    let mut buffer = [0; 65536];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        let bytes = buffer.get(..read).unwrap_or_default();
        wire.lock().expect("a lock").extend_from_slice(bytes);
        if to.write_all(bytes).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
}
