//! What can only be seen from inside: the nonces.

use quorate_primitives::{KeyPurpose, Threshold};
use quorate_testkit::group::{deal, identities};
use quorate_threshold::derive::Derivation;
use quorate_threshold::frost::SigningNonces;
use quorate_transport::MemberKey;

use super::*;
use crate::roster::{Member, Roster};

const NOW: Timestamp = Timestamp(1_000);

fn seats(threshold: Threshold, purpose: KeyPurpose) -> Vec<Arc<Seat>> {
    let identities = identities(5, threshold.max_signers());
    let member = |(index, identity): (usize, &Arc<quorate_transport::DeviceIdentity>)| Member {
        name: format!("device {index}"),
        identity: identity.public(),
        relay: MemberKey(identity.public().signing),
    };
    let roster = Roster {
        group: [1; 32],
        wallet_name: "test".to_owned(),
        threshold,
        purposes: vec![purpose],
        epoch: 0,
        members: identities.iter().enumerate().map(member).collect(),
    };
    identities
        .iter()
        .map(|identity| Arc::new(Seat::new(Arc::clone(identity), roster.clone()).unwrap()))
        .collect()
}

fn propose(purpose: KeyPurpose) -> (Vec<Arc<Seat>>, Vec<KeyShare>, Signing) {
    let threshold = Threshold::new(2, 2).unwrap();
    let (seats, shares) = (seats(threshold, purpose), deal(purpose, threshold, 5));
    let task = Task {
        keys: vec![TaskKey { purpose, derivation: Derivation::root() }],
        chain: String::new(),
        payload: Vec::new(),
        messages: [1, 2].map(|byte| Message { key: 0, bytes: vec![byte] }).to_vec(),
        plain: false,
        policy_version: 0,
        note: String::new(),
        expires: NOW.after(1_000),
        nonce: [0; 32],
    };
    let signing = Signing::propose(Arc::clone(&seats[0]), &shares[..1], task, NOW).unwrap();
    (seats, shares, signing)
}

/// S5: nonces are in no message, no record of the log and nothing printed; and they are gone when the share is made.
#[test]
fn s5_nonces_are_said_written_and_printed_nowhere() {
    for purpose in [KeyPurpose::Ed25519, KeyPurpose::Bip340Secp256k1] {
        let (seats, shares, mut signing) = propose(purpose);
        signing.approve(&[7; 32], NOW);
        let nonces = signing.nonces.take().unwrap();
        let (secrets, nonces): (Vec<_>, Vec<_>) = nonces
            .into_iter()
            .map(|nonce| {
                let Nonce::Frost(nonce) = nonce else { panic!("a FROST key") };
                let sealed = nonce.into_sealed_bytes();
                let restored = SigningNonces::from_sealed_bytes(sealed.duplicate()).unwrap();
                (sealed, Nonce::Frost(Box::new(restored)))
            })
            .unzip();
        signing.nonces = Some(nonces);

        let mut out = Vec::new();
        let mut collect = |signing: &mut Signing| {
            while let Some(output) = signing.poll_output() {
                let bytes = match &output {
                    Output::Persist(mutation) | Output::Append(mutation) => borsh::to_vec(mutation).unwrap(),
                    Output::Send(_, envelope) => borsh::to_vec(envelope).unwrap(),
                    Output::Event(_) | Output::WakeAt(_) => Vec::new(),
                };
                out.push((bytes, format!("{output:?} {signing:?}")));
            }
        };
        collect(&mut signing);
        let proposal = signing.sent[0].clone();
        let mut other = Signing::open(Arc::clone(&seats[1]), &shares[1..2], proposal, NOW).unwrap();
        other.approve(&[8; 32], NOW);
        let approval = other.sent[0].clone();
        signing.handle_envelope(approval, NOW);
        collect(&mut signing);
        assert!(matches!(signing.phase, Phase::Signing(_)) && signing.nonces.is_none());
        assert!(out.iter().any(|(_, text)| text.contains("Burned")));

        for secret in &secrets {
            for scalar in secret.expose()[4..].chunks(32) {
                let printed = format!("{:?}", &scalar[..10]);
                let printed = printed.trim_matches(['[', ']']);
                assert!(
                    !out.iter().any(|(bytes, _)| bytes.windows(10).any(|window| window == &scalar[..10]))
                );
                assert!(!out.iter().any(|(_, text)| text.contains(printed)));
            }
        }
    }
}

/// However a session ends, no nonces stay behind.
#[test]
fn nonces_do_not_outlive_their_session() {
    let (_, _, mut signing) = propose(KeyPurpose::Ed25519);
    signing.approve(&[7; 32], NOW);
    assert!(signing.nonces.is_some());
    signing.handle_wake(NOW.after(1_000));
    assert!(signing.failure().is_some() && signing.nonces.is_none());
}
