//! What happens in a run.

use quorate_primitives::{KeyPurpose, Millis, Threshold};

use crate::byzantine::Behaviour;
use crate::dice::Dice;
use crate::faults::Faults;
use crate::fuse::Fuse;
use crate::network::{Fate, Packet};

/// Where a run begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// Strangers with an invite.
    Lobby,
    /// A group that has no keys.
    Roster,
    /// A group with dealt keys.
    Keys,
    /// A group with dealt keys and pairs for ECDSA: at most four members.
    Pairs,
}

/// What the person in front of a device says to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Yes.
    Approve,
    /// No.
    Refuse,
    /// Nothing.
    Ignore,
}

/// A signature that somebody asks for.
#[derive(Clone, Debug)]
pub struct Request {
    /// When, from the start; later if the device is not ready then.
    pub at: Millis,
    /// Whose person asks.
    pub proposer: usize,
    /// With which key.
    pub purpose: KeyPurpose,
    /// How many messages are signed at once.
    pub messages: usize,
    /// Whether ECDSA signs in plain mode.
    pub plain: bool,
    /// What each person says, by device.
    pub answers: Vec<Answer>,
    /// How long approvals are taken.
    pub patience: Millis,
}

/// A whole run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What every choice comes from.
    pub seed: u64,
    /// Where it begins.
    pub start: Start,
    /// The group.
    pub threshold: Threshold,
    /// The keys.
    pub purposes: Vec<KeyPurpose>,
    /// The epoch of the group.
    pub epoch: u32,
    /// Whether this is another group of the same devices: same identities, other everything.
    pub earlier_group: bool,
    /// What goes wrong until [`Plan::heal_at`].
    pub faults: Faults,
    /// Frames of earlier sessions that the relay has.
    pub earlier: Vec<Packet>,
    /// Members that do not follow the protocol, each in its way.
    pub liars: Vec<(usize, Behaviour)>,
    /// The signatures asked for.
    pub requests: Vec<Request>,
    /// When faults end and crashed devices come back.
    pub heal_at: Millis,
    /// When the run ends.
    pub end_at: Millis,
    /// How long a round of the key ceremony may take.
    pub patience: Millis,
    /// Devices that crash at chosen points.
    pub crash_at: Vec<(usize, u64)>,
    /// What happens to the frames from one on, in the order in which they are sent.
    pub script: Option<(u64, Vec<Fate>)>,
    /// A person that ends the ceremony, and when.
    pub cancel_at: Option<(usize, Millis)>,
    /// Devices that are never switched on.
    pub absent: Vec<usize>,
    /// How many presignatures every device makes ahead for every signer set.
    pub ahead: usize,
}

/// How long after healing everything that can end well has ended.
pub const RECOVERY: Millis = 70_000;

impl Plan {
    /// A run without faults: a key ceremony of a group that knows itself.
    pub fn calm(seed: u64, min_signers: u16, max_signers: u16, purposes: &[KeyPurpose]) -> Self {
        Self {
            seed,
            start: Start::Roster,
            threshold: Threshold::new(min_signers, max_signers).expect("a possible threshold"),
            purposes: purposes.to_vec(),
            epoch: 0,
            earlier_group: false,
            faults: Faults::default(),
            earlier: Vec::new(),
            liars: Vec::new(),
            requests: Vec::new(),
            heal_at: 0,
            end_at: 200_000,
            patience: 60_000,
            crash_at: Vec::new(),
            script: None,
            cancel_at: None,
            absent: Vec::new(),
            ahead: 0,
        }
    }

    /// A run without faults: one signature with dealt keys; device 0 asks, `answers` says what people say.
    pub fn signature(seed: u64, min_signers: u16, purpose: KeyPurpose, answers: &[Answer]) -> Self {
        let max_signers = u16::try_from(answers.len()).expect("at most 64");
        let request = Request {
            at: 100,
            proposer: 0,
            purpose,
            messages: 1,
            plain: false,
            answers: answers.to_vec(),
            patience: 30_000,
        };
        Self {
            start: Start::Keys,
            requests: vec![request],
            ..Self::calm(seed, min_signers, max_signers, &[purpose])
        }
    }

    /// Draws a whole run from its seed: who, what, and a random subset of everything that can go wrong.
    pub fn swarm(seed: u64, start: Start) -> Self {
        let dice = &mut Dice::new(seed, 1);
        let (min_signers, max_signers) =
            dice.pick(&[(2, 2), (2, 2), (2, 3), (2, 3), (2, 3), (2, 3), (3, 3), (3, 4)]);
        let purposes = match start {
            Start::Keys => vec![dice.pick(&SCHNORR)],
            Start::Pairs => vec![KeyPurpose::EcdsaSecp256k1],
            Start::Lobby | Start::Roster => KeyPurpose::ALL.to_vec(),
        };
        let mut plan = Self::calm(seed, min_signers, max_signers, &purposes);
        plan.start = start;
        plan.faults = Faults::swarm(dice);
        plan.heal_at = 2_000 + dice.below(35_000);
        plan.patience = if dice.chance(100) { 4_000 } else { 90_000 };
        if dice.chance(250) {
            let behaviours: Vec<_> = match start {
                Start::Keys | Start::Pairs => {
                    Behaviour::ALL.into_iter().filter(Behaviour::is_in_signatures).collect()
                }
                Start::Lobby | Start::Roster => Behaviour::ALL.to_vec(),
            };
            let behaviour = dice.pick(&behaviours);
            plan.liars.push((dice.index(usize::from(max_signers)), behaviour));
        }
        plan.add_requests(&SCHNORR, dice);
        plan
    }

