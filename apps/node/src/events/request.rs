//! Requests for signatures, and how they end.

use core::fmt;

use thiserror::Error;

/// Names a request: the id of the receipt that called `sign`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub [u8; 32]);

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&bs58::encode(self.0).into_string())
    }
}

/// A block.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlockRef {
    /// Its height.
    pub height: u64,
    /// Its hash.
    pub hash: [u8; 32],
}

impl fmt::Debug for BlockRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.height, bs58::encode(self.hash).into_string())
    }
}

/// What is to be signed. The kind is that of the domain's scheme.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Payload {
    /// A digest, as a big-endian scalar of secp256k1 below the order.
    Ecdsa([u8; 32]),
    /// A message of at most 1232 bytes.
    Eddsa(Vec<u8>),
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ecdsa(_) => f.write_str("Ecdsa(32 bytes)"),
            Self::Eddsa(message) => write!(f, "Eddsa({} bytes)", message.len()),
        }
    }
}

/// A request that the contract waits for.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    /// Its id.
    pub id: RequestId,
    /// The account that asked, which the key is derived from.
    pub predecessor: String,
    /// The path that the key is derived from.
    pub path: String,
    /// The tweak of account and path.
    pub tweak: [u8; 32],
    /// What is to be signed.
    pub payload: Payload,
    /// The domain whose key signs.
    pub domain: u64,
    /// The block that the request ran in.
    pub block: BlockRef,
    /// The block at whose end the contract gives it up.
    pub expires: u64,
    /// An earlier, identical and still pending request: its answer serves this one too, so that no second signature is to
    /// be made. Another node may know both in the other order, and ask for a share under either id.
    pub same_as: Option<RequestId>,
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("id", &self.id)
            .field("domain", &self.domain)
            .field("payload", &self.payload)
            .field("block", &self.block)
            .finish_non_exhaustive()
    }
}

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finish {
    /// The contract took an answer.
    Answered,
    /// The contract gave it up.
    TimedOut,
    /// Its block is no longer part of the chain, and its receipt has not come back in another one.
    Orphaned,
}

/// A signature in the contract's terms.
#[derive(Clone, PartialEq, Eq)]
pub enum Signature {
    /// ECDSA with low s.
    Secp256k1 {
        /// The compressed point R.
        big_r: [u8; 33],
        /// The scalar s, big-endian.
        s: [u8; 32],
        /// 0 or 1: whether the y of R is odd, after s was made low.
        recovery_id: u8,
    },
    /// Ed25519: R, then s.
    Ed25519([u8; 64]),
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Secp256k1 { .. } => f.write_str("Secp256k1"),
            Self::Ed25519(_) => f.write_str("Ed25519"),
        }
    }
}

/// Why a command came to nothing.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SubmitFault {
    /// The request is not pending: answered, given up, or never seen here.
    #[error("the request is not pending")]
    NotPending,
    /// The contract refused the call.
    #[error("the contract refused: {0}")]
    Refused(String),
    /// The account cannot pay for the transaction.
    #[error("the balance or allowance of the node's account is too low")]
    LowBalance,
    /// The key is not an access key of the account, or may not call the contract.
    #[error("the node's key may not sign for its account")]
    BadKey,
    /// Transactions were sent until the time was over, and none had an effect.
    #[error("no transaction had an effect in time")]
    GaveUp,
    /// No RPC answers.
    #[error("no RPC answers")]
    Unreachable,
    /// The contract's JSON generation is not known yet, or not served.
    #[error("the contract's version is not known")]
    UnknownVersion,
}
