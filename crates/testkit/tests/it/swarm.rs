//! Random runs: each seed draws a group, its faults, perhaps a liar, and everything that people ask for.
//!
//! A failing seed is printed with what happened last; it goes into [`REGRESSIONS`].

use quorate_testkit::network::Mischief;
use quorate_testkit::{Plan, Report, SessionEnd, Simulation, Start};

/// Seeds that are run for ever, with where they start: whatever once failed is added here.
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
        let troubles =
            [mischief.lost, mischief.duplicated, mischief.delayed, mischief.changed, mischief.replayed];
        let others = [mischief.misaddressed, self.liars, self.crashes, self.dropped];
        let ends = [self.finished, self.signed, self.unsigned];
        // Few behaviours leave proof, so blame is rarer than the rest.
        let is_common = |count: &u64| *count > self.runs / 50;
        self.blamed > 0 && troubles.iter().chain(&others).chain(&ends).all(is_common)
    }
}

/// How many shards there are of each kind, and how many schedules are in one.
const SIGNATURES: (u64, u64) = (19, 400);
const CEREMONIES: (u64, u64) = (12, 150);
const LOBBIES: (u64, u64) = (6, 100);

/// Runs one shard: the runner spreads them over the cores.
fn swarm(start: Start, (_, schedules): (u64, u64), shard: u64) {
    let mut tally = Tally::default();
    let first = start as u64 * 1_000_000 + shard * schedules;
    for seed in first..first + schedules {
        let plan = Plan::swarm(seed, start);
        tally.add(&plan, &Simulation::check(&plan));
    }
    println!("schedules from {start:?}: {tally:?}");
    assert!(tally.is_varied(), "the schedules are too calm: {tally:?}");
}

macro_rules! shards {
    ($start:expr, $size:expr, [$($name:ident = $shard:expr),* $(,)?]) => {
        $(#[test]
        fn $name() {
            assert!($shard < $size.0);
            swarm($start, $size, $shard);
        })*
    };
}

shards!(
    Start::Keys,
    SIGNATURES,
    [
        swarm_signatures_00 = 0,
        swarm_signatures_01 = 1,
        swarm_signatures_02 = 2,
        swarm_signatures_03 = 3,
        swarm_signatures_04 = 4,
        swarm_signatures_05 = 5,
        swarm_signatures_06 = 6,
        swarm_signatures_07 = 7,
        swarm_signatures_08 = 8,
        swarm_signatures_09 = 9,
        swarm_signatures_10 = 10,
        swarm_signatures_11 = 11,
        swarm_signatures_12 = 12,
        swarm_signatures_13 = 13,
        swarm_signatures_14 = 14,
        swarm_signatures_15 = 15,
        swarm_signatures_16 = 16,
        swarm_signatures_17 = 17,
        swarm_signatures_18 = 18,
    ]
);

shards!(
    Start::Roster,
    CEREMONIES,
    [
        swarm_ceremonies_00 = 0,
        swarm_ceremonies_01 = 1,
        swarm_ceremonies_02 = 2,
        swarm_ceremonies_03 = 3,
        swarm_ceremonies_04 = 4,
        swarm_ceremonies_05 = 5,
        swarm_ceremonies_06 = 6,
        swarm_ceremonies_07 = 7,
        swarm_ceremonies_08 = 8,
        swarm_ceremonies_09 = 9,
        swarm_ceremonies_10 = 10,
        swarm_ceremonies_11 = 11,
    ]
);

shards!(
    Start::Lobby,
    LOBBIES,
    [
        swarm_lobbies_0 = 0,
        swarm_lobbies_1 = 1,
        swarm_lobbies_2 = 2,
        swarm_lobbies_3 = 3,
        swarm_lobbies_4 = 4,
        swarm_lobbies_5 = 5,
    ]
);

#[test]
fn the_shards_hold_ten_thousand_schedules() {
    let schedules: u64 = [SIGNATURES, CEREMONIES, LOBBIES].iter().map(|(shards, size)| shards * size).sum();
    println!("schedules in all shards: {schedules}");
    assert!(schedules >= 10_000);
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
