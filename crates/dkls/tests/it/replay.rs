//! Everything that was said once, said again somewhere else: in another session, pair, generation, signer set, mode or
//! direction, under its own session id and under the one of the place.

use quorate_dkls::pair::{PairContext, Transfers, Trees};
use quorate_dkls::presign::{self, Commitment, Confirmation, Extension, Multiplication, Opening, Terms};
use quorate_dkls::sign::MessageHash;
use quorate_dkls::{Fault, Misuse, Obstacle, Offence};

use crate::support::{DIGEST, Group, confirm, context, inboxes, multiply, p, rng};

const SIGNERS: [u16; 2] = [1, 2];

/// What participant 1 said to 2 in one run, by message.
#[derive(Clone)]
struct Said {
    commitment: Vec<u8>,
    extension: Vec<u8>,
    opening: Vec<u8>,
    multiplication: Vec<u8>,
    confirmation: Vec<u8>,
}

impl Said {
    fn in_session_of(group: &Group, terms: &Terms, from: u16, to: u16) -> Self {
        let signers = [from.min(to), from.max(to)];
        let round1 = group.begin(terms, &signers, 51);
        let (commitment, extension) = (round1[&from].1.to_bytes(), round1[&from].2[&p(to)].to_bytes());
        let round2 = group.extend(round1, &signers, 51);
        let (opening, multiplication) = (round2[&from].1.to_bytes(), round2[&from].2[&p(to)].to_bytes());
        let confirmation = multiply(round2, 51).remove(&from).unwrap().unwrap().1.to_bytes();
        Self { commitment, extension, opening, multiplication, confirmation }
    }

    /// The same words under another session's id.
    fn as_of(&self, session: &[u8]) -> Self {
        let moved = |bytes: &Vec<u8>| [session, &bytes[32..]].concat();
        Self {
            commitment: moved(&self.commitment),
            extension: moved(&self.extension),
            opening: moved(&self.opening),
            multiplication: moved(&self.multiplication),
            confirmation: moved(&self.confirmation),
        }
    }

    /// What participant 2 says to these words of 1, in its session, in the place of 1's own: round by round.
    fn heard_in(&self, group: &Group, terms: &Terms) -> [Result<(), Fault>; 4] {
        [
            self.first_round(group, terms),
            self.second_round(group, terms, true),
            self.second_round(group, terms, false),
            self.third_round(group, terms),
        ]
    }

    fn first_round(&self, group: &Group, terms: &Terms) -> Result<(), Fault> {
        let (round, _, _) = group.begin(terms, &SIGNERS, 1).remove(&2).unwrap();
        let commitment = Commitment::from_bytes(&self.commitment).unwrap();
        let inbox = [(p(1), (commitment, Extension::from_bytes(&self.extension, 1).unwrap()))].into();
        round.finish(&inbox, &group.pairs_of(2, &SIGNERS), &mut rng(2)).map(|_| ())
    }

    /// With these words' opening or multiplication, and 1's own other message.
    fn second_round(&self, group: &Group, terms: &Terms, is_opening: bool) -> Result<(), Fault> {
        let mut round2 = group.extend(group.begin(terms, &SIGNERS, 1), &SIGNERS, 1);
        let sent = round2.iter().map(|(me, (_, all, one))| (*me, (all, one))).collect();
        let (mut opening, mut multiplication) = inboxes(&sent).remove(1).remove(&p(1)).unwrap();
        if is_opening {
            opening = Opening::from_bytes(&self.opening, 1).unwrap();
        } else {
            multiplication = Multiplication::from_bytes(&self.multiplication, 1).unwrap();
        }
        let (round, _, _) = round2.remove(&2).unwrap();
        round.finish(&[(p(1), (opening, multiplication))].into(), &mut rng(3)).map(|_| ())
    }

    fn third_round(&self, group: &Group, terms: &Terms) -> Result<(), Fault> {
        let round2 = group.extend(group.begin(terms, &SIGNERS, 1), &SIGNERS, 1);
        let mut round3: std::collections::BTreeMap<_, _> =
            multiply(round2, 1).into_iter().map(|(me, round)| (me, round.unwrap())).collect();
        round3.get_mut(&1).unwrap().1 = Confirmation::from_bytes(&self.confirmation, 1).unwrap();
        confirm(round3).remove(&2).unwrap().map(|_| ())
    }
}

/// Every place but the right one.
fn elsewhere(group: &mut Group) -> Vec<(&'static str, Said)> {
    let base = group.terms(&SIGNERS, 1, 1);
    let mut said: Vec<_> = [
        ("wallet", Terms { wallet: [2; 32], ..base.clone() }),
        ("epoch", Terms { epoch: 4, ..base.clone() }),
        ("owner", Terms { owner: p(2), ..base.clone() }),
        ("counter", Terms { counter: 2, ..base.clone() }),
    ]
    .map(|(what, terms)| (what, Said::in_session_of(group, &terms, 1, 2)))
    .into();
    let key = Group::of(2, 3, &SIGNERS, 53);
    said.push(("key", Said::in_session_of(&key, &key.terms(&SIGNERS, 1, 1), 1, 2)));
    group.set_up(1, 3, 1, 52);
    said.push(("signer set", Said::in_session_of(group, &group.terms(&[1, 3], 1, 1), 1, 3)));
    let mut later = Group::of(2, 3, &SIGNERS, 52);
    later.set_up(1, 2, 2, 52);
    said.push(("generation", Said::in_session_of(&later, &later.terms(&SIGNERS, 1, 1), 1, 2)));
    said.push(("mode", plain_mode(group, &base, said[0].1.clone())));
    said
}

