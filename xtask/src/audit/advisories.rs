//! The RustSec advisory database, read without its tools.
//!
//! An advisory is a Markdown file that begins with a TOML block naming the crate and the versions that are
//! patched or were never affected; every other version is affected. Withdrawn advisories say nothing, and
//! informational ones (unmaintained, unsound, notice) are shown without failing, as cargo-audit does.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use semver::{Version, VersionReq};
use serde::Deserialize;

use crate::command::output;
use crate::failure::{Failure, Result};
use crate::project::Project;
use crate::tidy::lockfiles::{Ignored, LockFile, LockedPackage};

/// A folder that holds the database.
pub struct Database {
    folder: PathBuf,
}

/// One advisory that still stands.
#[derive(Debug)]
pub struct Advisory {
    /// `RUSTSEC-…`
    pub id: String,
    /// The crate it is about.
    package: String,
    /// What kind of notice it is; `None` for a vulnerability.
    informational: Option<String>,
    /// Versions that are not affected, for either reason.
    safe: Vec<VersionReq>,
}

/// What an advisory means for a package that it is about.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The version is affected and nobody has said why that cannot hurt.
    Vulnerable,
    /// The version is affected by something that is no vulnerability: its kind.
    Notice(String),
    /// `deny.toml` says why it cannot hurt here.
    Explained(String),
}

#[derive(Deserialize)]
struct FrontMatter {
    advisory: Head,
    versions: Versions,
}

#[derive(Deserialize)]
struct Head {
    id: String,
    package: String,
    informational: Option<String>,
    withdrawn: Option<String>,
}

#[derive(Deserialize)]
struct Versions {
    #[serde(default)]
    patched: Vec<String>,
    #[serde(default)]
    unaffected: Vec<String>,
}

impl Database {
    /// Finds the database: `QUORATE_ADVISORY_DB` (a folder or an archive), else `../shared/advisory-db.tar.gz`.
    ///
    /// # Errors
    /// When there is one and it cannot be unpacked.
    pub fn find(project: &Project) -> Result<Option<Self>> {
        let named = std::env::var_os("QUORATE_ADVISORY_DB").map(PathBuf::from);
        let sibling =
            || Some(project.root().join("../shared/advisory-db.tar.gz")).filter(|path| path.exists());
        let Some(place) = named.or_else(sibling) else { return Ok(None) };
        if place.is_dir() {
            return Ok(Some(Self { folder: place }));
        }
        let unpacked = project.target().join("advisory-db");
        unpack(&place, &unpacked)?;
        Ok(Some(Self { folder: unpacked }))
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Reads every advisory about a crate that has not been withdrawn.
    ///
    /// # Errors
    /// When one of them is not understood: a database that is read in part protects in part.
    pub fn advisories(&self) -> Result<Vec<Advisory>> {
        let mut found = Vec::new();
        for package in entries(&self.folder.join("crates"))? {
            for file in entries(&package)? {
                let name = file.display().to_string();
                let text = fs::read_to_string(&file).map_err(Failure::io(format!("reading {name}")))?;
                found.extend(Advisory::parse(&name, &text)?);
            }
        }
        if found.is_empty() {
            return Err(Failure::unreadable(self.folder.display().to_string(), "holds no advisories"));
        }
        Ok(found)
    }
}

impl Advisory {
    /// Reads one advisory; `None` when it was withdrawn.
    fn parse(name: &str, text: &str) -> Result<Option<Self>> {
        let block = text
            .split_once("```toml")
            .and_then(|(_, rest)| rest.split_once("```"))
            .ok_or_else(|| Failure::unreadable(name, "has no TOML block"))?;
        let front: FrontMatter = toml::from_str(block.0).map_err(|error| Failure::unreadable(name, error))?;
        if front.advisory.withdrawn.is_some() {
            return Ok(None);
        }
        let safe = front.versions.patched.iter().chain(&front.versions.unaffected);
        let safe = safe.map(|one| VersionReq::parse(one).map_err(|error| Failure::unreadable(name, error)));
        Ok(Some(Self {
            id: front.advisory.id,
            package: front.advisory.package,
            informational: front.advisory.informational,
            safe: safe.collect::<Result<_>>()?,
        }))
    }

