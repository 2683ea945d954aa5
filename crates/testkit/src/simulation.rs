//! The loop: one thing after the other, in the order of time.

use std::collections::{BTreeMap, BTreeSet};

use quorate_primitives::{Millis, Secret, Timestamp};
use quorate_session::keygen::Event;
use quorate_session::lobby;
use quorate_session::reserve::Reserve;
use quorate_session::signing::{Message, Task, TaskKey};
use quorate_threshold::derive::Derivation;
use quorate_transport::{Invite, MemberKey};

use crate::byzantine::Liar;
use crate::clock::{START, VirtualClock};
use crate::device::{Device, Effect, Hands, Origin, Told, pair_ends};
use crate::dice::Dice;
use crate::entropy::Entropy;
use crate::fuse::{Crashed, Points};
use crate::group;
use crate::network::{Packet, VirtualNetwork};
use crate::plan::{Answer, Plan, RECOVERY, Start};
use crate::report::{DeviceReport, KeygenEnd, Report, SessionEnd};
use crate::trace::Trace;
use crate::watch::Watch;

/// Something that will happen.
enum Act {
    Deliver(Packet),
    Wake(usize),
    Boot(usize),
    Reconnect(usize),
    Ask(usize),
    Decide(usize, [u8; 32], Answer),
    Cancel(usize),
    RestartRelay,
    Cut(MemberKey, MemberKey),
    Mend,
    Heal,
}

/// A run in progress.
pub struct Simulation {
    plan: Plan,
    clock: VirtualClock,
    network: VirtualNetwork,
    devices: Vec<Device>,
    mailboxes: Vec<MemberKey>,
    held: Vec<Vec<Packet>>,
    agenda: BTreeMap<(Timestamp, u64), Act>,
    scheduled: u64,
    wakes: BTreeSet<(Timestamp, usize)>,
    dice: Dice,
    watch: Watch,
    trace: Trace,
    told: Vec<Vec<(Millis, Told)>>,
    crashes: Vec<u64>,
    sent: Vec<Packet>,
}

impl Simulation {
    /// Runs a plan and insists that no rule is broken. The failing seed is in the message, with what happened last.
    pub fn check(plan: &Plan) -> Report {
        let report = Self::new(plan, false).run();
        if report.violations.is_empty() {
            return report;
        }
        let again = Self::new(plan, true).run();
        panic!(
            "seed {:#x}, {:?}: {:#?}\n{}\n{plan:?}",
            plan.seed, plan.start, report.violations, again.words
        );
    }

    /// Prepares a run; `in_words` keeps the last events readable.
    pub fn new(plan: &Plan, in_words: bool) -> Self {
        let dice = Dice::new(plan.seed, 2);
        let (devices, identities) = devices(plan);
        let liars = plan.liars.iter().map(|(index, _)| *index).collect();
        let count = devices.len();
        let mut setup = Dice::new(plan.seed, 4);
        let mut skew = || {
            let skew = setup.below(2 * plan.faults.skew + 1);
            i64::try_from(skew).unwrap_or(0) - i64::try_from(plan.faults.skew).unwrap_or(0)
        };
        let mut simulation = Self {
            clock: VirtualClock::new((0..count).map(|_| skew()).collect()),
            network: VirtualNetwork::new(plan.faults.clone(), plan.earlier.clone()),
            mailboxes: devices.iter().map(Device::mailbox).collect(),
            devices,
            held: vec![Vec::new(); count],
            agenda: BTreeMap::new(),
            scheduled: 0,
            wakes: BTreeSet::new(),
            dice,
            watch: Watch::new(identities, liars, plan.seed.is_multiple_of(scanned(plan.start))),
            trace: Trace::new(in_words),
            told: vec![Vec::new(); count],
            crashes: vec![0; count],
            sent: Vec::new(),
            plan: plan.clone(),
        };
        if let Some((first, fates)) = &plan.script {
            simulation.network.follow(*first, fates);
        }
        simulation.schedule_everything();
        simulation
    }

    /// Runs to the end.
    pub fn run(mut self) -> Report {
        while let Some(((at, _), act)) = self.agenda.pop_first() {
            if at.since(START) > self.plan.end_at {
                break;
            }
            self.clock.advance(at);
            self.perform(act);
        }
        let reports: Vec<DeviceReport> = (0..self.devices.len()).map(|index| self.report(index)).collect();
        self.watch.end(&self.plan, &self.devices, &reports);
        Report {
            devices: reports,
            mischief: self.network.mischief(),
            sent: self.sent,
            trace: self.trace.hash(),
            events: self.trace.events(),
            violations: self.watch.violations().to_vec(),
            words: self.trace.words(),
        }
    }

