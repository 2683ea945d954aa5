//! One signature, message by message.

use std::sync::Arc;

use quorate_primitives::{KeyPurpose, Timestamp};
use quorate_session::envelope::{Envelope, Header, Protocol};
use quorate_session::output::Output;
use quorate_session::signing::{
    Approval, Blame, Decision, Failure, MAX_MESSAGES, MAX_PAYLOAD_LEN, MAX_TTL, Mutation, OpenError, Package,
    Shares, Signing, Task,
};
use quorate_threshold::frost;

use crate::request::{DECISION, PACKAGE, Request, SHARE, shares, task};
use crate::support::{Group, NOW, ids, p, signed};

#[test]
fn t_approvals_sign_every_message() {
    let mut request = Request::ask(task());
    request.approve(1);
    request.approve(3);
    request.run();
    let public = frost::PublicKeyPackage::new(&shares()[0].public).unwrap();
    for member in 1..=3 {
        let signatures = request.machines[&member].signatures().unwrap();
        for (message, signature) in task().messages.iter().zip(signatures) {
            assert!(
                frost::verify(KeyPurpose::Ed25519, &public.verifying_key(), &message.bytes, signature)
                    .is_ok()
            );
        }
    }
    assert_eq!((request.burned(1), request.burned(2), request.burned(3)), (1, 0, 1));
}

/// The burn is durable before the share is handed out, and is the share.
#[test]
fn s2_the_share_leaves_after_its_burn_record_and_is_in_it() {
    let mut request = Request::ask(task());
    request.approve(2);
    request.run();
    request.machine(1).approve(&[1; 32], NOW);
    let mut burned = None;
    let mut left = false;
    while let Some(output) = request.machine(1).poll_output() {
        match output {
            Output::Persist(Mutation::Burned { share, .. }) => burned = Some(share),
            Output::Send(_, envelope) if envelope.header.round == SHARE => {
                assert_eq!(Some(envelope), burned);
                left = true;
            }
            Output::Append(Mutation::Burned { .. }) => panic!("a burn that a crash may take"),
            _ => {}
        }
    }
    assert!(left);
}

/// After the burn, every replay sends the same bytes; before it, the session is withdrawn and no share ever leaves.
#[test]
fn c1_a_restart_repeats_the_burned_share_or_withdraws() {
    let mut request = Request::ask(task());
    request.approve(2);
    request.run();
    request.approve(1);
    let share = request.take(1, SHARE);
    let log: Vec<Mutation> = request.log[&1].clone();
    for kept in 1..=log.len() {
        let seat = Arc::clone(request.group.seat(1));
        let mut machine = Signing::replay(seat, &shares()[..1], log[..kept].iter().cloned(), NOW).unwrap();
        machine.handle_reconnected(NOW);
        let mut said = Vec::new();
        while let Some(output) = machine.poll_output() {
            if let Output::Send(_, envelope) = output {
                said.push(envelope);
            }
        }
        let released: Vec<_> = said.iter().filter(|envelope| envelope.header.round == SHARE).collect();
        let is_burned = log[..kept].iter().any(|mutation| matches!(mutation, Mutation::Burned { .. }));
        assert!(released.iter().all(|envelope| **envelope == share));
        assert_eq!(is_burned, !released.is_empty(), "{kept} mutations");
        assert_eq!(is_burned, machine.is_open());
        machine.approve(&[9; 32], NOW);
        let again =
            std::iter::from_fn(|| machine.poll_output()).any(|output| matches!(output, Output::Send(..)));
        assert!(!again, "a decision is made once");
    }
}

