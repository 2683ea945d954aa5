//! Pairs that are there at once: set up by the product's machines, kept as the log of each member in a file.
//!
//! What a pair shares is bound to its two members and to nothing else that a later session would check, so one set
//! serves every simulated group. Setting a pair up costs tens of milliseconds; reading its log costs nothing, and
//! shows that logs of earlier versions are still read. They protect nothing: their seeds are public.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, LazyLock};

use quorate_primitives::{KeyPurpose, ParticipantId, Secret, Threshold};
use quorate_session::output::Output;
use quorate_session::pairing::{Mutation, Pairing};
use quorate_session::seat::Seat;

use crate::clock::START;
use crate::dice::Dice;
use crate::group;

/// The largest group that finds its pairs here.
pub const MEMBERS: u16 = 4;

/// From me and peer to my log.
type Logs = BTreeMap<(ParticipantId, ParticipantId), Vec<Secret<Vec<u8>>>>;

/// What [`set_up`] made when it was last blessed.
pub const STORED: &[u8] = include_bytes!("../fixtures/pairs.bin");

static LOGS: LazyLock<Logs> = LazyLock::new(|| borsh::from_slice(STORED).expect("logs that were written"));

/// Returns the log of a pair that is ready.
pub fn log(me: ParticipantId, peer: ParticipantId) -> Vec<Mutation> {
    let log = LOGS.get(&(me, peer)).expect("a pair of at most four members");
    log.iter().map(|bytes| borsh::from_slice(bytes.expose()).expect("a record that was written")).collect()
}

/// Sets the pairs of [`MEMBERS`] up anew and returns their logs as they are stored.
pub fn set_up() -> Vec<u8> {
    let identities = group::identities(0, MEMBERS);
    let threshold = Threshold::new(2, MEMBERS).expect("a possible threshold");
    let roster = group::roster(&identities, threshold, &[KeyPurpose::EcdsaSecp256k1], [0; 32]);
    let seats: Vec<Arc<Seat>> = identities
        .iter()
        .map(|identity| Arc::new(Seat::new(Arc::clone(identity), roster.clone()).expect("a member")))
        .collect();
    let mut logs = Logs::new();
    for (at, low) in seats.iter().enumerate() {
        for high in &seats[at + 1..] {
            pair_up([low, high], &mut logs);
        }
    }
    borsh::to_vec(&logs).expect("writing to memory")
}

fn pair_up(seats: [&Arc<Seat>; 2], logs: &mut Logs) {
    let [low, high] = seats.map(|seat| seat.me());
    let mut dice = Dice::new(u64::from(low.get()) << 16 | u64::from(high.get()), 8);
    let mut mail = VecDeque::new();
    let mut machines = [(0, high), (1, low)].map(|(side, peer)| {
        let seat = Arc::clone(seats[side]);
        Pairing::start(seat, peer, &[], Vec::new(), &dice.bytes(), START).expect("no log yet")
    });
    loop {
        for (side, (me, peer)) in [(low, high), (high, low)].into_iter().enumerate() {
            while let Some(output) = machines[side].poll_output() {
                match output {
                    Output::Persist(mutation) | Output::Append(mutation) => {
                        let record = Secret::new(borsh::to_vec(&mutation).expect("writing to memory"));
                        logs.entry((me, peer)).or_default().push(record);
                    }
                    Output::Send(_, envelope) => mail.push_back((1 - side, envelope)),
                    Output::WakeAt(_) | Output::Event(_) => {}
                }
            }
        }
        let Some((side, envelope)) = mail.pop_front() else { break };
        machines[side].handle_envelope(&envelope, START);
    }
    assert!(machines.iter().all(|machine| machine.keys().is_some()), "a pair that is ready");
}
