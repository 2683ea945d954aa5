//! `dkls23`: four phases for one message, which is bound in the first, so nothing is made ahead. Its first two phases
//! are counted as offline and the last two as online, which flatters it.

use std::collections::BTreeMap;

use dkls23::protocols::signing::SignData;
use dkls23::protocols::{Parameters, Party, PartyIndex};
use dkls23::{DkgSession, SignSession};
use k256_014::Secp256k1;
use measured_rows::{Patience, Phase, Row, Run, measure};
use rand_core::{OsRng, RngCore};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub const NAME: &str = "dkls23 0.6.2";

pub fn rows(threshold: (usize, usize), patience: Patience) -> Vec<Row> {
    let (t, _) = threshold;
    let (set_up, parties) = measure(NAME, threshold, Phase::SetUp, patience, || keys(threshold));
    let halves = |half: usize, phase| {
        measure(NAME, threshold, phase, patience, || {
            let [first, last] = sign(&parties, t);
            ((), if half == 0 { first } else { last })
        })
        .0
    };
    let (offline, online) = (halves(0, Phase::Offline), halves(1, Phase::Online));
    vec![set_up, offline, online]
}

/// Messages, by recipient.
struct Inboxes<M>(Vec<Vec<M>>);

impl<M: Serialize + DeserializeOwned> Inboxes<M> {
    fn new(parties: usize) -> Self {
        Self((0..parties).map(|_| Vec::new()).collect())
    }

    fn deliver(&mut self, run: &mut Run, from: usize, to: PartyIndex, message: &M) {
        let bytes = encode(run, from, message);
        run.sends(from, bytes.len());
        let to = usize::from(to.as_u8()) - 1;
        let message = run.timed(to, || postcard::from_bytes(&bytes).expect("a message"));
        self.0[to].push(message);
    }
}

fn encode(run: &mut Run, from: usize, message: &impl Serialize) -> Vec<u8> {
    run.timed(from, || postcard::to_stdvec(message).expect("bytes"))
}

/// A message for all counts once for every recipient; decoding it is not counted, in the peer's favour.
fn broadcast(run: &mut Run, from: usize, recipients: usize, message: &impl Serialize) {
    let bytes = encode(run, from, message);
    run.sends(from, bytes.len() * recipients);
}

fn index(at: usize) -> PartyIndex {
    PartyIndex::new(u8::try_from(at + 1).expect("few")).expect("an index")
}

fn session_id() -> Vec<u8> {
    let mut id = vec![0; 32];
    OsRng.fill_bytes(&mut id);
    id
}

fn keys((t, n): (usize, usize)) -> (Vec<Party<Secp256k1>>, Run) {
    let mut run = Run::new(n);
    let small = |count: usize| u8::try_from(count).expect("few");
    let parameters = Parameters { threshold: small(t), share_count: small(n) };
    let id = session_id();
    let mut sessions: Vec<DkgSession<Secp256k1>> =
        (0..n).map(|at| DkgSession::new(parameters.clone(), index(at), id.clone())).collect();
    let mut fragments = vec![Vec::new(); n];
    for (at, session) in sessions.iter_mut().enumerate() {
        let row = run.timed(at, || session.phase1());
        run.sends(at, 32 * (n - 1));
        for (fragments, fragment) in fragments.iter_mut().zip(row) {
            fragments.push(fragment);
        }
    }
    let (mut proofs, mut derivation_2, mut zero_2) = (Vec::new(), BTreeMap::new(), Inboxes::new(n));
    for (at, session) in sessions.iter_mut().enumerate() {
        let (proof, zeros, derivation) = run.timed(at, || session.phase2(&fragments[at])).expect("phase 2");
        for message in zeros {
            zero_2.deliver(&mut run, at, message.parties.receiver, &message);
        }
        broadcast(&mut run, at, n - 1, &proof);
        broadcast(&mut run, at, n - 1, &derivation);
        proofs.push(proof);
        derivation_2.insert(index(at), derivation);
    }
    let (mut derivation_3, mut zero_3, mut transfers) = (BTreeMap::new(), Inboxes::new(n), Inboxes::new(n));
    for (at, session) in sessions.iter_mut().enumerate() {
        let (zeros, multiplications, derivation) = run.timed(at, || session.phase3()).expect("phase 3");
        for message in zeros {
            zero_3.deliver(&mut run, at, message.parties.receiver, &message);
        }
        for message in multiplications {
            transfers.deliver(&mut run, at, message.parties.receiver, &message);
        }
        broadcast(&mut run, at, n - 1, &derivation);
        derivation_3.insert(index(at), derivation);
    }
    let finish = |(at, session): (usize, DkgSession<Secp256k1>)| {
        let done = run.timed(at, || {
            let (zero_2, zero_3, transfers) = (&zero_2.0[at], &zero_3.0[at], &transfers.0[at]);
            session
                .phase4(&proofs, zero_2, zero_3, transfers, &derivation_2, &derivation_3, |_| String::new())
        });
        done.unwrap_or_else(|abort| panic!("{}", abort.description())).0
    };
    let parties = sessions.into_iter().enumerate().map(finish).collect();
    (parties, run)
}

/// Signs; the two runs are phases 1 and 2, and 3 and 4.
fn sign(parties: &[Party<Secp256k1>], t: usize) -> [Run; 2] {
    let (mut first, mut last) = (Run::new(t), Run::new(t));
    let id = session_id();
    let (mut sessions, mut inbox) = (Vec::new(), Inboxes::new(t));
    for (at, party) in parties.iter().take(t).enumerate() {
        let counterparties = (0..t).filter(|other| *other != at).map(index).collect();
        let data = SignData { sign_id: id.clone(), counterparties, message_hash: [7; 32] };
        let begun = first.timed(at, || SignSession::new(party, data));
        let (session, sent) = begun.unwrap_or_else(|abort| panic!("{}", abort.description()));
        sessions.push(session);
        for message in sent {
            inbox.deliver(&mut first, at, message.parties.receiver, &message);
        }
    }
    let mut inbox_2 = Inboxes::new(t);
    for (at, session) in sessions.iter_mut().enumerate() {
        let sent = first.timed(at, || session.phase2(&inbox.0[at]));
        for message in sent.unwrap_or_else(|abort| panic!("{}", abort.description())) {
            inbox_2.deliver(&mut first, at, message.parties.receiver, &message);
        }
    }
    let mut broadcasts = Vec::new();
    for (at, session) in sessions.iter_mut().enumerate() {
        let sent = last.timed(at, || session.phase3(&inbox_2.0[at]));
        let message = sent.unwrap_or_else(|abort| panic!("{}", abort.description()));
        broadcast(&mut last, at, t - 1, &message);
        broadcasts.push(message);
    }
    for (at, session) in sessions.into_iter().enumerate() {
        let signature = last.timed(at, || session.phase4(&broadcasts, true));
        signature.unwrap_or_else(|abort| panic!("{}", abort.description()));
    }
    [first, last]
}
