//! `cait-sith`: two triples and a presignature, then one message. Its protocols are machines that are poked.

use std::collections::BTreeMap;

use cait_sith::protocol::{Action, Participant, Protocol};
use cait_sith::triples::{TripleGenerationOutput, generate_triple};
use cait_sith::{FullSignature, KeygenOutput, PresignArguments, PresignOutput, keygen, presign, sign};
use k256::{Scalar, Secp256k1};
use measured_rows::{Patience, Phase, Row, Run, measure};

const NAME: &str = "cait-sith 0.8.0";

type Machine<T> = (Participant, Box<dyn Protocol<Output = T>>);

pub fn rows(threshold: (usize, usize), patience: Patience) -> Vec<Row> {
    let (t, n) = threshold;
    let all: Vec<Participant> = (0..n).map(|id| Participant::from(u32::try_from(id).expect("few"))).collect();
    let signers = &all[..t];
    let (set_up, keys) = measure(NAME, threshold, Phase::SetUp, patience, || {
        let machine = |me: &Participant| machine(*me, keygen::<Secp256k1>(&all, *me, t).expect("a machine"));
        let mut run = Run::new(n);
        (pump(all.iter().map(machine).collect(), &mut run), run)
    });
    let (offline, ready) = measure(NAME, threshold, Phase::Offline, patience, || {
        let mut run = Run::new(t);
        let triples = [(); 2].map(|()| triple(signers, t, &mut run));
        (presignatures(signers, t, &triples, &keys, &mut run), run)
    });
    let (online, _) = measure(NAME, threshold, Phase::Online, patience, || {
        let mut run = Run::new(t);
        let machine = |(me, ready): (&Participant, &PresignOutput<Secp256k1>)| {
            let key = keys[0].public_key;
            let digest = Scalar::from(77_u64);
            machine(*me, sign::<Secp256k1>(signers, *me, key, ready.clone(), digest).expect("a machine"))
        };
        let machines: Vec<Machine<FullSignature<Secp256k1>>> =
            signers.iter().zip(&ready).map(machine).collect();
        (pump(machines, &mut run), run)
    });
    vec![set_up, offline, online]
}

fn triple(signers: &[Participant], t: usize, run: &mut Run) -> Vec<TripleGenerationOutput<Secp256k1>> {
    let machine =
        |me: &Participant| machine(*me, generate_triple::<Secp256k1>(signers, *me, t).expect("a machine"));
    pump(signers.iter().map(machine).collect(), run)
}

fn presignatures(
    signers: &[Participant],
    threshold: usize,
    [triples_0, triples_1]: &[Vec<TripleGenerationOutput<Secp256k1>>; 2],
    keys: &[KeygenOutput<Secp256k1>],
    run: &mut Run,
) -> Vec<PresignOutput<Secp256k1>> {
    let machine = |(at, me): (usize, &Participant)| {
        let arguments = PresignArguments {
            triple0: triples_0[at].clone(),
            triple1: triples_1[at].clone(),
            keygen_out: keys[at].clone(),
            threshold,
        };
        machine(*me, presign::<Secp256k1>(signers, *me, arguments).expect("a machine"))
    };
    pump(signers.iter().enumerate().map(machine).collect(), run)
}

fn machine<P: Protocol + 'static>(me: Participant, protocol: P) -> Machine<P::Output> {
    (me, Box::new(protocol))
}

/// Carries messages until all have returned; results are in the order of the machines.
fn pump<T>(mut machines: Vec<Machine<T>>, run: &mut Run) -> Vec<T> {
    let places: BTreeMap<u32, usize> =
        machines.iter().enumerate().map(|(at, (id, _))| (u32::from(*id), at)).collect();
    let mut results: Vec<Option<T>> = machines.iter().map(|_| None).collect();
    while results.iter().any(Option::is_none) {
        for at in 0..machines.len() {
            while results[at].is_none() {
                let from = machines[at].0;
                match run.timed(at, || machines[at].1.poke()).expect("no fault") {
                    Action::Wait => break,
                    Action::SendMany(message) => {
                        run.sends(at, message.len() * (machines.len() - 1));
                        for to in (0..machines.len()).filter(|to| *to != at) {
                            let copy = message.clone();
                            run.timed(to, || machines[to].1.message(from, copy));
                        }
                    }
                    Action::SendPrivate(to, message) => {
                        run.sends(at, message.len());
                        let to = places[&u32::from(to)];
                        run.timed(to, || machines[to].1.message(from, message));
                    }
                    Action::Return(result) => results[at] = Some(result),
                }
            }
        }
    }
    results.into_iter().flatten().collect()
}
