//! Signing: what makes a signature, and what does not.

use std::collections::BTreeMap;

use quorate_primitives::{KeyPurpose, Secret};
use quorate_threshold::PublicKeys;
use quorate_threshold::derive::{Derivation, DeriveError};
use quorate_threshold::frost::{
    AggregateError, KeyError, KeyPackage, PublicKeyPackage, SignError, SignatureShare, SigningCommitments,
    SigningNonces, SigningPackage, SuiteId, aggregate, verify, verify_share,
};
use rand_chacha::rand_core::{CryptoRng, Error, RngCore};

use crate::support::{Group, SCHNORR, deal, p, rng, subsets};

/// A source of randomness that stands still.
struct Stuck;

impl RngCore for Stuck {
    fn next_u32(&mut self) -> u32 {
        7
    }
    fn next_u64(&mut self) -> u64 {
        7
    }
    fn fill_bytes(&mut self, dest: &mut [u8]) {
        dest.fill(7);
    }
    fn try_fill_bytes(&mut self, dest: &mut [u8]) -> Result<(), Error> {
        dest.fill(7);
        Ok(())
    }
}

impl CryptoRng for Stuck {}

#[test]
fn every_large_enough_subset_signs() {
    for purpose in SCHNORR {
        for (t, n) in [(2, 2), (2, 3), (3, 5)] {
            let group = Group::deal(purpose, t, n, 1);
            let everybody: Vec<u16> = (1..=n).collect();
            for signers in subsets(&everybody, t.into()) {
                let signature = group.sign(b"message", &signers, 2).unwrap();
                verify(purpose, &group.keys.verifying_key(), b"message", &signature).unwrap();
                assert!(verify(purpose, &group.keys.verifying_key(), b"massage", &signature).is_err());
            }
        }
    }
}

/// Both signs of the key and of R occur: 24 keys with one nonce each, then one key with 24 nonces.
#[test]
fn g12_both_parities_of_key_and_nonce_sign() {
    for seed in 0..24 {
        let group = Group::deal(KeyPurpose::Bip340Secp256k1, 2, 3, seed);
        group.sign(b"m", &[1, 3], seed).unwrap();
        let child = group.derive(&Derivation::taproot(vec![0, seed as u32]));
        child.sign(b"m", &[2, 3], seed).unwrap();
    }
}

#[test]
fn b12_names_exactly_the_culprits_for_every_subset_of_them() {
    for purpose in SCHNORR {
        let group = Group::deal(purpose, 2, 5, 3);
        let signers = [1, 2, 4, 5];
        for culprits in subsets(&signers, 1) {
            let nonces = group.commit(&signers, 4);
            let other = group.package(b"other message", &nonces);
            let package = group.package(b"message", &nonces);
            let mut shares = group.shares(&package, nonces);
            // Half of them send a share for another message, half a changed one.
            for id in &culprits {
                let wrong = if id % 2 == 0 {
                    let again = group.commit(&signers, 4).remove(&p(*id)).unwrap();
                    again.sign(&other, &group.members[&p(*id)]).unwrap()
                } else {
                    changed(shares[&p(*id)], *id)
                };
                shares.insert(p(*id), wrong);
            }
            let expected: Vec<_> = culprits.iter().map(|id| p(*id)).collect();
            assert_eq!(
                aggregate(&package, &shares, &group.keys),
                Err(AggregateError::InvalidShares { culprits: expected.clone() }),
            );
            for id in signers.map(p) {
                let verdict = verify_share(&package, id, &shares[&id], &group.keys);
                assert_eq!(verdict.is_err(), expected.contains(&id), "{purpose} {id}");
            }
        }
    }
}

/// Shares that are wrong alone but right in sum make a valid signature: nobody is blamed, as nobody did harm.
#[test]
fn b12_errors_that_cancel_do_not_spoil_the_signature() {
    for purpose in SCHNORR {
        let group = Group::deal(purpose, 2, 3, 3);
        let nonces = group.commit(&[1, 2], 4);
        let package = group.package(b"message", &nonces);
        let shares = group.shares(&package, nonces);
        let swapped = BTreeMap::from([(p(1), shares[&p(2)]), (p(2), shares[&p(1)])]);
        assert!(verify_share(&package, p(1), &swapped[&p(1)], &group.keys).is_err());
        aggregate(&package, &swapped, &group.keys).unwrap();
    }
}

