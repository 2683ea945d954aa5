//! Threshold signatures with every secret marked undefined, so that memcheck reports each branch and each address that
//! depends on one (Langley's ctgrind).
//!
//! `taint run` makes pairs, presignatures and signatures among members that are all here: all randomness, the shares and
//! the device secrets are undefined; what a member sends becomes defined when it leaves. `taint control` does what must
//! be found. `cargo xtask taint` runs both and judges the reports by `explained.toml`.

#![forbid(unsafe_code)]

mod control;
mod ecdsa;
mod frost;
mod keys;
mod mark;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if !mark::is_watched() {
        eprintln!("not under valgrind: nothing would be found");
        return ExitCode::FAILURE;
    }
    match arguments.as_slice() {
        [mode] if mode == "run" => {
            ecdsa::run();
            frost::run();
            ExitCode::SUCCESS
        }
        [mode] if mode == "control" => {
            control::run();
            ExitCode::SUCCESS
        }
        _ => {
            eprintln!("usage: taint run|control");
            ExitCode::FAILURE
        }
    }
}
