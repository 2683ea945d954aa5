//! Where an RPC is.

use core::fmt;
use core::net::IpAddr;
use core::str::FromStr;

use hyper::Uri;
use thiserror::Error;

/// The longest address.
const MAX_URL: usize = 2048;

/// An address of an RPC, `http://` or `https://`.
///
/// # Security
/// Path and query may hold a key of the provider: neither is printed.
#[derive(Clone, PartialEq, Eq)]
pub struct RpcUrl {
    name: String,
    host: String,
    port: u16,
    target: String,
    secure: bool,
}

/// A text that is no address of an RPC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum InvalidUrl {
    /// Neither `http://` nor `https://`.
    #[error("an RPC address begins with http:// or https://")]
    Scheme,
    /// Not a URL with a host.
    #[error("an RPC address has a host, and no name or password")]
    Host,
}

impl RpcUrl {
    /// Returns scheme, host and port.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the host, without brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        self.host.trim_start_matches('[').trim_end_matches(']')
    }

    /// Returns host and port for the `Host` header.
    #[must_use]
    pub fn authority(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// Returns the port.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Returns path and query.
    #[must_use]
    pub fn target(&self) -> &str {
        &self.target
    }

    /// Whether it is on this machine.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        self.host() == "localhost" || self.host().parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    }

    /// Whether it is `https://`.
    #[must_use]
    pub const fn is_secure(&self) -> bool {
        self.secure
    }
}

impl FromStr for RpcUrl {
    type Err = InvalidUrl;

    fn from_str(text: &str) -> Result<Self, InvalidUrl> {
        if text.len() > MAX_URL {
            return Err(InvalidUrl::Host);
        }
        let uri: Uri = text.parse().map_err(|_| InvalidUrl::Host)?;
        let secure = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            Some(_) | None => return Err(InvalidUrl::Scheme),
        };
        let authority = uri.authority().ok_or(InvalidUrl::Host)?;
        if authority.as_str().contains('@') || authority.host().is_empty() {
            return Err(InvalidUrl::Host);
        }
        let host = authority.host().to_owned();
        let port = authority.port_u16().unwrap_or(if secure { 443 } else { 80 });
        let scheme = if secure { "https" } else { "http" };
        let target = uri.path_and_query().map_or("/", |target| target.as_str()).to_owned();
        Ok(Self { name: format!("{scheme}://{host}:{port}"), host, port, target, secure })
    }
}

impl fmt::Debug for RpcUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_in_the_path_is_not_printed() {
        let url: RpcUrl = "https://rpc.example.org/v1/hidden?key=hidden".parse().unwrap();
        assert_eq!(format!("{url:?}"), "https://rpc.example.org:443");
        assert_eq!(url.target(), "/v1/hidden?key=hidden");
    }

    #[test]
    fn addresses_without_scheme_or_host_are_refused() {
        assert_eq!("rpc.example.org".parse::<RpcUrl>(), Err(InvalidUrl::Scheme));
        assert_eq!("ws://rpc.example.org".parse::<RpcUrl>(), Err(InvalidUrl::Scheme));
        for text in ["", "http://", "http://name:word@host/", "http://a b"] {
            assert!(text.parse::<RpcUrl>().is_err(), "{text}");
        }
    }

    #[test]
    fn an_ipv6_address_loses_its_brackets_for_dialing_only() {
        let url: RpcUrl = "http://[::1]:3030".parse().unwrap();
        assert_eq!((url.host(), url.authority().as_str(), url.target()), ("::1", "[::1]:3030", "/"));
        assert!(url.is_loopback());
        assert!(!"http://127.0.0.1.example.org".parse::<RpcUrl>().unwrap().is_loopback());
    }
}
