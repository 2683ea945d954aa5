//! Messages of pairs, presignatures and ECDSA requests that are authentic and wrong: changed, cut, continued, or said
//! in another session, place or name.
//!
//! One member says one such message to one other; everything else is honest, and repeated until every deadline has
//! passed. Nothing hangs, nobody blames or bans anybody but that member, no share leaves twice, and what was signed
//! verifies.

use std::collections::BTreeMap;

use quorate_dkls::Fault;
use quorate_session::envelope::{Envelope, Header, Protocol};
use quorate_session::presigning;
use quorate_session::signing::Mutation;

use crate::ecdsa_world::{World, check};
use crate::support::{p, signed};

/// A kind of message: protocol, round, sender, recipient.
type Kind = (u8, u8, u16, u16);

/// What a wrong message led to, counted by kind.
#[derive(Default)]
struct Tally {
    runs: u64,
    refused: u64,
    banned: u64,
    blamed: u64,
    signed: u64,
}

fn kind(to: u16, envelope: &Envelope) -> Kind {
    let header = &envelope.header;
    (header.protocol as u8, header.round, header.sender.get(), to)
}

/// Three members with pairs; the first makes presignatures with the second and asks for a signature of both.
fn run(mut world: World, intercept: &mut dyn FnMut(&World, u16, Envelope) -> Envelope) -> World {
    world.begin_presigning(1, &[1, 2], 2);
    world.run_with(intercept);
    world.begin_asking(1);
    world.run_with(intercept);
    for member in [1, 2] {
        if world.member(member).signing.is_some() {
            world.approve(member);
            world.run_with(intercept);
        }
    }
    // Resends, then the deadlines of batches, requests and shares.
    for wait in [1_500, 3_000, 5_000, 31_000, 70_000, 70_000] {
        world.pass(wait);
        world.run_with(intercept);
    }
    world
}

/// Every kind of message of an honest run, with one example.
fn kinds() -> BTreeMap<Kind, Envelope> {
    let mut seen = BTreeMap::new();
    let world = run(World::stored(90), &mut |_, to, envelope| {
        seen.entry(kind(to, &envelope)).or_insert_with(|| envelope.clone());
        envelope
    });
    for member in 1..=3 {
        check(&world, &world.signatures(member).expect("an honest run signs"));
    }
    seen
}

/// One run in which the first message of a kind is another one.
fn tampered(of: Kind, tamper: &dyn Fn(&Envelope) -> (Header, Vec<u8>)) -> World {
    let mut is_done = false;
    let world = run(World::stored(90), &mut |world, to, envelope| {
        if is_done || kind(to, &envelope) != of {
            return envelope;
        }
        is_done = true;
        let (header, body) = tamper(&envelope);
        signed(&world.group, envelope.header.sender.get(), header, &body)
    });
    assert!(is_done, "{of:?} was never said");
    world
}

fn judge(world: &World, of: Kind, what: &str, tally: &mut Tally) {
    let (_, _, liar, _) = of;
    tally.runs += 1;
    for (member, machine) in (1..).zip(&world.members) {
        let place = format!("{of:?} {what}: member {member}");
        assert!(machine.presigning.as_ref().is_none_or(|one| !one.is_open()), "{place} presigns for ever");
        assert!(machine.signing.as_ref().is_none_or(|one| !one.is_open()), "{place} signs for ever");
        let burned = |m: &&Mutation| matches!(m, Mutation::Burned { .. });
        assert!(machine.signing_log.iter().filter(burned).count() <= 1, "{place} burned twice");
        if let Some(signatures) = world.signatures(member) {
            check(world, &signatures);
            tally.signed += 1;
        }
        if member == liar {
            continue;
        }
        let culprits = world.failure(member).map(|failure| failure.culprits().to_vec()).unwrap_or_default();
        assert!(culprits.iter().all(|culprit| *culprit == p(liar)), "{place} blames {culprits:?}");
        tally.blamed += u64::from(!culprits.is_empty());
        for failure in &machine.failures {
            tally.refused += 1;
            match failure {
                presigning::Failure::Fault(Fault::Blame { culprit: with, .. })
                | presigning::Failure::Unproven { peer: with, .. } => assert_eq!(*with, p(liar), "{place}"),
                presigning::Failure::Fault(Fault::Ban(tombstones)) => {
                    tally.banned += 1;
                    let is_ours =
                        |one: &quorate_dkls::Tombstone| one.pair().peer_of(p(member)) == Some(p(liar));
                    assert!(tombstones.iter().all(is_ours), "{place}");
                }
                presigning::Failure::TimedOut { .. }
                | presigning::Failure::Ended { .. }
                | presigning::Failure::Fault(Fault::Local(_) | Fault::Retry(_)) => {}
            }
        }
    }
}

/// Where a body is changed: everywhere in a short one, else at its ends and here and there.
fn positions(len: usize) -> Vec<usize> {
    if len <= 24 {
        return (0..len).collect();
    }
    let ends = [0, 1, 4, 5, 8, 31, 32, 33, 36, len / 3, len / 2, 2 * len / 3];
    let last = [130, 98, 97, 66, 65, 64, 34, 33, 32, 17, 16, 2, 1].map(|back| len.saturating_sub(back));
    let mut all: Vec<usize> = ends.into_iter().chain(last).filter(|at| *at < len).collect();
    all.sort_unstable();
    all.dedup();
    all
}

