//! Options, from flags or the environment.

use core::net::SocketAddr;
use core::time::Duration;
use std::path::PathBuf;

use clap::Args;
use quorate_transport::{RelayOrigin, UrlError};

use crate::relay::Limits;

/// The options of `quorate-signal`.
#[derive(Args, Clone, Debug)]
pub struct Config {
    /// Address and port to listen on; port 0 takes a free one
    #[arg(long, env = "QUORATE_SIGNAL_LISTEN", default_value = "127.0.0.1:8080", value_name = "ADDR:PORT")]
    pub listen: SocketAddr,

    /// Host or host:port by which clients reach this relay (443 unless told); may be repeated.
    /// On a loopback address its own names are known
    #[arg(
        long = "name",
        env = "QUORATE_SIGNAL_NAMES",
        value_delimiter = ',',
        value_name = "HOST[:PORT]",
        value_parser = parse_name
    )]
    pub names: Vec<RelayOrigin>,

    /// PEM file with the certificate chain; TLS 1.3 only, read again when it changes
    #[arg(long, env = "QUORATE_SIGNAL_TLS_CERT", requires = "tls_key", value_name = "FILE")]
    pub tls_cert: Option<PathBuf>,

    /// PEM file with the private key of the certificate
    #[arg(long, env = "QUORATE_SIGNAL_TLS_KEY", requires = "tls_cert", value_name = "FILE")]
    pub tls_key: Option<PathBuf>,

    /// Connections at a time
    #[arg(long, env = "QUORATE_SIGNAL_MAX_CONNECTIONS", default_value_t = 16_000, value_name = "N")]
    pub max_connections: u32,

    /// Connections at a time from one IPv4 address or IPv6 /64 network
    #[arg(long, env = "QUORATE_SIGNAL_MAX_CONNECTIONS_PER_IP", default_value_t = 1024, value_name = "N")]
    pub max_connections_per_ip: u32,

    /// Rooms at a time
    #[arg(long, env = "QUORATE_SIGNAL_MAX_ROOMS", default_value_t = 65_536, value_name = "N")]
    pub max_rooms: u32,

    /// Rooms at a time made from one IPv4 address or IPv6 /64 network
    #[arg(long, env = "QUORATE_SIGNAL_MAX_ROOMS_PER_IP", default_value_t = 2048, value_name = "N")]
    pub max_rooms_per_ip: u32,

    /// Memory for mailboxes, in MiB; a quarter of it at most from one address
    #[arg(long, env = "QUORATE_SIGNAL_MAX_STORED", default_value_t = 512, value_name = "MIB", value_parser = clap::value_parser!(u32).range(16..=65_536))]
    pub max_stored: u32,

    /// Frames per second from one client key; five times as many from one address
    #[arg(long, env = "QUORATE_SIGNAL_FRAMES_PER_SECOND", default_value_t = 4000, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub frames_per_second: u32,

    /// Bytes per second in KiB from one client key; four times as many from one address
    #[arg(long, env = "QUORATE_SIGNAL_KIB_PER_SECOND", default_value_t = 16_384, value_name = "KIB", value_parser = clap::value_parser!(u32).range(64..=1_000_000))]
    pub kib_per_second: u32,

    /// Longest life of a room that nobody enters again, in hours
    #[arg(long, env = "QUORATE_SIGNAL_MAX_TTL", default_value_t = 168, value_name = "HOURS", value_parser = clap::value_parser!(u32).range(1..=8760))]
    pub max_ttl: u32,

    /// Seconds that clients get to finish when the relay is told to stop
    #[arg(long, env = "QUORATE_SIGNAL_DRAIN", default_value_t = 5, value_name = "SECONDS")]
    pub drain: u32,

    /// Print the start line and log as JSON
    #[arg(long)]
    pub json: bool,

    /// Times that only tests change.
    #[arg(skip)]
    pub times: Times,
}

/// How long the shell waits for what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// From the first byte to an answered challenge, or to the end of an HTTP exchange.
    pub handshake: Duration,
    /// Between looks at the certificate file.
    pub certificate_check: Duration,
    /// Until a client must have taken what is written to it.
    pub write: Duration,
    /// Between pings.
    pub ping: Duration,
    /// Of silence before a client is given up.
    pub idle: Duration,
}

