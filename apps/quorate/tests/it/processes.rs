//! `quorate device`, `quorate signal` and `quorate demo`.

use std::net::TcpListener;

use crate::stage::{KDF, Stage};

#[test]
fn a_device_for_programs_answers_line_by_line() {
    let mut stage = Stage::new();
    let lines = [
        r#"{"command":"list"}"#,
        r#"{"command":"requests"}"#,
        r#"{"command":"show","wallet":"treasury"}"#,
        r#"{"command":"create","name":"w","threshold":3,"members":2,"relay":"ws://127.0.0.1:9/ws"}"#,
        r#"{"command":"create","name":"w","threshold":2,"members":2,"relay":"nowhere"}"#,
        r#"{"command":"join","invite":"hello"}"#,
        r#"{"command":"approve","request":"00"}"#,
        r#"{"command":"confirm-words","same":true}"#,
        r#"{"command":"steal"}"#,
        r#"{"command":"list","extra":1}"#,
        "not json",
    ];
    let init = [&["device", "--init", "laptop"][..], &KDF].concat();
    for (args, lines) in [(&init[..], &lines[..]), (&["device"], &lines[..1])] {
        let mut device = stage.start("laptop", args);
        for (count, line) in (1..).zip(lines) {
            device.wait_for_lines(count);
            device.say(line);
        }
        device.wait_for_lines(lines.len() + 1);
        assert_eq!(stage.finish(device).code, 0);
    }
    stage.note("one home holds one device");
    assert_eq!(stage.run("laptop", &init).code, 5);
    assert_eq!(stage.run("nowhere", &["device"]).code, 5);
    stage.compare("device");
}

#[test]
fn a_relay_says_where_it_listens_or_why_it_does_not() {
    let mut stage = Stage::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    stage.call(&format!(":{port}"), ":<port>");
    let listen = format!("127.0.0.1:{port}");
    let failing = ["signal", "--listen", &listen, "--log", "error"];
    assert_eq!(stage.run_bare(&failing, &format!("quorate signal --listen {listen} --log error")).code, 6);
    let json = [&["--json"][..], &failing].concat();
    assert_eq!(
        stage.run_bare(&json, &format!("quorate --json signal --listen {listen} --log error")).code,
        6
    );
    drop(taken);
    let mut relay = stage.start("nobody", &["signal", "--listen", &listen, "--log", "error", "--drain", "0"]);
    relay.wait_for("listens on");
    relay.interrupt();
    assert_eq!(stage.finish(relay).code, 0);
    stage.compare("signal");
}

#[test]
fn the_demo_signs_on_every_chain() {
    let mut stage = Stage::new();
    assert_eq!(stage.run_bare(&["demo"], "quorate demo").code, 0);
    let report = stage.run_bare(&["demo", "--json"], "quorate demo --json");
    assert_eq!(report.code, 0);
    stage.write("bad.json", "{}x");
    assert_eq!(stage.run_bare(&["demo", "--context", "bad.json"], "quorate demo --context bad.json").code, 1);
    let report: serde_json::Value = serde_json::from_str(&report.stdout).unwrap();
    let chains: Vec<_> = report["chains"].as_array().unwrap().iter().map(|row| &row["chain"]).collect();
    for chain in ["solana", "near", "bitcoin"] {
        assert!(chains.iter().any(|found| *found == chain), "{chain}");
    }
    stage.compare("demo");
}
