//! `quorate sign`, `approve` and `verify`: every kind of thing that can be signed, from proposal to a checked signature.

use serde_json::Value;

use crate::stage::{Ended, Stage};

const TO_SOLANA: &str = "4Nd1mYvZFCbRuQQW2oMCvYQUBbr4VJtwL7GV7RLZcS3f";
const BLOCKHASH: &str = "EtWTRABZaYq6iMfeYKouRu166VU2xqa1wcaWoxPkrZBG";
const TO_BITCOIN: &str = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080";
const UTXO: &str = "4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b:0:200000000";
const BLOCK: &str = "9rPxVoXKPcYS9hFFB8sLD8pGTfFJZ6W7vTJeSGwq9CGc";

#[test]
fn two_people_sign_a_transfer() {
    let mut stage = Stage::with_relay();
    stage.make_wallet("treasury", "2", &["laptop", "phone", "server"]);
    let sign = [
        "sign",
        "solana",
        "--to",
        TO_SOLANA,
        "--amount",
        "0.5",
        "--blockhash",
        BLOCKHASH,
        "--network",
        "testnet",
    ];
    let mut laptop = stage.start("laptop", &[&sign[..], &["--note", "rent for \u{202e}may"]].concat());
    laptop.wait_for("Valid");
    laptop.say("yes");
    let id = stage.request_id(&laptop.wait_for("On another device"));
    assert_eq!(stage.run("phone", &["requests"]).code, 0);
    let mut phone = stage.start("phone", &["approve"]);
    phone.wait_for("Ends");
    phone.say("yes");
    assert_eq!(stage.finish(phone).code, 0);
    let signed = stage.finish(laptop);
    assert_eq!(signed.code, 0);

    stage.note("anybody can check it; a flipped byte is noticed");
    let (key, bytes) = (value(&signed, "Key"), value(&signed, "Signed"));
    let verify = ["verify", "--chain", "solana", "--network", "testnet", "--key", &key];
    stage.write("signed.hex", &bytes);
    stage.write("signed.base64", value(&signed, "Send"));
    for file in ["signed.hex", "signed.base64", &bytes] {
        assert_eq!(stage.run("server", &[&verify[..], &[file]].concat()).code, 0);
    }
    assert_eq!(stage.run("server", &[&["--json"], &verify[..], &["signed.hex"]].concat()).code, 0);
    let flipped = flip(&bytes, 20);
    assert_eq!(stage.run("server", &[&verify[..], &[&flipped]].concat()).code, 1);
    assert_eq!(stage.run("server", &[&["--json"], &verify[..], &[&flipped]].concat()).code, 1);
    assert_eq!(stage.run("server", &[&verify[..], &["00"]].concat()).code, 1);
    assert_eq!(stage.run("server", &[&verify[..], &["nowhere.hex"]].concat()).code, 1);
    let other = ["verify", "--chain", "near", "--network", "testnet", "--key", &key, "signed.hex"];
    assert_eq!(stage.run("server", &other).code, 1);
    let short = ["verify", "--chain", "solana", "--network", "testnet", "--key", "00", "signed.hex"];
    assert_eq!(stage.run("server", &short).code, 1);

    stage.note("what was signed is not signed again, and not approved again");
    assert_eq!(stage.run("phone", &["requests", "--wait", "0s"]).code, 0);
    assert_eq!(stage.run("phone", &["approve", &id]).code, 1);
    assert_eq!(stage.run("phone", &["refuse", &id]).code, 1);
    stage.compare("sign-solana");
}

