//! One signature after the other, with deaths in between: what must hold after each.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use quorate_tests::{Device, Kill};
use serde_json::Value;

use crate::group::{Group, PATIENCE, approve, failed, proposed, signed, undecided};
use crate::journal::Journals;

/// How many presignatures a device of three holds when all signer sets have theirs: four for each owner of each.
const FULL: u64 = 16;

/// Signs with one group again and again, a device dying at one point each time.
pub struct Signings {
    group: Group,
    victim: usize,
    /// What is asked for, for an amount.
    request: fn(u32) -> Value,
    /// Whether presignatures are there before anybody asks.
    pool: bool,
    /// The first halves of all signatures: nonces seen.
    nonces: BTreeSet<String>,
    journals: Journals,
    amount: u32,
    known: Vec<String>,
}

impl Signings {
    /// Makes a wallet; `None` where there is no binary to test.
    pub fn start(victim: usize, request: fn(u32) -> Value, pool: bool) -> Option<Self> {
        let mut group = Group::with_wallet("signing")?;
        let is_paired = |view: &Value| view["view"] == "pairs" && view["ready"] == view["of"];
        for device in &mut group.devices {
            let paired = device.try_wait("pairs", PATIENCE, is_paired);
            assert!(paired.is_some(), "{} has no pairs", device.name);
        }
        let (nonces, journals) = (BTreeSet::new(), Journals::default());
        Some(Self { group, victim, request, pool, nonces, journals, amount: 0, known: Vec::new() })
    }

    /// Returns how many presignatures the proposer and the approver have burned.
    pub fn burned(&self) -> usize {
        self.journals.burned()
    }

    /// One signature with a death, then one without: it finished, or failed cleanly and the next one works.
    pub fn run(&mut self, kill: Kill) -> bool {
        self.group.devices[self.victim].restart(Some(kill));
        std::thread::sleep(Duration::from_millis(150));
        self.await_pool();
        let id = self.attempt();
        let died = self.group.devices[self.victim].is_dead();
        if died {
            self.group.devices[self.victim].restart(None);
        }
        if let Some(id) = id {
            self.settle(&id, kill);
        }
        if died {
            let id = self.attempt().unwrap_or_else(|| panic!("{kill:?}: no request after the restart"));
            let both = [0, 1].map(|index| signed(&mut self.group.devices[index], &id, PATIENCE));
            if both.iter().any(Option::is_none) {
                self.show_devices();
                panic!("{kill:?}: request {id} is not signed after the restart");
            }
            self.remember(&both[0].clone().unwrap_or_default(), &id);
        }
        for index in [0, 1] {
            self.journals.read(index, self.group.devices[index].home());
        }
        died
    }

    /// Waits until the victim holds all presignatures that are made ahead, if it does not die before.
    fn await_pool(&mut self) {
        let deadline = Instant::now() + Duration::from_secs(10);
        let is_full = |view: &Value| view["held"].as_u64().is_some_and(|held| held >= FULL);
        let victim = &mut self.group.devices[self.victim];
        while self.pool && Instant::now() < deadline && !victim.is_dead() {
            if victim.look().iter().any(is_full) {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// The first device proposes, the second approves; `None` if a death came before the request.
    fn attempt(&mut self) -> Option<String> {
        self.amount += 1;
        let amount = self.amount;
        self.group.devices[0].command(&(self.request)(amount));
        let id = proposed(&mut self.group.devices[0], &self.known, Duration::from_secs(3))?;
        self.known.push(id.clone());
        let others: Vec<String> = self.known.iter().filter(|known| **known != id).cloned().collect();
        undecided(&mut self.group.devices[1], &others, Duration::from_secs(3))
            .filter(|shown| *shown == id)?;
        self.group.devices[1].command(&approve(&id));
        let deadline = Instant::now() + Duration::from_secs(5);
        while Instant::now() < deadline && !self.group.devices[self.victim].is_dead() {
            if signed(&mut self.group.devices[0], &id, Duration::from_millis(5)).is_some()
                && signed(&mut self.group.devices[1], &id, Duration::from_millis(5)).is_some()
            {
                // Lazy commits and answers of the victim may still come.
                std::thread::sleep(Duration::from_millis(300));
                break;
            }
        }
        Some(id)
    }

    /// After a death a request is signed or has failed on the device that lived, or it is undecided again on an
    /// approver whose approval never left: then its person approves once more.
    fn settle(&mut self, id: &str, kill: Kill) {
        let survivor = 1 - self.victim;
        let deadline = Instant::now() + PATIENCE;
        let decided: Vec<String> = self.known.iter().filter(|known| *known != id).cloned().collect();
        let mut approved_again = false;
        loop {
            if self.victim == 1 && !approved_again {
                let again = undecided(&mut self.group.devices[1], &decided, Duration::from_millis(1));
                approved_again = again.is_some();
                again.iter().for_each(|id| self.group.devices[1].command(&approve(id)));
            }
            let device = &mut self.group.devices[survivor];
            if let Some(signatures) = signed(device, id, Duration::from_millis(10)) {
                return self.remember(&signatures, id);
            }
            if failed(device, id) {
                return;
            }
            let seen = Instant::now() < deadline || {
                self.show_devices();
                false
            };
            assert!(seen, "{kill:?}: request {id} hangs");
        }
    }

    fn show_devices(&mut self) {
        self.group.devices.iter_mut().for_each(|device| println!("{}", summary(device)));
    }

    /// S2: a nonce commitment R appears with one request only.
    fn remember(&mut self, signatures: &[String], id: &str) {
        for signature in signatures {
            let nonce = signature[..64].to_owned();
            assert!(self.nonces.insert(nonce), "request {id} was signed with a nonce used before");
        }
    }
}

/// Returns what a device has shown, a line each.
fn summary(device: &mut Device) -> String {
    let line = |view: &Value| {
        let request = view.get("request").unwrap_or(&Value::Null);
        let fields = [
            &view["view"],
            &view["connected"],
            &view["reason"],
            &request["id"],
            &request["approved"],
            &request["undecided"],
        ];
        fields.map(ToString::to_string).join(" ")
    };
    let lines: Vec<String> = device.look().iter().map(line).collect();
    format!("{}:\n  {}", device.name, lines.join("\n  "))
}
