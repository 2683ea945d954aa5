//! An inventory of the foreign code that runs while building or outside the compiler's checks, and a budget
//! for it: a build script, a procedural macro or `unsafe` code that was not there before fails the check until
//! somebody has written it down with `cargo xtask budget --write`.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde::Deserialize;

use crate::failure::{Failure, Result};
use crate::metadata::{Metadata, Package};
use crate::project::Project;
use crate::tidy::Finding;
use crate::tidy::source::code_only;

const PATH: &str = "xtask/dependency-budget.toml";

/// What is there, or what may be there.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Inventory {
    /// How many foreign packages there are.
    packages: usize,
    /// How often the word `unsafe` stands in their code.
    unsafe_words: usize,
    /// Which of them run a program when built.
    build_scripts: BTreeSet<String>,
    /// Which of them run inside the compiler.
    procedural_macros: BTreeSet<String>,
}

/// Compares the inventory with the committed budget.
///
/// # Errors
/// When the graph, the sources or the budget cannot be read.
pub fn check(project: &Project) -> Result<Vec<Finding>> {
    let budget = toml::from_str(&project.read(PATH)?).map_err(|error| Failure::unreadable(PATH, error))?;
    Ok(excess(&Inventory::take(project)?, &budget))
}

/// Prints the inventory.
///
/// # Errors
/// When the graph or the sources cannot be read.
pub fn print(project: &Project) -> Result<()> {
    print!("{}", Inventory::take(project)?.to_toml());
    Ok(())
}

/// Makes the inventory the budget.
///
/// # Errors
/// When the graph or the sources cannot be read, or the budget cannot be written.
pub fn write(project: &Project) -> Result<()> {
    let text = Inventory::take(project)?.to_toml();
    fs::write(project.root().join(PATH), text).map_err(Failure::io(format!("writing {PATH}")))
}

fn excess(found: &Inventory, budget: &Inventory) -> Vec<Finding> {
    let mut findings = Vec::new();
    let counted = [
        ("packages", found.packages, budget.packages),
        ("uses of `unsafe`", found.unsafe_words, budget.unsafe_words),
    ];
    for (what, found, allowed) in counted.into_iter().filter(|(_, found, allowed)| found > allowed) {
        findings
            .push(Finding::new(PATH, format!("{found} {what} in dependencies where {allowed} are accepted")));
    }
    for name in found.build_scripts.difference(&budget.build_scripts) {
        findings.push(Finding::new(PATH, format!("{name} brings a build script that nobody accepted")));
    }
    for name in found.procedural_macros.difference(&budget.procedural_macros) {
        findings.push(Finding::new(PATH, format!("{name} is a procedural macro that nobody accepted")));
    }
    findings
}

impl Inventory {
    fn take(project: &Project) -> Result<Self> {
        let metadata = Metadata::of(project.root())?;
        let named = |kind: &str| {
            metadata
                .foreign()
                .filter(|package| package.builds(kind))
                .map(|package| package.name.clone())
                .collect()
        };
        let mut unsafe_words = 0;
        for package in metadata.foreign() {
            unsafe_words += unsafe_words_of(package)?;
        }
        Ok(Self {
            packages: metadata.foreign().count(),
            unsafe_words,
            build_scripts: named("custom-build"),
            procedural_macros: named("proc-macro"),
        })
    }

    fn to_toml(&self) -> String {
        let mut text = String::from(
            "# What the dependencies may bring. `cargo xtask tidy` fails when they bring more; after a look at what is\n\
             # new, `cargo xtask budget --write` accepts it.\n",
        );
        // Writing into a String cannot fail.
        let _ = writeln!(text, "packages = {}\nunsafe_words = {}", self.packages, self.unsafe_words);
        for (key, names) in
            [("build_scripts", &self.build_scripts), ("procedural_macros", &self.procedural_macros)]
        {
            let _ = writeln!(text, "{key} = [");
            for name in names {
                let _ = writeln!(text, "    \"{name}\",");
            }
            text.push_str("]\n");
        }
        text
    }
}

fn unsafe_words_of(package: &Package) -> Result<usize> {
    let folder = Path::new(&package.manifest_path).parent().unwrap_or(Path::new("")).join("src");
    // A package whose code is elsewhere is one whose manifest says so; none of ours depends on such a one.
    if folder.is_dir() { unsafe_words_below(&folder) } else { Ok(0) }
}

fn unsafe_words_below(folder: &Path) -> Result<usize> {
    let doing = || format!("reading {}", folder.display());
    let mut count = 0;
    for entry in fs::read_dir(folder).map_err(Failure::io(doing()))? {
        let path = entry.map_err(Failure::io(doing()))?.path();
        if path.is_dir() {
            count += unsafe_words_below(&path)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let bytes = fs::read(&path).map_err(Failure::io(doing()))?;
            count += unsafe_words_in(&String::from_utf8_lossy(&bytes));
        }
    }
    Ok(count)
}

fn unsafe_words_in(text: &str) -> usize {
    if !text.contains("unsafe") {
        return 0;
    }
    let of_a_name = |c: char| c.is_alphanumeric() || c == '_';
    code_only(text).split(|c: char| !of_a_name(c)).filter(|word| *word == "unsafe").count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inventory(packages: usize, unsafe_words: usize, build: &[&str], macros: &[&str]) -> Inventory {
        let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Inventory { packages, unsafe_words, build_scripts: set(build), procedural_macros: set(macros) }
    }

    #[test]
    fn j4_the_dependencies_of_this_repository_stay_within_the_budget() {
        let project = Project::find().unwrap();
        assert_eq!(check(&project).unwrap(), []);
    }

    #[test]
    fn j4_the_inventory_sees_build_scripts_macros_and_unsafe_code() {
        let found = Inventory::take(&Project::find().unwrap()).unwrap();
        assert!(found.build_scripts.contains("libc"));
        assert!(found.procedural_macros.contains("serde_derive"));
        assert!(found.unsafe_words > 1000);
    }

    #[test]
    fn j4_a_new_build_script_macro_or_unsafe_block_exceeds_the_budget() {
        let budget = inventory(10, 100, &["libc"], &["serde_derive"]);
        assert_eq!(excess(&budget, &budget), []);
        assert_eq!(excess(&inventory(9, 99, &[], &[]), &budget), []);
        assert_eq!(excess(&inventory(10, 101, &["libc"], &[]), &budget).len(), 1);
        assert_eq!(excess(&inventory(11, 100, &["libc", "evil"], &["also-evil"]), &budget).len(), 3);
    }

    #[test]
    fn the_budget_reads_back_as_it_was_written() {
        let budget = inventory(10, 100, &["a", "b"], &["c"]);
        assert_eq!(toml::from_str::<Inventory>(&budget.to_toml()).unwrap(), budget);
    }

    #[test]
    fn unsafe_is_counted_in_code_only() {
        assert_eq!(
            unsafe_words_in("unsafe fn f() { unsafe { g(\"unsafe\") } } // unsafe\n#![forbid(unsafe_code)]"),
            2
        );
    }
}