#[test]
fn everything_that_can_be_signed() {
    let mut stage = Stage::with_relay();
    stage.make_wallet("treasury", "2", &["laptop", "phone"]);
    stage.write("words.txt", "I own this account since 2024.");
    let context = format!(
        r#"{{"solana":{{"recent_blockhash":"{BLOCKHASH}","version":"legacy"}},"near":{{"nonce":8,"block_hash":"{BLOCK}"}}}}"#
    );
    stage.write("context.json", context);
    let near = ["--nonce", "7", "--block-hash", BLOCK, "--network", "testnet"];
    let call = ["sign", "near-call", "--contract", "token.testnet", "--method", "ft_transfer", "--deposit"];
    let bitcoin = ["--utxo", UTXO, "--fee-rate", "2", "--network", "regtest"];
    let mut unsigned = Vec::new();
    for (args, chain, network) in [
        (
            [&["sign", "near", "--to", "bob.testnet", "--amount", "1.5"], &near[..]].concat(),
            "near",
            "testnet",
        ),
        ([&call[..], &["0", "--args", "{\"amount\":\"5\"}"], &near].concat(), "near", "testnet"),
        (
            [&["sign", "bitcoin", "--to", TO_BITCOIN, "--amount", "0.1"], &bitcoin[..]].concat(),
            "bitcoin",
            "regtest",
        ),
        (
            vec![
                "sign",
                "solana",
                "--to",
                TO_SOLANA,
                "--amount",
                "1",
                "--context",
                "context.json",
                "--memo",
                "hi",
                "--account",
                "7",
            ],
            "solana",
            "mainnet",
        ),
        (
            vec!["sign", "near", "--to", "bob.near", "--amount", "2", "--context", "context.json"],
            "near",
            "mainnet",
        ),
        (vec!["sign", "message", "words.txt", "--chain", "solana"], "solana", "mainnet"),
        (
            vec!["sign", "message", "words.txt", "--chain", "near", "--recipient", "app.near"],
            "near",
            "mainnet",
        ),
        (vec!["sign", "message", "words.txt", "--chain", "bitcoin"], "bitcoin", "mainnet"),
    ] {
        let (signed, bytes) = sign(&mut stage, &args);
        verify(&mut stage, &signed, chain, network);
        unsigned.push(bytes);
    }
    stage.note("what other programs made");
    stage.write("near.bin", &unsigned[0]);
    stage.write("payment.psbt", &unsigned[2]);
    stage.write("words.hex", hex::encode(&unsigned[5]));
    for (args, chain, network) in [
        (
            vec!["sign", "psbt", "payment.psbt", "--network", "regtest", "--output", "signed.psbt"],
            "bitcoin",
            "regtest",
        ),
        (vec!["sign", "raw-tx", "near.bin", "--chain", "near", "--network", "testnet"], "near", "testnet"),
        (vec!["sign", "raw-tx", "words.hex", "--chain", "solana"], "solana", "mainnet"),
    ] {
        let (signed, _) = sign(&mut stage, &args);
        verify(&mut stage, &signed, chain, network);
        if chain == "bitcoin" {
            stage.note("the file that was written is what `verify` reads");
            let key = value(&signed, "Key");
            let file = ["verify", "--chain", chain, "--network", network, "--key", &key, "signed.psbt"];
            assert_eq!(stage.run("phone", &file).code, 0);
        }
    }
    stage.note("a file that exists is never replaced");
    let again = ["sign", "psbt", "payment.psbt", "--network", "regtest", "--output", "signed.psbt"];
    assert_eq!(stage.run("laptop", &again).code, 1);
    stage.compare("sign-everything");
}

