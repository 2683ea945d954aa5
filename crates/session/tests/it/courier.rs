//! What the relay can do to a frame, and a member to a channel.

use quorate_primitives::{Transcript, encoding};
use quorate_session::courier::Dropped;
use quorate_session::envelope::{Header, Protocol};
use quorate_threshold::engine::Recipient;
use quorate_transport::channel::SEAL_OVERHEAD;
use quorate_transport::chunk::{self, MessageId};

use crate::support::{Entropy, Group, NOW, frame, header, p, signed};

#[test]
fn opens_what_was_sealed_for_it_and_nothing_of_others() {
    let group = Group::new(1, |_| {});
    let envelope = signed(&group, 1, header(1, None), b"hello");
    let frames = group.courier(1).seal(&mut Entropy::seeded(1, 0), Recipient::All, &envelope);
    assert_eq!(frames.len(), 2);
    for (frame, to) in frames.iter().zip([2, 3]) {
        assert_eq!(frame.to, group.mailbox(to));
        let opened = group.courier(to).open(&group.mailbox(1), &frame.bytes, NOW);
        assert_eq!(opened, Ok(Some(envelope.clone())));
        let other = group.courier(5 - to).open(&group.mailbox(1), &frame.bytes, NOW);
        assert_eq!(other, Err(Dropped::NotAuthentic));
    }
}

/// Every single bit, every length, every splice: refused, counted, and the true frame still opens.
#[test]
fn a2_flipped_truncated_and_spliced_frames_are_counted_and_change_nothing() {
    let group = Group::new(1, |_| {});
    let (alice, mut bob) = (group.courier(1), group.courier(2));
    let envelope = signed(&group, 1, header(1, Some(2)), b"the truth");
    let (truth, other) = (frame(&alice, 2, &envelope), {
        let other = signed(&group, 1, header(1, Some(2)), b"something else");
        frame(&alice, 2, &other)
    });
    let flipped = (0..truth.len() * 8).map(|bit| {
        let mut bytes = truth.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        bytes
    });
    let cut = (0..truth.len()).map(|len| truth[..len].to_vec());
    let longer = [1, 7, 300].map(|extra| [truth.clone(), vec![0; extra]].concat());
    let spliced = (26..truth.len()).map(|at| [&truth[..at], &other[at..]].concat());
    let mut wrong = 0;
    for bytes in flipped.chain(cut).chain(longer).chain(spliced.filter(|bytes| *bytes != truth)) {
        // A message id that changed is another message: it opens to the same thing, once more.
        match bob.open(&group.mailbox(1), &bytes, NOW) {
            Ok(None) => {}
            Ok(Some(opened)) => assert_eq!(opened, envelope),
            Err(_) => wrong += 1,
        }
    }
    assert!(wrong > truth.len() * 8);
    assert_eq!(bob.dropped(), wrong as u64);
    assert_eq!(bob.open(&group.mailbox(1), &truth, NOW), Ok(Some(envelope)));
}

#[test]
fn a5_a_frame_under_another_sender_or_in_another_mailbox_is_dropped() {
    let group = Group::new(1, |_| {});
    let envelope = signed(&group, 1, header(1, None), b"mine");
    let bytes = frame(&group.courier(1), 2, &envelope);
    let stranger = Group::new(2, |_| {}).mailbox(1);
    for (reader, from, expected) in [
        (2, group.mailbox(3), Dropped::NotAuthentic),
        (3, group.mailbox(1), Dropped::NotAuthentic),
        (1, group.mailbox(2), Dropped::NotAuthentic),
        (1, group.mailbox(1), Dropped::Stranger),
        (2, group.mailbox(2), Dropped::Stranger),
        (2, stranger, Dropped::Stranger),
    ] {
        assert_eq!(group.courier(reader).open(&from, &bytes, NOW), Err(expected), "reader {reader}");
    }
}

