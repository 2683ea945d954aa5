//! Planted defects: each rule that keeps keys safe is broken once, and a named test must notice.
//!
//! A copy of the repository below `target/` gets every defect of [`list::MUTANTS`] at once, each asleep behind the
//! environment variable [`SWITCH`]. So the copy is built once, its tests must pass while all are asleep, and must fail
//! with each one awake. A text to be replaced that is not there exactly once is an error: the list ages with the code.

mod list;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use crate::command::{cargo, run as run_command};
use crate::failure::{Failure, Result};
use crate::project::Project;
use list::{MUTANTS, Mutant};

/// Names the defect that is awake.
const SWITCH: &str = "QUORATE_MUTANT";

/// The packages whose tests guard the rules.
const PACKAGES: [&str; 3] = ["quorate-dkls", "quorate-session", "quorate-testkit"];

/// Plants all defects and insists that each is noticed.
///
/// # Errors
/// When a text to be replaced is not there once, the copy does not build, its tests fail with all defects asleep, or
/// pass with one awake.
pub fn run(project: &Project) -> Result<()> {
    let copy = absolute(project.target()).join("mutants/tree");
    copy_tree(project, &copy)?;
    println!("{} defects planted in {}", MUTANTS.len(), copy.display());
    run_command(with_packages(&mut tests(&copy)).arg("--no-run"))?;
    let mut tried = BTreeSet::new();
    for mutant in &MUTANTS {
        if tried.insert((mutant.package, mutant.test)) && !passes(&copy, mutant, false)? {
            return Err(Failure::unreadable(mutant.test, "fails without any defect"));
        }
    }
    let mut survivors = 0;
    for mutant in &MUTANTS {
        let begun = Instant::now();
        let survived = passes(&copy, mutant, true)?;
        let verdict = if survived { "SURVIVED" } else { "caught" };
        println!(
            "{verdict:<9} {:>5.1}s  {}  ({} {})",
            begun.elapsed().as_secs_f32(),
            mutant.name,
            mutant.package,
            mutant.test
        );
        survivors += usize::from(survived);
    }
    println!("{} of {} planted defects caught", MUTANTS.len() - survivors, MUTANTS.len());
    if survivors == 0 { Ok(()) } else { Err(Failure::Findings { check: "mutants", count: survivors }) }
}

/// Copies every file of the repository, with the defects planted. Files that are as they should be are not touched, so
/// that a second run builds little.
fn copy_tree(project: &Project, copy: &Path) -> Result<()> {
    for path in project.files()? {
        let bytes = fs::read(project.root().join(&path)).map_err(Failure::io(format!("reading {path}")))?;
        let bytes = plant(&path, bytes)?;
        let target = copy.join(&path);
        if fs::read(&target).is_ok_and(|present| present == bytes) {
            continue;
        }
        if let Some(folder) = target.parent() {
            fs::create_dir_all(folder).map_err(Failure::io(format!("creating {}", folder.display())))?;
        }
        fs::write(&target, bytes).map_err(Failure::io(format!("writing {}", target.display())))?;
    }
    Ok(())
}

fn plant(path: &str, bytes: Vec<u8>) -> Result<Vec<u8>> {
    let planted: Vec<&Mutant> = MUTANTS.iter().filter(|mutant| mutant.file == path).collect();
    if planted.is_empty() {
        return Ok(bytes);
    }
    let mut text = String::from_utf8(bytes).map_err(|error| Failure::unreadable(path, error))?;
    for mutant in planted {
        let count = text.matches(mutant.find).count();
        if count != 1 {
            let why =
                format!("the text of “{}” is there {count} times, not once: {}", mutant.name, mutant.find);
            return Err(Failure::unreadable(path, why));
        }
        text = text.replacen(mutant.find, &asleep(mutant), 1);
    }
    Ok(text.into_bytes())
}

/// Both versions, with the switch between them.
fn asleep(mutant: &Mutant) -> String {
    let Mutant { name, find, replace, .. } = mutant;
    let awake = format!("std::env::var_os(\"{SWITCH}\").is_some_and(|name| name == \"{name}\")");
    let choice = format!("if {awake} {{ {replace} }} else {{ {find} }}");
    if find.trim_end().ends_with(';') { choice } else { format!("({choice})") }
}

/// Returns whether the mutant's test passes, with the defect awake or not.
fn passes(copy: &Path, mutant: &Mutant, awake: bool) -> Result<bool> {
    let mut command = tests(copy);
    command.args(["-p", mutant.package, "--quiet", "--", mutant.test]);
    if awake {
        command.env(SWITCH, mutant.name);
    }
    let output = command.output().map_err(Failure::io(format!("testing {}", mutant.name)))?;
    let said = String::from_utf8_lossy(&output.stdout);
    if said.contains("running 0 tests") {
        return Err(Failure::unreadable(mutant.name, format!("no test is called {}", mutant.test)));
    }
    let (passed, failed) = (said.contains("test result: ok"), said.contains("test result: FAILED"));
    if passed == failed {
        let errors = String::from_utf8_lossy(&output.stderr);
        return Err(Failure::unreadable(mutant.name, format!("its test did not run: {said}{errors}")));
    }
    Ok(passed)
}

/// A folder of its own for what is built: packages of the copy have the names of ours, and must not take their places.
fn tests(copy: &Path) -> Command {
    let mut command = cargo(copy, "test");
    command.args(["--test", "it"]).env("CARGO_TARGET_DIR", copy.with_file_name("build"));
    command.env("RUSTFLAGS", "-Awarnings").env_remove(SWITCH);
    command
}

fn with_packages(command: &mut Command) -> &mut Command {
    PACKAGES.iter().fold(command, |command, package| command.args(["-p", package]))
}

/// The copy is another folder: a relative target would be another one there.
fn absolute(folder: PathBuf) -> PathBuf {
    std::path::absolute(&folder).unwrap_or(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_defect_can_be_planted() {
        let project = Project::find().unwrap();
        let files: BTreeSet<&str> = MUTANTS.iter().map(|mutant| mutant.file).collect();
        for file in files {
            let planted = plant(file, project.read(file).unwrap().into_bytes()).unwrap();
            assert!(String::from_utf8(planted).unwrap().contains(SWITCH), "{file}");
        }
    }

    #[test]
    fn names_are_unique_and_defects_differ_from_the_code() {
        let names: BTreeSet<&str> = MUTANTS.iter().map(|mutant| mutant.name).collect();
        assert_eq!(names.len(), MUTANTS.len());
        assert!(MUTANTS.iter().all(|mutant| mutant.find != mutant.replace));
        assert!(MUTANTS.len() >= 34);
    }

    #[test]
    fn an_expression_stays_one_and_a_statement_stays_one() {
        let mutant = |find| Mutant { name: "n", file: "f", find, replace: "r", package: "p", test: "t" };
        assert!(asleep(&mutant("a == b")).starts_with("(if "));
        assert!(asleep(&mutant("a();")).starts_with("if "));
    }
}
