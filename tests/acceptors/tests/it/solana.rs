//! Solana's own runtime, which runs in Node: `node/accept.mjs` holds the checks.

use std::path::Path;
use std::process::Command;

use quorate_acceptors::{missing, programs};

use crate::STAND_IN;

#[test]
fn transactions_are_accepted_by_the_runtime_and_refused_with_a_byte_flipped() {
    let node = Path::new(env!("CARGO_MANIFEST_DIR")).join("node");
    if !node.join("node_modules").exists() {
        return missing("node/node_modules is not there: run `npm ci` in it");
    }
    for program in programs(STAND_IN) {
        let output = Command::new("node").arg(node.join("accept.mjs")).arg(&program).output();
        let output = output.expect("node is installed");
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{}: {}\n{out}\n{err}", program.display(), output.status);
        println!("{out}");
    }
}
