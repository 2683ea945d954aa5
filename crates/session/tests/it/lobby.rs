//! Strangers with an invite, and a relay that may know it too.

use std::collections::BTreeMap;
use std::sync::Arc;

use quorate_primitives::{KeyPurpose, Secret, Threshold, Timestamp, encoding};
use quorate_session::lobby::{
    Event, Lobby, LobbyError, Message, Objection, Output, Plan, Refusal, SignedRoster,
};
use quorate_session::roster::Roster;
use quorate_testkit::group::identities;
use quorate_transport::{DeviceIdentity, Invite, MemberKey};

use crate::support::{Entropy, NOW};

fn invite(creator: &DeviceIdentity, secret: u8, n: u16) -> Invite {
    Invite {
        relay: "ws://127.0.0.1:1".parse().unwrap(),
        secret: Secret::new([secret; 32]),
        creator: creator.public().fingerprint(),
        threshold: Threshold::new(2, n).unwrap(),
        expires: Timestamp(NOW.0 + 60_000),
    }
}

fn plan() -> Plan {
    Plan { wallet_name: "ours".to_owned(), purposes: vec![KeyPurpose::Ed25519], group: [3; 32] }
}

fn create(identity: &Arc<DeviceIdentity>, invite: Invite) -> Lobby {
    Lobby::create(Arc::clone(identity), invite, "creator", plan(), &[1; 32], NOW).unwrap()
}

fn join(identity: &Arc<DeviceIdentity>, invite: Invite, name: &str) -> Lobby {
    Lobby::join(Arc::clone(identity), invite, name, &[2; 32], NOW).unwrap()
}

/// A relay between lobbies that delivers everything at once.
#[derive(Default)]
struct Room {
    lobbies: Vec<Lobby>,
    events: Vec<Vec<Event>>,
    /// Every frame: from, to, bytes.
    frames: Vec<(MemberKey, MemberKey, Vec<u8>)>,
}

impl Room {
    fn new(lobbies: Vec<Lobby>) -> Self {
        let events = lobbies.iter().map(|_| Vec::new()).collect();
        Self { lobbies, events, frames: Vec::new() }
    }

    fn meet(&mut self) {
        let members: Vec<MemberKey> = self.lobbies.iter().map(Lobby::relay_key).collect();
        self.lobbies.iter_mut().for_each(|lobby| lobby.handle_members(&members));
        self.settle();
    }

    fn settle(&mut self) {
        loop {
            let mut queue = Vec::new();
            for (index, lobby) in self.lobbies.iter_mut().enumerate() {
                while let Some(output) = lobby.poll_output() {
                    match output {
                        Output::Send(frame) => queue.push((lobby.relay_key(), frame.to, frame.bytes)),
                        Output::Event(event) => self.events[index].push(event),
                        Output::WakeAt(_) => {}
                    }
                }
            }
            if queue.is_empty() {
                return;
            }
            for (from, to, bytes) in queue {
                let recipients = self.lobbies.iter_mut().filter(|lobby| lobby.relay_key() == to);
                recipients.for_each(|lobby| {
                    lobby.handle_frame(from, &bytes);
                });
                self.frames.push((from, to, bytes));
            }
        }
    }

    fn rosters(&self) -> BTreeMap<usize, Roster> {
        let complete = |events: &Vec<Event>| {
            events.iter().find_map(|event| match event {
                Event::Complete(signed) => Some(signed.roster.clone()),
                _ => None,
            })
        };
        self.events
            .iter()
            .enumerate()
            .filter_map(|(index, events)| Some((index, complete(events)?)))
            .collect()
    }
}

fn group_of_three() -> (Vec<Arc<DeviceIdentity>>, Room) {
    let devices = identities(50, 3);
    let lobbies = vec![
        create(&devices[0], invite(&devices[0], 1, 3)),
        join(&devices[1], invite(&devices[0], 1, 3), "second"),
        join(&devices[2], invite(&devices[0], 1, 3), "third"),
    ];
    let mut room = Room::new(lobbies);
    room.meet();
    (devices, room)
}

#[test]
fn everybody_gets_the_same_roster_and_the_same_words() {
    let (devices, room) = group_of_three();
    let rosters = room.rosters();
    assert_eq!(rosters.len(), 3);
    assert!(rosters.values().all(|roster| *roster == rosters[&0]));
    assert_eq!(rosters[&1].safety_words(), rosters[&2].safety_words());
    let members: Vec<_> = rosters[&0].members.iter().map(|member| member.identity).collect();
    assert_eq!(members[0], devices[0].public());
    assert!(devices.iter().all(|device| members.contains(&device.public())));
}

