//! Solana's own runtime, which runs in Node: `node/accept.mjs` holds the checks.

use quorate_acceptors::{node, programs};

use crate::STAND_IN;

#[test]
fn transactions_are_accepted_by_the_runtime_and_refused_with_a_byte_flipped() {
    for program in programs(STAND_IN) {
        match node("accept.mjs", program.as_ref()) {
            Some(output) => println!("{output}"),
            None => return,
        }
    }
}
