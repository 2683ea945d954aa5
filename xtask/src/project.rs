//! Where things are in this repository.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command;
use crate::failure::{Failure, Result};

/// A crate that knows no sockets, files, clock, environment, global randomness, tasks or hash maps.
pub struct PureCrate {
    /// The folder below `crates/`; the package is `quorate-` and this name.
    pub name: &'static str,
    /// The parts of it, as path prefixes below `src/`, that are a shell and may know the machine.
    pub shell: &'static [&'static str],
}

impl PureCrate {
    const fn whole(name: &'static str) -> Self {
        Self { name, shell: &[] }
    }

    /// The name of the package.
    pub fn package(&self) -> String {
        format!("quorate-{}", self.name)
    }
}

/// The pure crates; one whose folder does not exist yet is passed over.
const PURE: [PureCrate; 10] = [
    PureCrate::whole("primitives"),
    PureCrate::whole("threshold"),
    PureCrate::whole("dkls"),
    PureCrate::whole("transport"),
    PureCrate::whole("session"),
    PureCrate::whole("policy"),
    PureCrate::whole("chains"),
    PureCrate::whole("signer-api"),
    PureCrate::whole("wallet"),
    PureCrate { name: "vault", shell: &["file"] },
];

/// Cargo workspaces of this repository, each with a lock file of its own.
const WORKSPACES: [&str; 6] =
    [".", "fuzz", "benches", "benches/cggmp24", "benches/timing", "tests/acceptors"];

/// The repository.
pub struct Project {
    root: PathBuf,
}

impl Project {
    /// Finds the repository this program was built from.
    ///
    /// # Errors
    /// When the sources are no longer where they were.
    pub fn find() -> Result<Self> {
        let package = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = package.parent().unwrap_or(package).to_owned();
        if root.join("Cargo.toml").is_file() {
            return Ok(Self { root });
        }
        Err(Failure::unreadable(root.display().to_string(), "the repository is no longer here; build again"))
    }

    /// The repository's top folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where build results go: `CARGO_TARGET_DIR`, else `target` in the top folder.
    pub fn target(&self) -> PathBuf {
        match std::env::var_os("CARGO_TARGET_DIR") {
            Some(folder) => self.root.join(folder),
            None => self.root.join("target"),
        }
    }

    /// The pure crates that exist.
    pub fn pure_crates(&self) -> impl Iterator<Item = PureCrate> {
        let crates = self.root.join("crates");
        PURE.into_iter().filter(move |pure| crates.join(pure.name).join("Cargo.toml").is_file())
    }

    /// The cargo workspaces that exist, as paths from the top folder.
    pub fn workspaces(&self) -> impl Iterator<Item = &'static str> {
        WORKSPACES.into_iter().filter(|folder| self.root.join(folder).join("Cargo.toml").is_file())
    }

    /// Every file that is part of the repository or would become so with the next `git add`, sorted.
    ///
    /// # Errors
    /// When git cannot say.
    pub fn files(&self) -> Result<Vec<String>> {
        let mut git = Command::new("git");
        git.current_dir(&self.root).args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
            "--deduplicate",
        ]);
        let listing = command::output(&mut git)?;
        let mut files: Vec<String> = listing
            .split('\0')
            .filter(|path| !path.is_empty() && self.root.join(path).is_file())
            .map(str::to_owned)
            .collect();
        files.sort_unstable();
        Ok(files)
    }

    /// The contents of the file at `path` (from the top folder).
    ///
    /// # Errors
    /// When it cannot be read as text.
    pub fn read(&self, path: &str) -> Result<String> {
        fs::read_to_string(self.root.join(path)).map_err(Failure::io(format!("reading {path}")))
    }
}
