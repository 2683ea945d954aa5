//! Random runs.

use quorate_testkit::{Plan, Simulation, Start};

#[test]
fn probe() {
    for start in [Start::Keys, Start::Roster, Start::Lobby] {
        let begin = std::time::Instant::now();
        let mut bad = 0;
        let (mut ev, mut fr) = (0, 0);
        let mut t = std::time::Duration::ZERO;
        for seed in 0..200 {
            let b = std::time::Instant::now();
            let r = Simulation::new(&Plan::swarm(seed, start), false).run();
            t += b.elapsed(); ev += r.events; fr += r.sent.len();
            if !r.violations.is_empty() { bad += 1; if bad < 8 {
            println!("{start:?} {seed} {:?} {:#?}", Plan::swarm(seed, start).liar, r.violations); } }
        }
        println!("{start:?} {:?} bad {bad} events {} frames {} ", begin.elapsed() / 200, ev/200, fr/200);
    }
}
