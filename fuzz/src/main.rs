//! Every fuzz target in one binary; `QUORATE_FUZZ_TARGET` names the one to run.
//!
//! Run by `cargo xtask fuzz`, which builds it with coverage counters on the stable compiler. To add a target,
//! add an entry to the table of its crate in `targets/`. Instead of a target, `--list` prints the names and
//! `--seeds` writes the starting inputs that are made by code below `QUORATE_FUZZ_SEEDS`.

#![no_main]

mod oracle;
mod targets;

use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;

/// A named function that must hold for any bytes.
pub struct Target {
    name: &'static str,
    run: fn(&[u8]),
    seeds: fn() -> Vec<Vec<u8>>,
}

impl Target {
    /// A target that starts from its corpus alone. `run` panics when the bytes break a promise.
    pub const fn new(name: &'static str, run: fn(&[u8])) -> Self {
        Self { name, run, seeds: Vec::new }
    }

    /// Adds inputs that are made by code, for formats that chance does not hit upon.
    pub const fn with_seeds(self, seeds: fn() -> Vec<Vec<u8>>) -> Self {
        Self { seeds, ..self }
    }
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
    if name == "--seeds" {
        std::process::exit(match write_seeds() {
            Ok(()) => 0,
            Err(error) => {
                eprintln!("writing seeds: {error}");
                1
            }
        });
    }
    let Some(target) = targets::all().find(|target| target.name == name) else {
        eprintln!("QUORATE_FUZZ_TARGET={name}: no such target");
        std::process::exit(2);
    };
    CHOSEN.get_or_init(|| target.run);
}

fn write_seeds() -> io::Result<()> {
    let root = PathBuf::from(std::env::var_os("QUORATE_FUZZ_SEEDS").ok_or(io::ErrorKind::InvalidInput)?);
    for target in targets::all() {
        let folder = root.join(target.name);
        fs::create_dir_all(&folder)?;
        for (number, bytes) in (target.seeds)().into_iter().enumerate() {
            fs::write(folder.join(format!("seed-{number}")), bytes)?;
        }
    }
    Ok(())
}