/// A relay that forges the invite of one device sits between: it is a member on one side and the creator on the other.
/// Nothing is wrong with either group, but the words differ.
#[test]
fn a6_safety_words_differ_when_an_identity_is_swapped() {
    let devices = identities(51, 2);
    let relay = identities(666, 1).remove(0);
    let mut real = Room::new(vec![
        create(&devices[0], invite(&devices[0], 1, 2)),
        join(&relay, invite(&devices[0], 1, 2), "second"),
    ]);
    let mut forged = Room::new(vec![
        create(&relay, invite(&relay, 9, 2)),
        join(&devices[1], invite(&relay, 9, 2), "second"),
    ]);
    real.meet();
    forged.meet();
    let (creators, victims) = (real.rosters()[&0].clone(), forged.rosters()[&1].clone());
    assert_eq!(creators.wallet_name, victims.wallet_name);
    assert_eq!(creators.group, victims.group);
    assert_ne!(creators.safety_words(), victims.safety_words());
}

/// The same as a name that a report can quote: swapped identities, other words.
#[test]
fn safety_words_differ_when_an_identity_is_swapped() {
    let (_, room) = group_of_three();
    let roster = &room.rosters()[&0];
    let impostor = identities(666, 1).remove(0).public();
    for member in 0..3 {
        let mut swapped = roster.clone();
        swapped.members[member].identity = impostor;
        assert_eq!(swapped.check(), Ok(()));
        assert_ne!(swapped.safety_words(), roster.safety_words());
    }
}

/// With the invite, the relay can take a seat; the one it pushed out does not find itself and never agrees.
#[test]
fn a6_a_device_that_is_not_in_the_list_does_not_take_it() {
    let devices = identities(52, 3);
    let mut room = Room::new(vec![
        create(&devices[0], invite(&devices[0], 1, 2)),
        join(&devices[2], invite(&devices[0], 1, 2), "second"),
    ]);
    room.meet();
    let late = join(&devices[1], invite(&devices[0], 1, 2), "second");
    room.lobbies.push(late);
    room.events.push(Vec::new());
    room.meet();
    assert_eq!(room.rosters().len(), 2);
    assert!(matches!(&room.events[2][..], [Event::Refused { .. }]));
}

/// A card is signed for its mailbox: nobody shows another's.
#[test]
fn a6_another_devices_card_is_not_taken_from_a_strange_mailbox() {
    let devices = identities(53, 3);
    let honest = join(&devices[1], invite(&devices[0], 1, 3), "second");
    let mut shown = Room::new(vec![create(&devices[0], invite(&devices[0], 1, 3)), honest]);
    shown.meet();
    // The thief knows the invite: it opens the card, and seals it again as its own.
    let key = invite(&devices[0], 1, 3).lobby_key();
    let creator = shown.lobbies[0].relay_key();
    let (from, to, bytes) = shown.frames.iter().find(|(_, to, _)| *to == creator).cloned().unwrap();
    let card = key.open_padded(&aad(1, &from, &to), &bytes).unwrap();
    let thief = MemberKey([7; 32]);
    let resealed = key.seal_padded(&mut Entropy::seeded(4, 0), &aad(1, &thief, &to), &card).unwrap();
    let mut fresh = Room::new(vec![create(&devices[0], invite(&devices[0], 1, 3))]);
    assert!(fresh.lobbies[0].handle_frame(thief, &resealed));
    fresh.settle();
    assert!(fresh.events[0].is_empty());
    assert_eq!(fresh.lobbies[0].present(), 1);
}

/// What two lobbies have in common is nothing: yesterday's card does not open today, and is not signed for today.
#[test]
fn a7_a_card_of_another_lobby_is_not_taken() {
    let devices = identities(54, 2);
    let mut yesterday = Room::new(vec![
        create(&devices[0], invite(&devices[0], 1, 2)),
        join(&devices[1], invite(&devices[0], 1, 2), "second"),
    ]);
    yesterday.meet();
    let mut today = create(&devices[0], invite(&devices[0], 2, 2));
    for (from, _, bytes) in &yesterday.frames {
        assert!(!today.handle_frame(*from, bytes));
    }
    // Somebody with both invites seals the old card for today's lobby.
    let creator = yesterday.lobbies[0].relay_key();
    let (from, to, bytes) = yesterday.frames.iter().find(|(_, to, _)| *to == creator).cloned().unwrap();
    let card = invite(&devices[0], 1, 2).lobby_key().open_padded(&aad(1, &from, &to), &bytes).unwrap();
    let key = invite(&devices[0], 2, 2).lobby_key();
    let own = today.relay_key();
    let resealed = key.seal_padded(&mut Entropy::seeded(4, 0), &aad(2, &from, &own), &card).unwrap();
    assert!(today.handle_frame(from, &resealed));
    assert!(std::iter::from_fn(|| today.poll_output()).all(|output| !matches!(output, Output::Event(_))));
}

