//! `givre`, as its documentation uses it.

use std::rc::Rc;

use givre::ciphersuite::Ciphersuite;
use givre::signing::aggregate::AggregateOptions;
use givre::signing::round1::{PublicCommitments, SecretNonces, commit};
use givre::signing::round2::SigningOptions;
use rand_core::OsRng;

use crate::measure::{Phase, Row, Suite, timed};

const NAME: &str = "givre 0.3.0";

struct Signed<C: Ciphersuite> {
    commitments: Vec<(u16, PublicCommitments<C::Curve>)>,
    nonces: Vec<SecretNonces<C::Curve>>,
}

pub fn rows<C: Ciphersuite>(suite: Suite, t: u16, n: u16) -> Vec<Row> {
    let keys = givre::trusted_dealer::builder::<C::Curve>(n)
        .set_threshold(Some(t))
        .generate_shares(&mut OsRng)
        .expect("a dealt key");
    let keys = Rc::new(keys);
    let row = |phase, sample| Row { name: NAME, suite, phase, threshold: (t, n), sample };
    let commit_row = {
        let keys = keys.clone();
        move || {
            let work = || {
                let (nonces, commitments) = commit::<C>(&mut OsRng, &keys[0]);
                let bytes =
                    [commitments.hiding_comm, commitments.binding_comm].map(|point| point.to_bytes(true));
                (nonces, bytes)
            };
            timed(work).1
        }
    };
    let share_row = {
        let keys = keys.clone();
        move || {
            let mut signed = committed::<C>(&keys, t);
            let own = signed.nonces.remove(0);
            let work = || {
                let options = SigningOptions::<C>::new(&keys[0], own, b"hello", &signed.commitments);
                let options =
                    if C::IS_TAPROOT { options.set_taproot_tweak(None).expect("a tweak") } else { options };
                options.sign().expect("a share")
            };
            timed(work).1
        }
    };
    let aggregate_row = move || {
        let signed = committed::<C>(&keys, t);
        let shares: Vec<_> = signed
            .nonces
            .into_iter()
            .zip(&signed.commitments)
            .zip(keys.iter())
            .map(|((nonces, (index, own)), key)| {
                let options = SigningOptions::<C>::new(key, nonces, b"hello", &signed.commitments);
                let options =
                    if C::IS_TAPROOT { options.set_taproot_tweak(None).expect("a tweak") } else { options };
                (*index, *own, options.sign().expect("a share"))
            })
            .collect();
        let info: &givre::key_share::KeyInfo<C::Curve> = keys[0].as_ref();
        let work = || {
            let options = AggregateOptions::<C>::new(info, &shares, b"hello");
            let options =
                if C::IS_TAPROOT { options.set_taproot_tweak(None).expect("a tweak") } else { options };
            options.aggregate().expect("a signature")
        };
        timed(work).1
    };
    vec![
        row(Phase::Commit, Box::new(commit_row)),
        row(Phase::Share, Box::new(share_row)),
        row(Phase::Aggregate, Box::new(aggregate_row)),
    ]
}

fn committed<C: Ciphersuite>(keys: &[givre::KeyShare<C::Curve>], t: u16) -> Signed<C> {
    let mut signed = Signed { commitments: Vec::new(), nonces: Vec::new() };
    for (index, key) in (0..t).zip(keys) {
        let (nonces, commitments) = commit::<C>(&mut OsRng, key);
        signed.commitments.push((index, commitments));
        signed.nonces.push(nonces);
    }
    signed
}
