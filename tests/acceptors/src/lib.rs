//! What the acceptors judge: the output of `demo --json`, of the product and of a stand-in for it.
//!
//! The acceptors themselves are in `tests/`. Each begins with something that must be refused, so that a wrong flag
//! shows, then accepts what was signed, then refuses it with one byte flipped. The stand-in signs with keys that one
//! machine holds, through the product's own `quorate-chains`; the product, named by `QUORATE_BIN`, with keys that
//! nobody holds. Both speak the same interface.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use quorate_chains::{
    BitcoinContext, BitcoinFee, ContextFile, EthereumContext, EthereumFee, MessageVersion, NearContext,
    SolanaContext, Utxo,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// What `demo --json` prints, as far as the acceptors need it.
#[derive(Debug, Serialize, Deserialize)]
pub struct Report {
    /// Every signature.
    pub chains: Vec<Signature>,
}

/// One signed transaction or message.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Signature {
    /// The chain's name.
    pub chain: String,
    /// `transfer` or `message`; the stand-in knows a few more kinds of transfer.
    pub kind: String,
    /// The network's name.
    pub network: String,
    /// The account.
    pub address: String,
    /// The account's public key, hexadecimal.
    pub public_key: String,
    /// The id that the transaction is said to have.
    pub txid: String,
    /// The signed transaction as the chain's nodes take it.
    pub encoded: String,
    /// The signed transaction in the product's self-contained form, hexadecimal.
    pub signed: String,
    /// The unsigned transaction, hexadecimal.
    pub unsigned: String,
}

/// The programs under test: the stand-in, and the product if `QUORATE_BIN` names it.
///
/// # Panics
/// With `QUORATE_CI=1` when the product is not named.
pub fn programs(stand_in: &str) -> Vec<PathBuf> {
    let mut programs = vec![PathBuf::from(stand_in)];
    match std::env::var_os("QUORATE_BIN") {
        Some(product) => programs.push(product.into()),
        None => missing("QUORATE_BIN is not set: only the stand-in is judged"),
    }
    programs
}

/// Says that something is left out, which in CI is a failure.
///
/// # Panics
/// With `QUORATE_CI=1`.
pub fn missing(what: &str) {
    assert!(std::env::var_os("QUORATE_CI").is_none_or(|ci| ci != "1"), "{what}");
    println!("skipped: {what}");
}

/// Runs a script of `node/` with one argument and returns what it prints, or nothing when its packages are missing.
///
/// # Panics
/// When it cannot be run or fails; with `QUORATE_CI=1` also when the packages are missing.
pub fn node(script: &str, argument: &OsStr) -> Option<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("node");
    if !folder.join("node_modules").exists() {
        missing("node/node_modules is not there: run `npm ci` in it");
        return None;
    }
    let output = Command::new("node").arg(folder.join(script)).arg(argument).output();
    let output = output.expect("node is installed");
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{script} {}: {}\n{out}\n{err}", argument.display(), output.status);
    Some(out.into_owned())
}

/// Runs `PROGRAM demo --json --context FILE`.
///
/// # Panics
/// When the program cannot be run, fails, or prints something else.
pub fn run(program: &Path, context: &ContextFile) -> Report {
    let name = format!("quorate-acceptors-{}-{:p}.json", std::process::id(), context);
    let file = std::env::temp_dir().join(name);
    std::fs::write(&file, serde_json::to_vec(context).expect("a context is JSON")).expect("a temporary file");
    let output = Command::new(program).args(["demo", "--json", "--context"]).arg(&file).output();
    let output = output.unwrap_or_else(|error| panic!("{}: {error}", program.display()));
    std::fs::remove_file(&file).expect("the temporary file is still there");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {}\n{errors}", program.display(), output.status);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{}: {error}", program.display()))
}

/// Facts that suffice for every transfer of the demo.
pub fn context() -> ContextFile {
    ContextFile {
        solana: Some(SolanaContext {
            recent_blockhash: "EkSnNWid2cvwEVnVx9aBqawnmiCNiDgp3gUdkDPTKN1N".into(),
            version: MessageVersion::V0,
            compute_unit_limit: None,
            compute_unit_price: None,
            nonce_account: None,
        }),
        near: Some(NearContext {
            nonce: 41,
            block_hash: "9kMiwnBGQHTWQLDGUWFBbxPTHxDaDZ4kRAMhzAEbuqrP".into(),
            signer_id: None,
        }),
        bitcoin: Some(BitcoinContext {
            utxos: (0..3).map(utxo).collect(),
            fee: BitcoinFee::Rate("2.5".into()),
        }),
        ethereum: Some(EthereumContext {
            nonce: 0,
            gas_limit: 60_000,
            fee: EthereumFee::Dynamic { max: "30".into(), priority: "1.5".into() },
            access_list: Vec::new(),
            tokens: Vec::new(),
        }),
        ..ContextFile::default()
    }
}

/// Several small outputs, so that a transfer has several inputs.
fn utxo(n: u8) -> Utxo {
    let txid = hex::encode(Sha256::digest([n]));
    Utxo { txid, vout: n.into(), value: 6_000_000 + u64::from(n), transaction: None }
}
