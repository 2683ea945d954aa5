//! Devices in one process, with a relay, disks and a clock of their own.

use std::collections::{BTreeMap, VecDeque};

use quorate_wallet::{
    Command, Device, Effect, MemberKey, RoomEvent, RoomId, Secret, Timestamp, View, new_device,
};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

pub const NAMES: [&str; 3] = ["alice", "bob", "carol"];

pub struct Node {
    pub device: Device<ChaCha20Rng>,
    pub log: Vec<Vec<u8>>,
    pub views: Vec<View>,
    keys: BTreeMap<RoomId, MemberKey>,
}

type Mail = (RoomId, MemberKey, MemberKey, Vec<u8>);

pub struct Group {
    pub nodes: Vec<Node>,
    pub now: Timestamp,
    pub wire: Vec<Vec<u8>>,
    /// Everything that was ever sent: room, from, to, bytes.
    history: Vec<Mail>,
    mail: VecDeque<Mail>,
    present: BTreeMap<RoomId, Vec<(usize, MemberKey)>>,
    /// Devices that get no mail and do nothing.
    pub offline: Vec<usize>,
}

impl Group {
    pub fn new(seed: u8) -> Self {
        let node = |index: usize| {
            let first = new_device(NAMES[index], Secret::new([seed + index as u8; 32]));
            let rng = ChaCha20Rng::from_seed([seed ^ (0x40 + index as u8); 32]);
            let device = Device::replay([&first], rng, Timestamp(1000)).unwrap();
            Node { device, log: vec![first.to_vec()], views: Vec::new(), keys: BTreeMap::new() }
        };
        let nodes = (0..3).map(node).collect();
        let (mail, history, present) = (VecDeque::new(), Vec::new(), BTreeMap::new());
        Self { nodes, now: Timestamp(1000), wire: Vec::new(), history, mail, present, offline: Vec::new() }
    }

    /// A group with a certified wallet.
    pub fn with_wallet(seed: u8) -> Self {
        let mut group = Self::new(seed);
        group.create(true);
        let invite = group.invite();
        for index in 1..3 {
            group.command(index, Command::Join { invite: invite.clone(), accept_words: true });
        }
        group.run();
        group
    }

    pub fn create(&mut self, accept_words: bool) {
        let create = Command::Create {
            name: "treasury".to_owned(),
            threshold: 2,
            members: 3,
            relay: "ws://127.0.0.1:8080/ws".to_owned(),
            invite_ttl: 3_600_000,
            accept_words,
        };
        self.command(0, create);
    }

    pub fn invite(&self) -> String {
        let invite = |view: &View| match view {
            View::Invite { invite, .. } => Some(invite.clone()),
            _ => None,
        };
        self.nodes[0].views.iter().find_map(invite).expect("an invite")
    }

    pub fn command(&mut self, index: usize, command: Command) {
        self.nodes[index].device.handle_command(command, self.now).unwrap();
        self.carry_out(index);
    }

    /// Delivers until nothing is on its way.
    pub fn run(&mut self) {
        self.run_until(|_| false);
    }

    /// Delivers until something has happened, or nothing is on its way.
    pub fn run_until(&mut self, done: impl Fn(&[Node]) -> bool) {
        while !done(&self.nodes)
            && let Some((room, from, to, bytes)) = self.mail.pop_front()
        {
            let members = self.present.get(&room).cloned().unwrap_or_default();
            let Some((index, _)) = members.into_iter().find(|(_, key)| *key == to) else { continue };
            if self.offline.contains(&index) {
                continue;
            }
            self.nodes[index].device.handle_room(room, RoomEvent::Frame { from, bytes }, self.now);
            self.carry_out(index);
        }
    }

    /// Delivers again what was sent in a stretch of the history.
    pub fn repeat(&mut self, sent: core::ops::Range<usize>) {
        self.mail.extend(self.history[sent].iter().cloned());
        self.run();
    }

    /// Lets time pass, in steps of a second.
    pub fn pass(&mut self, seconds: u64) {
        for _ in 0..seconds {
            self.now = self.now.after(1000);
            for index in 0..self.nodes.len() {
                if !self.offline.contains(&index) {
                    self.nodes[index].device.handle_wake(self.now);
                    self.carry_out(index);
                }
            }
            self.run();
        }
    }

    /// Kills a device and starts it again from its log.
    pub fn restart(&mut self, index: usize) {
        let rng = ChaCha20Rng::from_seed([0x80 + index as u8; 32]);
        let log = self.nodes[index].log.clone();
        self.nodes[index].device = Device::replay(&log, rng, self.now).unwrap();
        self.nodes[index].views.clear();
        for members in self.present.values_mut() {
            members.retain(|(owner, _)| *owner != index);
        }
        self.nodes[index].device.start(self.now);
        self.carry_out(index);
        self.run();
    }

    fn carry_out(&mut self, index: usize) {
        while let Some(effect) = self.nodes[index].device.poll_effect() {
            match effect {
                Effect::Persist(record) | Effect::Append(record) => {
                    self.nodes[index].log.push(record.to_vec())
                }
                Effect::Compact(snapshot) => {
                    self.nodes[index].log = snapshot.iter().map(|record| record.to_vec()).collect();
                }
                Effect::Enter(room) => self.enter(index, room.id(), room.member()),
                Effect::Leave(room) => {
                    self.present.entry(room).or_default().retain(|(owner, _)| *owner != index);
                }
                Effect::Send { room, to, bytes } => {
                    let from = self.nodes[index].keys[&room];
                    self.wire.push(bytes.clone());
                    self.history.push((room, from, to, bytes.clone()));
                    self.mail.push_back((room, from, to, bytes));
                }
                Effect::View(view) => self.nodes[index].views.push(view),
                Effect::WakeAt(_) => {}
            }
        }
    }

    fn enter(&mut self, index: usize, room: RoomId, key: MemberKey) {
        self.nodes[index].keys.insert(room, key);
        let present = self.present.entry(room).or_default();
        let others: Vec<usize> = present.iter().map(|(owner, _)| *owner).collect();
        present.push((index, key));
        let members: Vec<MemberKey> = present.iter().map(|(_, member)| *member).collect();
        let entered = RoomEvent::Entered { online: members.clone(), members, restarted: true };
        self.nodes[index].device.handle_room(room, entered, self.now);
        self.carry_out(index);
        for other in others {
            self.nodes[other].device.handle_room(room, RoomEvent::Joined(key), self.now);
            self.carry_out(other);
        }
    }

    /// Returns the last request view of a device.
    pub fn request(&self, index: usize) -> String {
        let id = |view: &View| match view {
            View::Request { request } => Some(request.id.clone()),
            _ => None,
        };
        self.nodes[index].views.iter().rev().find_map(id).expect("a request")
    }

    pub fn signed(&self, index: usize) -> Vec<quorate_wallet::SignedView> {
        let signed = |view: &View| match view {
            View::Signed { signed } => Some(signed.clone()),
            _ => None,
        };
        self.nodes[index].views.iter().filter_map(signed).collect()
    }

    pub fn addresses(&self, index: usize) -> Vec<quorate_wallet::Address> {
        let ready = |view: &View| match view {
            View::Ready { wallet } => Some(wallet.addresses.clone()),
            _ => None,
        };
        self.nodes[index].views.iter().find_map(ready).expect("a ready wallet")
    }
}
