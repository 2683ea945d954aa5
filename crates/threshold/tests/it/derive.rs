//! Derivation: shares, verifying shares and group keys move together, and nothing else is derived.

use quorate_primitives::{KeyPurpose, Secret};
use quorate_threshold::PublicKeys;
use quorate_threshold::derive::{
    Derivation, DeriveError, Epsilon, HARDENED, MAX_DEPTH, derive_public, taproot_output_key,
};
use quorate_threshold::frost::{KeyPackage, PublicKeyPackage, verify};
use quorate_threshold::suite::{Curve, CurveError, Secp256k1};

use crate::support::{Group, SCHNORR, deal, p};

fn derivations(purpose: KeyPurpose) -> Vec<Derivation> {
    let paths = [vec![], vec![0], vec![HARDENED - 1], vec![44, 501, 0, 0, 7]];
    let mut all: Vec<_> = paths.iter().cloned().map(Derivation::child).collect();
    if purpose == KeyPurpose::Bip340Secp256k1 {
        all.extend(paths.into_iter().map(Derivation::taproot));
    }
    all
}

#[test]
fn children_sign_and_everybody_finds_the_same_key() {
    for purpose in SCHNORR {
        for seed in 0..8 {
            let public = deal(purpose, 2, 3, seed).remove(0).public;
            let group = Group::deal(purpose, 2, 3, seed);
            let mut keys = Vec::new();
            for derivation in derivations(purpose) {
                let child = group.derive(&derivation);
                let signature = child.sign(b"m", &[1, 3], seed).unwrap();
                let key = child.keys.verifying_key();
                verify(purpose, &key, b"m", &signature).unwrap();
                let derived = derive_public(&public, &derivation).unwrap();
                let bytes = derived.public_key.as_slice();
                match purpose {
                    KeyPurpose::Bip340Secp256k1 => assert_eq!(bytes, [&[2], key.as_slice()].concat()),
                    KeyPurpose::Ed25519 | KeyPurpose::EcdsaSecp256k1 => assert_eq!(bytes, key),
                }
                keys.push(key);
            }
            let distinct = keys.len();
            keys.sort();
            keys.dedup();
            assert_eq!(keys.len(), distinct);
        }
    }
}

/// B19: a NEAR account's child signs under the key that the signer contract derives.
#[test]
fn b19_children_of_accounts_sign_under_the_keys_that_contracts_derive() {
    let purpose = KeyPurpose::Ed25519;
    for seed in 0..8 {
        let public = deal(purpose, 2, 3, seed).remove(0).public;
        let epsilon = Epsilon::new("alice.near", &format!("path {seed}")).unwrap();
        let derivation = epsilon.derivation(purpose).unwrap();
        let key = epsilon.public_key(&public).unwrap();
        assert_eq!(derive_public(&public, &derivation).unwrap().public_key, key);
        let child = Group::deal(purpose, 2, 3, seed).derive(&derivation);
        let signature = child.sign(b"m", &[1, 3], seed).unwrap();
        verify(purpose, key.as_slice(), b"m", &signature).unwrap();
    }
}

#[test]
fn a_number_is_added_to_a_stored_key_alone() {
    let number = Some([1; 32]);
    let ecdsa = deal(KeyPurpose::EcdsaSecp256k1, 2, 3, 1).remove(0).public;
    let after_a_path = Derivation { added: number, ..Derivation::child(vec![1]) };
    assert_eq!(derive_public(&ecdsa, &after_a_path), Err(DeriveError::Mixed));
    let too_large = Derivation { added: Some([0xff; 32]), ..Derivation::root() };
    assert_eq!(derive_public(&ecdsa, &too_large), Err(DeriveError::EpsilonRange));
    let purpose = KeyPurpose::Bip340Secp256k1;
    let bip340 = deal(purpose, 2, 3, 1).remove(0).public;
    let added = Derivation { added: number, ..Derivation::root() };
    assert_eq!(derive_public(&bip340, &added), Err(DeriveError::NotAdditive { purpose }));
}

