//! Presignatures and ECDSA signatures, message by message.

mod attacks;

use std::sync::Arc;

use quorate_dkls::{Offence, Pair};
use quorate_session::envelope::{Envelope, Protocol};
use quorate_session::output::Output;
use quorate_session::pool::Pool;
use quorate_session::presigning::{self, Life, Presigning};
use quorate_session::signing::{Blame, Failure, Mutation, SHARE_PATIENCE, Signing, Wants};

use crate::ecdsa_world::{World, check};
use crate::request::SHARE;
use crate::support::{NOW, p, signed};

#[test]
fn two_of_three_sign_from_the_pool_and_the_third_hears_of_it() {
    let mut world = World::paired(70);
    world.presign(1, &[1, 2], 4);
    assert_eq!(world.members[0].pool.available(p(1), &[p(1), p(2)]), 4);
    world.ask(1);
    world.approve(1);
    world.approve(2);
    world.run();
    for member in 1..=3 {
        check(&world, &world.signatures(member).expect("a signature"));
    }
    assert_eq!(world.members[0].pool.len(), 2);
    assert_eq!(world.members[1].pool.len(), 2);
}

#[test]
fn a_proposer_that_approves_last_is_still_one_of_the_signers() {
    let mut world = World::paired(77);
    world.presign(1, &[1, 2], 2);
    world.ask(1);
    world.approve(3);
    world.approve(2);
    world.run();
    world.approve(1);
    world.run();
    for member in 1..=3 {
        check(&world, &world.signatures(member).expect("a signature"));
    }
}

/// The share in the burn record is the only one there will ever be.
#[test]
fn k14_c1_an_ecdsa_share_is_burned_first_and_repeated_after_a_restart() {
    let mut world = World::paired(71);
    world.presign(1, &[1, 2], 2);
    world.ask(1);
    world.approve(1);
    world.approve(2);
    world.run();
    let member = &world.members[1];
    let burned: Vec<_> = member.signing_log.iter().filter(|m| matches!(m, Mutation::Burned { .. })).collect();
    let [Mutation::Burned { share, .. }] = burned.as_slice() else { panic!("burned once") };
    let log = member.signing_log.iter().take_while(|m| !matches!(m, Mutation::Finished { .. })).cloned();
    let mut again = Signing::replay(Arc::clone(&member.seat), &member.shares, log, NOW).unwrap();
    assert!(again.wants().is_none());
    again.handle_reconnected(NOW);
    let said: Vec<Envelope> = std::iter::from_fn(|| again.poll_output())
        .filter_map(|output| if let Output::Send(_, said) = output { Some(said) } else { None })
        .filter(|envelope| envelope.header.round == SHARE)
        .collect();
    assert!(!said.is_empty() && said.iter().all(|envelope| envelope == share));
}

#[test]
fn c1_an_approver_whose_presignatures_died_with_it_withdraws() {
    let mut world = World::paired(72);
    world.presign(1, &[1, 2], 2);
    world.members[1].pool = Pool::default();
    world.ask(1);
    world.approve(1);
    world.approve(2);
    world.run();
    assert_eq!(world.failure(1), Some(&Failure::Withdrawn { by: p(2) }));
    assert!(world.signatures(1).is_none());
}

/// A share that does not fit its signer's commitments names that signer, provably; an honest one is never named.
#[test]
fn b12_a_wrong_ecdsa_share_names_its_signer() {
    let mut world = World::paired(73);
    world.presign(1, &[1, 2], 2);
    world.ask(1);
    world.approve(1);
    world.approve(2);
    world.run_with_wrong_shares(|_| true);
    for (member, liar) in [(1, 2), (2, 1)] {
        let Some(Failure::Misbehaved { culprits, blame, evidence }) = world.failure(member) else {
            panic!("nobody is blamed: {:?}", world.failure(member));
        };
        assert_eq!((culprits.as_slice(), *blame), (&[p(liar)][..], Blame::WrongShare));
        assert!(evidence.len() >= 5);
    }
}

