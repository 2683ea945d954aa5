//! Every fuzz target in one binary; `QUORATE_FUZZ_TARGET` names the one to run, `--list` lists them.
//!
//! Run by `cargo xtask fuzz`, which builds it with coverage counters on the stable compiler. To add a target,
//! add a line to the table of its crate in `targets/`, and a folder of starting inputs in `corpus/`.

#![no_main]

mod oracle;
mod targets;

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;

/// A named function that must hold for any bytes.
pub struct Target {
    /// `<crate>_<what is decoded>`.
    pub name: &'static str,
    /// Panics when the bytes break a promise.
    pub run: fn(&[u8]),
}

static CHOSEN: OnceLock<fn(&[u8])> = OnceLock::new();

fuzz_target!(init: choose(), |bytes: &[u8]| {
    if let Some(run) = CHOSEN.get() {
        run(bytes);
    }
});

fn choose() {
    let name = std::env::var("QUORATE_FUZZ_TARGET").unwrap_or_default();
    if name == "--list" {
        targets::all().for_each(|target| println!("{}", target.name));
        std::process::exit(0);
    }
    let Some(target) = targets::all().find(|target| target.name == name) else {
        eprintln!("QUORATE_FUZZ_TARGET={name}: no such target");
        std::process::exit(2);
    };
    CHOSEN.get_or_init(|| target.run);
}