/// The invite fixes the threshold and the creator; a list that says something else is not taken, whoever signed it.
#[test]
fn a8_a_roster_against_the_invite_is_not_taken() {
    let (devices, room) = group_of_three();
    let key = invite(&devices[0], 1, 3).lobby_key();
    let honest = room.rosters()[&0].clone();
    let offers: [(&dyn Fn(&mut Roster), usize); 5] = [
        (&|r| r.threshold = Threshold::new(3, 3).unwrap(), 0),
        (&|r| r.epoch = 1, 0),
        (&|r| r.members.swap(0, 1), 0),
        (&|r| r.members[1].name = "renamed".to_owned(), 0),
        (&|_| {}, 2),
    ];
    for (change, signer) in offers {
        let mut roster = honest.clone();
        change(&mut roster);
        let mut joiner = join(&devices[1], invite(&devices[0], 1, 3), "second");
        let (from, to) = (room.lobbies[0].relay_key(), joiner.relay_key());
        let message = Message::Roster(sign_roster(&devices[signer], roster));
        let bytes = encoding::to_bytes(&message);
        let sealed = key.seal_padded(&mut Entropy::seeded(4, 0), &aad(1, &from, &to), &bytes).unwrap();
        assert!(joiner.handle_frame(from, &sealed));
        let complete = std::iter::from_fn(|| joiner.poll_output())
            .any(|output| matches!(output, Output::Event(Event::Complete(_))));
        assert!(!complete, "signer {signer}");
    }
}

#[test]
fn names_and_keys_that_a_roster_can_not_hold_are_refused_at_the_door() {
    for name in ["creator", "a\u{202e}b"] {
        let devices = identities(55, 3);
        let joiner = if name == "creator" {
            join(&devices[1], invite(&devices[0], 1, 3), name)
        } else {
            assert!(matches!(
                Lobby::join(devices[1].clone(), invite(&devices[0], 1, 3), name, &[2; 32], NOW),
                Err(LobbyError::Name(_))
            ));
            continue;
        };
        let mut room = Room::new(vec![create(&devices[0], invite(&devices[0], 1, 3)), joiner]);
        room.meet();
        assert!(matches!(&room.events[1][..], [Event::Refused { .. }]), "{name:?}");
        assert!(room.events[0].is_empty());
    }
}

/// Whoever holds the invite can seal a refusal; only the creator can sign one, and only for one device.
#[test]
fn a5_only_the_creator_turns_a_device_away() {
    let devices = identities(57, 3);
    let key = invite(&devices[0], 1, 3).lobby_key();
    let creator = MemberKey([9; 32]);
    let joiner = || join(&devices[1], invite(&devices[0], 1, 3), "second");
    let is_refused = |refusal: Refusal| {
        let mut joiner = joiner();
        let aad = aad(1, &creator, &joiner.relay_key());
        let bytes = encoding::to_bytes(&Message::Refusal(refusal));
        let sealed = key.seal_padded(&mut Entropy::seeded(4, 0), &aad, &bytes).unwrap();
        assert!(joiner.handle_frame(creator, &sealed));
        std::iter::from_fn(|| joiner.poll_output())
            .any(|output| matches!(output, Output::Event(Event::Refused { .. })))
    };
    let me = joiner().relay_key();
    let honest = sign_refusal(&devices[0], &me, "no");
    assert!(is_refused(honest.clone()));
    assert!(!is_refused(sign_refusal(&devices[2], &me, "no")), "another member's");
    assert!(!is_refused(sign_refusal(&devices[0], &MemberKey([7; 32]), "no")), "for another device");
    assert!(!is_refused(Refusal { reason: "other words".to_owned(), ..honest.clone() }));
    assert!(!is_refused(Refusal { creator: devices[2].public(), ..honest }));
}

#[test]
fn a6_one_persons_no_to_the_words_reaches_everybody() {
    for objector in 0..3 {
        let (_, mut room) = group_of_three();
        let name = room.rosters()[&0].members[objector].name.clone();
        room.lobbies[objector].object();
        room.settle();
        let objected = Event::Objected { name };
        for (index, events) in room.events.iter().enumerate() {
            assert_eq!(events.contains(&objected), index != objector, "{objector} to {index}");
        }
    }
}

