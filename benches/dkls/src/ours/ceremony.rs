//! The key ceremony of n members, for the ECDSA key alone.

use std::collections::BTreeMap;

use borsh::{BorshDeserialize, BorshSerialize};
use measured_rows::Run;
use quorate_primitives::{KeyPurpose, ParticipantId, Secret, Threshold};
use quorate_threshold::KeyShare;
use quorate_threshold::dkg::{Participant, Terms};
use rand_core::{OsRng, RngCore};

type Post = Vec<(ParticipantId, Vec<u8>)>;

pub fn run((t, n): (usize, usize), run: &mut Run) -> Vec<KeyShare> {
    let number = |count: usize| u16::try_from(count).expect("a small group");
    let threshold = Threshold::new(number(t), number(n)).expect("a threshold");
    let terms = Terms::new([0; 32], threshold, &[KeyPurpose::EcdsaSecp256k1], 1);
    let ids: Vec<ParticipantId> = threshold.participants().collect();
    let announced = ids.iter().enumerate().map(|(at, id)| {
        let mut seed = Secret::new([0; 32]);
        OsRng.fill_bytes(seed.expose_mut());
        let terms = terms.clone();
        run.timed(at, || {
            let (round, sent) = Participant::new(terms, *id, seed).expect("terms").announce();
            (round, encode(&sent))
        })
    });
    let (rounds, sent) = announced.collect::<(Vec<_>, Vec<_>)>();
    let post = broadcast(&ids, sent, run);
    let (rounds, sent) = each(rounds, run, |at, round| {
        let (round, sent) = round.finish(decode(&post, ids[at])).expect("commitments");
        (round, encode(&sent))
    });
    let post = broadcast(&ids, sent, run);
    let (rounds, sent) = each(rounds, run, |at, round| {
        let (round, sent) = round.finish(decode(&post, ids[at])).expect("dealings");
        (round, encode(&sent))
    });
    let post = broadcast(&ids, sent, run);
    let (rounds, sent) = each(rounds, run, |at, round| {
        let (round, sent) = round.finish(decode(&post, ids[at])).expect("echoes");
        (round, encode(&sent))
    });
    let post = broadcast(&ids, sent, run);
    let (rounds, sent) = each(rounds, run, |at, round| {
        let (round, sent) = round.finish(&decode(&post, ids[at])).expect("shares");
        let sent: BTreeMap<_, _> = sent.into_iter().map(|(to, shares)| (to, encode(&shares))).collect();
        (round, sent)
    });
    for (at, sent) in sent.iter().enumerate() {
        run.sends(at, sent.values().map(Vec::len).sum());
    }
    let (keys, _) = each(rounds, run, |at, round| {
        let to_me =
            ids.iter().zip(&sent).filter_map(|(from, sent)| Some((*from, sent.get(&ids[at])?.clone())));
        let outcome = round.finish(&decode(&to_me.collect::<Post>(), ids[at])).expect("keys");
        (outcome.shares.into_iter().next().expect("a key"), ())
    });
    keys
}

fn each<R, N, S>(
    rounds: Vec<R>,
    run: &mut Run,
    mut finish: impl FnMut(usize, R) -> (N, S),
) -> (Vec<N>, Vec<S>) {
    rounds.into_iter().enumerate().map(|(at, round)| run.timed(at, || finish(at, round))).collect()
}

fn broadcast(ids: &[ParticipantId], sent: Vec<Vec<u8>>, run: &mut Run) -> Post {
    for (at, bytes) in sent.iter().enumerate() {
        run.sends(at, bytes.len() * (ids.len() - 1));
    }
    ids.iter().copied().zip(sent).collect()
}

fn encode(message: &impl BorshSerialize) -> Vec<u8> {
    borsh::to_vec(message).expect("bytes")
}

/// Reads everybody's message but one's own.
fn decode<M: BorshDeserialize>(
    post: &[(ParticipantId, Vec<u8>)],
    me: ParticipantId,
) -> BTreeMap<ParticipantId, M> {
    let others = post.iter().filter(|(from, _)| *from != me);
    others.map(|(from, bytes)| (*from, borsh::from_slice(bytes).expect("a message"))).collect()
}