#[test]
fn refuses_too_few_unknown_and_repeated_signers() {
    for purpose in SCHNORR {
        let group = Group::deal(purpose, 3, 5, 5);
        let nonces = group.commit(&[1, 2, 3], 6);
        let commitments = |id| (p(id), nonces[&p(id)].commitments());
        let package = |signers: Vec<_>| SigningPackage::new(&group.keys, b"m", signers);
        assert_eq!(
            package(vec![commitments(1), commitments(2)]).unwrap_err(),
            SignError::TooFewSigners { found: 2, needed: 3 }
        );
        assert_eq!(
            package(vec![commitments(1), commitments(2), commitments(2)]).unwrap_err(),
            SignError::DuplicateSigner { participant: p(2) }
        );
        let stranger = (p(6), nonces[&p(3)].commitments());
        assert_eq!(
            package(vec![commitments(1), commitments(2), stranger]).unwrap_err(),
            SignError::UnknownSigner { participant: p(6) }
        );
        let mut shares = {
            let package = group.package(b"m", &nonces);
            group.shares(&package, group.commit(&[1, 2, 3], 6))
        };
        let package = group.package(b"m", &nonces);
        let third = shares.remove(&p(3)).unwrap();
        assert_eq!(
            aggregate(&package, &shares, &group.keys),
            Err(AggregateError::MissingShare { participant: p(3) })
        );
        shares.insert(p(3), third);
        shares.insert(p(4), third);
        assert_eq!(
            aggregate(&package, &shares, &group.keys),
            Err(AggregateError::UnexpectedShare { participant: p(4) })
        );
        assert_eq!(
            verify_share(&package, p(4), &third, &group.keys),
            Err(AggregateError::UnexpectedShare { participant: p(4) })
        );
    }
}

#[test]
fn c4_nonces_sign_only_the_package_that_holds_them() {
    for purpose in SCHNORR {
        let group = Group::deal(purpose, 2, 3, 7);
        let nonces = group.commit(&[1, 2], 8);
        let package = group.package(b"m", &nonces);
        let mut others = group.commit(&[1, 2, 3], 9);
        let sign = |nonces: SigningNonces, signer| nonces.sign(&package, &group.members[&p(signer)]);
        assert_eq!(sign(others.remove(&p(1)).unwrap(), 1), Err(SignError::OtherNonces));
        assert_eq!(sign(others.remove(&p(2)).unwrap(), 1), Err(SignError::OtherNonces));
        assert_eq!(sign(others.remove(&p(3)).unwrap(), 3), Err(SignError::NotASigner { participant: p(3) }));
    }
}

#[test]
fn c5_stuck_rng_gives_distinct_nonces() {
    for purpose in SCHNORR {
        let group = Group::deal(purpose, 2, 3, 10);
        let draw = |member: u16, context: &[u8]| {
            group.members[&p(member)].commit(context, &mut Stuck).commitments().to_bytes()
        };
        let half = SigningCommitments::len(SuiteId::of(purpose).unwrap()) / 2;
        let first = draw(1, b"session 1");
        assert_eq!(first, draw(1, b"session 1"), "the test's source stands still");
        assert_ne!(first, draw(1, b"session 2"));
        assert_ne!(first, draw(2, b"session 1"));
        assert_ne!(first[..half], first[half..]);
        let mut thousand: Vec<_> = (0_u32..1000).map(|counter| draw(1, &counter.to_be_bytes())).collect();
        thousand.sort();
        thousand.dedup();
        assert_eq!(thousand.len(), 1000);
    }
}

