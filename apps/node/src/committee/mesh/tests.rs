use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::timeout;

use super::*;

struct Node {
    key: PeerKey,
    url: String,
    mesh: Mesh,
    incoming: mpsc::Receiver<Incoming>,
}

async fn node(number: u8) -> Node {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    on(number, listener).await
}

async fn on(number: u8, listener: TcpListener) -> Node {
    let secret = Secret::new([number; 32]);
    let key = ed25519_dalek::SigningKey::from_bytes(secret.expose()).verifying_key().to_bytes();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let (mesh, incoming) = Mesh::new(listener, &secret, &key).unwrap();
    Node { key, url, mesh, incoming }
}

fn know(of: &mut Node, others: &[(PeerKey, String)]) {
    of.mesh.set_peers(&others.iter().cloned().collect()).unwrap();
}

async fn next(node: &mut Node) -> Option<Incoming> {
    timeout(Duration::from_secs(10), node.incoming.recv()).await.unwrap()
}

async fn quiet(node: &mut Node) -> bool {
    timeout(Duration::from_millis(300), node.incoming.recv()).await.is_err()
}

fn frame(byte: u8) -> Arc<[u8]> {
    Arc::from(vec![byte; 100])
}

#[tokio::test]
async fn what_a_participant_says_arrives_with_its_proven_key() {
    let (mut one, mut other) = (node(1).await, node(2).await);
    know(&mut one, &[(other.key, other.url.clone())]);
    other.mesh.set_peers(&BTreeMap::from([(one.key, one.url.clone())])).unwrap();
    assert!(matches!(next(&mut one).await, Some(Incoming::Up(key)) if key == other.key));
    assert!(matches!(next(&mut other).await, Some(Incoming::Up(key)) if key == one.key));
    for byte in 0..50 {
        assert!(one.mesh.send(&other.key, frame(byte)));
    }
    for byte in 0..50 {
        let Some(Incoming::Frame(from, bytes)) = next(&mut other).await else { panic!("a frame") };
        assert_eq!((from, bytes.as_slice()), (one.key, frame(byte).as_ref()));
    }
}

#[tokio::test]
async fn c2_a_stranger_is_not_heard() {
    let (mut one, mut stranger, friend) = (node(1).await, node(3).await, node(2).await);
    know(&mut one, &[(friend.key, friend.url.clone())]);
    know(&mut stranger, &[(one.key, one.url.clone())]);
    stranger.mesh.send(&one.key, frame(1));
    let heard = async {
        loop {
            if let Some(Incoming::Frame(from, _)) = one.incoming.recv().await {
                return from;
            }
        }
    };
    assert!(timeout(Duration::from_secs(1), heard).await.is_err());
}

#[tokio::test]
async fn c2_a_node_with_another_key_is_not_spoken_to() {
    let (mut one, impostor) = (node(1).await, node(3).await);
    let expected = node(2).await.key;
    know(&mut one, &[(expected, impostor.url.clone())]);
    assert!(quiet(&mut one).await);
}

#[tokio::test]
async fn a_participant_that_is_none_any_more_is_cut_off() {
    let (mut one, mut other) = (node(1).await, node(2).await);
    know(&mut one, &[(other.key, other.url.clone())]);
    know(&mut other, &[(one.key, one.url.clone())]);
    assert!(matches!(next(&mut other).await, Some(Incoming::Up(_))));
    other.mesh.send(&one.key, frame(1));
    loop {
        if let Some(Incoming::Frame(_, bytes)) = next(&mut one).await {
            assert_eq!(bytes, frame(1).as_ref());
            break;
        }
    }
    know(&mut one, &[]);
    loop {
        if let Some(Incoming::Down(key)) = next(&mut other).await {
            assert_eq!(key, one.key);
            break;
        }
    }
}

#[tokio::test]
async fn a_peer_that_starts_again_is_found_again_and_gets_what_waited() {
    let (mut one, mut other) = (node(1).await, node(2).await);
    know(&mut one, &[(other.key, other.url.clone())]);
    know(&mut other, &[(one.key, one.url.clone())]);
    assert!(matches!(next(&mut one).await, Some(Incoming::Up(_))));
    let address: std::net::SocketAddr = other.url.trim_start_matches("https://").parse().unwrap();
    drop(other);
    assert!(matches!(next(&mut one).await, Some(Incoming::Down(_))));
    one.mesh.send(&node(2).await.key, frame(9));
    let listener = loop {
        match TcpListener::bind(address).await {
            Ok(listener) => break listener,
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    };
    let mut again = on(2, listener).await;
    know(&mut again, &[(one.key, one.url.clone())]);
    loop {
        if let Some(Incoming::Frame(from, bytes)) = next(&mut again).await {
            assert_eq!((from, bytes.as_slice()), (one.key, frame(9).as_ref()));
            break;
        }
    }
}

#[tokio::test]
async fn c10_bytes_that_are_no_tls_harm_nobody() {
    use tokio::io::AsyncWriteExt;

    let (mut one, mut other) = (node(1).await, node(2).await);
    let address = one.url.trim_start_matches("https://").to_owned();
    for _ in 0..20 {
        let mut stream = TcpStream::connect(&address).await.unwrap();
        stream.write_all(&[0xff; 4096]).await.unwrap();
    }
    know(&mut one, &[(other.key, other.url.clone())]);
    know(&mut other, &[(one.key, one.url.clone())]);
    assert!(matches!(next(&mut other).await, Some(Incoming::Up(_))));
}

#[tokio::test]
async fn c10_what_waits_for_an_absent_peer_is_bounded() {
    let mut one = node(1).await;
    let absent = [5; 32];
    know(&mut one, &[(absent, "https://127.0.0.1:1".to_owned())]);
    let large: Arc<[u8]> = Arc::from(vec![0; 1 << 20]);
    let taken = (0..1000).filter(|_| one.mesh.send(&absent, Arc::clone(&large))).count();
    assert_eq!(taken, QUEUE_BYTES / large.len());
}
