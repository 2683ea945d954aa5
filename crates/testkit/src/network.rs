//! The relay and the lines to it, all of them hostile.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use quorate_primitives::{Millis, Timestamp};
use quorate_transport::MemberKey;

use crate::dice::Dice;
use crate::faults::Faults;

/// One frame on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    /// From whose mailbox the relay says it comes.
    pub from: MemberKey,
    /// Into whose mailbox it goes.
    pub to: MemberKey,
    /// What the recipient gets.
    pub bytes: Vec<u8>,
    /// Whether it is what a device sent, to whom it sent it.
    pub is_genuine: bool,
}

/// What a script does to one frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It arrives.
    Arrive,
    /// It is lost.
    Lose,
    /// It arrives twice.
    Double,
    /// It arrives after everything that is sent soon after it.
    Overtake,
}

/// What was done to frames, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mischief {
    /// Frames lost, cut links included.
    pub lost: u64,
    /// Frames doubled.
    pub duplicated: u64,
    /// Frames held back.
    pub delayed: u64,
    /// Frames changed: flipped, truncated, spliced.
    pub changed: u64,
    /// Old frames sent again.
    pub replayed: u64,
    /// Frames given to somebody else, or under another name.
    pub misaddressed: u64,
}

const REMEMBERED: usize = 96;
const FASTEST: Millis = 2;
const JITTER: u64 = 12;
const OVERTAKEN: Millis = 400;

/// A relay that delivers, loses and forges as its faults say.
pub struct VirtualNetwork {
    faults: Faults,
    members: Vec<MemberKey>,
    cut: BTreeSet<(MemberKey, MemberKey)>,
    remembered: VecDeque<Packet>,
    mischief: Mischief,
    script: BTreeMap<u64, Fate>,
    sent: u64,
}

impl VirtualNetwork {
    /// Connects nobody yet. `earlier` is what the relay recorded in other sessions.
    pub fn new(faults: Faults, earlier: Vec<Packet>) -> Self {
        Self {
            faults,
            members: Vec::new(),
            cut: BTreeSet::new(),
            remembered: earlier.into(),
            mischief: Mischief::default(),
            script: BTreeMap::new(),
            sent: 0,
        }
    }

    /// Fixes what happens to the frames from `first` on.
    pub fn follow(&mut self, first: u64, fates: &[Fate]) {
        self.script = (first..).zip(fates.iter().copied()).collect();
    }

    /// Lets a device in.
    pub fn connect(&mut self, member: MemberKey) {
        if !self.members.contains(&member) {
            self.members.push(member);
        }
    }

    /// Returns who is here.
    pub fn members(&self) -> &[MemberKey] {
        &self.members
    }

    /// Returns what was done to frames.
    pub const fn mischief(&self) -> Mischief {
        self.mischief
    }

    /// Cuts a link in one direction.
    pub fn cut(&mut self, from: MemberKey, to: MemberKey) {
        self.cut.insert((from, to));
    }

    /// Mends every link.
    pub fn mend(&mut self) {
        self.cut.clear();
    }

    /// Ends all faults.
    pub fn heal(&mut self) {
        self.faults = Faults::default();
        self.mend();
    }

    /// Returns everything that is recorded.
    pub fn recorded(&self) -> Vec<Packet> {
        self.remembered.iter().cloned().collect()
    }

    /// Takes a frame and says what arrives when.
    pub fn send(&mut self, packet: Packet, now: Timestamp, dice: &mut Dice) -> Vec<(Timestamp, Packet)> {
        let mut arriving = Vec::with_capacity(2);
        let fate = self.script.get(&self.sent).copied().unwrap_or(Fate::Arrive);
        self.sent += 1;
        if dice.chance(self.faults.replay)
            && let Some(old) = self.old(dice)
        {
            self.mischief.replayed += 1;
            arriving.push((
                now.after(FASTEST + dice.below(JITTER)),
                Packet { to: packet.to, is_genuine: false, ..old },
            ));
        }
        self.remember(&packet, dice);
        if fate == Fate::Lose || self.cut.contains(&(packet.from, packet.to)) || dice.chance(self.faults.lose)
        {
            self.mischief.lost += 1;
            return arriving;
        }
        let copies = if fate == Fate::Double || dice.chance(self.faults.duplicate) { 2 } else { 1 };
        self.mischief.duplicated += copies - 1;
        for _ in 0..copies {
            let mut wait = FASTEST + dice.below(JITTER);
            if fate == Fate::Overtake {
                wait += OVERTAKEN;
            }
            if dice.chance(self.faults.delay) {
                self.mischief.delayed += 1;
                wait += dice.below(self.faults.longest_delay.max(1));
            }
            arriving.push((now.after(wait), self.spoil(packet.clone(), dice)));
        }
        arriving
    }

    /// Changes a frame, or where it goes, or whose it is said to be.
    fn spoil(&mut self, mut packet: Packet, dice: &mut Dice) -> Packet {
        let before = packet.clone();
        if dice.chance(self.faults.flip) && !packet.bytes.is_empty() {
            let at = dice.index(packet.bytes.len());
            packet.bytes[at] ^= 1 << dice.below(8);
        }
        if dice.chance(self.faults.truncate) {
            let kept = dice.index(packet.bytes.len() + 1);
            packet.bytes.truncate(kept);
        }
        if dice.chance(self.faults.splice)
            && let Some(other) = self.old(dice)
        {
            let at = dice.index(packet.bytes.len().min(other.bytes.len()) + 1);
            packet.bytes.truncate(at);
            packet.bytes.extend_from_slice(&other.bytes[at..]);
        }
        self.mischief.changed += u64::from(packet.bytes != before.bytes);
        if dice.chance(self.faults.misdeliver) {
            packet.to = dice.pick(&self.members);
        }
        if dice.chance(self.faults.rewrite_sender) {
            packet.from = dice.pick(&self.members);
        }
        self.mischief.misaddressed += u64::from((packet.to, packet.from) != (before.to, before.from));
        packet.is_genuine = packet == before;
        packet
    }

    fn old(&self, dice: &mut Dice) -> Option<Packet> {
        let len = self.remembered.len();
        (len > 0).then(|| self.remembered[dice.index(len)].clone())
    }

    /// Keeps a sample of what went by.
    fn remember(&mut self, packet: &Packet, dice: &mut Dice) {
        if self.faults.replay == 0 && self.faults.splice == 0 {
            return;
        }
        if self.remembered.len() == REMEMBERED {
            let at = dice.index(REMEMBERED);
            self.remembered.remove(at);
        }
        self.remembered.push_back(packet.clone());
    }
}
