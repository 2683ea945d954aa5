//! The real relay and real clients on simulated wires, in virtual time.
//!
//! Wires delay and break, clients crash and forget, the relay restarts and forgets; every message must arrive, and
//! once only after the repetitions are taken out.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use quorate_primitives::{Millis, Secret, Timestamp};
use quorate_signal::relay::{Challenge, ConnectionId, Limits, Output as RelayOutput, Relay, Source};
use quorate_transport::client::{
    DeliveryId, Disconnection, Event, Membership, OutboxLimits, Output, RoomClient,
};
use quorate_transport::signaling::BootId;
use quorate_transport::{ClientFrame, MemberKey, RelayKey, RelayOrigin, RoomToken};
use rand_chacha::ChaCha20Rng;
use rand_core::{RngCore, SeedableRng};

const DEVICES: usize = 3;
const MESSAGES: u32 = 12;
const TTL: Millis = 3_600_000;

/// How rough the world is, in chances per thousand and step.
#[derive(Clone, Copy)]
struct World {
    breaks: u32,
    crashes: u32,
    restarts: u32,
}

struct Wire {
    id: ConnectionId,
    challenge: Option<Challenge>,
    to_relay: VecDeque<Vec<u8>>,
    to_client: VecDeque<Vec<u8>>,
}

struct Device {
    client: RoomClient,
    key: MemberKey,
    wire: Option<Wire>,
    /// What this device has to say, to whom; it says it again until the other side confirms.
    unconfirmed: BTreeSet<(usize, u32)>,
    sent: BTreeSet<(usize, u32)>,
    /// What it has taken, durable: survives its crashes.
    taken: BTreeMap<(usize, u32), u32>,
    unacknowledged: Vec<DeliveryId>,
}

struct Simulation {
    world: World,
    rng: ChaCha20Rng,
    now: Timestamp,
    relay: Relay,
    boots: u8,
    connections: u64,
    devices: Vec<Device>,
    /// How often a whole relay or client memory was lost.
    losses: u32,
    breaks: u32,
}

fn origin() -> RelayOrigin {
    RelayOrigin::parse("relay.example.org", 443).unwrap()
}

fn relay_key(device: usize) -> RelayKey {
    RelayKey::from_seed(&Secret::new([u8::try_from(device).unwrap() + 1; 32]))
}

fn client(device: usize) -> RoomClient {
    let membership = Membership { origin: origin(), token: RoomToken([5; 32]), capacity: 3, ttl: TTL };
    let limits = OutboxLimits { in_flight: 4, ..OutboxLimits::default() };
    RoomClient::new(relay_key(device), membership, limits)
}

fn new_relay(boot: u8) -> Relay {
    Relay::new(Limits { window: 300, ..Limits::default() }, BootId([boot; 16]))
}

impl Simulation {
    fn new(seed: u64, world: World) -> Self {
        let device = |index: usize| Device {
            client: client(index),
            key: relay_key(index).member(),
            wire: None,
            unconfirmed: (0..DEVICES)
                .filter(|to| *to != index)
                .flat_map(|to| (0..MESSAGES).map(move |number| (to, number)))
                .collect(),
            sent: BTreeSet::new(),
            taken: BTreeMap::new(),
            unacknowledged: Vec::new(),
        };
        Self {
            world,
            rng: ChaCha20Rng::seed_from_u64(seed),
            now: Timestamp(1_700_000_000_000),
            relay: new_relay(0),
            boots: 0,
            connections: 0,
            devices: (0..DEVICES).map(device).collect(),
            losses: 0,
            breaks: 0,
        }
    }

    fn chance(&mut self, per_thousand: u32) -> bool {
        self.rng.next_u32() % 1000 < per_thousand
    }

    fn pick(&mut self) -> usize {
        self.rng.next_u32() as usize % DEVICES
    }