/// A share, a package and a key of different purposes never meet.
#[test]
fn k30_b7_purposes_do_not_mix() {
    let [ed, bip] = SCHNORR.map(|purpose| Group::deal(purpose, 2, 3, 11));
    let (ed_nonces, bip_nonces) = (ed.commit(&[1, 2], 12), bip.commit(&[1, 2], 12));
    let (ed_package, bip_package) = (ed.package(b"m", &ed_nonces), bip.package(b"m", &bip_nonces));
    let mixed = ed_nonces.iter().map(|(id, nonces)| (*id, nonces.commitments()));
    assert_eq!(
        SigningPackage::new(&bip.keys, b"m", mixed).unwrap_err(),
        SignError::OtherPurpose { found: KeyPurpose::Ed25519, expected: KeyPurpose::Bip340Secp256k1 }
    );
    let shares = ed.shares(&ed_package, ed_nonces);
    assert_eq!(aggregate(&ed_package, &shares, &bip.keys), Err(AggregateError::OtherKey));
    assert_eq!(
        aggregate(&bip_package, &shares, &bip.keys),
        Err(AggregateError::OtherPurpose {
            found: KeyPurpose::Ed25519,
            expected: KeyPurpose::Bip340Secp256k1
        })
    );
}

/// The same commitments under another key, child, message or signer set: another hash, and no signature.
#[test]
fn b6_a_share_is_good_for_one_package_only() {
    for purpose in SCHNORR {
        let group = Group::deal(purpose, 2, 3, 13);
        let child = group.derive(&Derivation::child(vec![1]));
        let other_child = group.derive(&Derivation::child(vec![2]));
        let nonces = || group.commit(&[1, 2], 14);
        let package = child.package(b"m", &nonces());
        let mut hashes = vec![*package.hash()];
        for (keys, message) in [(&child, b"n"), (&other_child, b"m"), (&group, b"m")] {
            let other = keys.package(message, &nonces());
            hashes.push(*other.hash());
            let shares = keys.shares(&other, nonces());
            assert!(aggregate(&package, &shares, &child.keys).is_err());
        }
        let signers_changed = group.commit(&[1, 2, 3], 14);
        hashes.push(*child.package(b"m", &signers_changed).hash());
        hashes.sort();
        hashes.dedup();
        assert_eq!(hashes.len(), 5);
        let own = nonces().remove(&p(1)).unwrap();
        assert_eq!(own.sign(&package, &group.members[&p(1)]), Err(SignError::OtherKey));
        let own = nonces().remove(&p(1)).unwrap();
        assert_eq!(own.sign(&package, &other_child.members[&p(1)]), Err(SignError::OtherKey));
        assert_eq!(aggregate(&package, &BTreeMap::new(), &other_child.keys), Err(AggregateError::OtherKey));
    }
}

/// The scalar that multiplies each binding nonce changes with every input that another session could choose.
#[test]
fn k24_b14_shares_depend_on_every_commitment_message_and_key() {
    for purpose in SCHNORR {
        let group = Group::deal(purpose, 2, 3, 15);
        let mine = || group.commit(&[1], 16).remove(&p(1)).unwrap();
        let mut seen = Vec::new();
        for session in 0..512_u64 {
            let mut nonces = group.commit(&[2], 1000 + session);
            nonces.insert(p(1), mine());
            let package = group.package(b"m", &nonces);
            seen.push(mine().sign(&package, &group.members[&p(1)]).unwrap().to_bytes());
        }
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 512);
    }
}

/// Every field of every message: points and scalars that are none, and other lengths.
#[test]
fn b4_commitments_and_shares_must_be_canonical() {
    let low_order = [0; 32];
    let mut identity = [0; 32];
    identity[0] = 1;
    // The generator's negative y: the generator plus the point of order two, outside the prime-order group.
    let torsioned = hex::decode("9599999999999999999999999999999999999999999999999999999999999919").unwrap();
    let bad_ed25519 = [low_order.to_vec(), identity.to_vec(), torsioned, vec![0xff; 32], vec![2; 32]];
    let mut compact =
        hex::decode("0579be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798").unwrap();
    let bad_secp256k1 = [
        vec![0; 33],
        compact.clone(),
        [vec![2], vec![0xff; 32]].concat(),
        [vec![3], vec![0; 31], vec![5]].concat(),
        {
            compact[0] = 4;
            compact
        },
    ];
    let orders = [
        "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010",
        "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141",
    ];
    for ((purpose, order), bad) in SCHNORR.into_iter().zip(orders).zip([bad_ed25519, bad_secp256k1]) {
        let group = Group::deal(purpose, 2, 3, 26);
        let nonces = group.commit(&[1, 2], 27);
        let good = nonces[&p(1)].commitments().to_bytes();
        let half = good.len() / 2;
        let decode = |bytes: &[u8]| SigningCommitments::from_bytes(purpose, bytes);
        assert!(decode(&good).is_ok());
        for point in bad {
            for field in [0..half, half..2 * half] {
                let mut bytes = good.clone();
                bytes[field].copy_from_slice(&point);
                assert!(matches!(decode(&bytes), Err(KeyError::Curve { what: "signing commitments", .. })));
            }
        }
        for length in [0, 1, half, good.len() - 1] {
            assert!(decode(&good[..length]).is_err());
        }
        assert!(decode(&[good.as_slice(), &[0]].concat()).is_err());
        for scalar in [order, "ff".repeat(32).as_str()] {
            let refused = SignatureShare::from_bytes(purpose, &hex::decode(scalar).unwrap());
            assert!(matches!(refused, Err(KeyError::Curve { what: "signature share", .. })));
        }
        for length in [0, 31, 33, 64] {
            let refused = SignatureShare::from_bytes(purpose, &vec![0; length]);
            assert_eq!(refused, Err(KeyError::Malformed { what: "signature share" }));
        }
    }
}