/// G12: BIP-32 on the stored point, even y, the tweak once, even y; by the primitives alone.
#[test]
fn g12_taproot_tweaks_once_and_after_the_path() {
    for seed in 0..16 {
        let public = deal(KeyPurpose::Bip340Secp256k1, 2, 3, seed).remove(0).public;
        for path in [vec![], vec![5], vec![1, 2]] {
            let child = derive_public(&public, &Derivation::child(path.clone())).unwrap();
            let internal: [u8; 32] = child.public_key[1..].try_into().unwrap();
            let (output, _) = taproot_output_key(&internal, None).unwrap();
            let taproot = derive_public(&public, &Derivation::taproot(path.clone())).unwrap();
            assert_eq!(taproot.public_key, [&[2], output.as_slice()].concat());
            assert_eq!(taproot.chain_code, child.chain_code);
            // The same path on the same point as an ECDSA key: BIP-32 did not see the even-y key.
            let plain = PublicKeys { purpose: KeyPurpose::EcdsaSecp256k1, ..public.clone() };
            let plain = derive_public(&plain, &Derivation::child(path)).unwrap();
            assert_eq!(plain.public_key[1..], internal);
            assert_eq!(plain.chain_code, child.chain_code);
        }
    }
}

/// Adding the tweak to every share adds it to the key, for shares that any threshold interpolates.
#[test]
fn shares_of_a_child_are_shares_of_the_childs_key() {
    for purpose in SCHNORR {
        for (t, n) in [(2, 2), (3, 4), (5, 7)] {
            let group = Group::deal(purpose, t, n, 40);
            for derivation in derivations(purpose) {
                let child = group.derive(&derivation);
                let signers: Vec<u16> = (n - t + 1..=n).collect();
                child.sign(b"m", &signers, 41).unwrap();
            }
        }
    }
}

#[test]
fn hardened_too_deep_and_misplaced_steps_are_refused() {
    for purpose in KeyPurpose::ALL {
        let public = deal(purpose, 2, 3, 42).remove(0).public;
        let refusal = |derivation| derive_public(&public, &derivation).unwrap_err();
        for index in [HARDENED, HARDENED + 44, u32::MAX] {
            let error = refusal(Derivation::child(vec![0, index]));
            assert_eq!(error, DeriveError::Hardened { index });
        }
        let depth = MAX_DEPTH + 1;
        assert_eq!(refusal(Derivation::child(vec![0; depth])), DeriveError::TooDeep { depth });
        if purpose != KeyPurpose::Bip340Secp256k1 {
            assert_eq!(refusal(Derivation::taproot(vec![])), DeriveError::NotTaproot { purpose });
        }
    }
    for purpose in SCHNORR {
        let group = Group::deal(purpose, 2, 3, 43);
        let hardened = Derivation::child(vec![HARDENED]);
        let expected = DeriveError::Hardened { index: HARDENED };
        assert_eq!(group.keys.derive(&hardened).unwrap_err(), expected);
        assert_eq!(group.members[&p(1)].derive(&hardened).unwrap_err(), expected);
    }
}

#[test]
fn b4_stored_keys_and_internal_keys_must_be_points() {
    let mut public = deal(KeyPurpose::Ed25519, 2, 3, 44).remove(0).public;
    public.group_key = vec![0; 32];
    let error = derive_public(&public, &Derivation::root()).unwrap_err();
    assert_eq!(error, DeriveError::Key(CurveError::Torsion));
    assert!(PublicKeyPackage::new(&public).is_err());
    let error = taproot_output_key(&[0xff; 32], None).unwrap_err();
    assert_eq!(error, DeriveError::Key(CurveError::NotAPoint));
}

#[test]
fn the_chain_code_decides_over_every_child() {
    for purpose in KeyPurpose::ALL {
        let public = deal(purpose, 2, 3, 46).remove(0).public;
        let mut other = public.clone();
        other.chain_code[31] ^= 1;
        let derivation = Derivation::child(vec![0]);
        let [one, two] = [&public, &other].map(|keys| derive_public(keys, &derivation).unwrap());
        assert_ne!(one.public_key, two.public_key);
        assert_ne!(one.chain_code, two.chain_code);
    }
}

/// A child's share opens the child's verifying share only: the wrong share is noticed before deriving.
#[test]
fn derived_shares_are_checked_shares() {
    let mut shares = deal(KeyPurpose::Bip340Secp256k1, 2, 3, 47);
    let negated = {
        let scalar = Secp256k1::scalar_from_bytes(shares[0].signing_share.expose()).unwrap();
        Secp256k1::scalar_to_bytes(&-scalar)
    };
    shares[0].signing_share = Secret::new(negated);
    assert!(KeyPackage::new(&shares[0]).is_err());
}
