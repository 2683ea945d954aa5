//! A device that people and a relay say anything to.

use quorate_wallet::{Command, Device, Effect, MemberKey, RoomEvent, Secret, Timestamp, new_device};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use crate::Target;

pub const TARGETS: &[Target] = &[
    Target::new("wallet_device", story).with_seeds(|| {
        [
            r#"{"command":"create","name":"treasury","threshold":2,"members":3,"relay":"ws://127.0.0.1:8080/ws"}
entered
{"command":"list"}
frame"#,
            r#"{"command":"show"}
{"command":"addresses","account":1}
{"command":"requests"}
{"command":"confirm-words","same":true}
{"command":"abandon","wallet":"treasury"}"#,
        ]
        .map(|text| text.as_bytes().to_vec())
        .to_vec()
    }),
    Target::new("wallet_records", |bytes| {
        let first = first_record();
        let records = bytes.split(|byte| *byte == b'\n').map(<[u8]>::to_vec);
        let records = std::iter::once(first).chain(records);
        drop(Device::replay(records, ChaCha20Rng::seed_from_u64(1), Timestamp(1)));
    }),
];

fn first_record() -> Vec<u8> {
    new_device("fuzz", Secret::new([7; 32])).to_vec()
}

/// One step a line: a command as JSON, or else a frame for the room that was entered last. Whatever happens, the
/// records that the device asked to keep fold to a device.
fn story(bytes: &[u8]) {
    let mut records = vec![first_record()];
    let rng = ChaCha20Rng::seed_from_u64(1);
    let mut device = Device::replay(&records, rng.clone(), Timestamp(1)).expect("a new device");
    let mut room = None;
    for (now, line) in (2..).zip(bytes.split(|byte| *byte == b'\n').take(32)) {
        let now = Timestamp(now * 1000);
        match serde_json::from_slice::<Command>(line) {
            Ok(command) => drop(device.handle_command(command, now)),
            Err(_) => room.into_iter().for_each(|room| device.handle_room(room, event(line), now)),
        }
        device.handle_wake(now);
        while let Some(effect) = device.poll_effect() {
            match effect {
                Effect::Persist(record) | Effect::Append(record) => records.push(record.to_vec()),
                Effect::Compact(snapshot) => {
                    records = snapshot.iter().map(|record| record.to_vec()).collect()
                }
                Effect::Enter(entered) => room = Some(entered.token.room()),
                _ => {}
            }
        }
    }
    assert!(Device::replay(&records, rng, Timestamp(1)).is_ok(), "the records are not those of a device");
}

fn event(line: &[u8]) -> RoomEvent {
    let from = MemberKey([3; 32]);
    match line {
        b"entered" => RoomEvent::Entered { members: vec![from], online: vec![from], restarted: false },
        b"restarted" => RoomEvent::Entered { members: Vec::new(), online: Vec::new(), restarted: true },
        b"joined" => RoomEvent::Joined(from),
        b"left" => RoomEvent::Left(from),
        bytes => RoomEvent::Frame { from, bytes: bytes.to_vec() },
    }
}
