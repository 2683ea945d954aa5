//! Random runs of the ECDSA key: each seed draws a group, its faults, perhaps a liar, and what people ask for.
//!
//! Whole ones begin with dealt keys and set pairs up first. The others begin with stored pairs, so that all their
//! time goes into presignatures and signatures. A failing seed goes into [`REGRESSIONS`].

use quorate_dkls::Fault;
use quorate_session::presigning;
use quorate_session::signing::Failure;
use quorate_testkit::device::Told;
use quorate_testkit::network::Mischief;
use quorate_testkit::report::DeviceReport;
use quorate_testkit::{PairEnd, Plan, Report, SessionEnd, Simulation, Start};

/// Seeds from stored pairs that are run for ever, with how many presignatures are made ahead.
const REGRESSIONS: [(u64, usize); 2] = [(0xc6_64ad, 2), (20_000_257, 3)];

/// What happened to the honest devices of many runs.
#[derive(Debug, Default)]
struct Tally {
    runs: u64,
    liars: u64,
    crashes: u64,
    /// Presignatures that a device was given; of these, a share left, or they went with a process, a pair or a peer.
    made: u64,
    used: u64,
    lost: u64,
    signed: u64,
    unsigned: u64,
    withdrawn: u64,
    /// Requests for which there were no presignatures.
    without: u64,
    blamed: u64,
    /// Batches that came to nothing: in time, by a check of one's own, by another's word.
    late: u64,
    failed: u64,
    ended: u64,
    banned: u64,
    events: u64,
    mischief: Mischief,
}

impl Tally {
    fn add(&mut self, plan: &Plan, report: &Report) {
        self.runs += 1;
        self.liars += u64::from(!plan.is_honest());
        self.events += report.events;
        let honest = |index: &usize| plan.behaviour(*index).is_none();
        for index in (0..report.devices.len()).filter(honest) {
            let device = &report.devices[index];
            self.crashes += device.crashes;
            self.blamed += u64::from(!report.blamed_by(index).is_empty());
            self.banned += device.pairs.values().filter(|end| **end == PairEnd::Banned).count() as u64;
            self.count_presignatures(device);
            device.sessions.values().for_each(|end| self.count_session(end));
            for (_, told) in &device.told {
                if let Told::Presigning(failure) = told {
                    self.count_batch(failure);
                }
            }
        }
        let (all, one) = (&mut self.mischief, report.mischief);
        all.lost += one.lost;
        all.duplicated += one.duplicated;
        all.delayed += one.delayed;
        all.changed += one.changed;
        all.replayed += one.replayed;
        all.misaddressed += one.misaddressed;
    }

    fn count_presignatures(&mut self, device: &DeviceReport) {
        self.made += device.made as u64;
        self.used += device.used as u64;
        self.lost += (device.made - device.used - device.presignatures) as u64;
    }

    fn count_session(&mut self, end: &SessionEnd) {
        match end {
            SessionEnd::Signed(_) => self.signed += 1,
            SessionEnd::Failed(failure) => {
                self.unsigned += 1;
                self.withdrawn += u64::from(matches!(failure, Failure::Withdrawn { .. }));
                self.without += u64::from(matches!(failure, Failure::NoPresignatures { .. }));
            }
            SessionEnd::Open => {}
        }
    }

    fn count_batch(&mut self, failure: &presigning::Failure) {
        match failure {
            presigning::Failure::TimedOut { .. } => self.late += 1,
            presigning::Failure::Ended { .. } => self.ended += 1,
            presigning::Failure::Unproven { .. } | presigning::Failure::Fault(Fault::Ban(_)) => {
                self.failed += 1;
            }
            presigning::Failure::Fault(Fault::Local(_) | Fault::Retry(_) | Fault::Blame { .. }) => {}
        }
    }

    /// Insists that every kind of trouble and of end has occurred, once in ten runs; failures, of which some come from
    /// little else than lies, once in 430.
    fn insist_on_variety(&self) {
        let mischief = &self.mischief;
        let troubles = [mischief.lost, mischief.duplicated, mischief.delayed, mischief.changed];
        let others = [mischief.replayed, mischief.misaddressed, self.liars, self.crashes];
        let ends = [self.made, self.used, self.signed, self.unsigned];
        let mut common = troubles.iter().chain(&others).chain(&ends);
        assert!(common.all(|count| count * 10 >= self.runs), "the schedules are too calm: {self:?}");
        let requests = [self.withdrawn, self.without, self.blamed];
        // Whether a signer or its patience ends a batch is chance.
        let batches = [self.lost, self.late + self.ended, self.failed, self.banned];
        let mut rare = requests.iter().chain(&batches);
        assert!(rare.all(|count| *count >= self.runs / 430), "too little fails: {self:?}");
    }
}

/// How many shards there are of each kind, and how many schedules are in one.
const WHOLE: (u64, u64) = (6, 52);
const STORED: (u64, u64) = (6, 860);

/// Runs one shard: the runner spreads them over the cores.
fn swarm(what: &str, (_, schedules): (u64, u64), shard: u64, plan: impl Fn(u64) -> Plan) {
    let mut tally = Tally::default();
    for seed in shard * schedules..(shard + 1) * schedules {
        let plan = plan(seed);
        tally.add(&plan, &Simulation::check(&plan));
    }
    println!("ECDSA schedules, {what}: {tally:?}");
    tally.insist_on_variety();
}

fn whole(shard: u64) {
    let plan = |seed| Plan::swarm_of_ecdsa(11_000_000 + seed, Start::Keys);
    swarm("whole", WHOLE, shard, plan);
}

fn stored(shard: u64) {
    swarm("from stored pairs", STORED, shard, |seed| Plan::swarm_from_pairs(20_000_000 + seed));
}

macro_rules! shards {
    ($run:ident, $size:expr, [$($name:ident = $shard:expr),* $(,)?]) => {
        $(#[test]
        fn $name() {
            const { assert!($shard < $size.0) };
            $run($shard);
        })*
    };
}

shards!(
    whole,
    WHOLE,
    [
        swarm_pairs_0 = 0,
        swarm_pairs_1 = 1,
        swarm_pairs_2 = 2,
        swarm_pairs_3 = 3,
        swarm_pairs_4 = 4,
        swarm_pairs_5 = 5,
    ]
);

shards!(
    stored,
    STORED,
    [
        swarm_presignatures_0 = 0,
        swarm_presignatures_1 = 1,
        swarm_presignatures_2 = 2,
        swarm_presignatures_3 = 3,
        swarm_presignatures_4 = 4,
        swarm_presignatures_5 = 5,
    ]
);

#[test]
fn the_shards_hold_three_hundred_whole_and_five_thousand_other_schedules() {
    const { assert!(WHOLE.0 * WHOLE.1 >= 300 && STORED.0 * STORED.1 >= 5_000) };
}

#[test]
fn replays_seed_of_ecdsa() {
    for (seed, ahead) in REGRESSIONS {
        Simulation::check(&Plan { ahead, ..Plan::swarm_of_ecdsa(seed, Start::Pairs) });
    }
}

/// S10: a run is a function of its seed.
#[test]
fn the_same_seed_gives_the_same_trace_of_ecdsa() {
    let trace = |seed| Simulation::check(&Plan::swarm_from_pairs(seed)).trace;
    assert_eq!(trace(7), trace(7));
    assert_ne!(trace(7), trace(8));
}