/// A package holds t signed approvals of this statement by different members, or no share leaves.
#[test]
fn s1_a_package_with_anything_but_t_approvals_of_this_statement_is_blamed_on_the_proposer() {
    let other_session = {
        let mut other = Request::ask(Task { nonce: [2; 32], ..task() });
        other.approve(3);
        other.take(3, DECISION)
    };
    let spoil: [(&str, &dyn Fn(&mut Request, &mut Vec<Envelope>)); 8] = [
        ("none", &|_, approvals| approvals.clear()),
        ("too few", &|_, approvals| drop(approvals.pop())),
        ("one twice", &|_, approvals| approvals[1] = approvals[0].clone()),
        ("out of order", &|_, approvals| approvals.swap(0, 1)),
        ("of another session", &|_, approvals| approvals[1] = other_session.clone()),
        ("not signed", &|_, approvals| approvals[1].signature.0[5] ^= 1),
        ("of another statement", &|request, approvals| {
            let approval = approvals[1].clone();
            approvals[1] = request.forge(&approval, edit_approval(&approval, |a| a.statement[0] ^= 1));
        }),
        ("under another policy", &|request, approvals| {
            let approval = approvals[1].clone();
            approvals[1] = request.forge(&approval, edit_approval(&approval, |a| a.policy_version = 7));
        }),
    ];
    for (what, spoil) in spoil {
        let mut request = Request::ask(task());
        request.approve(3);
        request.run();
        request.approve(1);
        let package = request.take(1, PACKAGE);
        let mut approvals = borsh::from_slice::<Package>(&package.body).unwrap().approvals;
        spoil(&mut request, &mut approvals);
        let forged = request
            .forge(&package, borsh::to_vec(&Package { approvals, presignatures: Vec::new() }).unwrap());
        request.deliver(3, &forged);
        assert_eq!(request.burned(3), 0, "{what}");
        let failure = request.machines[&3].failure();
        let blamed = matches!(failure, Some(Failure::Misbehaved { blame: Blame::BadPackage, culprits, .. }) if *culprits == ids(&[1]));
        assert!(blamed, "{what}: {failure:?}");
    }
}

fn edit_approval(envelope: &Envelope, edit: impl FnOnce(&mut Approval)) -> Vec<u8> {
    let Decision::Approve(mut approval) = borsh::from_slice(&envelope.body).unwrap() else {
        panic!("no approval")
    };
    edit(&mut approval);
    borsh::to_vec(&Decision::Approve(approval)).unwrap()
}

/// A second package, however right, gets nothing: the nonces are gone.
#[test]
fn b6_a_second_package_releases_nothing_and_names_the_proposer() {
    let mut request = Request::ask(task());
    let approvals = [1, 2, 3].map(|member| {
        request.approve(member);
        request.take(member, DECISION)
    });
    let package = |request: &Request, approvals: &[Envelope]| {
        let header = Header { round: PACKAGE, sequence: u32::from(PACKAGE), ..approvals[0].header.clone() };
        let header = Header { sender: p(1), ..header };
        let body =
            borsh::to_vec(&Package { approvals: approvals.to_vec(), presignatures: Vec::new() }).unwrap();
        signed(&request.group, 1, header, &body)
    };
    let first = package(&request, &approvals[..2]);
    let second = package(&request, &approvals[1..]);
    request.deliver(2, &first);
    assert_eq!(request.burned(2), 1);
    request.said.clear();
    request.deliver(2, &second);
    assert_eq!(request.burned(2), 1);
    assert!(request.said.iter().all(|envelope| envelope.header.round != SHARE));
    let failure = request.machines[&2].failure();
    let blamed = matches!(failure, Some(Failure::Misbehaved { blame: Blame::Equivocated, culprits, .. }) if *culprits == ids(&[1]));
    assert!(blamed, "{failure:?}");
}

/// Only the proposer fixes the signers.
#[test]
fn b7_a_package_of_another_member_changes_nothing() {
    let mut request = Request::ask(task());
    request.approve(2);
    request.run();
    request.approve(1);
    let package = request.take(1, PACKAGE);
    let header = Header { sender: p(3), ..package.header };
    let stolen = signed(&request.group, 3, header, &package.body);
    request.deliver(2, &stolen);
    assert_eq!(request.burned(2), 0);
    assert!(request.machines[&2].is_open());
}

/// Every message of a session, moved to another protocol, session, round or recipient, changes nothing.
#[test]
fn b7_messages_of_another_place_change_nothing() {
    let mut request = Request::ask(task());
    request.approve(1);
    request.approve(2);
    let mut tried = 0;
    while !request.said.is_empty() {
        for envelope in core::mem::take(&mut request.said) {
            let said = &envelope.header;
            for header in [
                Header { protocol: Protocol::Keygen, ..said.clone() },
                Header { session: [0; 32], ..said.clone() },
                Header { round: 99, ..said.clone() },
                Header { recipient: Some(p(3)), ..said.clone() },
            ] {
                let moved = signed(&request.group, said.sender.get(), header, &envelope.body);
                let logged: usize = request.log.values().map(Vec::len).sum();
                request.tell_others(&moved);
                assert_eq!(request.log.values().map(Vec::len).sum::<usize>(), logged, "{:?}", moved.header);
                tried += 1;
            }
            request.tell_others(&envelope);
        }
    }
    assert!(tried >= 20);
    assert!((1..=3).all(|member| request.is_signed(member)));
}