/// Who withholds its opening is said, and not blamed.
#[test]
fn b12_an_opening_that_is_withheld_blames_nobody() {
    let mut world = World::paired(74);
    world.presign(1, &[1, 2], 2);
    world.ask(1);
    world.approve(1);
    world.approve(2);
    world.run_with_wrong_shares(|opening| opening.header.sender != p(2));
    assert!(matches!(world.failure(2), Some(Failure::Misbehaved { .. })));
    assert_eq!(world.failure(1), None);
    let late = world.now.after(SHARE_PATIENCE);
    world.member(1).signing.as_mut().unwrap().handle_wake(late);
    let withheld = Failure::Unattributed { signers: vec![p(1), p(2)], missing: vec![p(2)] };
    assert_eq!(world.failure(1), Some(&withheld));
    assert!(withheld.culprits().is_empty() && withheld.to_string().contains("no opening from"));
}

/// The names of presignatures, and everything that is drawn for them, come from the session's id.
#[test]
fn c5_stuck_randomness_gives_no_two_sessions_one_id() {
    let mut world = World::paired(79);
    let mut sessions = Vec::new();
    for _ in 0..2 {
        world.presign(1, &[1, 2], 1);
        sessions.push(*world.members[0].presigning.as_ref().unwrap().session());
        world.now = world.now.after(1);
    }
    assert_ne!(sessions[0], sessions[1]);
    assert_eq!(world.members[0].pool.len(), 2, "two presignatures, not one twice");
}

/// Whoever restarts in the middle takes part anew and opens something else than it had committed to: the batch is
/// dropped, and it is blamed for nothing.
#[test]
fn b6_a_restart_in_the_middle_of_a_batch_is_nobodys_offence() {
    let mut world = World::paired(78);
    world.begin_presigning(1, &[1, 2], 1);
    // The owner hears of member 2's first life, which ends before it hears anything of the owner's.
    let proposal = world.mail.front().unwrap().1.clone();
    let to_second: Vec<_> = world.mail.drain(..).collect();
    world.deliver(2, proposal);
    let of_first_life: Vec<_> = world.mail.drain(..).collect();
    world.member(2).presigning = None;
    for (to, envelope) in of_first_life {
        world.deliver(to, envelope);
    }
    world.members[1].entropy ^= 0xff;
    for (to, envelope) in to_second {
        world.deliver(to, envelope);
    }
    world.run();
    let unproven = presigning::Failure::Unproven { peer: p(2), offence: Offence::Opening };
    assert_eq!(world.members[0].failures, [unproven]);
    assert!(world.members[0].pool.is_empty() && world.members[1].pool.is_empty());
    assert!(world.members[0].pairs[&p(2)].keys().is_some(), "the pair is not banned");
}

/// A member that withdraws before anything was signed costs nothing: another who approved signs instead.
#[test]
fn a_member_that_withdraws_is_passed_over() {
    let mut world = World::paired(78);
    world.presign(1, &[1, 3], 2);
    world.ask(1);
    world.approve(1);
    world.approve(2);
    world.run();
    // There are no presignatures with member 2 yet: the proposer waits.
    assert!(matches!(world.members[0].signing.as_ref().unwrap().wants(), Some(Wants::Choice { .. })));
    world.approve(3);
    world.run();
    let now = world.now;
    world.member(1).signing.as_mut().unwrap().pass_over(&[p(2)], now);
    world.drain(1);
    world.run();
    for member in [1, 3] {
        check(&world, &world.signatures(member).expect("a signature"));
    }
}

#[test]
fn s6_a_request_ends_when_too_few_are_left() {
    let mut world = World::paired(79);
    world.ask(1);
    world.approve(1);
    world.approve(2);
    world.run();
    let now = world.now;
    let signing = world.member(1).signing.as_mut().unwrap();
    signing.pass_over(&[p(2), p(3)], now);
    assert!(matches!(signing.failure(), Some(Failure::NoPresignatures { .. })));
}
