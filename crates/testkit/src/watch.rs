//! The rules that are never broken, checked while a run goes on and at its end.

mod end;

use core::fmt::Debug;
use std::collections::{BTreeMap, BTreeSet};

use quorate_dkls::Tombstone;
use quorate_dkls::sign::OnlineShare;
use quorate_primitives::ParticipantId;
use quorate_session::envelope::{Envelope, Protocol};
use quorate_session::output::Output;
use quorate_session::roster::Roster;
use quorate_session::seat::Seat;
use quorate_session::signing::{Decision, Mutation, Package, Shares};
use quorate_session::{keygen, pairing};
use quorate_transport::IdentityKey;

use crate::byzantine::step;
use crate::device::Told;
use crate::disk::Record;

/// A key ceremony's nudge: it names what is awaited, so it changes.
const NUDGE: u8 = 10;

type Session = [u8; 32];

/// Knows what every honest device did.
pub struct Watch {
    identities: Vec<IdentityKey>,
    liars: BTreeSet<usize>,
    approved: BTreeSet<(usize, Session)>,
    said: BTreeMap<(usize, Vec<u8>), Vec<u8>>,
    burned: BTreeMap<(usize, Session), Envelope>,
    released: BTreeMap<(usize, Vec<u8>), ([u8; 32], Vec<u8>)>,
    /// Whose presignatures a device was given.
    owners: BTreeMap<(usize, [u8; 32]), ParticipantId>,
    /// The one package that an honest owner named each of its presignatures in.
    named: BTreeMap<[u8; 32], [u8; 32]>,
    /// Generations that a device has to ban before it says anything.
    condemned: BTreeSet<(usize, Tombstone)>,
    scan: Option<Scan>,
    violations: Vec<String>,
}

/// What left a device or was printed, and what must not be in it.
#[derive(Default)]
struct Scan {
    texts: Vec<String>,
    bodies: Vec<Vec<u8>>,
    secrets: Vec<[u8; 32]>,
}

impl Watch {
    /// Starts watching. `scans` also looks for secrets in everything that is said and printed, which takes time.
    pub fn new(identities: Vec<IdentityKey>, liars: BTreeSet<usize>, scans: bool) -> Self {
        Self {
            identities,
            liars,
            approved: BTreeSet::new(),
            said: BTreeMap::new(),
            burned: BTreeMap::new(),
            released: BTreeMap::new(),
            owners: BTreeMap::new(),
            named: BTreeMap::new(),
            condemned: BTreeSet::new(),
            scan: scans.then(Scan::default),
            violations: Vec::new(),
        }
    }

    /// Returns what was broken.
    pub fn violations(&self) -> &[String] {
        &self.violations
    }

    /// Names something that must not appear anywhere.
    pub fn add_secret(&mut self, secret: [u8; 32]) {
        if let Some(scan) = &mut self.scan {
            scan.secrets.push(secret);
        }
    }

    /// A person approves.
    pub fn approves(&mut self, device: usize, session: &Session) {
        self.approved.insert((device, *session));
    }

    /// A machine put something out.
    pub fn shows<M: Debug, E: Debug>(&mut self, device: usize, output: &Output<M, E>) {
        let Some(scan) = &mut self.scan else { return };
        if !self.liars.contains(&device) {
            scan.texts.push(format!("{output:?}"));
        }
    }

    /// An honest device speaks: never two things in one place, and no share that was not burned.
    pub fn says(&mut self, device: usize, envelope: &Envelope) {
        let header = &envelope.header;
        let may_change = match header.protocol {
            Protocol::Keygen => header.round == NUDGE,
            // Nonces that were lost in a crash are replaced, until the signers are fixed.
            Protocol::Signing => header.round == step::DECISION,
            // Nothing of these is evidence: what a crash interrupts begins anew.
            Protocol::Pairing | Protocol::Presigning => true,
        };
        if self.condemned.iter().any(|(condemned, _)| *condemned == device) {
            self.broken(format!("K10: device {device} spoke before its ban was durable"));
        }
        let place = (device, borsh::to_vec(header).expect("writing to memory"));
        let first = self.said.entry(place).or_insert_with(|| envelope.body.clone());
        if !may_change && *first != envelope.body {
            self.broken(format!("S4: device {device} gave evidence against itself: {header:?}"));
        }
        let is_share = header.protocol == Protocol::Signing && header.round == step::SHARE;
        if is_share && self.burned.get(&(device, header.session)) != Some(envelope) {
            self.broken(format!("S2: device {device} sent a share that is not burned"));
        }
        if let Some(scan) = &mut self.scan {
            scan.bodies.push(envelope.body.clone());
        }
    }

    /// A record became durable: S1 and S2 when it burns nonces.
    pub fn keeps(&mut self, device: usize, seat: &Seat, record: &Record) {
        match record {
            Record::Keygen(keygen::Mutation::Started { seed, .. }) => self.add_secret(*seed.expose()),
            Record::Signing { session, mutation: Mutation::Burned { package, share } } => {
                self.burns(device, seat, session, package, share);
            }
            Record::Pair { mutation: pairing::Mutation::Made { keys, .. }, .. } => {
                // The encoding ends with seeds.
                let seeds = keys.expose().last_chunk().expect("two seeds at least");
                self.add_secret(*seeds);
            }
            Record::Pair { mutation: pairing::Mutation::Banned(tombstone), .. } => {
                self.condemned.remove(&(device, *tombstone));
            }
            _ => {}
        }
    }

