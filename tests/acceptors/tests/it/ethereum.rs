//! Ethereum's machine, as anvil runs it: `node/anvil.mjs` holds the checks.

use quorate_acceptors::{node, programs};

use crate::STAND_IN;

#[test]
fn transactions_are_mined_from_the_account_and_refused_with_a_byte_flipped() {
    for program in programs(STAND_IN) {
        match node("anvil.mjs", program.as_ref()) {
            Some(output) => println!("{output}"),
            None => return,
        }
    }
}
