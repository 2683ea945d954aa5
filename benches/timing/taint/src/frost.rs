//! FROST: commitments and signature shares of both Schnorr keys.

use std::collections::BTreeMap;

use quorate_primitives::{KeyPurpose, Secret};
use quorate_threshold::derive::Derivation;
use quorate_threshold::frost::{
    KeyPackage, PublicKeyPackage, SignatureShare, SigningCommitments, SigningNonces, SigningPackage,
    aggregate,
};
use quorate_threshold::suite::{Curve, Ed25519, Secp256k1};

use crate::keys::deal;
use crate::mark::{SecretRng, publish, sent};

/// The length of what is public in sealed nonces: version, purpose, participant.
const SEALED_HEAD: usize = 4;

pub fn run() {
    sign::<Ed25519>(KeyPurpose::Ed25519, &Derivation::child(vec![1]));
    sign::<Secp256k1>(KeyPurpose::Bip340Secp256k1, &Derivation::taproot(vec![1]));
}

fn sign<C: Curve>(purpose: KeyPurpose, derivation: &Derivation) {
    let mut rng = SecretRng::new(2);
    let shares = deal::<C>(purpose);
    let group = PublicKeyPackage::new(&shares[0].public).expect("a key").derive(derivation).expect("a child");
    let members =
        shares.map(|share| KeyPackage::new(&share).expect("a share").derive(derivation).expect("a child"));
    let nonces = members.each_ref().map(|member| stored(member.commit(b"taint", &mut rng)));
    let commitments = members.iter().zip(&nonces).map(|(member, nonces)| {
        let bytes = sent(nonces.commitments().to_bytes());
        (member.participant(), SigningCommitments::from_bytes(purpose, &bytes).expect("points"))
    });
    let package = SigningPackage::new(&group, b"a message", commitments).expect("a package");
    let shares: BTreeMap<_, _> = members
        .iter()
        .zip(nonces)
        .map(|(member, nonces)| {
            let share = nonces.sign(&package, member).expect("a share").to_bytes();
            let share = SignatureShare::from_bytes(purpose, &sent(share.to_vec())).expect("a scalar");
            (member.participant(), share)
        })
        .collect();
    aggregate(&package, &shares, &group).expect("a signature");
}

/// Nonces as they come back from a sealed pool.
fn stored(nonces: SigningNonces) -> SigningNonces {
    let mut sealed: Secret<Vec<u8>> = nonces.into_sealed_bytes();
    publish(&mut sealed.expose_mut()[..SEALED_HEAD]);
    SigningNonces::from_sealed_bytes(sealed).expect("what was sealed")
}
