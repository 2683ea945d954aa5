//! Lives of members: words of a new one, of the same and of earlier ones, in any order.

use quorate_primitives::{KeyPurpose, Timestamp};
use quorate_session::envelope::{Envelope, Protocol};
use quorate_session::presigning::{self, Life, Lives, Word};

use crate::ecdsa_world::World;
use crate::support::{Group, NOW, p, signed};

fn group() -> Group {
    Group::new(95, |roster| roster.purposes = vec![KeyPurpose::EcdsaSecp256k1])
}

fn reset(group: &Group, at: u64) -> Envelope {
    presigning::reset(group.seat(1), Life(Timestamp(at)))
}

#[test]
fn c1_the_first_word_of_a_life_counts_and_overtaken_ones_do_not() {
    let group = group();
    let seat = group.seat(2);
    let mut lives = Lives::default();
    let mut hear = |at: u64| lives.hear(seat, &reset(&group, at));
    assert_eq!(hear(50_000), Word::Anew(Life(Timestamp(50_000))));
    assert_eq!(hear(50_000), Word::Known);
    assert_eq!(hear(49_000), Word::Stale, "overtaken by the later life");
    assert_eq!(hear(51_000), Word::Anew(Life(Timestamp(51_000))));
    assert_eq!(hear(50_000), Word::Stale);
    assert_eq!(hear(7_000), Word::Anew(Life(Timestamp(7_000))), "its clock was set back");
}

/// Two lives that begin at one time of the clock, or after it was set back within one process, still differ.
#[test]
fn c1_every_life_of_a_process_is_later_than_the_one_before() {
    let mut lives = Lives::default();
    let begun: Vec<Life> = [9, 9, 8, 20].map(|at| lives.begin(Timestamp(at))).to_vec();
    assert!(begun.is_sorted_by(|one, next| one < next), "{begun:?}");
    assert_eq!(lives.own(), begun[3]);
}

#[test]
fn c1_a_life_is_known_by_what_is_said_in_it_before_it_is_announced() {
    let mut world = World::stored(95);
    world.begin_presigning(1, &[1, 2], 1);
    let proposal = world.mail.front().expect("a proposal").1.clone();
    let mut lives = Lives::default();
    let seat = world.group.seat(2);
    assert_eq!(lives.hear(seat, &reset(&world.group, NOW.0 - 1)), Word::Anew(Life(Timestamp(NOW.0 - 1))));
    assert_eq!(lives.hear(seat, &proposal), Word::Anew(Life(NOW)));
    assert_eq!(lives.hear(seat, &presigning::reset(world.group.seat(1), Life(NOW))), Word::Known);
    assert!(lives.is_over(p(1), Life(Timestamp(NOW.0 - 1))) && !lives.is_over(p(1), Life(NOW)));
    assert!(!lives.is_over(p(3), Life(NOW)), "nothing was heard of it");
}

/// A batch of the life that is heard of goes on; one of an earlier life does not, nor one that the member took part in.
#[test]
fn c1_only_batches_that_a_new_life_can_know_go_on() {
    let mut world = World::stored(96);
    world.begin_presigning(1, &[1, 2], 1);
    while let Some((to, envelope)) = world.mail.pop_front() {
        if envelope.header.protocol == Protocol::Presigning && envelope.header.round < 3 {
            world.deliver(to, envelope);
        }
    }
    let later = Life(NOW.after(1));
    let mut hears = |member: u16, of: u16, life| {
        let presigning = world.member(member).presigning.as_mut().unwrap();
        presigning.is_open() && presigning.hear_of_life(p(of), life)
    };
    assert!(hears(2, 1, Life(NOW)), "the owner's life is the one it was proposed in");
    assert!(!hears(2, 1, later));
    assert!(!hears(1, 2, later), "it had committed to something that is gone");
    assert!(hears(1, 3, later), "no signer");
}

#[test]
fn c1_an_owner_goes_on_with_a_signer_that_had_said_nothing() {
    let mut world = World::stored(97);
    world.begin_presigning(1, &[1, 2], 1);
    let held: Vec<_> = world.mail.drain(..).collect();
    let presigning = world.member(1).presigning.as_mut().unwrap();
    assert!(presigning.hear_of_life(p(2), Life(NOW.after(1))));
    for (to, envelope) in held {
        world.deliver(to, envelope);
    }
    world.run();
    assert_eq!(world.member(1).pool.len(), 1);
}

#[test]
fn b2_words_about_lives_are_their_senders_own_and_whole() {
    let group = group();
    let mut lives = Lives::default();
    let honest = reset(&group, 50_000);
    for body in [Vec::new(), honest.body[..7].to_vec(), [honest.body.clone(), vec![0]].concat()] {
        let cut = signed(&group, 1, honest.header.clone(), &body);
        assert_eq!(lives.hear(group.seat(2), &cut), Word::Known, "says nothing");
    }
    let mut header = honest.header.clone();
    header.session[0] ^= 1;
    let elsewhere = signed(&group, 1, header, &honest.body);
    assert_eq!(lives.hear(group.seat(2), &elsewhere), Word::Known, "of another roster");
    assert_eq!(lives.hear(group.seat(2), &honest), Word::Anew(Life(Timestamp(50_000))));
}