#[test]
fn what_is_not_signed() {
    let mut stage = Stage::with_relay();
    stage.make_wallet("treasury", "2", &["laptop", "phone"]);
    stage.write("empty", "");
    stage.write("context.json", r#"{"solana":{"recent_blockhash":"x","version":"v2"}}"#);
    stage.write("bitcoin.json", r#"{"bitcoin":{"utxos":[],"fee":{"rate":"2"}}}"#);
    stage.write("bad.psbt", "cHNidP8BAHUCAAAAASaBcTce3/KF6Tet7qSze3gADAVmy7OtZGQXE8pCFxv2AAAAAAD+////");
    stage.write("binary", [0xff, 0xfe]);
    let solana = |to: &'static str, amount: &'static str| {
        vec!["sign", "solana", "--to", to, "--amount", amount, "--blockhash", BLOCKHASH]
    };
    let bitcoin = |to: &'static str, network: &'static str| {
        vec![
            "sign",
            "bitcoin",
            "--to",
            to,
            "--amount",
            "0.1",
            "--utxo",
            UTXO,
            "--fee",
            "500",
            "--network",
            network,
        ]
    };
    for (args, code) in [
        (solana("4Nd1mYvZFCbRuQQW2oMCvYQUBbr4VJtwL7GV7RLZcS3", "1"), 1),
        (solana("0x52908400098527886E0F7030069857D2E4169EE7", "1"), 1),
        (solana(TO_SOLANA, "1.0000000001"), 1),
        (solana(TO_SOLANA, "-1"), 2),
        (solana(TO_SOLANA, "0"), 1),
        (bitcoin(TO_BITCOIN, "mainnet"), 1),
        (bitcoin("bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt081", "regtest"), 1),
        (bitcoin("bc1zw508d6qejxtdg4y5r3zarvaryvaxxpcs", "mainnet"), 1),
        (vec!["sign", "bitcoin", "--to", TO_BITCOIN, "--amount", "0.1", "--network", "regtest"], 1),
        (
            vec![
                "sign",
                "bitcoin",
                "--to",
                TO_BITCOIN,
                "--amount",
                "0.1",
                "--network",
                "regtest",
                "--utxo",
                UTXO,
            ],
            2,
        ),
        (
            vec![
                "sign",
                "bitcoin",
                "--to",
                TO_BITCOIN,
                "--amount",
                "9",
                "--network",
                "regtest",
                "--utxo",
                UTXO,
                "--fee",
                "500",
            ],
            1,
        ),
        (vec!["sign", "near", "--to", "Bob.near", "--amount", "1", "--nonce", "1", "--block-hash", BLOCK], 1),
        (vec!["sign", "solana", "--to", TO_SOLANA, "--amount", "1", "--context", "context.json"], 1),
        (vec!["sign", "solana", "--to", TO_SOLANA, "--amount", "1", "--context", "bitcoin.json"], 1),
        (vec!["sign", "solana", "--to", TO_SOLANA, "--amount", "1", "--context", "missing.json"], 1),
        (vec!["sign", "message", "empty", "--chain", "solana"], 1),
        (vec!["sign", "message", "binary", "--chain", "solana"], 1),
        (vec!["sign", "message", "bitcoin.json", "--chain", "near"], 1),
        (vec!["sign", "psbt", "bad.psbt"], 1),
        (vec!["--json", "sign", "psbt", "bad.psbt"], 1),
        (vec!["sign", "psbt", "empty"], 1),
        (vec!["sign", "raw-tx", "binary", "--chain", "near"], 1),
        (vec!["sign", "raw-tx", "missing", "--chain", "near"], 1),
        (vec!["sign", "resume", "00000000"], 1),
        ([&solana(TO_SOLANA, "1")[..], &["--wallet", "savings"]].concat(), 1),
        ([&solana(TO_SOLANA, "1")[..], &["--output", "binary"]].concat(), 1),
    ] {
        assert_eq!(stage.run("laptop", &args).code, code, "{args:?}");
    }
    stage.note("a person says no, or nobody is there");
    assert_eq!(stage.run_with("laptop", &solana(TO_SOLANA, "1"), "no").code, 3);
    assert_eq!(stage.run("laptop", &solana(TO_SOLANA, "1")).code, 130);
    stage.compare("sign-refused");
}

/// Proposes on one device and approves on the other. Only the proposer is written down. Returns the unsigned bytes too.
pub fn sign(stage: &mut Stage, args: &[&str]) -> (Ended, Vec<u8>) {
    let mut laptop = stage.start("laptop", &[args, &["--yes"]].concat());
    let id = stage.request_id(&laptop.wait_for("On another device"));
    let mut phone = stage.start("phone", &["--json", "approve", &id]);
    phone.say("yes");
    let approved = phone.end();
    assert_eq!(approved.code, 0, "{}", approved.stderr);
    let view: Value = serde_json::from_str(approved.stdout.lines().last().unwrap()).unwrap();
    let unsigned = hex::decode(view["signed"]["unsigned"].as_str().unwrap()).unwrap();
    let signed = stage.finish(laptop);
    assert_eq!(signed.code, 0, "{}", signed.stderr);
    (signed, unsigned)
}

/// Checks what was signed, and writes it down.
pub fn verify(stage: &mut Stage, signed: &Ended, chain: &str, network: &str) {
    let (key, bytes) = (value(signed, "Key"), value(signed, "Signed"));
    let args = ["verify", "--chain", chain, "--network", network, "--key", &key, &bytes];
    assert_eq!(stage.run("phone", &args).code, 0);
}

/// Returns what stands behind a label on standard output.
pub fn value(ended: &Ended, label: &str) -> String {
    let line = ended.stdout.lines().find(|line| line.trim_start().starts_with(label)).unwrap();
    line.split_whitespace().last().unwrap().to_owned()
}

fn flip(hex: &str, position: usize) -> String {
    let mut bytes = hex::decode(hex).unwrap();
    bytes[position] ^= 1;
    hex::encode(bytes)
}
