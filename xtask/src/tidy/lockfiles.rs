//! Lock files: there is one for every workspace, it names nothing but crates.io with a checksum, nothing
//! banned is in the product's, and every cargo call in a script keeps to it.

use serde::Deserialize;

use crate::failure::{Failure, Result};
use crate::metadata::Metadata;
use crate::project::Project;
use crate::tidy::Finding;

/// The only source of foreign crates.
const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// Workspaces whose every dependency may end in the product or in what guards it. The others hold acceptors
/// and peers, which bring what they bring.
const PRODUCT: [&str; 2] = [".", "fuzz"];

/// Cargo subcommands that resolve dependencies.
const RESOLVING: [&str; 13] = [
    "bench", "build", "check", "clippy", "doc", "fetch", "install", "metadata", "nextest", "run", "rustc",
    "test", "tree",
];

/// A `Cargo.lock`.
#[derive(Debug, Deserialize)]
pub struct LockFile {
    /// Every package it pins.
    #[serde(rename = "package")]
    pub packages: Vec<LockedPackage>,
}

/// One pinned package.
#[derive(Debug, Deserialize)]
pub struct LockedPackage {
    /// Its name.
    pub name: String,
    /// Its exact version.
    pub version: String,
    /// Where it comes from; `None` for packages of this repository.
    pub source: Option<String>,
    /// The hash of its archive.
    pub checksum: Option<String>,
}

/// The parts of `deny.toml` that are checked here too.
#[derive(Debug, Deserialize)]
pub struct DenyFile {
    /// Which licences are allowed.
    pub licenses: Licenses,
    /// Which crates are not.
    pub bans: Bans,
    /// Which advisories are known and explained.
    pub advisories: Advisories,
}

/// The `[licenses]` table.
#[derive(Debug, Deserialize)]
pub struct Licenses {
    /// SPDX identifiers.
    pub allow: Vec<String>,
}

/// The `[bans]` table.
#[derive(Debug, Deserialize)]
pub struct Bans {
    /// Crates that may not be in the graph.
    pub deny: Vec<Ban>,
}

/// One banned crate.
#[derive(Debug, Deserialize)]
pub struct Ban {
    /// Its name.
    pub name: String,
}

/// The `[advisories]` table.
#[derive(Debug, Deserialize)]
pub struct Advisories {
    /// Advisories that cannot hurt here.
    pub ignore: Vec<Ignored>,
}

/// One advisory that cannot hurt here.
#[derive(Debug, Deserialize)]
pub struct Ignored {
    /// `RUSTSEC-…`
    pub id: String,
    /// Why it cannot hurt.
    pub reason: String,
}

impl DenyFile {
    /// Reads `deny.toml`.
    ///
    /// # Errors
    /// When it is missing, or lacks one of the tables.
    pub fn read(project: &Project) -> Result<Self> {
        toml::from_str(&project.read("deny.toml")?).map_err(|error| Failure::unreadable("deny.toml", error))
    }
}

impl LockFile {
    /// Reads the lock file of the workspace in `folder`.
    ///
    /// # Errors
    /// When it is missing or malformed.
    pub fn read(project: &Project, folder: &str) -> Result<Self> {
        let path = path_of(folder);
        toml::from_str(&project.read(&path)?).map_err(|error| Failure::unreadable(path, error))
    }
}

/// The path of the lock file of the workspace in `folder`.
pub fn path_of(folder: &str) -> String {
    if folder == "." { "Cargo.lock".to_owned() } else { format!("{folder}/Cargo.lock") }
}

/// Checks all lock files and the scripts that use them.
///
/// # Errors
/// When a file cannot be read.
pub fn check(project: &Project, files: &[String]) -> Result<Vec<Finding>> {
    let deny = DenyFile::read(project)?;
    let mut findings = Vec::new();
    for folder in project.workspaces() {
        let path = path_of(folder);
        if !files.contains(&path) {
            findings.push(Finding::new(path, "there is no lock file in the repository"));
            continue;
        }
        let lock = LockFile::read(project, folder)?;
        findings.extend(sources(&path, &lock));
        if PRODUCT.contains(&folder) {
            let metadata = Metadata::of(&project.root().join(folder))?;
            let names: Vec<&str> = metadata.foreign().map(|package| package.name.as_str()).collect();
            findings.extend(banned(&path, &names, &deny.bans));
        }
    }
    for path in files.iter().filter(|path| is_script(path)) {
        findings.extend(unlocked_calls(path, &project.read(path)?));
    }
    Ok(findings)
}