    /// A batch of presignatures is ready at a device.
    pub fn makes(&mut self, device: usize, owner: ParticipantId, ids: &[[u8; 32]]) {
        for id in ids {
            if self.owners.insert((device, *id), owner).is_some() {
                self.broken(format!("S2: device {device} has one presignature twice"));
            }
        }
    }

    /// Returns how many presignatures a device was given.
    pub fn made(&self, device: usize) -> usize {
        self.owners.keys().filter(|(given, _)| *given == device).count()
    }

    /// Returns of how many of them a share left.
    pub fn used(&self, device: usize) -> usize {
        let is_used = |id: &[u8; 32]| self.released.contains_key(&(device, id.to_vec()));
        self.owners.keys().filter(|(given, id)| *given == device && is_used(id)).count()
    }

    /// Extension checks failed at a device: the next thing it does is to make that durable.
    pub fn must_ban(&mut self, device: usize, tombstones: &[Tombstone]) {
        self.condemned.extend(tombstones.iter().map(|tombstone| (device, *tombstone)));
    }

    /// The process of a device is gone, with what it was about to do.
    pub fn crashes(&mut self, device: usize) {
        self.condemned.retain(|(condemned, _)| *condemned != device);
    }

    fn burns(&mut self, device: usize, seat: &Seat, session: &Session, package: &Envelope, share: &Envelope) {
        if self.burned.insert((device, *session), share.clone()).is_some_and(|first| first != *share) {
            self.broken(format!("S2: device {device} burned twice in one session"));
        }
        let fixed: Package = borsh::from_slice(&package.body).expect("a package that was checked");
        let said: Shares = borsh::from_slice(&share.body).expect("a share of our own");
        let mut statements = BTreeSet::new();
        let mut signers = BTreeSet::new();
        for approval in &fixed.approvals {
            let Ok(Decision::Approve(body)) = borsh::from_slice::<Decision>(&approval.body) else { continue };
            let header = &approval.header;
            let is_genuine = seat.verify(approval).is_ok() && header.session == *session;
            let signer = self.device_of(seat.roster(), header.sender);
            let person_did = !self.is_honest(signer) || self.approved.contains(&(signer, *session));
            if is_genuine && person_did && header.round == step::DECISION {
                statements.insert((body.statement, body.policy_version));
                signers.insert(header.sender);
            }
            if header.sender == seat.me() {
                self.releases(device, &body.commitments, &said);
            }
        }
        self.uses(device, seat, package.header.sender, &fixed, &said);
        let needed = usize::from(seat.roster().threshold.min_signers());
        if signers.len() != needed || statements.len() != 1 {
            self.broken(format!(
                "S1: device {device} released a share without {needed} approvals of one statement"
            ));
        }
    }

    /// Each presignature is its owner's to name, and releases one share for one package.
    fn uses(&mut self, device: usize, seat: &Seat, proposer: ParticipantId, fixed: &Package, said: &Shares) {
        let shares = said.shares.iter().filter(|share| share.len() == OnlineShare::LEN);
        let named: Vec<Vec<u8>> = fixed.presignatures.iter().map(|id| id.to_vec()).collect();
        if shares.clone().count() != named.len() {
            self.broken(format!("S2: device {device} released ECDSA shares of unnamed presignatures"));
        }
        if fixed.presignatures.iter().any(|id| self.owners.get(&(device, *id)) != Some(&proposer)) {
            self.broken(format!("B17: device {device} used a presignature that the proposer does not own"));
        }
        let shares = Shares { shares: shares.cloned().collect(), ..said.clone() };
        self.releases(device, &named, &shares);
        self.agrees(seat, proposer, fixed, said.package);
    }

    /// All shares of one presignature are for one package, unless its owner lies.
    fn agrees(&mut self, seat: &Seat, proposer: ParticipantId, fixed: &Package, package: [u8; 32]) {
        let owner = self.device_of(seat.roster(), proposer);
        for id in &fixed.presignatures {
            if self.is_honest(owner) && *self.named.entry(*id).or_insert(package) != package {
                self.broken(format!("S2: device {owner} named one presignature in two packages"));
            }
        }
    }

    /// Each nonce commitment releases one share for one package.
    fn releases(&mut self, device: usize, commitments: &[Vec<u8>], said: &Shares) {
        let pairs = commitments.iter().zip(&said.shares);
        // An approval of what ECDSA signs commits to nothing.
        for (commitment, share) in pairs.filter(|(commitment, _)| !commitment.is_empty()) {
            let release = (said.package, share.clone());
            let first = self.released.entry((device, commitment.clone())).or_insert_with(|| release.clone());
            if *first != release {
                self.broken(format!("S2: device {device} released two shares of one nonce"));
            }
        }
    }

    /// A person is told something: S4 when somebody is blamed.
    pub fn told(&mut self, device: usize, roster: &Roster, told: &Told) {
        for culprit in told.blamed() {
            let accused = self.device_of(roster, culprit);
            if self.is_honest(device) && self.is_honest(accused) {
                self.broken(format!("S4: device {device} blames the honest device {accused}: {told:?}"));
            }
        }
        if let Some(scan) = &mut self.scan {
            scan.texts.push(format!("{told:?}"));
        }
    }

    fn device_of(&self, roster: &Roster, participant: ParticipantId) -> usize {
        let identity = roster.member(participant).map(|member| member.identity);
        self.identities.iter().position(|known| Some(*known) == identity).expect("a device of this run")
    }

    fn is_honest(&self, device: usize) -> bool {
        !self.liars.contains(&device)
    }

    fn broken(&mut self, what: String) {
        self.violations.push(what);
    }
}
