//! The benchmarks, all or those named: `cargo xtask bench frost -- --runs 101`.
//!
//! `benches/` is a workspace of its own, because the peers it measures are dependencies. Its programs find the product's
//! release binary, built first, by `QUORATE_BIN`. The table of threshold ECDSA has rows that other builds measure: a peer
//! whose dependencies go with no other peer's, and our own online step with the C library.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command::{cargo, run as run_command};
use crate::failure::{Failure, Result};
use crate::metadata::Metadata;
use crate::project::Project;

/// Runs them; what stands after `--` goes to each.
///
/// # Errors
/// When they do not build, the one named does not exist, or one reports a failure.
pub fn run(project: &Project, arguments: &[String]) -> Result<()> {
    let folder = project.root().join("benches");
    let words = arguments.iter().position(|argument| argument == "--");
    let (names, rest) = arguments.split_at(words.unwrap_or(arguments.len()));
    let known: Vec<String> = Metadata::of(&folder)?
        .ours()
        .filter_map(|package| package.name.strip_prefix("bench-").map(str::to_owned))
        .collect();
    if let Some(unknown) = names.iter().find(|name| !known.contains(name)) {
        return Err(Failure::usage(format!(
            "there is no benchmark `{unknown}`; there are: {}",
            known.join(", ")
        )));
    }
    run_command(cargo(project.root(), "build").args(["--release", "--package", "quorate"]))?;
    let rest = rest.strip_prefix(&["--".to_owned()]).unwrap_or(rest);
    for name in if names.is_empty() { &known } else { names } {
        let rows = if name == "dkls" { rows_of_others(project, &folder)? } else { Vec::new() };
        let mut bench = program(project, &folder, &[], name);
        for path in rows {
            bench.arg("--with").arg(path);
        }
        run_command(bench.args(rest))?;
    }
    Ok(())
}

/// Runs the builds whose rows stand in the table of threshold ECDSA; returns their files.
fn rows_of_others(project: &Project, folder: &Path) -> Result<Vec<PathBuf>> {
    let rows = ["libsecp256k1", "cggmp24"].map(|name| target(project).join(format!("{name}.rows")));
    let [with_c, cggmp24] = &rows;
    let features = ["--features", "libsecp256k1"];
    run_command(program(project, folder, &features, "dkls").arg("--online").arg(with_c))?;
    run_command(program(project, &folder.join("cggmp24"), &[], "cggmp24").arg(cggmp24))?;
    Ok(rows.into())
}

fn program(project: &Project, folder: &Path, features: &[&str], name: &str) -> Command {
    let mut bench = cargo(folder, "run");
    bench.args(["--quiet", "--release", "--package", &format!("bench-{name}")]).args(features).arg("--");
    bench.env("CARGO_TARGET_DIR", target(project));
    bench.env("QUORATE_BIN", project.target().join("release").join("quorate"));
    bench
}

fn target(project: &Project) -> PathBuf {
    project.target().join("benches")
}
