//! Addresses of relays: `ws://host:port/path` and `wss://…`, parsed strictly.

use core::fmt;
use core::net::{IpAddr, Ipv6Addr};
use core::str::FromStr;

use thiserror::Error;

/// The longest address that is read, in bytes.
pub const MAX_URL_LEN: usize = 200;

/// Why text is no relay address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum UrlError {
    /// More than [`MAX_URL_LEN`] bytes.
    #[error("address of {0} bytes where at most {MAX_URL_LEN} are possible")]
    TooLong(usize),
    /// It starts with neither `ws://` nor `wss://`.
    #[error("address starts with neither ws:// nor wss://")]
    Scheme,
    /// The host is empty or has characters that no host name has.
    #[error("address has no valid host name")]
    Host,
    /// The port is no number from 1 to 65535.
    #[error("address has no valid port")]
    Port,
    /// The path has characters outside visible ASCII, or a query, fragment or user name.
    #[error("address has an invalid path")]
    Path,
}

/// The address of a relay.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RelayUrl {
    secure: bool,
    host: String,
    port: u16,
    path: String,
}

/// Host and port of a relay: what a challenge's answer is bound to, so that one relay cannot use it at another.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RelayOrigin(String);

impl RelayUrl {
    /// Returns whether the connection is inside TLS.
    pub const fn is_secure(&self) -> bool {
        self.secure
    }

    /// Returns the host in lower case, IPv6 addresses without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Returns the port, 443 or 80 where the address names none.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Returns the path, at least `/`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Returns host and port, for the challenge.
    pub fn origin(&self) -> RelayOrigin {
        RelayOrigin::new(&self.host, self.port)
    }

    /// Returns whether the relay is on this machine, so that plain `ws://` shows the traffic to nobody else.
    pub fn is_loopback(&self) -> bool {
        self.host == "localhost" || self.host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    }
}

impl FromStr for RelayUrl {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        if text.len() > MAX_URL_LEN {
            return Err(UrlError::TooLong(text.len()));
        }
        let (secure, rest) = match (text.strip_prefix("wss://"), text.strip_prefix("ws://")) {
            (Some(rest), _) => (true, rest),
            (None, Some(rest)) => (false, rest),
            (None, None) => return Err(UrlError::Scheme),
        };
        let (authority, path) = match rest.find('/') {
            Some(at) => rest.split_at(at),
            None => (rest, "/"),
        };
        let visible = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'?' | b'#' | b'@' | b'\\');
        if !path.bytes().all(visible) {
            return Err(UrlError::Path);
        }
        let (host, port) = parse_authority(authority, if secure { 443 } else { 80 })?;
        Ok(Self { secure, host, port, path: path.to_owned() })
    }
}

impl RelayOrigin {
    fn new(host: &str, port: u16) -> Self {
        if host.contains(':') { Self(format!("[{host}]:{port}")) } else { Self(format!("{host}:{port}")) }
    }

    /// Reads `host` or `host:port`; a missing port is `default_port`.
    ///
    /// # Errors
    /// As reading a [`RelayUrl`].
    pub fn parse(text: &str, default_port: u16) -> Result<Self, UrlError> {
        if text.len() > MAX_URL_LEN {
            return Err(UrlError::TooLong(text.len()));
        }
        let (host, port) = parse_authority(text, default_port)?;
        Ok(Self::new(&host, port))
    }

    /// Returns the canonical text, `host:port`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn parse_authority(authority: &str, default_port: u16) -> Result<(String, u16), UrlError> {
    if let Some(rest) = authority.strip_prefix('[') {
        let (address, rest) = rest.split_once(']').ok_or(UrlError::Host)?;
        let address = Ipv6Addr::from_str(address).map_err(|_| UrlError::Host)?;
        let port = match rest.strip_prefix(':') {
            Some(port) => parse_port(port)?,
            None if rest.is_empty() => default_port,
            None => return Err(UrlError::Host),
        };
        return Ok((address.to_string(), port));
    }
    let (host, port) = match authority.split_once(':') {
        Some((host, port)) => (host, parse_port(port)?),
        None => (authority, default_port),
    };
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'-';
    if host.is_empty() || host.len() > 128 || host.starts_with(['.', '-']) || !host.bytes().all(allowed) {
        return Err(UrlError::Host);
    }
    Ok((host.to_ascii_lowercase(), port))
}

