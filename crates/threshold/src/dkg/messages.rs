//! What travels: the bodies of F0 to F4, as bytes that are checked when the round is finished.

use borsh::{BorshDeserialize, BorshSerialize};
use quorate_primitives::{KeyPurpose, ParticipantId, Threshold, Transcript, encoding};

use super::{Term, VERSION};

/// The longest [`Dealing`] that is read, in bytes: three keys with 64 coefficients each fit.
pub const MAX_DEALING_LEN: usize = 8 * 1024;

/// What all participants must agree on before anything is dealt.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Terms {
    /// The protocol's version.
    pub version: u16,
    /// Hash of the roster: members, identities, names.
    pub roster: [u8; 32],
    /// How many sign, of how many.
    pub threshold: Threshold,
    /// Which keys are made, strictly ascending.
    pub purposes: Vec<KeyPurpose>,
    /// The epoch that the keys begin.
    pub epoch: u32,
}

impl Terms {
    /// Terms of this version for keys of `purposes` (order and repetitions do not matter).
    pub fn new(roster: [u8; 32], threshold: Threshold, purposes: &[KeyPurpose], epoch: u32) -> Self {
        let mut purposes = purposes.to_vec();
        purposes.sort_unstable();
        purposes.dedup();
        Self { version: VERSION, roster, threshold, purposes, epoch }
    }

    /// Returns the first term in which `self` and `other` differ.
    pub(super) fn difference(&self, other: &Self) -> Option<Term> {
        [
            (self.version == other.version, Term::Version),
            (self.roster == other.roster, Term::Roster),
            (self.threshold == other.threshold, Term::Threshold),
            (self.purposes == other.purposes, Term::Purposes),
            (self.epoch == other.epoch, Term::Epoch),
        ]
        .into_iter()
        .find_map(|(same, term)| (!same).then_some(term))
    }
}

/// F0, broadcast: fresh randomness, and one X25519 key for every counterparty.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Announcement {
    /// The sender's terms.
    pub terms: Terms,
    /// 32 fresh bytes: they make the session id unpredictable and unique.
    pub nonce: [u8; 32],
    /// One key per counterparty, in their order, for what that dealer will seal. Only a disputed one is opened.
    pub ephemeral_keys: Vec<[u8; 32]>,
}

/// F1, broadcast: a commitment to F2.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Commitment {
    /// H(session, sender, F2 body, blind).
    pub hash: [u8; 32],
}

/// The Feldman commitment to one polynomial, with the proof that its dealer knows the constant term.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct KeyDealing {
    /// What the key is for.
    pub purpose: KeyPurpose,
    /// C_0 … C_{t-1}.
    pub coefficients: Vec<Vec<u8>>,
    /// Proof of possession of the constant term.
    pub proof: PossessionProof,
}

/// A Schnorr proof: R = kG, z = k + c·a_0 with c = H(session, purpose, dealer, C_0, R).
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct PossessionProof {
    /// R.
    pub commitment: Vec<u8>,
    /// z.
    pub response: [u8; 32],
}

/// F2, broadcast: the opened dealing, and an echo of all F1.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Dealing {
    /// One per purpose, in the order of the terms.
    pub keys: Vec<KeyDealing>,
    /// Hash of the dealer's chain-code part.
    pub chain_code_hash: [u8; 32],
    /// What made F1 hiding.
    pub blind: [u8; 32],
    /// Hash of the F1 list that the sender received.
    pub commitments_seen: [u8; 32],
}

impl Dealing {
    /// Returns what F1 must have been.
    pub(super) fn commitment(&self, session: &[u8; 32], dealer: ParticipantId) -> Commitment {
        let hash = Transcript::new("dkg/commitment")
            .field("session", session)
            .number("dealer", u64::from(dealer.get()))
            .field("keys", &encoding::body_bytes(&self.keys))
            .field("chain code", &self.chain_code_hash)
            .field("blind", &self.blind)
            .finish();
        Commitment { hash }
    }
}

/// F3, broadcast: the hash of the F2 list that the sender received.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Echo {
    /// Hash of the ordered list.
    pub dealings_seen: [u8; 32],
}

/// F4, to one: shares and chain-code part, sealed to the key that the recipient announced for this dealer.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct SealedShares {
    /// The dealer's X25519 key for this message alone.
    pub dealer_key: [u8; 32],
    /// ChaCha20-Poly1305 ciphertext of 32 bytes per purpose and 32 for the chain-code part.
    pub ciphertext: Vec<u8>,
}

/// Returns the hash of an ordered list of broadcasts, by which they are echoed.
pub(super) fn list_hash<'a, M: BorshSerialize + 'a>(
    label: &'static str,
    session: &[u8; 32],
    messages: impl IntoIterator<Item = (&'a ParticipantId, &'a M)>,
) -> [u8; 32] {
    messages
        .into_iter()
        .fold(Transcript::new(label).field("session", session), |transcript, (sender, message)| {
            transcript
                .number("sender", u64::from(sender.get()))
                .field("message", &encoding::body_bytes(message))
        })
        .finish()
}