impl Default for Times {
    fn default() -> Self {
        Self {
            handshake: Duration::from_secs(5),
            certificate_check: Duration::from_secs(30),
            write: Duration::from_secs(10),
            ping: Duration::from_secs(30),
            idle: Duration::from_secs(90),
        }
    }
}

impl Config {
    /// Returns the options of a relay on a loopback port that is free, for tests and demonstrations.
    pub fn loopback() -> Self {
        let limits = Limits::default();
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            names: Vec::new(),
            tls_cert: None,
            tls_key: None,
            max_connections: 16_000,
            max_connections_per_ip: 16_000,
            max_rooms: 65_536,
            max_rooms_per_ip: 65_536,
            max_stored: 512,
            frames_per_second: limits.per_key.frames,
            kib_per_second: 16_384,
            max_ttl: 168,
            drain: 1,
            json: false,
            times: Times::default(),
        }
    }

    /// Returns the limits of the relay.
    pub fn limits(&self) -> Limits {
        let mut limits = Limits::default();
        limits.connections = self.max_connections as usize;
        limits.connections_per_source = self.max_connections_per_ip as usize;
        limits.rooms = self.max_rooms as usize;
        limits.rooms_per_source = self.max_rooms_per_ip as usize;
        limits.stored = (self.max_stored as usize) << 20;
        limits.stored_per_source = limits.stored / 4;
        limits.per_key.frames = self.frames_per_second;
        limits.per_source.frames = self.frames_per_second.saturating_mul(5);
        limits.per_key.bytes = self.kib_per_second.saturating_mul(1024);
        limits.per_source.bytes = limits.per_key.bytes.saturating_mul(4);
        limits.max_ttl = u64::from(self.max_ttl) * 3_600_000;
        limits.answer_within = millis(self.times.handshake);
        limits.idle = millis(self.times.idle);
        limits
    }

    /// Returns the names of a relay that listens on `bound`, or nothing if none is known.
    pub fn origins(&self, bound: SocketAddr) -> Vec<RelayOrigin> {
        if !self.names.is_empty() || !bound.ip().is_loopback() {
            return self.names.clone();
        }
        let hosts =
            [bound.ip().to_string(), "localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
        let name = |host: String| {
            let host = if host.contains(':') { format!("[{host}]") } else { host };
            RelayOrigin::parse(&host, bound.port()).ok()
        };
        let mut origins: Vec<RelayOrigin> = hosts.into_iter().filter_map(name).collect();
        origins.dedup();
        origins
    }
}

fn parse_name(text: &str) -> Result<RelayOrigin, UrlError> {
    RelayOrigin::parse(text, 443)
}

/// Returns a duration in milliseconds.
pub fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        config: Config,
    }

    fn parse(args: &[&str]) -> Result<Config, clap::Error> {
        Command::try_parse_from([&["quorate-signal"], args].concat()).map(|command| command.config)
    }

    #[test]
    fn loopback_knows_its_names_and_other_addresses_need_them() {
        let config = parse(&[]).unwrap();
        let names: Vec<String> =
            config.origins("127.0.0.1:8080".parse().unwrap()).iter().map(ToString::to_string).collect();
        assert_eq!(names, ["127.0.0.1:8080", "localhost:8080", "127.0.0.1:8080", "[::1]:8080"]);
        assert!(config.origins("0.0.0.0:8080".parse().unwrap()).is_empty());

        let named = parse(&["--name", "relay.example.org", "--name", "Relay.Example.Org:8443"]).unwrap();
        let names: Vec<String> =
            named.origins("127.0.0.1:8080".parse().unwrap()).iter().map(ToString::to_string).collect();
        assert_eq!(names, ["relay.example.org:443", "relay.example.org:8443"]);
    }

    #[test]
    fn refuses_impossible_options() {
        for args in [
            &["--listen", "nonsense"][..],
            &["--name", "two words"],
            &["--tls-cert", "cert.pem"],
            &["--kib-per-second", "1"],
            &["--frames-per-second", "0"],
            &["--max-stored", "1"],
            &["--unknown"],
        ] {
            assert!(parse(args).is_err(), "{args:?}");
        }
    }
}
