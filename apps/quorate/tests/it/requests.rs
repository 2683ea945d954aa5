//! Requests that are refused, run out of time, are interrupted, or find no relay.

use crate::stage::Stage;

const TO: &str = "4Nd1mYvZFCbRuQQW2oMCvYQUBbr4VJtwL7GV7RLZcS3f";
const SIGN: [&str; 11] = [
    "sign",
    "solana",
    "--to",
    TO,
    "--amount",
    "0.5",
    "--blockhash",
    "EtWTRABZaYq6iMfeYKouRu166VU2xqa1wcaWoxPkrZBG",
    "--network",
    "testnet",
    "--yes",
];

#[test]
fn a_request_that_too_many_refuse_fails() {
    let mut stage = Stage::with_relay();
    stage.make_wallet("treasury", "2", &["laptop", "phone", "server"]);
    let mut laptop = stage.start("laptop", &SIGN);
    let id = stage.request_id(&laptop.wait_for("On another device"));
    assert_eq!(stage.run("phone", &["refuse", &id, "--reason", "not agreed\u{1b}[2J"]).code, 0);
    laptop.wait_for("refused by phone");
    stage.note("whoever says no when asked refuses nothing");
    assert_eq!(stage.run_with("server", &["approve", &id], "no").code, 3);
    stage.note("nobody is there to ask");
    assert_eq!(stage.run("server", &["approve", &id]).code, 130);
    assert_eq!(stage.run("server", &["refuse", &id]).code, 0);
    stage.note("and the proposer is told");
    assert_eq!(stage.finish(laptop).code, 3);
    stage.note("what is over is not waited for");
    assert_eq!(stage.run("server", &["approve", &id]).code, 1);
    assert_eq!(stage.run("phone", &["refuse", &id]).code, 1);
    assert_eq!(stage.run("phone", &["approve", "4f2"]).code, 1);
    assert_eq!(stage.run("laptop", &["requests", "--wait", "0s"]).code, 0);
    assert_eq!(stage.run("laptop", &["--json", "requests", "--wait", "0s"]).code, 0);
    stage.compare("refuse");
}

#[test]
fn a_request_that_nobody_answers_runs_out_of_time() {
    let mut stage = Stage::with_relay();
    stage.make_wallet("treasury", "2", &["laptop", "phone"]);
    let sign = [&SIGN[..], &["--expires", "1s"]].concat();
    assert_eq!(stage.run("laptop", &sign).code, 4);
    assert_eq!(stage.run("laptop", &[&["--json"], &sign[..]].concat()[..]).code, 4);
    stage.note("and nothing is left to approve");
    assert_eq!(stage.run("phone", &["approve", "--wait", "1s"]).code, 4);
    assert_eq!(stage.run("phone", &["approve", "ffffffff", "--wait", "1s"]).code, 4);
    assert_eq!(stage.run("phone", &["refuse", "ffffffff", "--wait", "1s"]).code, 4);
    stage.compare("expired");
}

#[test]
fn an_interrupted_request_is_proposed_again() {
    let mut stage = Stage::with_relay();
    stage.make_wallet("treasury", "2", &["laptop", "phone"]);
    let mut laptop = stage.start("laptop", &SIGN);
    let id = stage.request_id(&laptop.wait_for("On another device"));
    laptop.interrupt();
    assert_eq!(stage.finish(laptop).code, 130);
    let mut laptop = stage.start("laptop", &["sign", "resume", &id]);
    laptop.wait_for("Ends");
    laptop.say("yes");
    let again = stage.request_id(&laptop.wait_for("On another device"));
    assert_ne!(again, id, "nonces of an interrupted session are never used");
    assert_eq!(stage.run_with("phone", &["approve", &again], "yes").code, 0);
    assert_eq!(stage.finish(laptop).code, 0);
    stage.compare("sign-resume");
}

#[test]
fn without_a_relay_nothing_is_lost() {
    let mut stage = Stage::with_relay();
    stage.make_wallet("treasury", "2", &["laptop", "phone"]);
    let port = stage.kill_relay();
    assert_eq!(stage.run("laptop", &SIGN).code, 6);
    assert_eq!(stage.run("phone", &["approve"]).code, 6);
    assert_eq!(stage.run("phone", &["--json", "approve"]).code, 6);
    assert_eq!(stage.run("phone", &["requests"]).code, 0);
    stage.start_relay(port);
    stage.note("the relay is there again, and knows nothing of before");
    let mut laptop = stage.start("laptop", &SIGN);
    let id = stage.request_id(&laptop.wait_for("On another device"));
    assert_eq!(
        stage.run("phone", &["approve", &id, "--yes"]).code,
        1,
        "nobody reads what is named by 8 digits"
    );
    assert_eq!(stage.run_with("phone", &["approve", &id], "yes").code, 0);
    assert_eq!(stage.finish(laptop).code, 0);
    stage.compare("relay-gone");
}
