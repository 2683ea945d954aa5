//! Presignatures used twice, named by others, or asked for again; and floods.

use quorate_dkls::presign::{Presignature, PresignatureId};
use quorate_session::signing::Package;

use super::*;

/// Lindell17's retry: a signature that failed is asked for again, and the other side signs once more with the same
/// nonce. Here its presignatures are gone at both, the log says again what left, and what signs then is something else.
#[test]
fn k4_a_failed_signature_is_never_tried_again_with_its_presignatures() {
    let mut world = World::paired(84);
    world.presign(1, &[1, 2], 4);
    world.ask(1);
    world.approve(1);
    world.approve(2);
    world.run_with_wrong_shares(|_| true);
    let failed = |world: &World, member| matches!(world.failure(member), Some(Failure::Misbehaved { .. }));
    assert!(failed(&world, 1) && failed(&world, 2));
    for at in [0, 1] {
        let member = &mut world.members[at];
        let burned = member.signing_log.iter().find_map(|m| match m {
            Mutation::Burned { package, share } => Some((package.clone(), share.clone())),
            _ => None,
        });
        let (package, share) = burned.expect("its share left");
        let used = borsh::from_slice::<Package>(&package.body).unwrap().presignatures;
        assert_eq!(used.len(), 2);
        for id in used.into_iter().map(PresignatureId::from) {
            assert!(member.pool.take(p(1), &[p(1), p(2)], &[id]).is_none());
        }
        assert_eq!(member.pool.len(), 2);
        // After a restart, the session says the share that it said, or nothing.
        let log = member.signing_log.iter().cloned();
        let mut again = Signing::replay(Arc::clone(&member.seat), &member.shares, log, NOW).unwrap();
        again.handle_reconnected(NOW);
        assert!(again.wants().is_none());
        let said = std::iter::from_fn(|| again.poll_output())
            .filter_map(|output| if let Output::Send(_, said) = output { Some(said) } else { None })
            .filter(|envelope| envelope.header.round == SHARE);
        assert!(said.into_iter().all(|envelope| envelope == share));
    }
    for member in &mut world.members {
        member.signing = None;
        member.signing_log.clear();
    }
    world.ask(1);
    world.approve(1);
    world.approve(2);
    world.run();
    check(&world, &world.signatures(1).expect("the two that are left sign"));
    assert!(world.members[..2].iter().all(|member| member.pool.is_empty()));
}

/// The same request once more, after it has been signed: the session names the presignatures that are gone.
#[test]
fn k14_c4_a_package_that_names_used_presignatures_releases_no_share() {
    let mut world = World::paired(85);
    world.presign(1, &[1, 2], 2);
    world.ask(1);
    world.approve(1);
    world.approve(2);
    world.run();
    check(&world, &world.signatures(2).expect("a signature"));
    let log = &world.members[0].signing_log;
    let package = log.iter().find_map(|m| match m {
        Mutation::Burned { package, .. } => Some(package.clone()),
        _ => None,
    });
    // Member 2 has forgotten the session, and hears all of it again.
    let proposal = log.iter().find_map(|m| match m {
        Mutation::Opened { proposal, .. } => Some(proposal.clone()),
        _ => None,
    });
    let member = world.member(2);
    member.signing = None;
    member.signing_log.clear();
    world.deliver(2, proposal.unwrap());
    world.approve(2);
    world.deliver(2, package.unwrap());
    world.run();
    assert!(!world.members[1].signing_log.iter().any(|m| matches!(m, Mutation::Burned { .. })));
}

/// Bodies beyond what a round can have are not kept, of the others the first counts: whoever floods gains nothing.
#[test]
fn k32_a_flood_of_presigning_messages_is_neither_kept_nor_believed() {
    let mut world = World::paired(86);
    world.begin_presigning(1, &[1, 2], 1);
    let mut truths = 0;
    while let Some((to, envelope)) = world.mail.pop_front() {
        let header = envelope.header.clone();
        let forge =
            |world: &World, body: &[u8]| signed(&world.group, header.sender.get(), header.clone(), body);
        if header.sender == p(2) && to == 1 && header.protocol == Protocol::Presigning {
            // Before the truth: too long for its round. After it: more of it, cut and changed.
            let longer = [envelope.body.as_slice(), &[0; 3_000_000]].concat();
            for _ in 0..10 {
                let flood = forge(&world, &longer);
                world.deliver(to, flood);
            }
            world.deliver(to, envelope.clone());
            truths += 1;
            for number in 0..200_usize {
                let mut body = envelope.body.clone();
                let at = number % body.len();
                body[at] ^= 1;
                let flood = forge(&world, &body);
                world.deliver(to, flood);
            }
        } else {
            world.deliver(to, envelope);
        }
    }
    assert!(truths >= 5);
    assert_eq!(
        (world.members[0].failures.as_slice(), world.members[1].failures.as_slice()),
        (&[][..], &[][..])
    );
    assert_eq!((world.members[0].pool.len(), world.members[1].pool.len()), (1, 1));
}