    fn affects(&self, version: &Version) -> bool {
        !self.safe.iter().any(|safe| safe.matches(version) || holds_pre_release(safe, version))
    }

    fn verdict(&self, ignored: &[Ignored]) -> Verdict {
        if let Some(known) = ignored.iter().find(|known| known.id == self.id) {
            return Verdict::Explained(known.reason.clone());
        }
        match &self.informational {
            Some(kind) => Verdict::Notice(kind.clone()),
            None => Verdict::Vulnerable,
        }
    }
}

/// Holds every package of a lock file against the advisories.
///
/// # Errors
/// When a locked version is not a version.
pub fn judge<'a>(
    lock: &'a LockFile,
    advisories: &'a [Advisory],
    ignored: &[Ignored],
) -> Result<Vec<(&'a LockedPackage, &'a Advisory, Verdict)>> {
    let mut about: BTreeMap<&str, Vec<&Advisory>> = BTreeMap::new();
    for advisory in advisories {
        about.entry(&advisory.package).or_default().push(advisory);
    }
    let mut verdicts = Vec::new();
    for package in lock.packages.iter().filter(|package| package.source.is_some()) {
        let version = Version::parse(&package.version)
            .map_err(|error| Failure::unreadable(format!("{} {}", package.name, package.version), error))?;
        let hits = about.get(package.name.as_str()).into_iter().flatten();
        for advisory in hits.filter(|advisory| advisory.affects(&version)) {
            verdicts.push((package, *advisory, advisory.verdict(ignored)));
        }
    }
    Ok(verdicts)
}

/// Unpacks the archive so that `folder` holds what its single top folder holds.
fn unpack(archive: &Path, folder: &Path) -> Result<()> {
    let doing = |what: &str| format!("{what} {}", folder.display());
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(Failure::io(doing("clearing")))?;
    }
    fs::create_dir_all(folder).map_err(Failure::io(doing("making")))?;
    let mut tar = Command::new("tar");
    tar.arg("-xzf").arg(archive).arg("-C").arg(folder).arg("--strip-components=1");
    output(&mut tar).map(drop)
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let doing = || format!("reading {}", folder.display());
    let listing = fs::read_dir(folder).map_err(Failure::io(doing()))?;
    let mut paths = listing
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<std::io::Result<Vec<_>>>()
        .map_err(Failure::io(doing()))?;
    paths.sort_unstable();
    Ok(paths)
}