#[test]
fn ecdsa_keys_are_refused() {
    let share = deal(KeyPurpose::EcdsaSecp256k1, 2, 3, 17).remove(0);
    let refusal = KeyError::NotSchnorr { purpose: KeyPurpose::EcdsaSecp256k1 };
    assert_eq!(PublicKeyPackage::new(&share.public).unwrap_err(), refusal);
    assert_eq!(KeyPackage::new(&share).unwrap_err(), refusal);
    assert_eq!(SigningCommitments::from_bytes(KeyPurpose::EcdsaSecp256k1, &[2; 66]), Err(refusal));
    assert_eq!(SignatureShare::from_bytes(KeyPurpose::EcdsaSecp256k1, &[2; 32]), Err(refusal));
    assert!(verify(KeyPurpose::EcdsaSecp256k1, &[2; 32], b"m", &[0; 64]).is_err());
}

#[test]
fn b5_a_share_that_was_not_certified_is_refused() {
    for purpose in SCHNORR {
        let mut shares = deal(purpose, 2, 3, 18);
        let of_second = shares[1].signing_share.duplicate();
        shares[0].signing_share = of_second;
        let mismatch = KeyError::ShareMismatch { participant: p(1) };
        assert_eq!(KeyPackage::new(&shares[0]).unwrap_err(), mismatch);
        shares[2].participant = p(4);
        let unknown = KeyError::UnknownParticipant { participant: p(4) };
        assert_eq!(KeyPackage::new(&shares[2]).unwrap_err(), unknown);
        let mut public = shares[1].public.clone();
        public.verifying_shares.pop();
        assert_eq!(
            PublicKeyPackage::new(&public).unwrap_err(),
            KeyError::ShareCount { found: 2, expected: 3 }
        );
    }
}

/// Blame is only as good as the verifying shares, so they are checked against the group key and each other.
#[test]
fn b1_verifying_shares_off_the_polynomial_are_refused() {
    for purpose in SCHNORR {
        for (t, n) in [(2, 2), (2, 3), (3, 5), (5, 5), (33, 64)] {
            let public = deal(purpose, t, n, 30).remove(0).public;
            assert!(PublicKeyPackage::new(&public).is_ok(), "{t} of {n}");
            let other = deal(purpose, t, n, 31).remove(0).public;
            for position in [0, usize::from(n) / 2, usize::from(n) - 1] {
                let mut bad = public.clone();
                bad.verifying_shares[position].clone_from(&other.verifying_shares[position]);
                assert_eq!(PublicKeyPackage::new(&bad).unwrap_err(), KeyError::Inconsistent);
            }
            let mut bad = public.clone();
            bad.group_key.clone_from(&other.group_key);
            assert_eq!(PublicKeyPackage::new(&bad).unwrap_err(), KeyError::Inconsistent);
            // Shares of a longer polynomial: the threshold is higher than it says.
            if t < n {
                let longer = deal(purpose, t + 1, n, 32).remove(0).public;
                let bad = PublicKeys { threshold: public.threshold, ..longer };
                assert_eq!(PublicKeyPackage::new(&bad).unwrap_err(), KeyError::Inconsistent);
            }
            let mut swapped = public;
            swapped.verifying_shares.swap(0, 1);
            assert_eq!(PublicKeyPackage::new(&swapped).unwrap_err(), KeyError::Inconsistent);
        }
    }
}

