//! The pure crates, checked for wasm32: what compiles there knows no sockets, files or clock of this machine.

use crate::command::{cargo, output};
use crate::failure::{Failure, Result};
use crate::project::Project;

const TARGET: &str = "wasm32-unknown-unknown";

/// Checks the libraries of the pure crates for wasm32, and that none of them brings randomness of its own.
///
/// Where rustup has no wasm32 library, `scripts/install-wasm` prepares one and says with which compiler to
/// use it: `QUORATE_WASM_RUSTC` names that compiler, else the ordinary one is used.
///
/// # Errors
/// When a crate does not build or depends on `getrandom`.
pub fn run(project: &Project) -> Result<()> {
    let packages: Vec<String> = project.pure_crates().map(|pure| pure.package()).collect();
    no_global_randomness(project, &packages)?;
    let mut check = cargo(project.root(), "check");
    check.args(["--lib", "--target", TARGET]);
    for package in &packages {
        check.args(["--package", package]);
    }
    // Another compiler version would rebuild everything in the ordinary folder.
    check.env("CARGO_TARGET_DIR", project.target().join("wasm"));
    if let Some(compiler) = std::env::var_os("QUORATE_WASM_RUSTC") {
        check.env("RUSTC", compiler);
    }
    crate::command::run(&mut check)
}

fn no_global_randomness(project: &Project, packages: &[String]) -> Result<()> {
    let mut found = 0;
    for package in packages {
        let mut tree = cargo(project.root(), "tree");
        tree.args(["--package", package, "--edges", "normal", "--target", TARGET, "--prefix", "none"]);
        tree.args(["--format", "{p}"]);
        if output(&mut tree)?.lines().any(|line| line.starts_with("getrandom ")) {
            println!("{package}: depends on getrandom; randomness comes in as an argument");
            found += 1;
        }
    }
    if found == 0 { Ok(()) } else { Err(Failure::Findings { check: "wasm", count: found }) }
}