/// The channel says who speaks; an envelope that says something else is nobody's.
#[test]
fn k28_b2_the_sender_is_the_channels_not_the_headers() {
    let group = Group::new(1, |_| {});
    let (liar, mut bob) = (group.courier(3), group.courier(2));
    for named in [1, 2] {
        let own_signature = signed(&group, 3, header(named, None), b"x");
        assert_eq!(bob.open(&group.mailbox(3), &frame(&liar, 2, &own_signature), NOW), Err(Dropped::Foreign));
    }
    // Even what the named member really said is not passed on in its name.
    let passed_on = signed(&group, 1, header(1, None), b"x");
    assert_eq!(bob.open(&group.mailbox(3), &frame(&liar, 2, &passed_on), NOW), Err(Dropped::Foreign));
    let signed_by_another = signed(&group, 1, header(3, None), b"x");
    assert_eq!(bob.open(&group.mailbox(3), &frame(&liar, 2, &signed_by_another), NOW), Err(Dropped::Foreign));
    let for_another = signed(&group, 3, header(3, Some(1)), b"x");
    assert_eq!(bob.open(&group.mailbox(3), &frame(&liar, 2, &for_another), NOW), Err(Dropped::Foreign));
}

/// Groups of the same devices have nothing in common: another roster or epoch, another channel.
#[test]
fn a12_frames_and_envelopes_of_another_epoch_are_refused() {
    let old = Group::new(1, |_| {});
    let new = Group::new(1, |roster| roster.epoch = 1);
    let envelope = signed(&old, 1, header(1, None), b"old");
    let bytes = frame(&old.courier(1), 2, &envelope);
    assert_eq!(new.courier(2).open(&new.mailbox(1), &bytes, NOW), Err(Dropped::NotAuthentic));
    // A member that sits in both re-seals the old words in the new channel.
    let resealed = frame(&new.courier(1), 2, &envelope);
    assert_eq!(new.courier(2).open(&new.mailbox(1), &resealed, NOW), Err(Dropped::Foreign));
    let old_epoch = signed(&new, 1, header(1, None), b"old");
    let resealed = frame(&new.courier(1), 2, &old_epoch);
    assert_eq!(new.courier(2).open(&new.mailbox(1), &resealed, NOW), Err(Dropped::Foreign));
}

#[test]
fn a7_frames_of_another_group_of_the_same_devices_do_not_open() {
    let yesterday = Group::new(1, |roster| roster.group = [1; 32]);
    let today = Group::new(1, |roster| roster.group = [2; 32]);
    let bytes = frame(&yesterday.courier(1), 2, &signed(&yesterday, 1, header(1, None), b"x"));
    assert_eq!(today.courier(2).open(&today.mailbox(1), &bytes, NOW), Err(Dropped::NotAuthentic));
}

/// Roster, protocol, session, epoch, round, sender, recipient, sequence and body are all under the signature.
#[test]
fn k26_b7_an_envelope_means_nothing_in_any_other_place() {
    let group = Group::new(1, |_| {});
    let other_roster = Group::new(1, |roster| roster.wallet_name = "other".to_owned());
    let said = header(1, Some(2));
    let envelope = signed(&group, 1, said.clone(), b"body");
    let key = group.identities[0].public();
    assert_eq!(envelope.verify(&key, group.seat(1).roster_hash()), Ok(()));
    assert!(envelope.verify(&key, other_roster.seat(1).roster_hash()).is_err());
    assert!(envelope.verify(&group.identities[1].public(), group.seat(1).roster_hash()).is_err());
    let places = [
        Header { protocol: Protocol::Signing, ..said.clone() },
        Header { session: [6; 32], ..said.clone() },
        Header { epoch: 1, ..said.clone() },
        Header { round: 2, ..said.clone() },
        Header { sender: p(3), ..said.clone() },
        Header { recipient: None, ..said.clone() },
        Header { recipient: Some(p(3)), ..said.clone() },
        Header { sequence: 2, ..said },
    ];
    for header in places {
        let mut moved = envelope.clone();
        moved.header = header;
        assert!(moved.verify(&key, group.seat(1).roster_hash()).is_err(), "{:?}", moved.header);
        assert!(group.seat(2).verify(&moved).is_err());
    }
    let mut changed = envelope.clone();
    changed.body.push(0);
    assert!(changed.verify(&key, group.seat(1).roster_hash()).is_err());
    let mut digest = envelope.digest();
    assert_eq!(group.seat(2).verify_digest(&digest), Ok(()));
    digest.body_hash[0] ^= 1;
    assert!(group.seat(2).verify_digest(&digest).is_err());
}

