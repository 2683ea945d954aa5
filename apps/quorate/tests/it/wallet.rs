//! `quorate wallet`: what three people see while they make a wallet, and what can go wrong.

use std::time::Duration;

use crate::stage::{Running, Stage};

const CREATE: [&str; 7] = ["wallet", "create", "treasury", "--threshold", "2", "--members", "3"];
/// What is shown right before the question, which does not end its line.
const QUESTION: &str = "Safety words of treasury";

#[test]
fn three_people_make_a_wallet() {
    let mut stage = Stage::with_relay();
    ["laptop", "phone", "server"].iter().for_each(|device| stage.init(device));
    let mut all = lobby(&mut stage, &["laptop", "phone", "server"], &[]);
    for device in &mut all {
        device.wait_for(QUESTION);
        device.say("yes");
    }
    finish_all(&mut stage, all, 0);

    stage.note("afterwards, each without the others");
    for args in [
        &["wallet", "list"][..],
        &["wallet", "show"],
        &["wallet", "show", "treasury"],
        &["wallet", "addresses"],
        &["wallet", "addresses", "treasury", "--network", "testnet", "--account", "1"],
        &["--json", "wallet", "list"],
        &["--json", "wallet", "show"],
        &["--json", "wallet", "addresses", "--network", "regtest"],
        &["--json", "requests", "--wait", "0s"],
        &["requests", "--wait", "0s"],
        &["wallet", "resume"],
    ] {
        assert_eq!(stage.run("phone", args).code, 0);
    }
    stage.note("and what does not work");
    for args in [
        &["wallet", "show", "savings"][..],
        &["--json", "wallet", "show", "savings"],
        &["wallet", "addresses", "savings"],
        &["wallet", "abandon", "treasury", "--yes"],
        &["wallet", "abandon", "savings", "--yes"],
        &["wallet", "create", "treasury", "--threshold", "2", "--members", "3"],
    ] {
        assert_eq!(stage.run("phone", args).code, 1, "{args:?}");
    }
    stage.compare("wallet");
}

#[test]
fn programs_make_a_wallet() {
    let mut stage = Stage::with_relay();
    ["laptop", "phone"].iter().for_each(|device| stage.init(device));
    let create = ["--json", "wallet", "create", "treasury", "--threshold", "2", "--members", "2", "--relay"];
    let relay = stage.url.clone();
    let mut laptop = stage.start("laptop", &[&create[..], &[&relay]].concat());
    let line = laptop.wait_for("\"invite\":");
    let view: serde_json::Value = serde_json::from_str(&line[3..]).unwrap();
    let mut phone =
        stage.start("phone", &["--json", "wallet", "join", view["invite"].as_str().unwrap(), "--yes"]);
    laptop.wait_for("\"confirm\":true");
    laptop.say("yes");
    phone.wait_for("\"ready\"");
    // Programs see every event of the relay and of the ceremony; how these interleave is not part of the transcript.
    laptop.keep_only(&["invite", "arrived", "ready"]);
    phone.keep_only(&["ready"]);
    finish_all(&mut stage, vec![laptop, phone], 0);
    stage.compare("wallet-json");
}

#[test]
fn different_words_end_it() {
    let mut stage = Stage::with_relay();
    ["laptop", "phone", "server"].iter().for_each(|device| stage.init(device));
    let mut all = lobby(&mut stage, &["laptop", "phone", "server"], &[]);
    all.iter_mut().for_each(|device| drop(device.wait_for(QUESTION)));
    stage.note("the first says yes, the second has not answered yet, the third says no");
    all[0].say("yes");
    all[0].wait_for("waiting until everybody");
    all[2].say("what?");
    all[2].say("no");
    all[..2].iter_mut().for_each(|device| drop(device.wait_for("says the safety words differ")));
    finish_all(&mut stage, all, 3);
    stage.compare("words-differ");
}

