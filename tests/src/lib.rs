//! Real processes for end-to-end tests: a relay, devices, and a proxy between them that records and cuts.
//!
//! The binary under test is named by `QUORATE_BIN`, or is the release build beside this crate's own.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod device;
mod proxy;
mod relay;

pub use device::{Device, Kill, PASSWORD};
pub use proxy::Proxy;
pub use relay::Relay;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

/// Returns the binary under test; `None` if it was not built, which only a run outside CI forgives.
pub fn binary() -> Option<PathBuf> {
    let named = std::env::var_os("QUORATE_BIN").map(PathBuf::from);
    let beside = std::env::current_exe().ok().and_then(|test| {
        let target = test.parent()?.parent()?.parent()?.to_owned();
        Some(target.join("release/quorate"))
    });
    let found = named.into_iter().chain(beside).find(|path| path.is_file());
    if found.is_none() {
        let hint = "no quorate binary: set QUORATE_BIN or run cargo build --release";
        assert!(std::env::var_os("QUORATE_CI").is_none(), "{hint}");
        eprintln_skip(hint);
    }
    found
}

/// Says visibly that something is not tested here; in CI that is a failure.
pub fn skip(what: &str) {
    assert!(std::env::var_os("QUORATE_CI").is_none(), "skipped in CI: {what}");
    eprintln_skip(what);
}

#[expect(clippy::print_stderr, reason = "a skipped test must be seen")]
fn eprintln_skip(what: &str) {
    eprintln!("SKIPPED: {what}");
}

/// Returns a fresh directory of this test run.
pub fn scratch(name: &str) -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let path = std::env::temp_dir().join(format!("quorate-test-{}-{count}-{name}", std::process::id()));
    std::fs::create_dir_all(&path).expect("a scratch directory");
    path
}