/// Shares for another message, of another signer or of another session name who sent them, and nobody else.
#[test]
fn b12_a_share_for_something_else_names_its_signer() {
    let other = {
        let mut other = Request::ask(Task { nonce: [3; 32], ..task() });
        other.approve(2);
        other.run();
        other.approve(1);
        other.run();
        let Some(Mutation::Burned { share, .. }) =
            other.log[&2].iter().find(|m| matches!(m, Mutation::Burned { .. }))
        else {
            panic!("no share")
        };
        borsh::from_slice::<Shares>(&share.body).unwrap()
    };
    let spoil: [(&str, &dyn Fn(&mut Shares), Blame); 6] = [
        ("messages swapped", &|shares| shares.shares.swap(0, 1), Blame::WrongShare),
        ("second message wrong", &|shares| shares.shares[1][16] ^= 1, Blame::WrongShare),
        ("one message missing", &|shares| shares.shares.truncate(1), Blame::Malformed),
        ("of another session", &|shares| shares.shares.clone_from(&other.shares), Blame::WrongShare),
        ("for another package", &|shares| shares.package = other.package, Blame::OtherPackage),
        (
            "naming another session's package",
            &|shares| shares.named = other.named.clone(),
            Blame::OtherPackage,
        ),
    ];
    for (what, spoil, expected) in spoil {
        let mut request = Request::ask(task());
        request.approve(2);
        request.run();
        request.approve(1);
        let package = request.take(1, PACKAGE);
        request.deliver(2, &package);
        request.deliver(3, &package);
        let share = request.take(2, SHARE);
        let mut shares: Shares = borsh::from_slice(&share.body).unwrap();
        spoil(&mut shares);
        let forged = request.forge(&share, borsh::to_vec(&shares).unwrap());
        let own = request.take(1, SHARE);
        request.deliver(3, &own);
        for reader in [1, 3] {
            request.deliver(reader, &forged);
            match request.machines[&reader].failure() {
                Some(Failure::Misbehaved { culprits, blame, evidence }) => {
                    assert_eq!((culprits.as_slice(), *blame), (ids(&[2]).as_slice(), expected), "{what}");
                    assert!(!evidence.is_empty());
                }
                other => panic!("{what}: {other:?}"),
            }
        }
    }
}

/// Another member's share message, passed on under one's own name, is a wrong share of one's own.
#[test]
fn b12_a_copied_share_is_a_wrong_share() {
    let mut request = Request::ask(task());
    request.approve(2);
    request.run();
    request.approve(1);
    let package = request.take(1, PACKAGE);
    request.deliver(2, &package);
    request.deliver(3, &package);
    let own = request.take(1, SHARE);
    let copied = signed(&request.group, 2, Header { sender: p(2), ..own.header.clone() }, &own.body);
    request.deliver(3, &own);
    request.deliver(3, &copied);
    assert_eq!(request.machines[&3].failure().unwrap().culprits(), ids(&[2]));
}

/// Members outside of the signer set can not end a session.
#[test]
fn b13_who_does_not_sign_does_not_veto() {
    let mut request = Request::ask(task());
    request.approve(2);
    request.run();
    request.approve(1);
    let package = request.take(1, PACKAGE);
    request.tell_others(&package);
    let header =
        |round: u8| Header { sender: p(3), round, sequence: u32::from(round), ..package.header.clone() };
    let noise: Vec<Envelope> = (DECISION..=6)
        .flat_map(|round| {
            [vec![], vec![0xff; 50], borsh::to_vec(&vec![[0_u8; 64]; 2]).unwrap()].map(|body| (round, body))
        })
        .map(|(round, body)| signed(&request.group, 3, header(round), &body))
        .collect();
    for envelope in &noise {
        request.deliver(1, envelope);
        request.deliver(2, envelope);
    }
    request.run();
    assert!(request.is_signed(1) && request.is_signed(2));
}

