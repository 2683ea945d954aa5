//! TLS 1.3 and nothing older, with certificates that change while serving.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use quorate_signal::{Config, Running, StartError, TlsError, start};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ProtocolVersion, RootCertStore, SupportedProtocolVersion};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::support::PATIENCE;

/// A directory of this test's own, with a fresh certificate in it.
struct Files {
    folder: PathBuf,
}

impl Files {
    fn new(name: &str) -> Self {
        let folder =
            PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("tls-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let files = Self { folder };
        files.renew();
        files
    }

    fn cert(&self) -> PathBuf {
        self.folder.join("cert.pem")
    }

    fn key(&self) -> PathBuf {
        self.folder.join("key.pem")
    }

    /// Writes a new key and certificate over the old ones.
    fn renew(&self) {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        std::fs::write(self.key(), made.signing_key.serialize_pem()).unwrap();
        std::fs::write(self.cert(), made.cert.pem()).unwrap();
    }

    async fn relay(&self) -> Running {
        let mut config =
            Config { tls_cert: Some(self.cert()), tls_key: Some(self.key()), ..Config::loopback() };
        config.times.certificate_check = Duration::from_millis(20);
        start(&config).await.unwrap()
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

async fn handshake(
    relay: &Running,
    cert: &Path,
    versions: &[&'static SupportedProtocolVersion],
) -> std::io::Result<ProtocolVersion> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(cert).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(relay.address()).await?;
    let name = ServerName::try_from("localhost").unwrap();
    let mut stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await?;
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").await?;
    Ok(stream.get_ref().1.protocol_version().unwrap())
}

#[tokio::test]
async fn a8_tls_1_3_is_spoken_and_1_2_refused() {
    let files = Files::new("versions");
    let relay = files.relay().await;
    assert!(relay.url().starts_with("wss://"));
    let new = handshake(&relay, &files.cert(), &[&rustls::version::TLS13]).await;
    assert_eq!(new.unwrap(), ProtocolVersion::TLSv1_3);
    let old = handshake(&relay, &files.cert(), &[&rustls::version::TLS12]).await.unwrap_err();
    assert!(old.to_string().to_lowercase().contains("protocol"), "{old}");
    let both = handshake(&relay, &files.cert(), rustls::ALL_VERSIONS).await;
    assert_eq!(both.unwrap(), ProtocolVersion::TLSv1_3);
}

#[tokio::test]
async fn a_new_certificate_is_used_without_a_restart() {
    let files = Files::new("reload");
    let relay = files.relay().await;
    let old = files.folder.join("old.pem");
    std::fs::copy(files.cert(), &old).unwrap();
    handshake(&relay, &old, &[&rustls::version::TLS13]).await.unwrap();
    files.renew();
    tokio::time::timeout(PATIENCE, async {
        while handshake(&relay, &files.cert(), &[&rustls::version::TLS13]).await.is_err() {}
    })
    .await
    .expect("the new certificate was never used");
    assert!(handshake(&relay, &old, &[&rustls::version::TLS13]).await.is_err());
}

#[tokio::test]
async fn a_broken_certificate_does_not_replace_a_good_one() {
    let files = Files::new("broken");
    let relay = files.relay().await;
    let good = files.folder.join("good.pem");
    std::fs::copy(files.cert(), &good).unwrap();
    std::fs::write(files.cert(), "-----BEGIN CERTIFICATE-----\nnonsense").unwrap();
    relay.reload_certificate();
    handshake(&relay, &good, &[&rustls::version::TLS13]).await.unwrap();
}

#[tokio::test]
async fn unusable_certificates_are_named_at_the_start() {
    let (files, other) = (Files::new("unusable"), Files::new("other"));
    let empty = files.folder.join("empty.pem");
    std::fs::write(&empty, "").unwrap();
    let missing = files.folder.join("missing.pem");
    for (cert, key, path) in [
        (missing.clone(), files.key(), &missing),
        (files.cert(), missing.clone(), &missing),
        (files.cert(), empty.clone(), &empty),
    ] {
        let config = Config { tls_cert: Some(cert), tls_key: Some(key), ..Config::loopback() };
        let Err(StartError::Tls(error)) = start(&config).await else { panic!("started") };
        assert!(error.to_string().contains(&path.display().to_string()), "{error}");
    }
    for cert in [empty, files.cert()] {
        let config = Config { tls_cert: Some(cert), tls_key: Some(other.key()), ..Config::loopback() };
        let Err(StartError::Tls(error)) = start(&config).await else { panic!("started") };
        assert!(matches!(error, TlsError::Unusable { .. }), "{error}");
    }
}