/// Whether a pre-release is safe because its release is, which a requirement does not say by itself. One of a version that
/// the requirement names may be older than the fix.
fn holds_pre_release(safe: &VersionReq, version: &Version) -> bool {
    let numbers = (version.major, version.minor, version.patch);
    let named = safe
        .comparators
        .iter()
        .any(|bound| (bound.major, bound.minor.unwrap_or(0), bound.patch.unwrap_or(0)) == numbers);
    let release = Version::new(version.major, version.minor, version.patch);
    !version.pre.is_empty() && !named && safe.matches(&release)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::lockfiles::DenyFile;

    const ADVISORY: &str = "```toml\n[advisory]\nid = \"RUSTSEC-2099-0001\"\npackage = \"leaky\"\n\
        date = \"2099-01-01\"\n\n[versions]\npatched = [\">= 1.2.3, < 2.0.0\", \">= 2.1.0\"]\n\
        unaffected = [\"< 0.5.0\"]\n```\n# Leaks\n";

    fn lock(name: &str, version: &str) -> LockFile {
        let text = format!(
            "[[package]]\nname = \"{name}\"\nversion = \"{version}\"\nsource = \"registry+x\"\nchecksum = \"0\"\n"
        );
        toml::from_str(&text).unwrap()
    }

    fn verdict_for(version: &str, text: &str, ignored: &[Ignored]) -> Option<Verdict> {
        let advisories: Vec<_> = Advisory::parse("x.md", text).unwrap().into_iter().collect();
        let lock = lock("leaky", version);
        judge(&lock, &advisories, ignored).unwrap().into_iter().map(|(_, _, verdict)| verdict).next()
    }

    #[test]
    fn j2_an_affected_version_is_found_and_patched_or_unaffected_ones_are_not() {
        for version in ["0.5.0", "1.2.2", "2.0.0", "2.0.9", "2.1.0-alpha.1"] {
            assert_eq!(verdict_for(version, ADVISORY, &[]), Some(Verdict::Vulnerable), "{version}");
        }
        for version in ["0.4.9", "1.2.3", "1.9.0", "2.1.0", "3.0.0"] {
            assert_eq!(verdict_for(version, ADVISORY, &[]), None, "{version}");
        }
    }

    #[test]
    fn j2_a_pre_release_is_judged_by_its_release_unless_the_advisory_names_that() {
        for version in ["1.2.4-alpha.1", "2.2.0-rc.1", "0.4.0-beta"] {
            assert_eq!(verdict_for(version, ADVISORY, &[]), None, "{version}");
        }
        for version in ["1.2.3-rc.1", "2.0.0-alpha.1", "2.0.5-rc.1", "0.5.0-alpha.1"] {
            assert_eq!(verdict_for(version, ADVISORY, &[]), Some(Verdict::Vulnerable), "{version}");
        }
    }

    #[test]
    fn j2_another_crate_is_not_blamed() {
        let advisories: Vec<_> = Advisory::parse("x.md", ADVISORY).unwrap().into_iter().collect();
        assert!(judge(&lock("leaky-not", "1.0.0"), &advisories, &[]).unwrap().is_empty());
    }

    #[test]
    fn j2_notices_withdrawals_and_explanations_do_not_fail() {
        let notice = ADVISORY.replace("date =", "informational = \"unmaintained\"\ndate =");
        assert_eq!(verdict_for("1.0.0", &notice, &[]), Some(Verdict::Notice("unmaintained".into())));
        let withdrawn = ADVISORY.replace("date =", "withdrawn = \"2099-02-01\"\ndate =");
        assert_eq!(verdict_for("1.0.0", &withdrawn, &[]), None);
        let known = [Ignored { id: "RUSTSEC-2099-0001".into(), reason: "never called".into() }];
        assert_eq!(verdict_for("1.0.0", ADVISORY, &known), Some(Verdict::Explained("never called".into())));
    }

    #[test]
    fn j2_an_advisory_that_is_not_understood_is_an_error() {
        assert!(Advisory::parse("x.md", "# no block").is_err());
        assert!(Advisory::parse("x.md", &ADVISORY.replace(">= 2.1.0", "newer")).is_err());
    }

    #[test]
    fn j2_every_lock_file_is_free_of_known_vulnerabilities() {
        let project = Project::find().unwrap();
        let Some(database) = Database::find(&project).unwrap() else {
            eprintln!("no advisory database beside the repository; QUORATE_ADVISORY_DB names one");
            return;
        };
        let advisories = database.advisories().unwrap();
        assert!(advisories.len() > 800, "{} advisories", advisories.len());
        let ignored = DenyFile::read(&project).unwrap().advisories.ignore;
        for folder in project.workspaces() {
            let lock = LockFile::read(&project, folder).unwrap();
            for (package, advisory, verdict) in judge(&lock, &advisories, &ignored).unwrap() {
                let name = format!("{} {}: {}", package.name, package.version, advisory.id);
                assert_ne!(verdict, Verdict::Vulnerable, "{folder}: {name}");
            }
        }
    }
}