/// Round 1 of plain mode with the same terms; its later rounds are said by `rest`.
fn plain_mode(group: &Group, terms: &Terms, rest: Said) -> Said {
    let message = MessageHash::new(&group.root(), &DIGEST);
    let (signers, pairs) = (group.signing_group(1, &SIGNERS), group.pairs_of(1, &SIGNERS));
    let (_, all, one) = presign::begin_for(message, &signers, terms.clone(), &pairs, &mut rng(51)).unwrap();
    Said { commitment: all.to_bytes(), extension: one[&p(2)].to_bytes(), ..rest }
}

#[test]
fn k26_b7_no_message_of_presigning_is_good_anywhere_else() {
    let mut group = Group::of(2, 3, &SIGNERS, 52);
    let others = elsewhere(&mut group);
    let terms = group.terms(&SIGNERS, 1, 1);
    let honest = Said::in_session_of(&group, &terms, 1, 2);
    for (what, said) in others {
        for (round, heard) in said.heard_in(&group, &terms).into_iter().enumerate() {
            let local = Fault::Local(Misuse::OtherSession { participant: p(1) });
            assert_eq!(heard.unwrap_err(), local, "{what}, step {round}");
        }
        // Under this session's id they are what participant 1 says here, and each is bound to where it was made.
        let [extension, opening, product, confirmation] =
            said.as_of(&honest.commitment[..32]).heard_in(&group, &terms);
        assert!(matches!(extension, Err(Fault::Ban(_))), "{what}: {extension:?}");
        assert_eq!(opening.unwrap_err(), Offence::Opening.of(p(1)), "{what}");
        assert_eq!(product.unwrap_err(), Offence::Multiplication.of(p(1)), "{what}");
        let split = Obstacle::SplitView { witnesses: vec![p(1)] };
        assert_eq!(confirmation.unwrap_err(), split.into(), "{what}");
    }
}

/// Our own words, sent back as the peer's: the direction is in everything.
#[test]
fn k26_k28_reflected_messages_of_presigning_are_refused() {
    let group = Group::of(2, 3, &SIGNERS, 52);
    let terms = group.terms(&SIGNERS, 1, 1);
    let round1 = group.begin(&terms, &SIGNERS, 1);
    let own_extension = round1[&2].2[&p(1)].to_bytes();
    let round2 = group.extend(round1, &SIGNERS, 1);
    let honest = Said::in_session_of(&group, &terms, 1, 2);
    let reflected = Said {
        extension: own_extension,
        opening: round2[&2].1.to_bytes(),
        multiplication: round2[&2].2[&p(1)].to_bytes(),
        ..honest
    };
    let [extension, opening, product, _] = reflected.heard_in(&group, &terms);
    assert!(matches!(extension, Err(Fault::Ban(_))), "{extension:?}");
    assert_eq!(opening.unwrap_err(), Offence::Opening.of(p(1)));
    assert_eq!(product.unwrap_err(), Offence::Multiplication.of(p(1)));
}

/// The flights of 1 in one context, answered by its peer there.
fn flights(one: PairContext, other: PairContext) -> (Transfers, Trees) {
    let mut rng = rng(54);
    let (a, to_b) = one.begin(None, b"one", &mut rng).unwrap();
    let (_, to_a) = other.begin(None, b"other", &mut rng).unwrap();
    let (_, trees) = a.finish(&to_a, b"one", &mut rng).unwrap();
    (to_b, trees)
}

#[test]
fn k26_b7_no_message_of_pair_set_up_is_good_anywhere_else() {
    let contexts = |session: u8, peer: u16, generation: u64| {
        let with = |context| PairContext { session: [session; 32], ..context };
        (with(context(1, peer, generation)), with(context(peer, 1, generation)))
    };
    for (what, session, peer, generation) in
        [("nothing", 7, 2, 1), ("session", 8, 2, 1), ("pair", 7, 3, 1), ("generation", 7, 2, 2)]
    {
        let (one, other) = contexts(session, peer, generation);
        let (transfers, trees) = flights(one, other);
        let mut rng = rng(55);
        let (own, _) = contexts(7, 2, 1);
        let (a, own_transfers) = own.begin(None, b"one", &mut rng).unwrap();
        let (b, to_a) = context(2, 1, 1).begin(None, b"other", &mut rng).unwrap();
        let (_, own_trees) = a.finish(&to_a, b"one", &mut rng).unwrap();
        // The other run's first flight, and this one's second.
        let (late, _) = b.finish(&transfers, b"other", &mut rng).unwrap();
        assert_eq!(late.finish(&own_trees).map(|_| ()), Err(Offence::Trees.of(p(1))), "transfers: {what}");
        // This run's first flight, and the other one's second. Even in the same context it was another run.
        let (b, _) = context(2, 1, 1).begin(None, b"other", &mut rng).unwrap();
        let (late, _) = b.finish(&own_transfers, b"other", &mut rng).unwrap();
        assert_eq!(late.finish(&trees).map(|_| ()), Err(Offence::Trees.of(p(1))), "trees: {what}");
        // Both flights of the other run.
        let (b, _) = context(2, 1, 1).begin(None, b"other", &mut rng).unwrap();
        let (late, _) = b.finish(&transfers, b"other", &mut rng).unwrap();
        assert_eq!(late.finish(&trees).map(|_| ()), Err(Offence::Trees.of(p(1))), "both: {what}");
    }
}