#[test]
fn sealed_nonces_come_back_once_and_sign() {
    for purpose in SCHNORR {
        let group = Group::deal(purpose, 2, 3, 19);
        let mut nonces = group.commit(&[1, 2], 20);
        let sealed = nonces.remove(&p(1)).unwrap().into_sealed_bytes();
        assert_eq!(format!("{sealed:?}"), "<redacted>");
        nonces.insert(p(1), SigningNonces::from_sealed_bytes(sealed).unwrap());
        let package = group.package(b"m", &nonces);
        let shares = group.shares(&package, nonces);
        aggregate(&package, &shares, &group.keys).unwrap();
    }
}

#[test]
fn e2_damaged_sealed_nonces_are_refused() {
    for purpose in SCHNORR {
        let group = Group::deal(purpose, 2, 3, 21);
        let sealed = || group.commit(&[1], 22).remove(&p(1)).unwrap().into_sealed_bytes();
        let refused = |change: &dyn Fn(&mut Vec<u8>)| {
            let mut bytes = sealed().expose().clone();
            change(&mut bytes);
            SigningNonces::from_sealed_bytes(Secret::new(bytes)).unwrap_err()
        };
        let malformed = KeyError::Malformed { what: "sealed nonces" };
        assert_eq!(refused(&|bytes| bytes[0] = 2), malformed);
        assert_eq!(refused(&|bytes| bytes[1] = 9), malformed);
        assert!(matches!(refused(&|bytes| bytes[1] = 1), KeyError::NotSchnorr { .. }));
        assert_eq!(refused(&|bytes| bytes[3] = 0), malformed);
        assert_eq!(refused(&|bytes| bytes[3] = 65), malformed);
        assert_eq!(refused(&|bytes| bytes.push(0)), malformed);
        assert_eq!(refused(&|bytes| bytes.truncate(67)), malformed);
        assert_eq!(refused(&|bytes| bytes.clear()), malformed);
        assert_eq!(refused(&|bytes| bytes[4..36].fill(0)), malformed);
        assert!(matches!(refused(&|bytes| bytes[4..36].fill(0xff)), KeyError::Curve { .. }));
    }
}

#[test]
fn secrets_are_never_printed() {
    for purpose in SCHNORR {
        let share = deal(purpose, 2, 3, 23).remove(0);
        let secret = hex::encode(share.signing_share.expose());
        let key = KeyPackage::new(&share).unwrap();
        let nonces = key.commit(b"context", &mut rng(24));
        let printed_nonces = format!("{nonces:?}");
        let sealed = nonces.into_sealed_bytes();
        let printed = format!("{share:?} {key:?} {printed_nonces} {sealed:?}");
        assert!(printed.contains("<redacted>"));
        let secrets = [secret, hex::encode(&sealed.expose()[4..36]), hex::encode(&sealed.expose()[36..])];
        for secret in secrets {
            assert!(!printed.contains(&secret[..8]), "{printed}");
        }
        // A list of numbers is a way of printing, too.
        assert!(!printed.contains(&format!(
            "{}, {}",
            share.signing_share.expose()[0],
            share.signing_share.expose()[1]
        )));
    }
}

#[test]
fn a_child_has_no_children() {
    let group = Group::deal(KeyPurpose::Bip340Secp256k1, 2, 3, 25);
    let child = group.derive(&Derivation::taproot(vec![0]));
    let again = Derivation::taproot(vec![]);
    assert_eq!(child.keys.derive(&again).unwrap_err(), DeriveError::AlreadyDerived);
    assert_eq!(child.members[&p(1)].derive(&again).unwrap_err(), DeriveError::AlreadyDerived);
}

/// Changes a share by an amount that no sum of others' cancels.
fn changed(share: SignatureShare, id: u16) -> SignatureShare {
    let mut bytes = share.to_bytes();
    // The byte in the middle: whatever the byte order, the number stays below the group order.
    bytes[16] ^= 1 << id;
    SignatureShare::from_bytes(share.purpose(), &bytes).unwrap()
}
