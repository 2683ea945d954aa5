//! Random runs: each seed draws a group, its faults, perhaps a liar, and everything that people ask for.
//!
//! A failing seed is printed with what happened last; it goes into [`REGRESSIONS`], and is run for ever.

use quorate_testkit::network::Mischief;
use quorate_testkit::{Plan, Report, SessionEnd, Simulation, Start};

/// Seeds that once broke a rule, with where they start.
const REGRESSIONS: [(u64, Start); 3] = [(1, Start::Keys), (2, Start::Roster), (3, Start::Lobby)];

/// What many runs were like together: proof that they were not all calm.
#[derive(Debug, Default)]
struct Tally {
    runs: u64,
    liars: u64,
    crashes: u64,
    finished: u64,
    signed: u64,
    unsigned: u64,
    dropped: u64,
    blamed: u64,
    mischief: Mischief,
}

impl Tally {
    fn add(&mut self, plan: &Plan, report: &Report) {
        self.runs += 1;
        self.liars += u64::from(!plan.is_honest());
        for (index, device) in report.devices.iter().enumerate() {
            self.crashes += device.crashes;
            self.dropped += device.dropped;
            self.finished += u64::from(device.statement.is_some());
            self.blamed += u64::from(!report.blamed_by(index).is_empty());
            let signed = |end: &&SessionEnd| matches!(end, SessionEnd::Signed(_));
            let count = device.sessions.values().filter(signed).count() as u64;
            self.signed += count;
            self.unsigned += device.sessions.len() as u64 - count;
        }
        let (all, one) = (&mut self.mischief, report.mischief);
        all.lost += one.lost;
        all.duplicated += one.duplicated;
        all.delayed += one.delayed;
        all.changed += one.changed;
        all.replayed += one.replayed;
        all.misaddressed += one.misaddressed;
    }

    /// Every kind of trouble and every kind of end must have occurred.
    fn is_varied(&self) -> bool {
        let mischief = &self.mischief;
        let troubles = [mischief.lost, mischief.duplicated, mischief.delayed, mischief.changed, mischief.replayed];
        let others = [mischief.misaddressed, self.liars, self.crashes, self.dropped, self.blamed];
        let ends = [self.finished, self.signed, self.unsigned];
        troubles.iter().chain(&others).chain(&ends).all(|count| *count >= self.runs / 50)
    }
}

/// Runs a range of seeds.
fn swarm(start: Start, seeds: core::ops::Range<u64>) {
    let mut tally = Tally::default();
    for seed in seeds {
        let plan = Plan::swarm(seed, start);
        tally.add(&plan, &Simulation::check(&plan));
    }
    println!("schedules from {start:?}: {tally:?}");
    assert!(tally.is_varied(), "the schedules are too calm: {tally:?}");
}

macro_rules! shards {
    ($($name:ident: $start:expr, $seeds:expr;)*) => {
        $(#[test]
        fn $name() {
            swarm($start, $seeds);
        })*
    };
}

shards! {
    swarm_signatures_1: Start::Keys, 0..100;
    swarm_ceremonies_1: Start::Roster, 100_000..100_100;
    swarm_lobbies_1: Start::Lobby, 200_000..200_100;
}

#[test]
fn replays_seed() {
    for (seed, start) in REGRESSIONS {
        Simulation::check(&Plan::swarm(seed, start));
    }
}

/// S10: a run is a function of its seed.
#[test]
fn the_same_seed_gives_the_same_trace() {
    for start in [Start::Keys, Start::Roster, Start::Lobby] {
        let trace = |seed| Simulation::check(&Plan::swarm(seed, start)).trace;
        assert_eq!(trace(7), trace(7));
        assert_ne!(trace(7), trace(8));
    }
}