/// Reads a port in its one spelling: digits, no sign, no leading zero.
fn parse_port(text: &str) -> Result<u16, UrlError> {
    let canonical = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    if !canonical {
        return Err(UrlError::Port);
    }
    text.parse().map_err(|_| UrlError::Port)
}

impl fmt::Display for RelayUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, default_port) = if self.secure { ("wss", 443) } else { ("ws", 80) };
        write!(f, "{scheme}://")?;
        if self.host.contains(':') {
            write!(f, "[{}]", self.host)?;
        } else {
            f.write_str(&self.host)?;
        }
        if self.port != default_port {
            write!(f, ":{}", self.port)?;
        }
        if self.path == "/" { Ok(()) } else { f.write_str(&self.path) }
    }
}

impl fmt::Debug for RelayUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for RelayOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for RelayOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn origin(text: &str) -> String {
        text.parse::<RelayUrl>().unwrap().origin().to_string()
    }

    #[test]
    fn one_relay_has_one_origin() {
        assert_eq!(origin("wss://Relay.Example.org"), "relay.example.org:443");
        assert_eq!(origin("wss://relay.example.org:443/ws"), "relay.example.org:443");
        assert_eq!(origin("ws://127.0.0.1:8080"), "127.0.0.1:8080");
        assert_eq!(origin("ws://[0:0::1]:8080/"), "[::1]:8080");
        assert_eq!(RelayOrigin::parse("relay.example.org", 443).unwrap().as_str(), "relay.example.org:443");
        assert_eq!(RelayOrigin::parse("[::1]:9", 443).unwrap().as_str(), "[::1]:9");
    }

    #[test]
    fn refuses_what_is_no_relay_address() {
        for (text, error) in [
            ("http://relay.example.org", UrlError::Scheme),
            ("WSS://relay.example.org", UrlError::Scheme),
            ("", UrlError::Scheme),
            ("ws://", UrlError::Host),
            ("ws:///path", UrlError::Host),
            ("ws://user@host", UrlError::Host),
            ("ws://ho st", UrlError::Host),
            ("ws://hóst", UrlError::Host),
            ("ws://.host", UrlError::Host),
            ("ws://[::1", UrlError::Host),
            ("ws://[::1]x", UrlError::Host),
            ("ws://host:", UrlError::Port),
            ("ws://host:0", UrlError::Port),
            ("ws://host:080", UrlError::Port),
            ("ws://host:65536", UrlError::Port),
            ("ws://host:+80", UrlError::Port),
            ("ws://host/a b", UrlError::Path),
            ("ws://host/\r\nHost: other", UrlError::Path),
            ("ws://host/?token=1", UrlError::Path),
        ] {
            assert_eq!(text.parse::<RelayUrl>(), Err(error), "{text:?}");
        }
        let long = format!("ws://host/{}", "a".repeat(MAX_URL_LEN));
        assert_eq!(long.parse::<RelayUrl>(), Err(UrlError::TooLong(long.len())));
    }

    #[test]
    fn knows_loopback() {
        for (text, loopback) in [
            ("ws://127.0.0.1:1", true),
            ("ws://127.9.9.9", true),
            ("ws://[::1]:1", true),
            ("ws://localhost", true),
            ("ws://localhost.example.org", false),
            ("ws://10.0.0.1", false),
        ] {
            assert_eq!(text.parse::<RelayUrl>().unwrap().is_loopback(), loopback, "{text}");
        }
    }

    proptest! {
        #[test]
        fn printing_and_reading_agree(text in "wss?://[a-z0-9.:/-]{1,40}") {
            if let Ok(url) = text.parse::<RelayUrl>() {
                prop_assert_eq!(url.to_string().parse::<RelayUrl>(), Ok(url));
            }
        }
    }
}