fn of_protocol(protocol: Protocol) -> Vec<(Kind, Envelope)> {
    let all = kinds().into_iter();
    all.filter(|(kind, _)| kind.0 == protocol as u8).collect()
}

fn with_every_field_changed(protocol: Protocol) -> Tally {
    let mut tally = Tally::default();
    for (of, example) in of_protocol(protocol) {
        for at in positions(example.body.len()) {
            for bit in [0x01, 0x80] {
                let world = tampered(of, &|honest| {
                    let mut body = honest.body.clone();
                    body[at] ^= bit;
                    (honest.header.clone(), body)
                });
                judge(&world, of, &format!("flipped at {at}"), &mut tally);
            }
        }
        let len = example.body.len();
        for kept in [0, len / 2, len.saturating_sub(1)] {
            let cut = |honest: &Envelope| (honest.header.clone(), honest.body[..kept].to_vec());
            judge(&tampered(of, &cut), of, &format!("cut to {kept}"), &mut tally);
        }
        for more in [vec![0], vec![0xff; 40]] {
            let longer =
                |honest: &Envelope| (honest.header.clone(), [honest.body.clone(), more.clone()].concat());
            judge(&tampered(of, &longer), of, "continued", &mut tally);
        }
    }
    tally
}

fn with_every_header_changed(protocol: Protocol) -> Tally {
    let mut tally = Tally::default();
    let changes: [(&str, fn(&mut Header)); 7] = [
        ("session", |header| header.session[3] ^= 1),
        ("epoch", |header| header.epoch += 1),
        ("next round", |header| header.round += 1),
        ("first round", |header| header.round = 0),
        ("no round", |header| header.round = 200),
        ("recipient", |header| header.recipient = header.recipient.map_or(Some(p(3)), |_| None)),
        ("sequence", |header| header.sequence ^= 1),
    ];
    for (of, _) in of_protocol(protocol) {
        for (what, change) in changes {
            let elsewhere = |honest: &Envelope| {
                let mut header = honest.header.clone();
                change(&mut header);
                (header, honest.body.clone())
            };
            judge(&tampered(of, &elsewhere), of, what, &mut tally);
        }
    }
    tally
}

/// The same place of another session: other randomness, another owner, another signer set.
fn with_bodies_of_another_session(protocol: Protocol) -> Tally {
    let mut tally = Tally::default();
    for other in 0..3 {
        let mut bodies = BTreeMap::new();
        let mut world = World::stored(90);
        world.members.iter_mut().for_each(|member| member.entropy = 0x5a);
        let mut record = |_: &World, to: u16, envelope: Envelope| {
            let (protocol, round, ..) = kind(to, &envelope);
            bodies
                .entry((protocol, round, envelope.header.sender.get()))
                .or_insert_with(|| envelope.body.clone());
            envelope
        };
        let (owner, signers) = [(1, [1, 2]), (2, [1, 2]), (1, [1, 3])][other];
        world.now = world.now.after(1);
        world.begin_presigning(owner, &signers, 2);
        world.run_with(&mut record);
        for (of, _) in of_protocol(protocol) {
            let (protocol, round, sender, _) = of;
            let Some(body) = bodies.get(&(protocol, round, sender)) else { continue };
            let world = tampered(of, &|honest| (honest.header.clone(), body.clone()));
            judge(&world, of, &format!("of session {other}"), &mut tally);
        }
    }
    tally
}

#[test]
fn b9_every_field_of_presigning_changed_cut_or_continued_harms_only_its_sender() {
    let tally = with_every_field_changed(Protocol::Presigning);
    println!("presigning: {} runs, {} refused, {} banned", tally.runs, tally.refused, tally.banned);
    assert!(tally.runs > 300 && tally.refused > tally.runs / 2 && tally.banned > 0);
    assert_eq!(tally.blamed, 0, "nothing of a batch is provable later");
}

#[test]
fn b12_every_field_of_an_ecdsa_request_changed_cut_or_continued_harms_only_its_sender() {
    let tally = with_every_field_changed(Protocol::Signing);
    println!("requests: {} runs, {} blamed, {} signed", tally.runs, tally.blamed, tally.signed);
    assert!(tally.runs > 150 && tally.blamed > 10 && tally.signed > tally.runs / 2);
}

#[test]
fn b7_presigning_said_in_another_place_is_ignored_or_ends_the_batch() {
    let tally = with_every_header_changed(Protocol::Presigning);
    println!("presigning, elsewhere: {} runs, {} refused", tally.runs, tally.refused);
    assert!(tally.runs > 60 && tally.banned == 0 && tally.blamed == 0);
}

#[test]
fn b7_ecdsa_requests_said_in_another_place_are_ignored() {
    let tally = with_every_header_changed(Protocol::Signing);
    println!("requests, elsewhere: {} runs, {} blamed, {} signed", tally.runs, tally.blamed, tally.signed);
    assert!(tally.runs > 50 && tally.blamed == 0);
}

#[test]
fn k26_bodies_of_another_session_owner_or_signer_set_end_the_batch_and_ban_nobody() {
    let tally = with_bodies_of_another_session(Protocol::Presigning);
    println!("presigning, other sessions: {} runs, {} refused", tally.runs, tally.refused);
    assert!(tally.runs > 15 && tally.refused > 10 && tally.banned == 0 && tally.blamed == 0);
}
