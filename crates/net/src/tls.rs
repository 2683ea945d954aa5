//! Which relays are trusted to be who they say: public certificate authorities, and those that the user names.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use thiserror::Error;

/// Why a client was not started.
#[derive(Debug, Error)]
pub enum NetError {
    /// `ws://` to another machine would show everybody on the way which rooms are used, when and how much.
    #[error("relay {host} is on another machine and its address is not wss://")]
    Plaintext {
        /// The relay.
        host: String,
    },
    /// The file with certificate authorities cannot be read, or holds none.
    #[error("cannot read certificate authorities from {}", path.display())]
    Authorities {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: rustls::pki_types::pem::Error,
    },
    /// A certificate in the file cannot be an authority.
    #[error("a certificate in {} cannot be used as an authority", path.display())]
    Authority {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: rustls::Error,
    },
    /// The TLS library has no cipher suites for TLS 1.3.
    #[error("TLS cannot be set up")]
    Tls(#[source] rustls::Error),
}

impl NetError {
    /// Returns what to do about it.
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Plaintext { .. } => "use a wss:// address, or allow plain connections explicitly",
            Self::Authorities { .. } | Self::Authority { .. } => {
                "give a PEM file with the certificate of the relay's authority"
            }
            Self::Tls(_) => "this build is broken: report it",
        }
    }
}

/// Returns the configuration for relays with public certificates, and with those of the given authorities.
pub fn client_config(authorities: Option<&Path>) -> Result<Arc<ClientConfig>, NetError> {
    let mut roots = RootCertStore::empty();
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    if let Some(path) = authorities {
        add_authorities(&mut roots, path)?;
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(NetError::Tls)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

fn add_authorities(roots: &mut RootCertStore, path: &Path) -> Result<(), NetError> {
    let unreadable = |source| NetError::Authorities { path: path.to_owned(), source };
    let mut found = false;
    for certificate in CertificateDer::pem_file_iter(path).map_err(unreadable)? {
        roots
            .add(certificate.map_err(unreadable)?)
            .map_err(|source| NetError::Authority { path: path.to_owned(), source })?;
        found = true;
    }
    if found { Ok(()) } else { Err(unreadable(rustls::pki_types::pem::Error::NoItemsFound)) }
}
