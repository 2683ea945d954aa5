//! Quorate's rows.

use std::collections::BTreeMap;
use std::rc::Rc;

use quorate_primitives::{KeyPurpose, ParticipantId, Secret, Threshold};
use quorate_threshold::derive::Derivation;
use quorate_threshold::frost::{KeyPackage, PublicKeyPackage, SigningCommitments, SigningPackage, aggregate};
use quorate_threshold::suite::{Curve, Ed25519, Secp256k1};
use quorate_threshold::{KeyShare, PublicKeys};
use rand_core::OsRng;

use crate::measure::report::OURS;
use crate::measure::{Phase, Row, Suite, timed};

const MESSAGE: &[u8] = b"hello";

struct Group {
    keys: PublicKeyPackage,
    members: BTreeMap<ParticipantId, KeyPackage>,
}

pub fn rows(suite: Suite, t: u16, n: u16) -> Vec<Row> {
    let (purpose, shares, derivation) = match suite {
        Suite::Ed25519 => {
            (KeyPurpose::Ed25519, deal::<Ed25519>(KeyPurpose::Ed25519, t, n), Derivation::root())
        }
        Suite::Bip340 => (
            KeyPurpose::Bip340Secp256k1,
            deal::<Secp256k1>(KeyPurpose::Bip340Secp256k1, t, n),
            Derivation::taproot(vec![]),
        ),
    };
    let keys = PublicKeyPackage::new(&shares[0].public).expect("a dealt key");
    let members = shares
        .iter()
        .map(|share| {
            let key = KeyPackage::new(share).expect("a dealt share");
            (share.participant, key.derive(&derivation).expect("a child"))
        })
        .collect();
    let group = Rc::new(Group { keys: keys.derive(&derivation).expect("a child"), members });
    let signers: Vec<_> = ParticipantId::first(t).collect();
    let first = signers[0];
    let row = |phase, sample| Row { name: OURS, suite, phase, threshold: (t, n), sample };
    let commit = {
        let group = group.clone();
        move || {
            let work = || {
                let nonces = group.members[&first].commit(b"bench", &mut OsRng);
                (nonces.commitments().to_bytes(), nonces)
            };
            timed(work).1
        }
    };
    let decode = {
        let bytes = group.members[&first].commit(b"bench", &mut OsRng).commitments().to_bytes();
        move || timed(|| SigningCommitments::from_bytes(purpose, &bytes).expect("commitments")).1
    };
    let share = {
        let (group, signers) = (group.clone(), signers.clone());
        move || {
            let (commitments, mut nonces) = committed(&group, &signers);
            let own = nonces.remove(&first).expect("nonces");
            let work = || {
                let package = SigningPackage::new(&group.keys, MESSAGE, commitments).expect("a package");
                own.sign(&package, &group.members[&first]).expect("a share")
            };
            timed(work).1
        }
    };
    let aggregates = move |with_package: bool| {
        let (group, signers) = (group.clone(), signers.clone());
        move || {
            let (commitments, nonces) = committed(&group, &signers);
            let package = SigningPackage::new(&group.keys, MESSAGE, commitments.clone()).expect("a package");
            let shares = nonces
                .into_iter()
                .map(|(id, nonces)| (id, nonces.sign(&package, &group.members[&id]).expect("a share")))
                .collect();
            let work = || {
                if with_package {
                    return aggregate(&package, &shares, &group.keys).expect("a signature");
                }
                let package = SigningPackage::new(&group.keys, MESSAGE, commitments).expect("a package");
                aggregate(&package, &shares, &group.keys).expect("a signature")
            };
            timed(work).1
        }
    };
    vec![
        row(Phase::Commit, Box::new(commit)),
        row(Phase::Share, Box::new(share)),
        row(Phase::Aggregate, Box::new(aggregates(false))),
        row(Phase::OwnAggregate, Box::new(aggregates(true))),
        row(Phase::Decode, Box::new(decode)),
    ]
}

type Nonces = BTreeMap<ParticipantId, quorate_threshold::frost::SigningNonces>;

/// Fresh commitments that have travelled as bytes, and the nonces to them.
fn committed(group: &Group, signers: &[ParticipantId]) -> (Vec<(ParticipantId, SigningCommitments)>, Nonces) {
    let nonces: Nonces =
        signers.iter().map(|id| (*id, group.members[id].commit(b"bench", &mut OsRng))).collect();
    let commitments = nonces
        .iter()
        .map(|(id, nonces)| {
            let bytes = nonces.commitments().to_bytes();
            (*id, SigningCommitments::from_bytes(group.keys.purpose(), &bytes).expect("commitments"))
        })
        .collect();
    (commitments, nonces)
}

fn deal<C: Curve>(purpose: KeyPurpose, t: u16, n: u16) -> Vec<KeyShare> {
    let coefficients: Vec<_> = (0..t).map(|_| C::random_scalar(&mut OsRng)).collect();
    let share = |id: ParticipantId| {
        let x = C::scalar_from_u16(id.get());
        coefficients.iter().rev().copied().reduce(|sum, next| sum * x + next).expect("a coefficient")
    };
    let bytes = |scalar| C::point_to_bytes(&C::mul_base(&scalar)).expect("a point");
    let threshold = Threshold::new(t, n).expect("a threshold");
    let public = PublicKeys {
        purpose,
        threshold,
        group_key: bytes(coefficients[0]),
        verifying_shares: threshold.participants().map(|id| bytes(share(id))).collect(),
        chain_code: [7; 32],
    };
    threshold
        .participants()
        .map(|participant| KeyShare {
            public: public.clone(),
            participant,
            signing_share: Secret::new(C::scalar_to_bytes(&share(participant))),
        })
        .collect()
}
