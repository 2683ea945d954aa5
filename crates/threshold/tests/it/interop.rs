//! The same protocol in other hands: `frost-core` with our suites, and the published implementations.

use std::collections::BTreeMap;

use quorate_primitives::{KeyPurpose, Secret};
use quorate_threshold::KeyShare;
use quorate_threshold::frost::{
    KeyPackage, PublicKeyPackage, SignatureShare, SigningCommitments, SigningNonces, SigningPackage,
    aggregate, verify, verify_share,
};
use quorate_threshold::suite::{Ed25519, Secp256k1};
use rand_chacha::rand_core::RngCore;

use crate::support::{deal, p, rng};

/// Signs as a group of which half runs on another library: `$library` has the types, `$suite` their parameter.
macro_rules! sign_together {
    ($purpose:expr, $suite:ty, $core:ident, $signers:expr, $seed:expr, $message:expr) => {{
        let shares = deal($purpose, 3, 5, $seed);
        let keys = PublicKeyPackage::new(&shares[0].public).unwrap();
        let mut rng = rng($seed);
        let id = |share: &KeyShare| $core::Identifier::<$suite>::try_from(share.participant.get()).unwrap();
        let theirs: BTreeMap<_, _> = shares
            .iter()
            .map(|share| {
                let key = $core::keys::KeyPackage::<$suite>::new(
                    id(share),
                    $core::keys::SigningShare::deserialize(share.signing_share.expose()).unwrap(),
                    $core::keys::VerifyingShare::deserialize(
                        share.public.verifying_share(share.participant).unwrap(),
                    )
                    .unwrap(),
                    $core::VerifyingKey::deserialize(&share.public.group_key).unwrap(),
                    3,
                );
                (share.participant, key)
            })
            .collect();
        let their_public = $core::keys::PublicKeyPackage::<$suite>::new(
            theirs.values().map(|key| (*key.identifier(), *key.verifying_share())).collect(),
            *theirs[&p(1)].verifying_key(),
            Some(3),
        );
        // Everybody's nonces, known to both libraries.
        let (mut commitments, mut nonces, mut their_nonces, mut their_commitments) =
            (vec![], BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        for signer in $signers.map(p) {
            let share = &shares[signer.position()];
            let (own, published) =
                $core::round1::commit::<$suite, _>(theirs[&signer].signing_share(), &mut rng);
            let mut sealed = vec![1, $purpose as u8, 0, signer.get() as u8];
            sealed.extend(own.hiding().serialize());
            sealed.extend(own.binding().serialize());
            let ours = SigningNonces::from_sealed_bytes(Secret::new(sealed)).unwrap();
            let bytes =
                [published.hiding().serialize().unwrap(), published.binding().serialize().unwrap()].concat();
            assert_eq!(ours.commitments().to_bytes(), bytes);
            commitments.push((signer, SigningCommitments::from_bytes($purpose, &bytes).unwrap()));
            nonces.insert(signer, ours);
            their_nonces.insert(signer, own);
            their_commitments.insert(id(share), published);
        }
        let package = SigningPackage::new(&keys, $message, commitments).unwrap();
        let their_package = $core::SigningPackage::<$suite>::new(their_commitments, $message);
        let (mut our_shares, mut their_shares) = (BTreeMap::new(), BTreeMap::new());
        for (signer, nonces) in nonces {
            let share = &shares[signer.position()];
            let ours = nonces.sign(&package, &KeyPackage::new(share).unwrap()).unwrap();
            let theirs =
                $core::round2::sign(&their_package, &their_nonces[&signer], &theirs[&signer]).unwrap();
            assert_eq!(ours.to_bytes().as_slice(), theirs.serialize(), "the two make the same share");
            let decoded = SignatureShare::from_bytes($purpose, &theirs.serialize()).unwrap();
            verify_share(&package, signer, &decoded, &keys).unwrap();
            our_shares.insert(signer, decoded);
            their_shares.insert(id(share), theirs);
        }
        let signature = aggregate(&package, &our_shares, &keys).unwrap();
        let their_signature = $core::aggregate(&their_package, &their_shares, &their_public).unwrap();
        assert_eq!(signature.as_slice(), their_signature.serialize().unwrap());
        verify($purpose, &keys.verifying_key(), $message, &signature).unwrap();
        their_public.verifying_key().verify($message, &their_signature).unwrap();
        assert!(their_public.verifying_key().verify(b"another", &their_signature).is_err());
        // Their search for culprits runs through our suites' share verification.
        let (first, second) = (id(&shares[0]), id(&shares[1]));
        if their_shares.contains_key(&first) && their_shares.contains_key(&second) {
            let wrong = their_shares[&second];
            their_shares.insert(first, wrong);
            let error = $core::aggregate(&their_package, &their_shares, &their_public).unwrap_err();
            assert_eq!(error.culprits(), [first]);
        }
    }};
}

/// Random messages and signer sets, so that both signs of keys and nonces occur.
macro_rules! sign_many {
    ($purpose:expr, $suite:ty, $core:ident) => {
        for seed in 0..12 {
            let mut message = vec![0; seed as usize * 7];
            rng(seed).fill_bytes(&mut message);
            sign_together!($purpose, $suite, $core, [1, 2, 4], seed, &message);
            sign_together!($purpose, $suite, $core, [1, 2, 3, 4, 5], seed, &message);
            sign_together!($purpose, $suite, $core, [3, 4, 5], seed, &message);
        }
    };
}

#[test]
fn our_sums_equal_frost_cores_on_our_suites() {
    sign_many!(KeyPurpose::Ed25519, Ed25519, frost_core);
    sign_many!(KeyPurpose::Bip340Secp256k1, Secp256k1, frost_core);
}

#[test]
fn signs_together_with_the_published_implementations() {
    use frost_ed25519::Ed25519Sha512;
    use frost_secp256k1_tr::Secp256K1Sha256TR;
    sign_many!(KeyPurpose::Ed25519, Ed25519Sha512, frost_core);
    sign_many!(KeyPurpose::Bip340Secp256k1, Secp256K1Sha256TR, frost_core);
}

/// Signing alone with a key put together verifies, too: the suites' single-signer path.
#[test]
fn a_single_signer_of_the_suites_verifies() {
    for seed in 0..8 {
        let mut rng = rng(seed);
        let key = frost_core::SigningKey::<Secp256k1>::new(&mut rng);
        let verifying_key = frost_core::VerifyingKey::from(&key);
        let signature = key.sign(&mut rng, b"alone");
        verifying_key.verify(b"alone", &signature).unwrap();
        let bytes = signature.serialize().unwrap();
        let x_only = &verifying_key.serialize().unwrap()[1..];
        verify(KeyPurpose::Bip340Secp256k1, x_only, b"alone", &bytes).unwrap();
        assert_eq!(frost_core::Signature::<Secp256k1>::deserialize(&bytes).unwrap().serialize(), Ok(bytes));
        let key = frost_core::SigningKey::<Ed25519>::new(&mut rng);
        let verifying_key = frost_core::VerifyingKey::from(&key);
        let bytes = key.sign(&mut rng, b"alone").serialize().unwrap();
        verify(KeyPurpose::Ed25519, &verifying_key.serialize().unwrap(), b"alone", &bytes).unwrap();
    }
}
