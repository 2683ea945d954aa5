//! Signing without presignatures.

use std::collections::BTreeMap;

use quorate_dkls::plain::{self, Message};
use quorate_dkls::{Fault, Misuse};

use crate::support::{DIGEST, Group, assert_valid, inboxes, p, rng};

const SIGNERS: [u16; 2] = [1, 2];

#[test]
fn plain_mode_signs_one_message() {
    let group = Group::of(2, 3, &SIGNERS, 41);
    let message = Message { key: group.root(), digest: DIGEST };
    let mut rng = rng(1);
    let mut round1 = BTreeMap::new();
    for me in SIGNERS {
        let signers = group.signing_group(me, &SIGNERS);
        let terms = group.terms(&SIGNERS, 1, 1);
        let round = plain::begin(&signers, terms, &message, &group.pairs_of(me, &SIGNERS), &mut rng);
        round1.insert(me, round.unwrap());
    }
    let inbox1 = inboxes(&round1.iter().map(|(me, (_, all, one))| (*me, (all, one))).collect());
    let mut round2 = BTreeMap::new();
    for ((me, (round, _, _)), inbox) in round1.into_iter().zip(inbox1) {
        round2.insert(me, round.finish(&inbox, &group.pairs_of(me, &SIGNERS), &mut rng).unwrap());
    }
    let inbox2 = inboxes(&round2.iter().map(|(me, (_, all, one))| (*me, (all, one))).collect());
    let mut round3 = BTreeMap::new();
    for ((me, (round, _, _)), inbox) in round2.into_iter().zip(inbox2) {
        round3.insert(me, round.finish(&inbox, &mut rng).unwrap());
    }
    let confirmations: BTreeMap<_, _> = round3.iter().map(|(me, (_, all))| (p(*me), all.clone())).collect();
    let (mut shares, mut signings) = (BTreeMap::new(), Vec::new());
    for (me, (round, _)) in round3 {
        let mut inbox = confirmations.clone();
        inbox.remove(&p(me));
        let (share, signing) = round.finish(&inbox).unwrap();
        shares.insert(p(me), share);
        signings.push(signing);
    }
    for signing in signings {
        assert_valid(&signing.plan().combine(&shares).unwrap(), &message.key, &DIGEST);
    }
}

/// The message is in the session's id from the first round on.
#[test]
fn plain_sessions_of_other_messages_are_other_sessions() {
    let group = Group::of(2, 3, &SIGNERS, 42);
    let begin = |digest, batch| {
        let message = Message { key: group.root(), digest };
        let terms = group.terms(&SIGNERS, 1, batch);
        plain::begin(
            &group.signing_group(1, &SIGNERS),
            terms,
            &message,
            &group.pairs_of(1, &SIGNERS),
            &mut rng(1),
        )
    };
    let session = |digest| begin(digest, 1).unwrap().1.to_bytes()[..32].to_vec();
    assert_ne!(session([1; 32]), session([2; 32]));
    let presigning = group.begin(&group.terms(&SIGNERS, 1, 1), &SIGNERS, 1);
    assert_ne!(session([1; 32]), presigning[&1].0.session());
    assert_eq!(begin([0; 32], 1).map(|_| ()).unwrap_err(), Fault::Local(Misuse::ZeroDigest));
    assert_eq!(begin([1; 32], 2).map(|_| ()).unwrap_err(), Fault::Local(Misuse::Batch(2)));
}