/// Whoever holds the invite can seal an objection; only members can sign one, for themselves and for this list.
#[test]
fn a5_only_a_member_says_that_the_words_differ() {
    let key = invite(&identities(50, 3)[0], 1, 3).lobby_key();
    let (devices, room) = group_of_three();
    let roster = room.rosters()[&0].clone();
    let seat = |index: usize| roster.members[index].relay;
    let is_heard = |from: MemberKey, objection: Objection| {
        let (_, mut room) = group_of_three();
        let to = &mut room.lobbies[0];
        let bytes = encoding::to_bytes(&Message::Objection(objection));
        let sealed =
            key.seal_padded(&mut Entropy::seeded(5, 0), &aad(1, &from, &to.relay_key()), &bytes).unwrap();
        assert!(to.handle_frame(from, &sealed));
        std::iter::from_fn(|| to.poll_output())
            .any(|output| matches!(output, Output::Event(Event::Objected { .. })))
    };
    let honest = sign_objection(&devices[1], &roster);
    assert!(is_heard(seat(1), honest.clone()));
    assert!(!is_heard(seat(2), honest.clone()), "as if another member had said it");
    assert!(!is_heard(MemberKey([7; 32]), honest), "from no member's mailbox");
    assert!(!is_heard(seat(1), sign_objection(&identities(70, 1)[0], &roster)), "a stranger's");
    let other = Roster { wallet_name: "other".to_owned(), ..roster.clone() };
    assert!(!is_heard(seat(1), sign_objection(&devices[1], &other)), "for another list");
}

#[test]
fn a_joiner_that_restarts_is_not_told_the_list_again_and_still_objects() {
    let (devices, room) = group_of_three();
    let Some(Event::Complete(signed)) = room.events[0].last().cloned() else { panic!("not complete") };
    let invite = || invite(&devices[0], 1, 3);
    let creator =
        Lobby::restore(devices[0].clone(), invite(), "creator", signed.clone(), &[8; 32], NOW).unwrap();
    let joiner = Lobby::rejoin(devices[2].clone(), invite(), "third", signed, &[9; 32], NOW).unwrap();
    let mut again = Room::new(vec![creator, joiner]);
    again.meet();
    assert!(again.events[1].is_empty());
    again.lobbies[1].object();
    again.settle();
    assert_eq!(again.events[0], [Event::Objected { name: "third".to_owned() }]);
}

#[test]
fn an_expired_or_foreign_invite_opens_nothing() {
    let devices = identities(56, 2);
    let late = Timestamp(NOW.0 + 60_000);
    let expired = Lobby::join(devices[1].clone(), invite(&devices[0], 1, 2), "second", &[2; 32], late);
    assert_eq!(expired.unwrap_err(), LobbyError::Expired);
    let foreign =
        Lobby::create(devices[1].clone(), invite(&devices[0], 1, 2), "second", plan(), &[2; 32], NOW);
    assert_eq!(foreign.unwrap_err(), LobbyError::NotTheCreator);
}

#[test]
fn a_creator_that_restarts_tells_the_list_to_who_missed_it() {
    let (devices, room) = group_of_three();
    let Some(Event::Complete(signed)) = room.events[0].last().cloned() else { panic!("not complete") };
    let restored =
        Lobby::restore(devices[0].clone(), invite(&devices[0], 1, 3), "creator", signed, &[8; 32], NOW)
            .unwrap();
    let mut again = Room::new(vec![restored, join(&devices[2], invite(&devices[0], 1, 3), "third")]);
    again.meet();
    assert_eq!(again.rosters()[&1], room.rosters()[&0]);
}

/// The associated data of a lobby frame, as `docs/formats` has it.
fn aad(secret: u8, from: &MemberKey, to: &MemberKey) -> [u8; 32] {
    let lobby = lobby_id(secret);
    quorate_primitives::Transcript::new("lobby/frame")
        .field("lobby", &lobby)
        .field("from", &from.0)
        .field("to", &to.0)
        .finish()
}

fn lobby_id(secret: u8) -> [u8; 32] {
    quorate_primitives::Transcript::new("lobby").field("secret", &[secret; 32]).finish()
}

/// Signs a list as somebody.
fn sign_roster(signer: &DeviceIdentity, roster: Roster) -> SignedRoster {
    let message = quorate_primitives::Transcript::new("lobby/roster")
        .field("lobby", &lobby_id(1))
        .field("roster", &encoding::to_bytes(&roster))
        .finish();
    SignedRoster { signature: signer.sign("lobby-roster", &message), roster }
}

/// Signs a no to the words as somebody.
fn sign_objection(signer: &DeviceIdentity, roster: &Roster) -> Objection {
    let message = quorate_primitives::Transcript::new("lobby/objection")
        .field("lobby", &lobby_id(1))
        .field("roster", &roster.hash())
        .finish();
    Objection { signature: signer.sign("lobby-objection", &message) }
}

/// Signs a no to a device as somebody.
fn sign_refusal(signer: &DeviceIdentity, refused: &MemberKey, reason: &str) -> Refusal {
    let message = quorate_primitives::Transcript::new("lobby/refusal")
        .field("lobby", &lobby_id(1))
        .field("refused", &refused.0)
        .field("reason", reason.as_bytes())
        .finish();
    let signature = signer.sign("lobby-refusal", &message);
    Refusal { reason: reason.to_owned(), creator: signer.public(), signature }
}
