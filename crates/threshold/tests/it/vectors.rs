//! Vectors that nobody here made. `tests/data/manifest.json` says how many of each set run; fewer is a failure.
//!
//! Small sets lie in `tests/data`. Large ones are read from the folder that `QUORATE_VECTORS` names; where it is not
//! set, each says so in one line.

mod bip340;
mod bip445;
mod chilldkg;
mod derivation;
mod ed25519;
mod epsilon;
mod rfc9591;

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// Every set of the manifest has a test, and calls [`Tally::finish`] under this name.
const SETS: [&str; 11] = [
    "bip32",
    "bip340",
    "bip341",
    "bip445",
    "cctv-ed25519",
    "chilldkg",
    "ed25519-add",
    "frost-secp256k1-tr",
    "near-epsilon",
    "rfc9591-ed25519",
    "wycheproof-ed25519",
];

/// Counts what ran and what does not apply.
#[derive(Default)]
pub struct Tally {
    executed: u64,
    not_applicable: u64,
}

impl Tally {
    /// Counts a case that ran.
    pub fn ran(&mut self) {
        self.executed += 1;
    }

    /// Counts a case about something that we do not have.
    pub fn skip(&mut self) {
        self.not_applicable += 1;
    }

    /// Compares the counts with the manifest.
    pub fn finish(self, set: &str) {
        assert!(SETS.contains(&set), "{set} is not in the list of sets");
        let expected = &data("manifest.json")["sets"][set];
        assert_eq!(Some(self.executed), expected["executed"].as_u64(), "executed cases of {set}");
        let not_applicable = expected["not_applicable"].as_u64().unwrap_or(0);
        assert_eq!(self.not_applicable, not_applicable, "cases of {set} that do not apply");
    }
}

#[test]
fn the_manifest_lists_every_set() {
    let manifest = data("manifest.json");
    let listed: BTreeSet<_> = manifest["sets"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(listed, BTreeSet::from(SETS));
    for (name, set) in manifest["sets"].as_object().unwrap() {
        assert!(set["source"].is_string() && set["licence"].is_string(), "{name}");
        assert_eq!(set.get("not_applicable").is_some(), set.get("why").is_some(), "{name}");
    }
}

/// Reads a file of `tests/data`.
pub fn data(name: &str) -> Value {
    read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name))
}

/// Reads a file of an external set, or says that it is not here.
pub fn external(set: &str, file: &str) -> Option<Value> {
    let Some(folder) = std::env::var_os("QUORATE_VECTORS") else {
        // Past the capture of the test harness: a set that did not run is seen.
        let _ = writeln!(std::io::stderr(), "QUORATE_VECTORS is not set: {set} did not run");
        return None;
    };
    Some(read(&PathBuf::from(folder).join(set).join(file)))
}

pub fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

pub fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

pub fn index(value: &Value) -> usize {
    value.as_u64().unwrap() as usize
}

pub fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(text(value)).unwrap()
}

pub fn array<const N: usize>(value: &Value) -> [u8; N] {
    bytes(value).try_into().unwrap()
}

fn read(path: &Path) -> Value {
    let json = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&json).unwrap()
}