    /// Runs until everything has arrived and returns after how many steps.
    fn run(&mut self) -> u32 {
        for step in 0..200_000 {
            if self.is_done() {
                return step;
            }
            // Trouble ends at some point, so that the end is reached and not only approached.
            if step < 3000 {
                self.make_trouble();
            }
            let device = self.pick();
            self.talk(device);
            self.carry(device);
            self.acknowledge(device);
            self.now = self.now.after(u64::from(self.rng.next_u32() % 20));
            self.relay.handle_tick(self.now);
            self.settle_relay();
            for index in 0..DEVICES {
                self.devices[index].client.handle_tick(self.now);
                self.settle_client(index);
            }
        }
        panic!("not everything arrived");
    }

    fn is_done(&self) -> bool {
        self.devices.iter().all(|device| device.taken.len() == (DEVICES - 1) * MESSAGES as usize)
    }

    fn make_trouble(&mut self) {
        let device = self.pick();
        if self.chance(self.world.breaks) && self.devices[device].wire.is_some() {
            self.breaks += 1;
            self.break_wire(device, Disconnection::Closed);
        }
        if self.chance(self.world.crashes) {
            // The process is gone with all it had not made durable; its key is in its vault.
            self.losses += 1;
            self.break_wire(device, Disconnection::Closed);
            self.devices[device].client = client(device);
            self.devices[device].sent.clear();
            self.devices[device].unacknowledged.clear();
        }
        if self.chance(self.world.restarts) {
            self.losses += 1;
            self.boots += 1;
            self.relay = new_relay(self.boots);
            for index in 0..DEVICES {
                self.break_wire(index, Disconnection::Closed);
            }
        }
    }

    fn break_wire(&mut self, device: usize, why: Disconnection) {
        if let Some(wire) = self.devices[device].wire.take() {
            self.relay.handle_disconnect(wire.id);
            self.settle_relay();
        }
        self.devices[device].client.handle_disconnected(why, &mut self.rng, self.now);
        self.settle_client(device);
    }

    /// Lets a device connect, or say one more thing.
    fn talk(&mut self, index: usize) {
        let device = &mut self.devices[index];
        if device.wire.is_none() {
            let due = device.client.reconnect_at().is_some_and(|at| at <= self.now);
            if due {
                self.connect(index);
            }
            return;
        }
        let next = device.unconfirmed.difference(&device.sent).next().copied();
        if let Some((to, number)) = next {
            let bytes = [&[u8::try_from(index).unwrap()][..], &number.to_be_bytes()].concat();
            let recipient = self.devices[to].key;
            let device = &mut self.devices[index];
            device.client.send(recipient, bytes, TTL, self.now).unwrap();
            device.sent.insert((to, number));
            self.settle_client(index);
        }
    }

    fn connect(&mut self, index: usize) {
        self.connections += 1;
        let id = ConnectionId(self.connections);
        let source = Source::of("192.0.2.1".parse().unwrap());
        if self.relay.handle_connect(id, source, self.now).is_err() {
            let device = &mut self.devices[index];
            device.client.handle_disconnected(Disconnection::Unreachable, &mut self.rng, self.now);
            return self.settle_client(index);
        }
        let mut nonce = [0; 32];
        self.rng.fill_bytes(&mut nonce);
        let challenge = Challenge::new(nonce);
        let to_client = VecDeque::from([challenge.frame().encode()]);
        let wire = Wire { id, challenge: Some(challenge), to_relay: VecDeque::new(), to_client };
        self.devices[index].wire = Some(wire);
        self.devices[index].client.handle_connected(self.now);
    }

    /// Moves up to one message in each direction.
    fn carry(&mut self, index: usize) {
        let Some(wire) = &mut self.devices[index].wire else { return };
        let id = wire.id;
        if let Some(bytes) = wire.to_relay.pop_front() {
            let frame = ClientFrame::decode(&bytes);
            match wire.challenge.take() {
                Some(challenge) => {
                    let answer = challenge.verify(&frame, &[origin()]);
                    self.relay.handle_answer(id, answer, self.now);
                }
                None => self.relay.handle_frame(id, frame, bytes.len(), self.now),
            }
            self.settle_relay();
        }
        let Some(wire) = &mut self.devices[index].wire else { return };
        if let Some(bytes) = wire.to_client.pop_front() {
            self.relay.handle_written(id, bytes.len());
            self.devices[index].client.handle_bytes(&bytes, self.now);
            self.settle_client(index);
            self.settle_relay();
        }
    }