fn sources(path: &str, lock: &LockFile) -> Vec<Finding> {
    lock.packages
        .iter()
        .filter_map(|package| {
            let source = package.source.as_deref()?;
            if source != CRATES_IO {
                return Some(Finding::new(path, format!("{} comes from {source}", package.name)));
            }
            let unpinned = package.checksum.is_none();
            unpinned.then(|| Finding::new(path, format!("{} has no checksum", package.name)))
        })
        .collect()
}

fn banned(path: &str, names: &[&str], bans: &Bans) -> Vec<Finding> {
    bans.deny
        .iter()
        .filter(|ban| names.contains(&ban.name.as_str()))
        .map(|ban| Finding::new(path, format!("{} is banned by deny.toml", ban.name)))
        .collect()
}

fn is_script(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    ["scripts/", ".ci/", ".github/workflows/", ".cargo/"].iter().any(|folder| path.starts_with(folder))
        || name == "package.json"
}

/// Finds cargo calls without `--locked` and npm calls that may move a lock file.
fn unlocked_calls(path: &str, text: &str) -> Vec<Finding> {
    let joined = text.replace("\\\n", " ");
    let mut findings = Vec::new();
    for line in joined.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
        let apart = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '(' | ')' | ';');
        let words: Vec<&str> = line.split(apart).filter(|word| !word.is_empty()).collect();
        // Asking for a version and speaking about a command resolve nothing.
        if words.contains(&"--version") || words.contains(&"echo") {
            continue;
        }
        let calls = |program: &str, subcommands: &[&str]| {
            words.windows(2).any(|pair| matches!(pair, [a, b] if *a == program && subcommands.contains(b)))
        };
        if calls("cargo", &RESOLVING) && !words.contains(&"--locked") {
            findings.push(Finding::new(path, format!("`{line}` lacks --locked")));
        }
        if calls("npm", &["install", "i", "update"]) {
            findings.push(Finding::new(path, format!("`{line}` may change the lock file; use `npm ci`")));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lock(text: &str) -> LockFile {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn k3_j1_every_workspace_is_locked_to_the_registry_and_free_of_banned_crates() {
        let project = Project::find().unwrap();
        let files = project.files().unwrap();
        assert!(files.iter().any(|path| path == "deny.toml"));
        assert_eq!(check(&project, &files).unwrap(), []);
    }

    #[test]
    fn j1_a_crate_from_elsewhere_or_without_a_checksum_is_found() {
        let text = format!(
            "[[package]]\nname = \"a\"\nversion = \"1.0.0\"\nsource = \"git+https://example.com/a#1\"\n\
             [[package]]\nname = \"b\"\nversion = \"1.0.0\"\nsource = \"{CRATES_IO}\"\n\
             [[package]]\nname = \"c\"\nversion = \"1.0.0\"\nsource = \"{CRATES_IO}\"\nchecksum = \"00\"\n\
             [[package]]\nname = \"ours\"\nversion = \"1.0.0\"\n"
        );
        let messages: Vec<_> = sources("Cargo.lock", &lock(&text)).into_iter().map(|f| f.message).collect();
        assert_eq!(messages, ["a comes from git+https://example.com/a#1", "b has no checksum"]);
    }

    #[test]
    fn k3_j1_a_paillier_crate_in_the_graph_is_found() {
        let project = Project::find().unwrap();
        let bans = DenyFile::read(&project).unwrap().bans;
        let names = ["kzen-paillier", "serde", "openssl-sys", "openssl-probe"];
        assert_eq!(banned("Cargo.lock", &names, &bans).len(), 2);
    }

    #[test]
    fn j1_a_script_that_may_move_a_lock_file_is_found() {
        assert_eq!(unlocked_calls("scripts/x", "cargo build --release\n").len(), 1);
        assert_eq!(unlocked_calls("scripts/x", "(cd a && cargo nextest run)\n").len(), 1);
        assert!(
            unlocked_calls("scripts/x", "cargo build \\\n  --locked\n# cargo build\ncargo xtask tidy\n")
                .is_empty()
        );
        assert!(unlocked_calls("scripts/x", "if cargo nextest --version; then\n").is_empty());
        assert_eq!(unlocked_calls("scripts/x", "npm install left-pad\n").len(), 1);
        assert!(unlocked_calls("scripts/x", "npm ci\n").is_empty());
    }
}
