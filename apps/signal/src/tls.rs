//! TLS 1.3 with a certificate that can be replaced while serving.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::SystemTime;

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use thiserror::Error;

/// The certificate and key in use, and the files they come from.
pub struct Certificate {
    cert: PathBuf,
    key: PathBuf,
    active: RwLock<Active>,
}

struct Active {
    config: Arc<ServerConfig>,
    stamp: Stamp,
}

/// When the two files last changed, and how long they are.
type Stamp = [Option<(SystemTime, u64)>; 2];

/// Why a certificate cannot be used.
#[derive(Debug, Error)]
pub enum TlsError {
    /// A file cannot be read, or holds nothing of the kind.
    #[error("cannot read {what} from {}", path.display())]
    Read {
        /// What was expected in it.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// The cause.
        source: rustls::pki_types::pem::Error,
    },
    /// Certificate and key do not belong together, or are of a kind that is not supported.
    #[error("certificate {} cannot be used with key {}", cert.display(), key.display())]
    Unusable {
        /// The certificate's file.
        cert: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// The cause.
        source: rustls::Error,
    },
}

impl Certificate {
    /// Reads certificate and key.
    ///
    /// # Errors
    /// [`TlsError`] names the file and what is wrong with it.
    pub fn load(cert: &Path, key: &Path) -> Result<Self, TlsError> {
        let active = Active { stamp: stamp(cert, key), config: Arc::new(read(cert, key)?) };
        Ok(Self { cert: cert.to_owned(), key: key.to_owned(), active: RwLock::new(active) })
    }

    /// Returns the configuration for a new connection.
    pub fn config(&self) -> Arc<ServerConfig> {
        self.active.read().unwrap_or_else(PoisonError::into_inner).config.clone()
    }

    /// Reads the files again if they changed. Returns whether a new certificate is in use.
    ///
    /// # Errors
    /// [`TlsError`]; the certificate in use stays in use, and the files are tried again at the next call.
    pub fn reload_if_changed(&self) -> Result<bool, TlsError> {
        let stamp = stamp(&self.cert, &self.key);
        if self.active.read().unwrap_or_else(PoisonError::into_inner).stamp == stamp {
            return Ok(false);
        }
        let config = Arc::new(read(&self.cert, &self.key)?);
        *self.active.write().unwrap_or_else(PoisonError::into_inner) = Active { config, stamp };
        Ok(true)
    }
}

fn read(cert: &Path, key: &Path) -> Result<ServerConfig, TlsError> {
    let unreadable = |what, path: &Path| {
        let path = path.to_owned();
        move |source| TlsError::Read { what, path, source }
    };
    let chain = CertificateDer::pem_file_iter(cert)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(unreadable("a certificate", cert))?;
    let private = PrivateKeyDer::from_pem_file(key).map_err(unreadable("a private key", key))?;
    let unusable = |source| TlsError::Unusable { cert: cert.to_owned(), key: key.to_owned(), source };
    ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(unusable)?
        .with_no_client_auth()
        .with_single_cert(chain, private)
        .map_err(unusable)
}

fn stamp(cert: &Path, key: &Path) -> Stamp {
    [cert, key].map(|path| {
        let of_file = || -> io::Result<_> {
            let meta = std::fs::metadata(path)?;
            Ok((meta.modified()?, meta.len()))
        };
        of_file().ok()
    })
}
