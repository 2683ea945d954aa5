//! Threshold Schnorr signatures: FROST, as in RFC 9591, on Ed25519 and on secp256k1 with BIP-340.
//!
//! `commit → sign → aggregate`: a signer makes [`SigningNonces`] and sends their [`SigningCommitments`]; everybody
//! builds the same [`SigningPackage`] from the commitments and the message; nonces are consumed by
//! [`SigningNonces::sign`]; [`aggregate`] adds the shares, verifies the signature and names who spoiled it.
//!
//! `frost-core` computes what is hashed; the sums are ours, and a test holds every value equal to `frost-core`'s
//! (`docs/protocols/frost.md`). This layer trusts its caller to burn nonces durably before their share leaves, to know
//! who sent what, and to have decided to sign. An ECDSA key is refused.

mod aggregate;
mod error;
mod keys;
mod nonces;
mod package;
mod scheme;
mod share;
mod suite;
mod verify;

pub use self::aggregate::{aggregate, verify_share};
pub use self::error::{AggregateError, KeyError, SignError};
pub use self::keys::{KeyPackage, PublicKeyPackage};
pub use self::nonces::{SigningCommitments, SigningNonces};
pub use self::package::SigningPackage;
pub use self::share::SignatureShare;
pub use self::suite::SuiteId;
pub use self::verify::{InvalidSignature, verify};

/// The length of a signature, of either suite.
pub const SIGNATURE_LEN: usize = 64;
