use quorate_primitives::KeyPurpose;
use quorate_testkit::{Behaviour, Plan, Simulation, Answer};
#[test]
fn table() {
    for b in Behaviour::ALL {
        for liar in [0, 1] {
        let mut plan = Plan::calm(5, 2, 3, &KeyPurpose::ALL);
        plan.liar = Some((liar, b));
        let r = Simulation::new(&plan, false).run();
        let line: Vec<String> = (0..3).map(|d| format!("{}: {:?} blames {:?}", d, match &r.devices[d].keygen { quorate_testkit::KeygenEnd::Failed(f) => format!("{f}"), o => format!("{o:?}")}, r.blamed_by(d))).collect();
        println!("{b:?} liar P{}\n   {}", liar + 1, line.join("\n   "));
        if !r.violations.is_empty() { println!("   !!!! {:?}", r.violations); }
        }
    }
    for b in Behaviour::ALL {
        for (t, n, liar) in [(2, 3, 0), (2, 3, 1), (3, 4, 0)] {
        let mut plan = Plan::signature(5, t, KeyPurpose::Ed25519, &vec![Answer::Approve; n]);
        plan.liar = Some((liar, b));
        let r = Simulation::new(&plan, false).run();
        let line: Vec<String> = (0..n).map(|d| format!("{}: {:?} blames {:?}", d, r.devices[d].sessions.values().next().map(|s| match s { quorate_testkit::SessionEnd::Failed(f) => format!("{f}"), quorate_testkit::SessionEnd::Signed(_) => "signed".into(), o => format!("{o:?}")}), r.blamed_by(d))).collect();
        if line.iter().all(|l| l.contains("signed")) && liar == 0 { continue; }
        println!("SIGN {b:?} {t}of{n} liar P{}\n   {}", liar + 1, line.join("\n   "));
        if !r.violations.is_empty() { println!("   !!!! {:?}", r.violations); }
        }
    }
}