    /// Makes what was taken durable, some time later than it came.
    fn acknowledge(&mut self, index: usize) {
        if !self.chance(300) {
            return;
        }
        let device = &mut self.devices[index];
        let last = std::mem::take(&mut device.unacknowledged).pop();
        if let Some(last) = last {
            device.client.ack(last);
            self.settle_client(index);
        }
    }

    fn settle_relay(&mut self) {
        while let Some(output) = self.relay.poll_output() {
            let (id, frame) = match output {
                RelayOutput::Write { connection, frame } => (connection, Some(frame)),
                RelayOutput::Close { connection, .. } => (connection, None),
            };
            let of_wire = |device: &Device| device.wire.as_ref().is_some_and(|wire| wire.id == id);
            let Some(index) = self.devices.iter().position(of_wire) else { continue };
            match (frame, &mut self.devices[index].wire) {
                (Some(frame), Some(wire)) => wire.to_client.push_back(frame.to_vec()),
                (_, wire) => {
                    *wire = None;
                    let device = &mut self.devices[index];
                    device.client.handle_disconnected(Disconnection::Closed, &mut self.rng, self.now);
                    self.settle_client(index);
                }
            }
        }
    }

    fn settle_client(&mut self, index: usize) {
        while let Some(output) = self.devices[index].client.poll_output() {
            match output {
                Output::Write(bytes) => {
                    if let Some(wire) = &mut self.devices[index].wire {
                        wire.to_relay.push_back(bytes);
                    }
                }
                Output::Ping => self.devices[index].client.handle_alive(self.now),
                Output::Disconnect(why) => self.break_wire(index, why),
                Output::Event(event) => self.take(index, event),
            }
        }
    }

    fn take(&mut self, index: usize, event: Event) {
        match event {
            // What the relay may have lost is said again; confirmations are instant and free here.
            Event::Connected { restarted: true } => self.devices[index].sent.clear(),
            Event::Frame { from, delivery, bytes, .. } => {
                let sender = usize::from(bytes[0]);
                assert_eq!(self.devices[sender].key, from);
                let number = u32::from_be_bytes(bytes[1..5].try_into().unwrap());
                *self.devices[index].taken.entry((sender, number)).or_default() += 1;
                self.devices[index].unacknowledged.push(delivery);
                self.devices[sender].unconfirmed.remove(&(index, number));
            }
            Event::Refused { code, .. } => panic!("refused: {code:?}"),
            Event::Closed { reason } => panic!("closed: {reason:?}"),
            Event::Expired { id } => panic!("expired: {id:?}"),
            Event::Connected { .. }
            | Event::Disconnected { .. }
            | Event::Entered { .. }
            | Event::MemberJoined { .. }
            | Event::MemberLeft { .. }
            | Event::Stored { .. } => {}
        }
    }
}

#[test]
fn a1_without_trouble_everything_arrives_once_and_in_order() {
    let world = World { breaks: 0, crashes: 0, restarts: 0 };
    for seed in 0..50 {
        let mut simulation = Simulation::new(seed, world);
        simulation.run();
        for device in &simulation.devices {
            assert!(device.taken.values().all(|times| *times == 1), "seed {seed}");
        }
    }
}

/// A broken wire loses nothing that the relay or the client still knows: no owner has to say anything again.
#[test]
fn a11_everything_arrives_over_breaking_wires_without_being_said_again() {
    let world = World { breaks: 30, crashes: 0, restarts: 0 };
    let mut breaks = 0;
    for seed in 0..200 {
        let mut simulation = Simulation::new(seed, world);
        simulation.run();
        breaks += simulation.breaks;
        assert_eq!(simulation.losses, 0);
    }
    assert!(breaks > 1000, "{breaks} wires broke");
}

#[test]
fn a11_everything_arrives_although_relay_and_clients_forget() {
    let world = World { breaks: 10, crashes: 5, restarts: 5 };
    let mut losses = 0;
    for seed in 1000..1200 {
        let mut simulation = Simulation::new(seed, world);
        let steps = simulation.run();
        losses += simulation.losses;
        assert!(steps < 200_000, "seed {seed}");
    }
    assert!(losses > 500, "{losses} memories were lost");
}
