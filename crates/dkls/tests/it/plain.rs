//! Plain mode: the message is bound before the first round.

use std::collections::BTreeMap;

use quorate_dkls::presign::{self, Round1};
use quorate_dkls::sign::{MessageHash, Statement};
use quorate_dkls::{Fault, Misuse};

use crate::support::{DIGEST, Group, assert_valid, confirm, multiply, p, rng};

const SIGNERS: [u16; 2] = [1, 2];

fn begin(group: &Group, me: u16, message: MessageHash, batch: u16) -> Result<Round1, Fault> {
    let (signers, terms) = (group.signing_group(me, &SIGNERS), group.terms(&SIGNERS, 1, batch));
    presign::begin_for(message, &signers, terms, &group.pairs_of(me, &SIGNERS), &mut rng(u64::from(me)))
}

fn presign_for(group: &Group, message: MessageHash) -> Vec<presign::Presignature> {
    let round1 = SIGNERS.map(|me| (me, begin(group, me, message, 1).unwrap())).into();
    let round3 = multiply(group.extend(round1, &SIGNERS, 3), 3);
    let ready = confirm(round3.into_iter().map(|(me, round)| (me, round.unwrap())).collect());
    ready.into_values().map(|ready| ready.unwrap().pop().unwrap()).collect()
}

#[test]
fn plain_mode_signs_its_message_and_nothing_else() {
    let group = Group::of(2, 3, &SIGNERS, 41);
    let message = MessageHash::new(&group.root(), &DIGEST);
    let (mut shares, mut plans) = (BTreeMap::new(), Vec::new());
    for (me, presignature) in SIGNERS.into_iter().zip(presign_for(&group, message)) {
        assert_eq!(presignature.message(), Some(message));
        let statement = group.statement(&presignature, &group.root());
        let other = Statement { digest: [0x77; 32], ..statement.clone() };
        assert_eq!(presignature.accepts(&other), Err(Misuse::OtherStatement("message")));
        let (share, signing) = presignature.sign(&statement).unwrap();
        shares.insert(p(me), share);
        plans.push(signing.open().0);
    }
    for plan in plans {
        assert_valid(&plan.combine(&shares).unwrap(), &group.root(), &DIGEST);
    }
}

/// R is that of the three rounds: nothing of the statement, not even its entropy, changes the signature.
#[test]
fn plain_mode_does_not_rerandomise() {
    let group = Group::of(2, 3, &SIGNERS, 43);
    let message = MessageHash::new(&group.root(), &DIGEST);
    let signature = |entropy: u8| {
        let mut shares = BTreeMap::new();
        let mut plan = None;
        for (me, presignature) in SIGNERS.into_iter().zip(presign_for(&group, message)) {
            let statement =
                Statement { entropy: [entropy; 32], ..group.statement(&presignature, &group.root()) };
            let (share, signing) = presignature.sign(&statement).unwrap();
            shares.insert(p(me), share);
            plan = Some(signing.open().0);
        }
        plan.unwrap().combine(&shares).unwrap().to_bytes()
    };
    assert_eq!(signature(1), signature(2));
}

/// The message is in the session's id from the first round on.
#[test]
fn plain_sessions_of_other_messages_are_other_sessions() {
    let group = Group::of(2, 3, &SIGNERS, 42);
    let hash = |digest| MessageHash::new(&group.root(), &digest);
    let session = |digest| *begin(&group, 1, hash(digest), 1).unwrap().0.session();
    assert_ne!(session([1; 32]), session([2; 32]));
    let presigning = group.begin(&group.terms(&SIGNERS, 1, 1), &SIGNERS, 1);
    assert_ne!(session([1; 32]), *presigning[&1].0.session());
    assert_eq!(begin(&group, 1, hash([1; 32]), 2).map(|_| ()).unwrap_err(), Fault::Local(Misuse::Batch(2)));
}