    fn schedule_everything(&mut self) {
        let mut dice = Dice::new(self.plan.seed, 5);
        let heal_at = self.plan.heal_at;
        for index in 0..self.devices.len() {
            if !self.plan.absent.contains(&index) {
                self.after(dice.below(300), Act::Boot(index));
            }
        }
        for index in 0..self.plan.requests.len() {
            self.after(self.plan.requests[index].at, Act::Ask(index));
        }
        if let Some((index, at)) = self.plan.cancel_at {
            self.after(at, Act::Cancel(index));
        }
        for _ in 0..self.plan.faults.relay_restarts {
            self.after(dice.below(heal_at), Act::RestartRelay);
        }
        for _ in 0..self.plan.faults.partitions {
            let (from, to) = (dice.pick(&self.mailboxes), dice.pick(&self.mailboxes));
            let begin = dice.below(heal_at);
            self.after(begin, Act::Cut(from, to));
            if dice.chance(500) {
                self.after(begin, Act::Cut(to, from));
            }
            self.after(begin + dice.below(8_000), Act::Mend);
        }
        if heal_at > 0 {
            self.after(heal_at, Act::Heal);
        }
    }

    fn perform(&mut self, act: Act) {
        match act {
            Act::Deliver(packet) => self.deliver(packet),
            Act::Wake(index) => {
                self.wakes.remove(&(self.clock.now(), index));
                self.act_on(index, "wakes", |device, now, hands| device.wake(now, hands));
            }
            Act::Boot(index) => self.boot(index),
            Act::Reconnect(index) => {
                self.act_on(index, "reconnects", |device, now, hands| device.reconnect(now, hands));
                self.introduce();
            }
            Act::Ask(request) => self.ask(request),
            Act::Decide(index, session, answer) => {
                let decide = |device: &mut Device, now, hands: &mut Hands<'_>| {
                    device.decide(&session, answer, now, hands)
                };
                self.act_on(index, "decides", decide);
            }
            Act::Cancel(index) => {
                self.act_on(index, "cancels", |device, now, hands| device.cancel(now, hands));
            }
            Act::RestartRelay => self.restart_relay(),
            Act::Cut(from, to) => self.network.cut(from, to),
            Act::Mend => self.network.mend(),
            Act::Heal => self.heal(),
        }
    }

    fn deliver(&mut self, packet: Packet) {
        let Some(index) = self.mailboxes.iter().position(|mailbox| *mailbox == packet.to) else { return };
        if !self.devices[index].is_up() {
            return self.held[index].push(packet);
        }
        let head: Vec<u8> = packet.bytes.iter().take(80).copied().collect();
        let words = || {
            format!("from {:?}, {} bytes, genuine: {}", packet.from, packet.bytes.len(), packet.is_genuine)
        };
        self.trace.add(self.clock.now(), "receives", index, &head, words);
        self.act_on(index, "handled", |device, now, hands| {
            device.handle_frame(packet.from, &packet.bytes, now, hands)
        });
    }

    fn boot(&mut self, index: usize) {
        if self.devices[index].is_up() {
            return;
        }
        self.network.connect(self.mailboxes[index]);
        self.act_on(index, "boots", |device, now, hands| device.boot(now, hands));
        for packet in core::mem::take(&mut self.held[index]) {
            self.after_now(1, Act::Deliver(packet));
        }
        self.introduce();
    }

    /// The relay tells everybody who is here.
    fn introduce(&mut self) {
        if self.plan.start != Start::Lobby {
            return;
        }
        let members = self.network.members().to_vec();
        for index in 0..self.devices.len() {
            self.act_on(index, "meets", |device, now, hands| device.handle_members(&members, now, hands));
        }
    }

    /// Lets a device do something and carries out what it asks for; if it crashes, it comes back later.
    fn act_on(
        &mut self,
        index: usize,
        kind: &'static str,
        action: impl FnOnce(&mut Device, Timestamp, &mut Hands<'_>) -> Result<(), Crashed>,
    ) {
        let device = &mut self.devices[index];
        if !device.is_up() && kind != "boots" {
            return;
        }
        let mut effects = Vec::new();
        let mut hands = Hands { dice: &mut self.dice, watch: &mut self.watch, effects: &mut effects };
        let step = action(device, self.clock.now_at(index), &mut hands);
        self.trace.add(self.clock.now(), kind, index, &(effects.len() as u64).to_le_bytes(), String::new);
        for effect in effects {
            self.carry_out(index, effect);
        }
        if step.is_err() {
            self.crash(index);
        }
    }

    fn carry_out(&mut self, index: usize, effect: Effect) {
        match effect {
            Effect::Send { to, bytes } => {
                let packet = Packet { from: self.mailboxes[index], to, bytes, is_genuine: true };
                self.sent.push(packet.clone());
                for (at, packet) in self.network.send(packet, self.clock.now(), &mut self.dice) {
                    self.at(at, Act::Deliver(packet));
                }
            }
            Effect::Wake(local) => {
                let at = self.clock.when(index, local).max(self.clock.now().after(1));
                if self.wakes.insert((at, index)) {
                    self.at(at, Act::Wake(index));
                }
            }
            Effect::Told(told) => {
                self.trace.add(self.clock.now(), "tells", index, &[], || format!("{told:?}"));
                if let Some(membership) = self.devices[index].membership() {
                    self.watch.told(index, membership.seat.roster(), &told);
                }
                if let Told::Asked(session) = &told {
                    self.answer(index, *session);
                }
                self.told[index].push((self.clock.elapsed(), told));
            }
        }
    }

    /// The person answers after a moment.
    fn answer(&mut self, index: usize, session: [u8; 32]) {
        let signing = self.devices[index].membership().and_then(|m| m.signings.get(&session));
        let Some(task) = signing.map(quorate_session::signing::Signing::task) else { return };
        let request = &self.plan.requests[usize::from(task.nonce[0])];
        let answer = request.answers[index];
        let wait = 1 + self.dice.below(300);
        self.after_now(wait, Act::Decide(index, session, answer));
    }

    fn ask(&mut self, number: usize) {
        let request = self.plan.requests[number].clone();
        let index = request.proposer;
        let mut asked = false;
        let task = Task {
            keys: vec![TaskKey {
                purpose: request.purpose,
                derivation: Derivation::child(vec![u32::try_from(number).unwrap_or(0)]),
            }],
            chain: "simulated".to_owned(),
            payload: format!("payment {number}").into_bytes(),
            messages: (0..request.messages)
                .map(|message| Message { key: 0, bytes: vec![1 + u8::try_from(message).unwrap_or(0); 32] })
                .collect(),
            plain: request.plain,
            policy_version: 0,
            note: String::new(),
            expires: self.clock.now_at(index).after(request.patience),
            nonce: [u8::try_from(number).expect("few requests"); 32],
        };
        self.act_on(index, "asks", |device, now, hands| {
            let (could, step) = device.propose(task, now, hands);
            asked = could;
            step
        });
        let is_worth_it =
            self.clock.elapsed() < self.plan.heal_at + RECOVERY || request.at > self.plan.heal_at;
        if !asked && is_worth_it {
            self.after_now(1_000, Act::Ask(number));
        }
    }

    fn crash(&mut self, index: usize) {
        self.trace.add(self.clock.now(), "crashes", index, &[], String::new);
        self.crashes[index] += 1;
        self.watch.crashes(index);
        self.devices[index].crash(&mut self.dice, self.plan.faults.lose_unsynced);
        let wait = 100 + self.dice.below(4_000);
        self.after_now(wait, Act::Boot(index));
    }

    /// The relay forgets every frame; devices notice at different times.
    fn restart_relay(&mut self) {
        self.trace.add(self.clock.now(), "relay restarts", 0, &[], String::new);
        self.agenda.retain(|_, act| !matches!(act, Act::Deliver(_)));
        self.held.iter_mut().for_each(Vec::clear);
        for index in 0..self.devices.len() {
            let wait = 10 + self.dice.below(2_000);
            self.after_now(wait, Act::Reconnect(index));
        }
    }

    fn heal(&mut self) {
        self.trace.add(self.clock.now(), "heals", 0, &[], String::new);
        self.network.heal();
        for index in 0..self.devices.len() {
            self.devices[index].make_safe();
            if self.plan.absent.contains(&index) {
                continue;
            }
            self.after_now(1, Act::Boot(index));
            self.after_now(2, Act::Reconnect(index));
        }
    }

    fn at(&mut self, at: Timestamp, act: Act) {
        self.scheduled += 1;
        self.agenda.insert((at, self.scheduled), act);
    }

    fn after(&mut self, wait: Millis, act: Act) {
        self.at(START.after(wait), act);
    }

    fn after_now(&mut self, wait: Millis, act: Act) {
        self.at(self.clock.now().after(wait), act);
    }

    fn report(&mut self, index: usize) -> DeviceReport {
        let device = &self.devices[index];
        let membership = device.membership();
        let keys = membership.and_then(|m| m.keys.as_ref());
        let reserve = membership.and_then(|m| m.reserve.as_ref());
        let told_pending = |(_, told): &(Millis, Told)| matches!(told, Told::Keygen(Event::Pending { .. }));
        let keygen = match membership.map(|m| (&m.keygen, &m.keys)) {
            None => KeygenEnd::Never,
            Some((_, Some(_)) | (None, None)) => KeygenEnd::Finished,
            Some((Some(keygen), None)) => match keygen.failure() {
                Some(failure) => KeygenEnd::Failed(failure.clone()),
                None if keygen.is_pending() => KeygenEnd::Pending(self.told[index].iter().any(told_pending)),
                None => KeygenEnd::Waiting,
            },
        };
        let end =
            |signing: &quorate_session::signing::Signing| match (signing.signatures(), signing.failure()) {
                (Some(signatures), _) => SessionEnd::Signed(signatures.to_vec()),
                (None, Some(failure)) => SessionEnd::Failed(failure.clone()),
                (None, None) => SessionEnd::Open,
            };
        let sessions = membership
            .into_iter()
            .flat_map(|m| &m.signings)
            .map(|(id, signing)| (*id, end(signing)))
            .collect();
        DeviceReport {
            participant: membership.map(|m| m.seat.me()),
            keygen,
            shares: keys.map_or_else(Vec::new, |keys| {
                keys.shares.iter().map(quorate_threshold::KeyShare::duplicate).collect()
            }),
            statement: keys.map(|keys| keys.statement),
            certificate: keys.and_then(|keys| keys.certificate.clone()),
            sessions,
            pairs: reserve.map_or_else(BTreeMap::new, pair_ends),
            presignatures: reserve.map_or(0, Reserve::held),
            made: self.watch.made(index),
            used: self.watch.used(index),
            batches: reserve.map_or(0, Reserve::at_work),
            told: core::mem::take(&mut self.told[index]),
            points: device.points(),
            crashes: self.crashes[index],
            dropped: device.dropped(),
            lies: device.lies(),
        }
    }
}