/// The bytes of a frame, made by hand: what is sealed is bound to roster, sender and recipient.
#[test]
fn b7_frames_are_bound_to_sender_and_recipient() {
    let group = Group::new(1, |_| {});
    let key = group.identities[0].agree(&group.identities[1].public(), group.seat(1).roster_hash()).unwrap();
    let bytes = encoding::to_bytes(&signed(&group, 1, header(1, Some(2)), b"by hand"));
    let aad = |roster: &[u8; 32], sender, recipient| {
        Transcript::new("frame")
            .field("roster", roster)
            .number("sender", sender)
            .number("recipient", recipient)
            .finish()
    };
    let open = |aad: &[u8]| {
        let sealed = key.seal_padded(&mut Entropy::seeded(2, 0), aad, &bytes).unwrap();
        let chunk = chunk::split(MessageId([1; 16]), &sealed).unwrap().remove(0);
        group.courier(2).open(&group.mailbox(1), &chunk.encode(), NOW)
    };
    let roster = group.seat(1).roster_hash();
    assert!(matches!(open(&aad(roster, 1, 2)), Ok(Some(_))));
    for wrong in [aad(roster, 2, 1), aad(roster, 1, 3), aad(roster, 3, 2), aad(&[0; 32], 1, 2), [0; 32]] {
        assert_eq!(open(&wrong), Err(Dropped::NotAuthentic));
    }
    assert_eq!(open(&[]), Err(Dropped::NotAuthentic));
}

/// Everything short has one length, and lengths beyond that are the few classes.
#[test]
fn a10_frames_come_in_size_classes() {
    let group = Group::new(1, |_| {});
    let alice = group.courier(1);
    let mut sizes: Vec<usize> = (0..2_000)
        .step_by(7)
        .map(|len| frame(&alice, 2, &signed(&group, 1, header(1, Some(2)), &vec![1; len])).len())
        .collect();
    sizes.dedup();
    let class = |padded: usize| padded + SEAL_OVERHEAD + 25;
    assert_eq!(sizes, [class(256), class(1024), class(4096)]);
}

/// A source that stands still gives the same frame for the same words, and another nonce for any others.
#[test]
fn c5_stuck_randomness_never_repeats_a_nonce() {
    let group = Group::new(1, |_| {});
    let seal = |to: u16, body: &[u8]| {
        let envelope = signed(&group, 1, header(1, Some(to)), body);
        group.courier(1).seal(&mut Entropy::Stuck(0), Recipient::One(p(to)), &envelope).remove(0).bytes
    };
    let nonce = |frame: &[u8]| frame[25..49].to_vec();
    assert_eq!(seal(2, b"one"), seal(2, b"one"));
    assert_ne!(nonce(&seal(2, b"one")), nonce(&seal(2, b"two")));
    assert_ne!(nonce(&seal(2, b"one")), nonce(&seal(3, b"one")));
}

#[test]
fn long_messages_travel_in_chunks_in_any_order() {
    let group = Group::new(1, |_| {});
    let envelope = signed(&group, 1, header(1, Some(2)), &vec![7; 200_000]);
    let mut frames = group.courier(1).seal(&mut Entropy::seeded(3, 0), Recipient::One(p(2)), &envelope);
    assert!(frames.len() > 3);
    frames.reverse();
    let mut bob = group.courier(2);
    let opened: Vec<_> =
        frames.iter().filter_map(|frame| bob.open(&group.mailbox(1), &frame.bytes, NOW).unwrap()).collect();
    assert_eq!(opened, [envelope]);
}
