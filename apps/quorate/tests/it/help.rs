//! What every command says about itself.

use crate::stage::Stage;

#[test]
fn every_command_explains_itself() {
    let mut stage = Stage::new();
    for command in [
        "",
        "init",
        "wallet",
        "wallet create",
        "wallet join",
        "wallet resume",
        "wallet list",
        "wallet show",
        "wallet addresses",
        "wallet abandon",
        "wallet pair",
        "sign",
        "sign ethereum",
        "sign bitcoin",
        "sign bitcoin-segwit",
        "sign solana",
        "sign near",
        "sign cosmos",
        "sign xrp",
        "sign dogecoin",
        "sign near-call",
        "sign message",
        "sign typed-data",
        "sign psbt",
        "sign raw-tx",
        "sign resume",
        "requests",
        "approve",
        "refuse",
        "verify",
        "signal",
        "device",
        "demo",
    ] {
        let title = format!("quorate {command} --help").replace("  ", " ");
        let args: Vec<&str> = command.split_whitespace().chain(["--help"]).collect();
        assert_eq!(stage.run_bare(&args, &title).code, 0);
    }
    stage.compare("help");
}

#[test]
fn a_command_line_that_can_not_be_read_says_why() {
    let mut stage = Stage::new();
    for args in [
        &["sing", "solana"][..],
        &["--json", "sing", "solana"],
        &["wallet", "create", "treasury"],
        &["wallet", "create", "a\nb", "--threshold", "2", "--members", "3"],
        &["init", "--name", "laptop", "--kdf-memory", "18"],
        &["init", "--name", "laptop", "--password", "secret"],
        &["init", "--name", "laptop", "--password-file", "a", "--password-fd", "3"],
        &["approve", "--yes"],
        &["wallet", "addresses", "--account", "2147483648"],
        &["requests", "--wait", "10"],
        &["sign", "solana", "--to", "x", "--amount", "1", "--network", "mars"],
        &["sign", "bitcoin", "--to", "x", "--amount", "1", "--utxo", "abc:0"],
        &["sign", "near", "--to", "x", "--amount", "1", "--nonce", "7"],
        &["verify", "--chain", "litecoin", "--network", "mainnet", "--key", "00", "00"],
    ] {
        let title = format!("quorate {}", args.join(" ").replace('\n', "\\n"));
        assert_eq!(stage.run_bare(args, &title).code, 2);
    }
    stage.compare("usage");
}