#[test]
fn what_can_not_be_begun() {
    let mut stage = Stage::new();
    stage.init("laptop");
    let create = |options: &[&'static str]| [&["wallet", "create", "treasury"][..], options].concat();
    for (args, code) in [
        (create(&["--threshold", "4", "--members", "3"]), 1),
        (create(&["--threshold", "1", "--members", "3"]), 1),
        (create(&["--threshold", "2", "--members", "65"]), 1),
        (create(&["--threshold", "2", "--members", "3", "--relay", "relay.example.org"]), 1),
        (create(&["--threshold", "2", "--members", "3", "--relay", "ws://relay.example.org/ws"]), 1),
        (create(&["--threshold", "2", "--members", "3", "--relay", "ws://127.0.0.1:9/ws"]), 6),
        (vec!["--json", "wallet", "join", "hello"], 1),
        (vec!["wallet", "join", "hello"], 1),
        (vec!["wallet", "join", "quorate1qqqq"], 1),
        (vec!["wallet", "show"], 1),
    ] {
        assert_eq!(stage.run("laptop", &args).code, code, "{args:?}");
    }
    stage.compare("wallet-refused");
}

#[test]
fn invites_that_lead_nowhere() {
    let mut stage = Stage::with_relay();
    ["laptop", "phone"].iter().for_each(|device| stage.init(device));
    let relay = stage.url.clone();
    let create = [&CREATE[..], &["--expires", "1s", "--relay", &relay]].concat();
    stage.note("nobody comes in time");
    let mut laptop = stage.start("laptop", &create);
    let invite = laptop.wait_for("1| quorate1")[3..].to_owned();
    assert_eq!(stage.finish(laptop).code, 4);
    stage.note("and who comes too late");
    assert_eq!(stage.run("phone", &["wallet", "join", &invite]).code, 1);
    stage.note("an invite with one letter changed, and one cut off");
    let last = if invite.ends_with('q') { "p" } else { "q" };
    let changed = format!("{}{last}", &invite[..invite.len() - 1]);
    stage.call(&changed, "<invite with a changed letter>");
    stage.call(&invite[..100], "<half an invite>");
    assert_eq!(stage.run("phone", &["wallet", "join", &changed]).code, 1);
    assert_eq!(stage.run("phone", &["wallet", "join", &invite[..100]]).code, 1);
    stage.compare("invites");
}

#[test]
fn an_interrupted_group_goes_on() {
    let mut stage = Stage::with_relay();
    ["laptop", "phone", "server"].iter().for_each(|device| stage.init(device));
    let mut all = lobby(&mut stage, &["laptop", "phone", "server"], &[]);
    let mut server = all.pop().unwrap();
    for device in &mut all {
        device.wait_for(QUESTION);
        device.say("yes");
    }
    stage.note("one person presses Ctrl-C while reading the words");
    server.wait_for(QUESTION);
    server.interrupt();
    assert_eq!(stage.finish(server).code, 130);
    stage.note("and goes on later");
    let mut server = stage.start("server", &["wallet", "resume"]);
    server.wait_for(QUESTION);
    server.say("yes");
    all.push(server);
    finish_all(&mut stage, all, 0);
    stage.compare("resume");
}

#[test]
fn a_device_killed_at_the_question_asks_once_more_and_not_twice() {
    let mut stage = Stage::with_relay();
    ["laptop", "phone", "server"].iter().for_each(|device| stage.init(device));
    let mut all = lobby(&mut stage, &["laptop", "phone", "server"], &[]);
    all.iter_mut().for_each(|device| drop(device.wait_for(QUESTION)));
    // Dropped is killed.
    let phone = all.remove(1);
    drop(phone);
    let mut phone = stage.start("phone", &["wallet", "resume"]);
    phone.wait_for(QUESTION);
    all.push(phone);
    all.iter_mut().for_each(|device| device.say("yes"));
    for device in all {
        let ended = device.end();
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        assert_eq!(ended.stderr.matches(QUESTION).count(), 1, "{}", ended.stderr);
    }
}

#[test]
fn a_killed_relay_loses_nothing() {
    let mut stage = Stage::with_relay();
    ["laptop", "phone", "server"].iter().for_each(|device| stage.init(device));
    let mut all = lobby(&mut stage, &["laptop", "phone", "server"], &[]);
    for device in &mut all {
        device.wait_for(QUESTION);
    }
    let port = stage.kill_relay();
    for device in &mut all {
        device.say("yes");
    }
    all[0].wait_for("[!]");
    std::thread::sleep(Duration::from_millis(10));
    stage.start_relay(port);
    finish_all(&mut stage, all, 0);
    stage.compare("relay-killed");
}

#[test]
fn an_unfinished_wallet_can_be_given_up() {
    let mut stage = Stage::with_relay();
    ["laptop", "phone", "server"].iter().for_each(|device| stage.init(device));
    let mut all = lobby(&mut stage, &["laptop", "phone", "server"], &[]);
    for device in &mut all {
        device.wait_for(QUESTION);
    }
    stage.note("the third person never answers");
    let mut third = all.pop().unwrap();
    third.interrupt();
    assert_eq!(third.end().code, 130);
    for device in &mut all {
        device.say("yes");
        device.wait_for("waiting until everybody");
    }
    let mut phone = all.pop().unwrap();
    phone.interrupt();
    assert_eq!(phone.end().code, 130);
    assert_eq!(stage.run("phone", &["wallet", "list"]).code, 0);
    assert_eq!(stage.run_with("phone", &["wallet", "abandon", "treasury"], "no").code, 3);
    assert_eq!(stage.run_with("phone", &["wallet", "abandon", "treasury"], "yes").code, 0);
    stage.note("the others are told");
    finish_all(&mut stage, all, 1);
    stage.note("what failed stays in the list until it is given up once more");
    assert_eq!(stage.run("phone", &["wallet", "list"]).code, 0);
    assert_eq!(stage.run("phone", &["wallet", "abandon", "treasury", "--yes"]).code, 0);
    assert_eq!(stage.run("phone", &["wallet", "list"]).code, 0);
    stage.compare("abandon");
}

/// Starts a group, one device after the other, so that everybody sees the same order.
fn lobby(stage: &mut Stage, devices: &[&str], options: &[&str]) -> Vec<Running> {
    let relay = stage.url.clone();
    let create = [&CREATE[..], &["--relay", &relay], options].concat();
    let mut all = vec![stage.start(devices[0], &create)];
    let invite = all[0].wait_for("1| quorate1")[3..].to_owned();
    for (index, device) in devices.iter().enumerate().skip(1) {
        all.push(stage.start(device, &[&["wallet", "join", &invite][..], options].concat()));
        all[0].wait_for(&format!("{device} is here ({} of {})", index + 1, devices.len()));
    }
    all
}

fn finish_all(stage: &mut Stage, all: Vec<Running>, code: i32) {
    for device in all {
        let ended = stage.finish(device);
        assert_eq!(ended.code, code, "{}", ended.stderr);
    }
}