#[test]
fn b17_nobody_uses_presignatures_of_another_owner_or_signer_set() {
    let mut world = World::paired(74);
    world.presign(1, &[1, 2], 2);
    let pool = &mut world.members[1].pool;
    assert!(pool.choose(p(2), &[p(1), p(2)], 1).is_none(), "not ours");
    let mine = world.members[0].pool.choose(p(1), &[p(1), p(2)], 2).unwrap();
    assert!(world.members[0].pool.choose(p(1), &[p(1), p(2)], 1).is_none(), "both are given away");
    let pool = &mut world.members[1].pool;
    assert!(pool.take(p(2), &[p(1), p(2)], &mine).is_none());
    assert!(pool.take(p(1), &[p(1), p(3)], &mine).is_none());
    assert!(pool.take(p(1), &[p(1), p(2)], &[mine[0], mine[0]]).is_none());
    let taken: Vec<Presignature> = pool.take(p(1), &[p(1), p(2)], &mine).unwrap();
    assert_eq!(taken.len(), 2);
    assert!(pool.take(p(1), &[p(1), p(2)], &mine[..1]).is_none(), "once");
}

#[test]
fn k14_c7_of_a_thousand_claims_at_once_exactly_one_gets_the_presignature() {
    let mut world = World::paired(82);
    world.presign(1, &[1, 2], 1);
    let signers = [p(1), p(2)];
    let ids = world.members[0].pool.choose(p(1), &signers, 1).unwrap();
    let pool = std::sync::Mutex::new(core::mem::take(&mut world.members[0].pool));
    let claim = || usize::from(pool.lock().unwrap().take(p(1), &signers, &ids).is_some());
    let won: usize = std::thread::scope(|scope| {
        let claims: Vec<_> = (0..1_000).map(|_| scope.spawn(claim)).collect();
        claims.into_iter().map(|claim| claim.join().unwrap()).sum()
    });
    assert_eq!(won, 1);
}

/// What a proposal says has one spelling: another order of the generations is not another session of the same name.
#[test]
fn b17_a_proposal_has_one_spelling() {
    let mut world = World::paired(80);
    world.presign(1, &[1, 2], 1);
    let seat = Arc::clone(world.group.seat(1));
    let pair = Pair::new(p(1), p(2)).unwrap();
    let read = |generations: Vec<(Pair, u64)>| {
        let signers = vec![p(1), p(2)];
        let proposal = presigning::Proposal {
            signers,
            batch: 1,
            counter: 7,
            life: Life(NOW),
            generations,
            message: None,
        };
        let body = borsh::to_vec(&proposal).unwrap();
        let session = quorate_primitives::Transcript::new("presigning")
            .field("roster", seat.roster_hash())
            .number("epoch", 0)
            .number("owner", 1)
            .field("proposal", &body)
            .finish();
        let envelope = seat.say(Protocol::Presigning, session, (0, 0), None, body);
        Presigning::proposal_in(world.group.seat(2), &envelope).is_some()
    };
    assert!(read(vec![(pair, 0)]));
    assert!(!read(vec![(pair, 0), (pair, 0)]), "repeated");
}

/// Two batches under one name are two halves that do not fit: neither is kept.
#[test]
fn b17_a_second_batch_of_one_name_erases_both() {
    let mut one = World::paired(81);
    one.presign(1, &[1, 2], 1);
    let mut other = World::paired(81);
    other.presign(1, &[1, 2], 1);
    let ids = other.members[0].pool.choose(p(1), &[p(1), p(2)], 1).unwrap();
    let again = other.members[0].pool.take(p(1), &[p(1), p(2)], &ids).unwrap();
    let pool = &mut one.members[0].pool;
    assert_eq!(pool.len(), 1);
    pool.add(p(1), again);
    assert!(pool.is_empty());
}
