//! The dependency graph, as `cargo metadata` tells it.

use std::collections::BTreeSet;
use std::path::Path;

use serde::Deserialize;

use crate::command::{cargo, output};
use crate::failure::{Failure, Result};

/// One cargo workspace with everything it resolves to on this kind of machine.
#[derive(Debug, Deserialize)]
pub struct Metadata {
    /// Every package of the graph, ours and foreign.
    pub packages: Vec<Package>,
}

/// One package.
#[derive(Debug, Deserialize)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its licence expression, if it states one.
    pub license: Option<String>,
    /// Where it comes from; `None` for packages of this repository.
    pub source: Option<String>,
    /// The path of its `Cargo.toml`.
    pub manifest_path: String,
    /// What it directly depends on.
    pub dependencies: Vec<Dependency>,
    /// What it builds.
    pub targets: Vec<Target>,
}

/// One direct dependency.
#[derive(Debug, Deserialize)]
pub struct Dependency {
    /// The package depended on.
    pub name: String,
    /// `None` for an ordinary dependency, else `dev` or `build`.
    pub kind: Option<String>,
}

/// One thing a package builds.
#[derive(Debug, Deserialize)]
pub struct Target {
    /// `lib`, `bin`, `proc-macro`, `custom-build`, …
    pub kind: Vec<String>,
}

/// The platform whose graph is read, so that every machine sees the same.
const PLATFORM: &str = "x86_64-unknown-linux-gnu";

impl Metadata {
    /// Reads the graph of the workspace in `folder`, without changing its lock file.
    ///
    /// `cargo metadata` and the lock file also name what could be switched on; here is only what builds contain.
    ///
    /// # Errors
    /// When the lock file does not fit the manifests, or cargo's answer is not understood.
    pub fn of(folder: &Path) -> Result<Self> {
        let mut metadata = cargo(folder, "metadata");
        let json = output(metadata.args(["--format-version", "1", "--filter-platform", PLATFORM]))?;
        let mut all: Self =
            serde_json::from_str(&json).map_err(|error| Failure::unreadable("cargo metadata", error))?;
        let built = built(folder)?;
        all.packages.retain(|package| built.contains(&(package.name.clone(), package.version.clone())));
        Ok(all)
    }

    /// The packages of this repository.
    pub fn ours(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter().filter(|package| package.source.is_none())
    }

    /// The packages that others wrote.
    pub fn foreign(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter().filter(|package| package.source.is_some())
    }
}

/// Name and version of everything that some build of the workspace contains, tests included.
fn built(folder: &Path) -> Result<BTreeSet<(String, String)>> {
    let mut tree = cargo(folder, "tree");
    tree.args(["--workspace", "--edges", "normal,build,dev", "--target", PLATFORM, "--prefix", "none"]);
    let listing = output(tree.args(["--format", "{p}"]))?;
    let name_and_version = |line: &str| {
        let mut words = line.split_whitespace();
        Some((words.next()?.to_owned(), words.next()?.strip_prefix('v')?.to_owned()))
    };
    Ok(listing.lines().filter_map(name_and_version).collect())
}

impl Package {
    /// Whether one of its targets is of this kind.
    pub fn builds(&self, kind: &str) -> bool {
        self.targets.iter().any(|target| target.kind.iter().any(|one| one == kind))
    }
}
