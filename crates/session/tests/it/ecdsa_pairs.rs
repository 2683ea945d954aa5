//! Pairs: set up, interrupted, lost, banned and made anew.

use std::sync::Arc;

use quorate_dkls::Tombstone;
use quorate_session::pairing::{self, Pairing};

use crate::ecdsa_world::World;
use crate::support::p;

/// A try that is interrupted at any message leaves a pair that is set up after both have come back.
#[test]
fn c1_a_pair_survives_a_restart_of_either_side_at_every_message() {
    for restarting in [1, 2] {
        for delivered in 0..8 {
            let mut world = World::new(75);
            world.start_pair(1, 2, Vec::new());
            world.start_pair(2, 1, Vec::new());
            for _ in 0..delivered {
                if let Some((to, envelope)) = world.mail.pop_front() {
                    world.deliver(to, envelope);
                }
            }
            world.restart_pair(restarting, 3 - restarting);
            world.settle_pairs();
            let one = world.members[0].pairs[&p(2)].keys();
            let one = one
                .unwrap_or_else(|| panic!("{restarting} after {delivered}: {:?}", world.members[0].events));
            let other = world.members[1].pairs[&p(1)].keys().expect("ready");
            assert_eq!(one.statement(), other.statement(), "{restarting} after {delivered}");
            world.presign(2, &[1, 2], 1);
            assert_eq!(world.members[0].pool.len(), 1);
        }
    }
}

/// What one side made durable and the other lost can never be confirmed: they begin anew, and do not wait for ever.
#[test]
fn c1_a_pair_that_only_one_side_still_holds_is_made_anew() {
    let mut world = World::new(80);
    world.start_pair(1, 2, Vec::new());
    world.start_pair(2, 1, Vec::new());
    while world.members[0].pair_logs.is_empty() {
        let (to, envelope) = world.mail.pop_front().unwrap();
        world.deliver(to, envelope);
    }
    world.mail.clear();
    world.restart_pair(1, 2);
    world.member(2).pair_logs.clear();
    world.start_pair(2, 1, Vec::new());
    world.settle_pairs();
    let one = world.members[0].pairs[&p(2)].keys().expect("ready");
    assert_eq!(one.statement(), world.members[1].pairs[&p(1)].keys().expect("ready").statement());
}

/// Trees answer the transfers of both: those of a second life do not fit those of the first, and nobody failed.
#[test]
fn c1_trees_of_another_life_are_not_taken_for_a_failure() {
    let mut world = World::new(81);
    world.start_pair(1, 2, Vec::new());
    world.start_pair(2, 1, Vec::new());
    // The first life of member 2 answers, and only its transfers arrive.
    let begun: Vec<_> = world.mail.drain(..).collect();
    let transfers = begun.iter().find(|(to, _)| *to == 2).unwrap().1.clone();
    world.deliver(2, transfers.clone());
    let (to, first) = world.mail.pop_front().unwrap();
    world.deliver(to, first);
    world.mail.clear();
    world.restart_pair(2, 1);
    // Another life draws something else.
    let key = world.members[1].shares[0].public.group_key.clone();
    let seat = Arc::clone(&world.members[1].seat);
    let again = Pairing::start(seat, p(1), &key, Vec::new(), &[0xee; 32], world.now).unwrap();
    world.member(2).pairs.insert(p(1), again);
    world.deliver(2, transfers);
    world.settle_pairs();
    assert!(!world.members[0].events.iter().any(|event| event.contains("Failed")));
    assert!(world.members.iter().take(2).all(|m| m.pairs.values().all(|pair| pair.keys().is_some())));
}

/// A banned generation stays over, also after a restart, until both have acted explicitly.
#[test]
fn k10_a_banned_pair_stays_banned_over_restarts() {
    let mut world = World::paired(76);
    let tombstone = |world: &World| -> Tombstone {
        let log = &world.members[0].pair_logs[&p(2)];
        let banned = |m: &pairing::Mutation| match m {
            pairing::Mutation::Banned(tombstone) => Some(*tombstone),
            _ => None,
        };
        log.iter().find_map(banned).unwrap()
    };
    let made: quorate_dkls::pair::PairKeys = {
        let keys = world.members[0].pairs[&p(2)].keys().unwrap();
        quorate_dkls::pair::PairKeys::from_secret_bytes(&keys.to_secret_bytes()).unwrap()
    };
    let mark = made.ban();
    world.member(1).pairs.get_mut(&p(2)).unwrap().ban(mark);
    world.drain(1);
    assert_eq!(tombstone(&world), mark);
    world.restart_pair(1, 2);
    assert!(world.members[0].pairs[&p(2)].is_banned());
    // The peer wants a new one: not without this device's person.
    let now = world.now.after(60_000);
    world.now = now;
    world.member(2).pairs.get_mut(&p(1)).unwrap().renew(now);
    world.drain(2);
    world.run();
    assert!(world.members[0].pairs[&p(2)].is_banned());
    world.member(1).pairs.get_mut(&p(2)).unwrap().renew(now);
    world.drain(1);
    world.run();
    let keys = world.members[0].pairs[&p(2)].keys().expect("a new generation");
    assert!(keys.generation() > mark.generation());
    assert!(world.members[1].pairs[&p(1)].keys().is_some());
}
