//! What may be wrong with a value, and with a text that should hold one.

use crate::{Curve, Protocol};

/// A value that the interface does not allow.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    /// The text is no account name.
    #[error("{0:?} is no account name")]
    Account(String),
    /// The key's text names no curve that is served.
    #[error("a key begins with `secp256k1:` or `ed25519:`")]
    KeyPrefix,
    /// The key's text is not base58 of as many bytes as its curve takes.
    #[error("a {curve} key is {expected} bytes in base58")]
    KeyLength {
        /// The curve that the text names.
        curve: Curve,
        /// How many bytes a key of it has.
        expected: usize,
    },
    /// The key's bytes are no point that a key may be.
    #[error("the bytes are no {0} key")]
    KeyPoint(Curve),
    /// The text is not hexadecimal.
    #[error("{0} is not hexadecimal")]
    Hexadecimal(&'static str),
    /// Something has the wrong number of bytes.
    #[error("{what} has {length} bytes, not {expected}")]
    Length {
        /// What it is.
        what: &'static str,
        /// How long it is.
        length: usize,
        /// How long it may be.
        expected: &'static str,
    },
    /// Two forms of the payload were given.
    #[error("payload_v2 and payload are mutually exclusive")]
    BothPayloads,
    /// Two forms of the domain were given.
    #[error("domain_id and key_version are mutually exclusive")]
    BothDomains,
    /// A field is missing.
    #[error("missing field `{0}`")]
    Missing(&'static str),
    /// A recovery id other than 0 and 1.
    #[error("recovery id {0} is neither 0 nor 1")]
    RecoveryId(u8),
    /// The answer's fields are those of another scheme.
    #[error("the fields are not those of scheme {0}")]
    Scheme(&'static str),
    /// A domain names a curve that its protocol does not use.
    #[error("protocol {protocol:?} does not use curve {curve}")]
    DomainCurve {
        /// The protocol.
        protocol: Protocol,
        /// The curve.
        curve: Curve,
    },
    /// A tweak that is no scalar of the curve.
    #[error("the tweak is no scalar of secp256k1")]
    Tweak,
    /// The child key would be the neutral element.
    #[error("the child key is the neutral element")]
    ChildKey,
    /// There are more participants than a network may have.
    #[error("{0} participants are more than a network may have")]
    TooManyParticipants(usize),
    /// A participant's account or id stands twice.
    #[error("participant {0} stands twice")]
    RepeatedParticipant(String),
    /// An id is not below the next one.
    #[error("id {id} is not below the next id {next}")]
    IdBeyondNext {
        /// The id.
        id: u64,
        /// The id that would be given next.
        next: u64,
    },
    /// Domains do not stand in the order of their ids.
    #[error("domain {0} is out of order")]
    DomainOrder(u64),
    /// The threshold does not fit the number of participants.
    #[error("threshold {threshold} is not between {least} and {participants}")]
    Threshold {
        /// The threshold.
        threshold: u64,
        /// The least that is allowed.
        least: u64,
        /// The number of participants.
        participants: u64,
    },
    /// The generation cannot say this.
    #[error("version {version} of the contract cannot express {what}")]
    Inexpressible {
        /// A version of the generation.
        version: &'static str,
        /// What cannot be said.
        what: &'static str,
    },
    /// The contract's version belongs to no generation that is served.
    #[error("contract version {0:?} is not served; 2.2 to 3.4 and 3.14 on are")]
    Version(String),
}

/// A text that holds no value of the interface.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// It is longer than anything the interface says.
    #[error("{length} bytes of JSON are more than {limit}")]
    TooLong {
        /// How long it is.
        length: usize,
        /// How long it may be.
        limit: usize,
    },
    /// It is not the JSON of the value.
    #[error("the JSON is not what it should be")]
    Json(#[source] serde_json::Error),
}
