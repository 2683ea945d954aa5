use std::collections::BTreeMap;

use quorate_primitives::Secret;
use quorate_transport::signaling::{MAX_PAYLOAD, Member, Resume, RoomToken};
use quorate_transport::{RelayKey, RelayOrigin};

use super::*;

mod abuse;
mod delivery;
mod rooms;

/// A relay in virtual time, and what each connection was written.
struct Harness {
    relay: Relay,
    now: Timestamp,
    connections: u64,
    inboxes: BTreeMap<ConnectionId, Vec<ServerFrame>>,
    unwritten: BTreeMap<ConnectionId, usize>,
    closed: BTreeMap<ConnectionId, CloseReason>,
    /// Whether connections take what is written to them at once.
    reads: bool,
}

const START: Timestamp = Timestamp(1_700_000_000_000);
const TTL: Millis = 60_000;

impl Harness {
    fn new(limits: Limits) -> Self {
        Self {
            relay: Relay::new(limits, BootId([7; 16])),
            now: START,
            connections: 0,
            inboxes: BTreeMap::new(),
            unwritten: BTreeMap::new(),
            closed: BTreeMap::new(),
            reads: true,
        }
    }

    fn connect_from(&mut self, address: &str) -> Result<ConnectionId, Refusal> {
        self.connections += 1;
        let id = ConnectionId(self.connections);
        self.relay.handle_connect(id, Source::of(address.parse().unwrap()), self.now)?;
        Ok(id)
    }

    fn answer(&mut self, id: ConnectionId, key: u8) {
        let answered = self.challenge(&RelayKey::from_seed(&Secret::new([key; 32])));
        self.relay.handle_answer(id, answered, self.now);
        self.settle();
    }

    fn challenge(&self, key: &RelayKey) -> Answer {
        let origin = RelayOrigin::parse("relay.example.org", 443).unwrap();
        let answer = key.answer(&[9; 32], &origin);
        let frame = ClientFrame::Authenticate { key: key.member(), answer };
        Challenge::new([9; 32]).verify(&Ok(frame), &[origin])
    }

    /// Connects and authenticates the device with this number.
    fn client(&mut self, key: u8) -> ConnectionId {
        let id = self.connect_from("192.0.2.1").unwrap();
        self.answer(id, key);
        assert!(matches!(self.take(id)[..], [ServerFrame::Welcome { .. }]));
        id
    }

    fn say(&mut self, id: ConnectionId, frame: ClientFrame) {
        let len = frame.encode().len();
        self.relay.handle_frame(id, Ok(frame), len, self.now);
        self.settle();
    }

    fn enter_as(&mut self, id: ConnectionId, capacity: u8, resume: Option<Resume>) -> Vec<ServerFrame> {
        self.say(id, ClientFrame::Enter { request: 1, token: TOKEN, capacity, ttl: TTL, resume });
        self.take(id)
    }

    fn enter(&mut self, id: ConnectionId) -> Vec<ServerFrame> {
        self.enter_as(id, 3, None)
    }

    fn send(&mut self, id: ConnectionId, to: u8, bytes: Vec<u8>) {
        self.say(id, ClientFrame::Send { request: 2, room: TOKEN.room(), to: member(to), ttl: TTL, bytes });
    }

    fn settle(&mut self) {
        while let Some(output) = self.relay.poll_output() {
            match output {
                Output::Write { connection, frame } => {
                    let decoded = ServerFrame::decode(&frame).unwrap();
                    self.inboxes.entry(connection).or_default().push(decoded);
                    if self.reads {
                        self.relay.handle_written(connection, frame.len());
                    } else {
                        *self.unwritten.entry(connection).or_default() += frame.len();
                    }
                }
                Output::Close { connection, reason } => {
                    self.closed.insert(connection, reason);
                }
            }
        }
    }

    fn take(&mut self, id: ConnectionId) -> Vec<ServerFrame> {
        self.inboxes.remove(&id).unwrap_or_default()
    }

    fn wait(&mut self, span: Millis) {
        self.now = self.now.after(span);
        self.relay.handle_tick(self.now);
        self.settle();
    }

    fn disconnect(&mut self, id: ConnectionId) {
        self.relay.handle_disconnect(id);
        self.settle();
    }
}

const TOKEN: RoomToken = RoomToken([5; 32]);

fn member(key: u8) -> MemberKey {
    RelayKey::from_seed(&Secret::new([key; 32])).member()
}

fn refusals(frames: &[ServerFrame]) -> Vec<RefusalCode> {
    let code = |frame: &ServerFrame| match frame {
        ServerFrame::Refused { code, .. } => Some(*code),
        _ => None,
    };
    frames.iter().filter_map(code).collect()
}

/// Returns sender, cursor and bytes of what was delivered.
fn deliveries(frames: &[ServerFrame]) -> Vec<(MemberKey, Cursor, Vec<u8>)> {
    let delivery = |frame: &ServerFrame| match frame {
        ServerFrame::Deliver { from, cursor, bytes, .. } => Some((*from, *cursor, bytes.clone())),
        _ => None,
    };
    frames.iter().filter_map(delivery).collect()
}

fn payloads(frames: &[ServerFrame]) -> Vec<Vec<u8>> {
    deliveries(frames).into_iter().map(|(_, _, bytes)| bytes).collect()
}