#[test]
fn b20_each_wait_has_its_deadline() {
    let mut request = Request::ask(task());
    request.approve(1);
    let late = Timestamp(NOW.0 + 30_000);
    request.machine(1).handle_wake(Timestamp(late.0 - 1));
    assert!(request.machines[&1].is_open());
    request.machine(1).handle_wake(late);
    assert_eq!(request.machines[&1].failure(), Some(&Failure::Expired { missing: ids(&[2, 3]) }));

    let mut request = Request::ask(task());
    request.approve(2);
    request.run();
    request.approve(1);
    let patience = quorate_session::signing::SHARE_PATIENCE;
    request.machine(1).handle_wake(Timestamp(NOW.0 + patience - 1));
    assert!(request.machines[&1].is_open());
    request.machine(1).handle_wake(Timestamp(NOW.0 + patience));
    assert_eq!(request.machines[&1].failure(), Some(&Failure::TimedOut { missing: ids(&[2]) }));
}

/// What does not fit is refused before a session exists.
#[test]
fn e2_proposals_that_do_not_fit_are_refused() {
    let group = Group::new(60, |_| {});
    let shares = shares();
    let propose = |change: &dyn Fn(&mut Task)| {
        let mut task = task();
        change(&mut task);
        Signing::propose(Arc::clone(group.seat(1)), &shares[..1], task, NOW).map(drop)
    };
    assert_eq!(propose(&|_| {}), Ok(()));
    let too_large: [&dyn Fn(&mut Task); 6] = [
        &|task| task.messages.clear(),
        &|task| task.messages = vec![task.messages[0].clone(); MAX_MESSAGES + 1],
        &|task| task.payload = vec![0; MAX_PAYLOAD_LEN],
        &|task| task.note = "x".repeat(2_000),
        &|task| task.chain = "x".repeat(65),
        &|task| task.keys[0].derivation.path = vec![0; 17],
    ];
    for change in too_large {
        assert_eq!(propose(change), Err(OpenError::TooLarge));
    }
    let purpose = propose(&|task| task.keys[0].purpose = KeyPurpose::Bip340Secp256k1);
    assert!(matches!(purpose, Err(OpenError::NoKey { .. })));
    assert!(matches!(
        propose(&|task| task.keys[0].derivation.path = vec![1 << 31]),
        Err(OpenError::Derive(_))
    ));

    let proposal = |task: Task| {
        let mut machine = Signing::propose(Arc::clone(group.seat(1)), &shares[..1], task, NOW).unwrap();
        std::iter::from_fn(|| machine.poll_output())
            .find_map(|output| if let Output::Send(_, envelope) = output { Some(envelope) } else { None })
            .unwrap()
    };
    let endless = proposal(Task { expires: Timestamp(NOW.0 + MAX_TTL + 1), ..task() });
    let proposal = proposal(task());
    let open = |proposal: Envelope, now| {
        Signing::open(Arc::clone(group.seat(2)), &shares[1..2], proposal, now).map(drop)
    };
    assert_eq!(open(proposal.clone(), NOW), Ok(()));
    assert_eq!(open(proposal.clone(), task().expires), Err(OpenError::Expired));
    assert_eq!(open(endless.clone(), NOW), Err(OpenError::TooLong));
    assert_eq!(open(endless, Timestamp(NOW.0 + 1)), Ok(()));
    let other = borsh::to_vec(&Task { nonce: [4; 32], ..task() }).unwrap();
    // Another task under the same session, the same task under another member's name, a task for one member.
    for (header, body) in [
        (proposal.header.clone(), other),
        (Header { sender: p(3), ..proposal.header.clone() }, proposal.body.clone()),
        (Header { recipient: Some(p(2)), ..proposal.header.clone() }, proposal.body.clone()),
        (Header { protocol: Protocol::Keygen, ..proposal.header.clone() }, proposal.body.clone()),
        (proposal.header.clone(), vec![0xff; 100]),
    ] {
        let forged = signed(&group, header.sender.get(), header, &body);
        assert_eq!(open(forged, NOW), Err(OpenError::Malformed));
    }
}