    /// Draws a run of the ECDSA key, with dealt keys: pairs are there or have to be set up first.
    pub fn swarm_of_ecdsa(seed: u64, start: Start) -> Self {
        let groups = [(2, 2), (2, 3), (2, 3), (2, 3), (2, 3), (2, 3), (2, 3), (3, 4)];
        Self::draw_of_ecdsa(seed, start, &groups, 35_000)
    }

    /// Draws a run from stored pairs, with presignatures made on demand or ahead: shorter, since many are to be run.
    pub fn swarm_from_pairs(seed: u64) -> Self {
        let groups = [(2, 2), (2, 2), (2, 2), (2, 2), (2, 3), (2, 3), (2, 3), (3, 3)];
        let plan = Self::draw_of_ecdsa(seed, Start::Pairs, &groups, 5_000);
        let one_in = if plan.threshold.max_signers() == 2 { 4 } else { 12 };
        let dice = &mut Dice::new(seed, 9);
        let ahead = if dice.below(one_in) == 0 { 1 + dice.index(2) } else { 0 };
        Self { ahead, ..plan }
    }

    fn draw_of_ecdsa(seed: u64, start: Start, groups: &[(u16, u16)], longest: Millis) -> Self {
        let dice = &mut Dice::new(seed, 1);
        let (min_signers, max_signers) = dice.pick(groups);
        let mut plan = Self::calm(seed, min_signers, max_signers, &[KeyPurpose::EcdsaSecp256k1]);
        plan.start = start;
        plan.faults = Faults::swarm(dice);
        plan.heal_at = 2_000 + dice.below(longest);
        if dice.chance(250) {
            let behaviour = dice.pick(&Behaviour::of_ecdsa());
            plan.liars.push((dice.index(usize::from(max_signers)), behaviour));
        }
        plan.add_requests(&[KeyPurpose::EcdsaSecp256k1], dice);
        plan
    }

    /// Asks for signatures while everything goes wrong, and once for each key after everything is well again.
    fn add_requests(&mut self, purposes: &[KeyPurpose], dice: &mut Dice) {
        let devices = usize::from(self.threshold.max_signers());
        let purposes: Vec<_> =
            purposes.iter().copied().filter(|purpose| self.purposes.contains(purpose)).collect();
        for _ in 0..1 + dice.below(2) {
            let answer = |_| {
                dice.pick(&[
                    Answer::Approve,
                    Answer::Approve,
                    Answer::Approve,
                    Answer::Refuse,
                    Answer::Ignore,
                ])
            };
            let answers = (0..devices).map(answer).collect();
            self.requests.push(Request {
                at: dice.below(self.heal_at),
                proposer: dice.index(devices),
                purpose: dice.pick(&purposes),
                messages: 1 + dice.index(2),
                plain: self.is_plain(),
                answers,
                patience: 5_000 + dice.below(20_000),
            });
        }
        let honest: Vec<usize> = (0..devices).filter(|device| self.behaviour(*device).is_none()).collect();
        for purpose in purposes {
            self.requests.push(Request {
                at: self.heal_at + RECOVERY,
                proposer: dice.pick(&honest),
                purpose,
                messages: 1,
                plain: self.is_plain(),
                answers: vec![Answer::Approve; devices],
                patience: RECOVERY,
            });
        }
        self.end_at = self.heal_at + 4 * RECOVERY;
    }

    /// Every fourth run signs in plain mode.
    const fn is_plain(&self) -> bool {
        self.seed % 4 == 3
    }

    /// Returns whether devices need pairs: somebody asks for an ECDSA signature, or they make presignatures ahead.
    pub fn needs_pairs(&self) -> bool {
        let ecdsa = KeyPurpose::EcdsaSecp256k1;
        self.ahead > 0 || self.requests.iter().any(|request| request.purpose == ecdsa)
    }

    /// Returns whether everybody follows the protocol.
    pub const fn is_honest(&self) -> bool {
        self.liars.is_empty()
    }

    /// Returns how a device misbehaves.
    pub fn behaviour(&self, device: usize) -> Option<Behaviour> {
        self.liars.iter().find(|(liar, _)| *liar == device).map(|(_, behaviour)| *behaviour)
    }

    /// Returns when a device crashes.
    pub fn fuse(&self, device: usize) -> Fuse {
        let chosen = self.crash_at.iter().filter(|(chosen, _)| *chosen == device);
        match chosen.map(|(_, point)| *point).collect::<Vec<_>>() {
            points if !points.is_empty() => Fuse::At(points),
            _ if self.faults.crash > 0 && self.behaviour(device).is_none() => Fuse::Random(self.faults.crash),
            _ => Fuse::Safe,
        }
    }
}

/// The purposes whose keys sign with FROST.
pub const SCHNORR: [KeyPurpose; 2] = [KeyPurpose::Bip340Secp256k1, KeyPurpose::Ed25519];
