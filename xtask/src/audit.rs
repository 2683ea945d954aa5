//! Known vulnerabilities, licences, bans and sources of every lock file.
//!
//! cargo-deny and cargo-audit judge where they are installed. The check of [`advisories`] needs neither: it
//! holds every lock file against a copy of the RustSec advisory database that lies beside the repository, so
//! that a machine without the tools and without a way to the database still finds what the copy knows.

mod advisories;

use std::path::PathBuf;
use std::process::Command;

use crate::command::{has_cargo_subcommand, run as run_command};
use crate::failure::{Failure, Result};
use crate::project::Project;
use crate::tidy::lockfiles::{DenyFile, LockFile, path_of};
use crate::tidy::{Finding, licences};
use advisories::{Advisory, Database, Verdict};

/// Runs every audit this machine can run, saying which it cannot.
///
/// # Errors
/// When an audit finds something that is not explained in `deny.toml`.
pub fn run(project: &Project) -> Result<()> {
    let deny = DenyFile::read(project)?;
    let database = Database::find(project)?;
    let mut count = report("licences", &licences::check(project)?);
    match &database {
        Some(database) => count += own_check(project, &deny, database)?,
        None => {
            println!("advisories: not checked, no database (QUORATE_ADVISORY_DB names its folder or archive)")
        }
    }
    let database = database.as_ref().map(|database| database.folder().to_owned());
    cargo_deny(project, database.is_some())?;
    cargo_audit(project, &deny, database)?;
    if count == 0 { Ok(()) } else { Err(Failure::Findings { check: "audit", count }) }
}

fn report(what: &str, findings: &[Finding]) -> usize {
    for finding in findings {
        println!("{finding}");
    }
    println!("{what}: {} finding(s)", findings.len());
    findings.len()
}

fn own_check(project: &Project, deny: &DenyFile, database: &Database) -> Result<usize> {
    let advisories = database.advisories()?;
    let mut count = 0;
    for folder in project.workspaces() {
        let path = path_of(folder);
        let lock = LockFile::read(project, folder)?;
        let verdicts = advisories::judge(&lock, &advisories, &deny.advisories.ignore)?;
        for (package, advisory, verdict) in &verdicts {
            println!("{path}: {} {}: {}", package.name, package.version, describe(advisory, verdict));
        }
        let bad = verdicts.iter().filter(|(_, _, verdict)| *verdict == Verdict::Vulnerable).count();
        println!(
            "{path}: {} packages, {} advisories, {bad} finding(s)",
            lock.packages.len(),
            advisories.len()
        );
        count += bad;
    }
    Ok(count)
}

fn describe(advisory: &Advisory, verdict: &Verdict) -> String {
    match verdict {
        Verdict::Vulnerable => format!("vulnerable, {}", advisory.id),
        Verdict::Notice(kind) => format!("{kind}, {} (a notice, no failure)", advisory.id),
        Verdict::Explained(reason) => format!("{}, explained: {reason}", advisory.id),
    }
}

fn cargo_deny(project: &Project, database: bool) -> Result<()> {
    if !has_cargo_subcommand("deny") {
        println!("cargo-deny: not installed, skipped (cargo install --locked cargo-deny)");
        return Ok(());
    }
    let mut deny = Command::new("cargo");
    deny.current_dir(project.root()).args(["deny", "--locked", "check", "bans", "licenses", "sources"]);
    if database {
        println!("cargo-deny: advisories are left to cargo-audit and to the check above");
    }
    run_command(&mut deny)
}

fn cargo_audit(project: &Project, deny: &DenyFile, database: Option<PathBuf>) -> Result<()> {
    let Some(database) = database else { return Ok(()) };
    if !has_cargo_subcommand("audit") {
        println!("cargo-audit: not installed, skipped (cargo install --locked cargo-audit)");
        return Ok(());
    }
    for folder in project.workspaces() {
        let mut audit = Command::new("cargo");
        audit.current_dir(project.root()).args(["audit", "--no-fetch", "--stale", "--db"]).arg(&database);
        audit.arg("--file").arg(path_of(folder));
        for ignored in &deny.advisories.ignore {
            audit.args(["--ignore", &ignored.id]);
        }
        run_command(&mut audit)?;
    }
    Ok(())
}