/// A log that begins with anything but a proposal is none.
#[test]
fn a_log_without_a_proposal_is_refused() {
    let group = Group::new(60, |_| {});
    let replay = |log: Vec<Mutation>| {
        Signing::replay(Arc::clone(group.seat(1)), &shares()[..1], log, NOW).map(drop).unwrap_err()
    };
    assert_eq!(replay(vec![]), OpenError::Malformed);
    assert_eq!(replay(vec![Mutation::Approved]), OpenError::Malformed);
}

/// Two requests for the same thing have different sessions, and so different nonces.
#[test]
fn c4_the_same_request_again_is_another_session_with_other_nonces() {
    let commitments = |nonce: u8| {
        let mut request = Request::ask(Task { nonce: [nonce; 32], ..task() });
        request.approve(2);
        let said = request.take(2, DECISION);
        let Decision::Approve(approval) = borsh::from_slice(&said.body).unwrap() else {
            panic!("no approval")
        };
        approval.commitments
    };
    let (one, two) = (commitments(1), commitments(2));
    assert!(one.iter().all(|commitment| !two.contains(commitment)));
    assert_ne!(one[0], one[1]);
}

/// A refusal is final: neither the member's own later approval nor a restart takes it back.
#[test]
fn s1_a_refusal_is_never_taken_back() {
    let mut request = Request::ask(task());
    request.machine(2).refuse("no", NOW);
    request.drain(2);
    let refusal = request.take(2, DECISION);
    request.approve(2);
    assert!(request.said.is_empty(), "a decision is made once");
    let log = request.log[&2].clone();
    let seat = Arc::clone(request.group.seat(2));
    let mut restarted = Signing::replay(seat, &shares()[1..2], log, NOW).unwrap();
    assert!(!restarted.is_undecided());
    restarted.approve(&[7; 32], NOW);
    let spoke =
        std::iter::from_fn(|| restarted.poll_output()).any(|output| matches!(output, Output::Send(..)));
    assert!(!spoke, "not after a restart either");

    // An approval under the same name, made by other means, does not count any more.
    let mut other = Request::ask(task());
    other.approve(2);
    let approval = other.take(2, DECISION);
    request.deliver(1, &refusal);
    request.deliver(1, &approval);
    request.approve(1);
    assert!(request.said.iter().all(|envelope| envelope.header.round != PACKAGE));
}

/// A device that comes back withdraws before it is in the room again; the others hear of it once it is.
#[test]
fn a_withdrawal_is_repeated_when_the_room_is_entered() {
    let mut request = Request::ask(task());
    request.approve(2);
    let seat = Arc::clone(request.group.seat(2));
    let mut restarted = Signing::replay(seat, &shares()[1..2], request.log[&2].clone(), NOW).unwrap();
    let withdrawals = |machine: &mut Signing| -> Vec<Envelope> {
        std::iter::from_fn(|| machine.poll_output())
            .filter_map(|output| if let Output::Send(_, said) = output { Some(said) } else { None })
            .collect()
    };
    let first = withdrawals(&mut restarted);
    restarted.handle_reconnected(NOW);
    let again = withdrawals(&mut restarted);
    assert_eq!((first.len(), &again[..1]), (1, &first[..]));
    let approval = request.take(2, DECISION);
    request.deliver(1, &approval);
    assert_eq!(request.machines[&1].decisions(), [(p(2), true)]);
    request.deliver(1, &again[0]);
    assert_eq!(request.machines[&1].decisions(), []);
}

/// A proposer that signs one package under two sequences frames nobody: only the right one is a package at all.
#[test]
fn s4_another_sequence_frames_nobody() {
    let mut request = Request::ask(task());
    request.approve(1);
    request.approve(2);
    request.run();
    let mut again = Request::ask(task());
    again.approve(2);
    let approval = again.take(2, DECISION);
    again.deliver(1, &approval);
    again.deliver(3, &approval);
    again.approve(1);
    let package = again.take(1, PACKAGE);
    let header = Header { sequence: 77, ..package.header.clone() };
    let other = signed(&again.group, 1, header, &package.body);
    again.deliver(3, &other);
    assert!(again.machines[&3].failure().is_none());
    again.deliver(3, &package);
    again.run();
    assert!(again.machines[&3].failure().is_none());
}
