//! The contract's state, as both JSON generations give it.

use core::fmt;

/// The contract as one block left it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContractView {
    /// What `version` answers, such as `3.14.1`.
    pub version: String,
    /// The block it was read at.
    pub height: u64,
    /// Its protocol state.
    pub phase: Phase,
}

/// The protocol state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Nobody has called `init` yet.
    NotInitialized,
    /// Keys sign.
    Running(Running),
    /// A key of a new domain is being made.
    Initializing(Initializing),
    /// Shares move to new participants while the old ones sign.
    Resharing(Resharing),
}

/// Keys that sign, and who holds them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Running {
    /// The keys.
    pub keyset: Keyset,
    /// The participants that hold their shares.
    pub parameters: Parameters,
}

/// Key generation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Initializing {
    /// The finished keys. They sign only where the contract's version says so.
    pub keyset: Keyset,
    /// The key that is being made.
    pub event: KeyEvent,
}

/// Resharing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resharing {
    /// The state that goes on signing until all keys have moved.
    pub previous: Running,
    /// The keys that have moved, all of the prospective epoch.
    pub reshared: Vec<DomainKey>,
    /// The key that is moving, with the new parameters.
    pub event: KeyEvent,
}

/// All keys of one epoch, in the order of their domains.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keyset {
    /// The epoch.
    pub epoch: u64,
    /// The keys.
    pub keys: Vec<DomainKey>,
}

/// One finished key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DomainKey {
    /// Its domain.
    pub domain: Domain,
    /// The attempt that made it.
    pub attempt: u64,
    /// The key.
    pub key: DomainKeyBytes,
}

/// One key's purpose and scheme.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Domain {
    /// Its number.
    pub id: u64,
    /// How it signs.
    pub scheme: Scheme,
    /// What it signs.
    pub purpose: Purpose,
    /// How many shares make a signature; absent in versions with one threshold for all domains.
    pub threshold: Option<u64>,
}

/// A signature scheme.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// ECDSA on secp256k1.
    Secp256k1,
    /// Ed25519.
    Ed25519,
    /// One that this node does not provide.
    Unsupported,
}

/// What the key of a domain is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Requests of `sign`.
    Sign,
    /// One that this node does not provide: its key is never used for `sign`.
    Unsupported,
}

/// A public key of a domain.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum DomainKeyBytes {
    /// A point of secp256k1: x, then y.
    Secp256k1([u8; 64]),
    /// A compressed point of Ed25519.
    Ed25519([u8; 32]),
    /// A key of a scheme that this node does not provide.
    Unsupported,
}

impl fmt::Debug for DomainKeyBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Secp256k1(bytes) => write!(f, "secp256k1:{}", bs58::encode(bytes).into_string()),
            Self::Ed25519(bytes) => write!(f, "ed25519:{}", bs58::encode(bytes).into_string()),
            Self::Unsupported => f.write_str("unsupported"),
        }
    }
}

/// Who takes part, and how many of them rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// The governance threshold, and that of domains without one of their own.
    pub threshold: u64,
    /// The participants, by ascending id.
    pub members: Vec<Member>,
}

impl Parameters {
    /// Returns the participant of an account.
    #[must_use]
    pub fn member(&self, account: &str) -> Option<&Member> {
        self.members.iter().find(|member| member.account == account)
    }

    /// Returns who leads key events: the participant with the lowest id.
    #[must_use]
    pub fn leader(&self) -> Option<&Member> {
        self.members.iter().min_by_key(|member| member.id)
    }
}

/// A participant's number in the contract, from 0 and never given twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MemberId(pub u32);

/// One participant as registered on chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its number.
    pub id: MemberId,
    /// Its account.
    pub account: String,
    /// Where it listens, such as `https://host:3000`.
    pub url: String,
    /// The Ed25519 key it proves on every connection.
    pub tls_key: [u8; 32],
}

/// A key that is being made or moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyEvent {
    /// The epoch that the key will belong to.
    pub epoch: u64,
    /// The domain.
    pub domain: Domain,
    /// Who takes part: in resharing the new participants.
    pub parameters: Parameters,
    /// The attempt that is running.
    pub instance: Option<Instance>,
    /// The attempt that the leader may begin next.
    pub next_attempt: u64,
}

impl KeyEvent {
    /// Returns the id of the running attempt.
    #[must_use]
    pub fn running(&self) -> Option<KeyEventId> {
        self.instance.as_ref().map(|instance| self.id_of(instance.attempt))
    }

    /// Returns the id of an attempt.
    #[must_use]
    pub const fn id_of(&self, attempt: u64) -> KeyEventId {
        KeyEventId { epoch: self.epoch, domain: self.domain.id, attempt }
    }
}

/// One attempt of a key event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// Its number.
    pub attempt: u64,
    /// The block it began in.
    pub started: u64,
    /// The first block in which it is over.
    pub expires: u64,
    /// Who has voted for its end.
    pub completed: Vec<MemberId>,
    /// The key of the votes so far (key generation only).
    pub key: Option<DomainKeyBytes>,
}

/// Names one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyEventId {
    /// The epoch.
    pub epoch: u64,
    /// The domain.
    pub domain: u64,
    /// The attempt.
    pub attempt: u64,
}
