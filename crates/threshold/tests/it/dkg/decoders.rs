//! Bytes from outside: no decoder panics, no message has two spellings, no length is believed.

use borsh::{BorshDeserialize, BorshSerialize};
use proptest::prelude::*;
use quorate_primitives::Secret;
use quorate_primitives::encoding::{body_bytes, body_from_bytes};
use quorate_threshold::dkg::{
    Announcement, Commitment, Complaint, Dealing, Echo, MAX_DEALING_LEN, PossessionProof, SealedShares, Terms,
};

use super::harness::{Ceremony, End, p, subsets, terms};
use super::puppet::{self, Puppet};

const SEED: u64 = 70;

/// One good message of every kind.
struct Samples {
    announcement: Vec<u8>,
    commitment: Vec<u8>,
    dealing: Vec<u8>,
    echo: Vec<u8>,
    shares: Vec<u8>,
    complaint: Vec<u8>,
}

impl Samples {
    fn new() -> Self {
        let world = Ceremony::new(2, 3, SEED).run().world;
        // Without the tag of the test's own enum.
        let content = |flight| body_bytes(world.get(flight, 1, 2))[1..].to_vec();
        let complaint = Complaint { dealer: p(2), opened_secret: Secret::new([3; 32]) };
        Self {
            announcement: content(0),
            commitment: content(1),
            dealing: content(2),
            echo: content(3),
            shares: content(4),
            complaint: body_bytes(&complaint),
        }
    }

    /// Decodes bytes as every kind of message.
    fn decode_all(bytes: &[u8]) {
        decode::<Announcement>(bytes);
        decode::<Commitment>(bytes);
        decode::<Dealing>(bytes);
        decode::<Echo>(bytes);
        decode::<SealedShares>(bytes);
        decode::<Complaint>(bytes);
        decode::<Terms>(bytes);
        decode::<PossessionProof>(bytes);
    }

    fn all(&self) -> [&Vec<u8>; 6] {
        [&self.announcement, &self.commitment, &self.dealing, &self.echo, &self.shares, &self.complaint]
    }
}

/// What decodes must encode to the same bytes: no message has two spellings.
fn decode<M: BorshDeserialize + BorshSerialize>(bytes: &[u8]) -> bool {
    let decoded = body_from_bytes::<M>(bytes, MAX_DEALING_LEN, "message");
    decoded.is_ok_and(|message| {
        assert_eq!(body_bytes(&message), bytes);
        true
    })
}

proptest! {
    #[test]
    fn e3_random_bytes_panic_no_decoder(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        Samples::decode_all(&bytes);
    }

    #[test]
    fn e3_mutated_messages_panic_no_decoder(
        kind in 0_usize..6,
        edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in any::<prop::sample::Index>(),
        truncate in any::<bool>(),
    ) {
        let mut bytes = SAMPLES.with(|samples| samples.all()[kind].clone());
        for (at, value) in edits {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if truncate {
            bytes.truncate(cut.index(bytes.len()));
        }
        Samples::decode_all(&bytes);
    }

    /// One changed byte in any message of a corrupt member to any of the others: no keys for who received it,
    /// nobody honest is blamed, and all who have keys have the same.
    #[test]
    fn s4_a_changed_byte_blames_nobody_honest(
        flight in 0_u8..=4,
        victims in 1_usize..=7,
        at in any::<prop::sample::Index>(),
        flip in 1_u8..,
    ) {
        let victims = &subsets(4, &[4])[victims - 1];
        let mut changed = false;
        let run = Ceremony::new(2, 4, SEED)
            .puppet(4, |_| {})
            .tamper(|f, from, to, _, message| {
                if (f, from) == (flight, p(4)) && victims.contains(&to.get()) {
                    let mut bytes = body_bytes(message);
                    let at = 1 + at.index(bytes.len() - 1);
                    bytes[at] ^= flip;
                    // What does not decode is refused before it gets here.
                    let Ok(other) = borsh::from_slice(&bytes) else { return false };
                    *message = other;
                    changed = true;
                }
                true
            })
            .run();
        run.assert_blames_only(&[4]);
        for victim in victims.iter().filter(|_| changed && flight > 0) {
            prop_assert!(!matches!(run.ends[&p(*victim)], End::Keys(_)), "{victim}");
        }
    }
}

thread_local! {
    static SAMPLES: Samples = Samples::new();
}

#[test]
fn every_sample_is_of_its_kind() {
    let samples = Samples::new();
    assert!(decode::<Announcement>(&samples.announcement));
    assert!(decode::<Commitment>(&samples.commitment));
    assert!(decode::<Dealing>(&samples.dealing));
    assert!(decode::<Echo>(&samples.echo));
    assert!(decode::<SealedShares>(&samples.shares));
    assert!(decode::<Complaint>(&samples.complaint));
}

/// Every four bytes in turn become a length of 2³² − 1, then of 2³¹: whatever length stood there is refused without
/// room being made for it.
#[test]
fn e3_length_bombs_are_refused() {
    let samples = Samples::new();
    for (kind, sample) in samples.all().into_iter().enumerate() {
        for at in 0..sample.len().saturating_sub(3) {
            for bomb in [[0xff; 4], [0, 0, 0, 0x80]] {
                let mut bytes = sample.clone();
                bytes[at..at + 4].copy_from_slice(&bomb);
                Samples::decode_all(&bytes);
                let refused = match kind {
                    // The number of purposes; the number of keys.
                    0 if at == 38 || at == 81 => !decode::<Announcement>(&bytes),
                    // The number of keys, of coefficients, and the length of the first point.
                    2 if [0, 5, 9].contains(&at) => !decode::<Dealing>(&bytes),
                    4 if at == 32 => !decode::<SealedShares>(&bytes),
                    _ => true,
                };
                assert!(refused, "message {kind}, byte {at}");
            }
        }
    }
}

#[test]
fn the_largest_dealing_fits() {
    let run = Ceremony::new(64, 64, SEED).puppet(64, |_| {}).tamper(|flight, _, _, _, _| flight < 2).run();
    let session = puppet::session(&run.world, p(1));
    let dealing = Puppet::new(p(64), terms(64, 64), SEED).dealing(&session);
    let bytes = body_bytes(&dealing);
    assert!(bytes.len() <= MAX_DEALING_LEN, "{} bytes", bytes.len());
    assert!(decode::<Dealing>(&bytes));
}