/// One in how many runs is searched for secrets: runs from stored pairs are short and many.
const fn scanned(start: Start) -> u64 {
    match start {
        Start::Pairs => 64,
        Start::Lobby | Start::Roster | Start::Keys => 16,
    }
}

/// Sets the devices of a plan up.
fn devices(plan: &Plan) -> (Vec<Device>, Vec<quorate_transport::IdentityKey>) {
    let mut dice = Dice::new(plan.seed, if plan.earlier_group { 7 } else { 3 });
    let count = plan.threshold.max_signers();
    let identities = group::identities(plan.seed, count);
    let mut roster = group::roster(&identities, plan.threshold, &plan.purposes, dice.bytes());
    roster.epoch = plan.epoch;
    let secret: [u8; 32] = dice.bytes();
    let stuck = usize::from(plan.faults.stuck_entropy);
    let origin = |index: usize| match plan.start {
        Start::Roster | Start::Keys | Start::Pairs => Origin::Member(roster.clone()),
        Start::Lobby => {
            let invite = Invite {
                relay: "ws://127.0.0.1:8080".parse().expect("an address"),
                secret: Secret::new(secret),
                creator: identities[0].public().fingerprint(),
                threshold: plan.threshold,
                expires: Timestamp(u64::MAX),
            };
            let making = lobby::Plan {
                wallet_name: roster.wallet_name.clone(),
                purposes: plan.purposes.clone(),
                group: roster.group,
            };
            Origin::Invited(Box::new(invite), (index == 0).then_some(making))
        }
    };
    let mut devices: Vec<Device> = identities
        .iter()
        .enumerate()
        .map(|(index, identity)| {
            let entropy = if index < stuck { Entropy::Stuck(0) } else { Entropy::seeded(plan.seed, index) };
            let liar = plan.behaviour(index).map(Liar::new);
            let points = Points::new(plan.fuse(index));
            Device::new(index, identity.clone(), origin(index), plan.patience, entropy, points, liar)
        })
        .collect();
    if matches!(plan.start, Start::Keys | Start::Pairs) {
        let keys: Vec<_> =
            plan.purposes.iter().map(|key| group::deal(*key, plan.threshold, plan.seed)).collect();
        for (index, device) in devices.iter_mut().enumerate() {
            device.install(keys.iter().map(|shares| shares[index].duplicate()).collect());
        }
    }
    for device in devices.iter_mut().filter(|_| plan.needs_pairs()) {
        device.use_ecdsa(plan.ahead);
        if plan.start == Start::Pairs {
            device.install_pairs();
        }
    }
    (devices, identities.iter().map(|identity| identity.public()).collect())
}
