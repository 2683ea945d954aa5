//! Which of our packages may depend on which: the arrows of ARCHITECTURE.md.

use crate::failure::Result;
use crate::metadata::{Metadata, Package};
use crate::project::Project;
use crate::tidy::Finding;

/// Packages that everybody's tests may use and no product code may.
const FOR_TESTS: [&str; 1] = ["quorate-testkit"];

/// What each package of the product may depend on, directly and in its product code.
///
/// Because every arrow stands here, what is not reachable through them is not reachable at all: `signal` never
/// sees a share, and a user interface sees the protocol only through `wallet`.
const ALLOWED: [(&str, &[&str]); 15] = [
    ("quorate-primitives", &[]),
    ("quorate-threshold", &["quorate-primitives"]),
    ("quorate-dkls", &["quorate-primitives", "quorate-threshold"]),
    ("quorate-transport", &["quorate-primitives"]),
    ("quorate-chains", &["quorate-primitives"]),
    ("quorate-signer-api", &[]),
    ("quorate-vault", &["quorate-primitives"]),
    ("quorate-session", &["quorate-primitives", "quorate-threshold", "quorate-dkls", "quorate-transport"]),
    (
        "quorate-wallet",
        &[
            "quorate-primitives",
            "quorate-threshold",
            "quorate-transport",
            "quorate-session",
            "quorate-chains",
        ],
    ),
    ("quorate-net", &["quorate-primitives", "quorate-transport"]),
    ("quorate-signal", &["quorate-primitives", "quorate-transport"]),
    ("quorate", &["quorate-primitives", "quorate-vault", "quorate-net", "quorate-wallet", "quorate-signal"]),
    (
        "quorate-node",
        &[
            "quorate-primitives",
            "quorate-threshold",
            "quorate-dkls",
            "quorate-transport",
            "quorate-session",
            "quorate-vault",
            "quorate-signer-api",
        ],
    ),
    ("quorate-tests", &[]),
    ("xtask", &[]),
];

/// Checks every arrow between packages of this repository.
///
/// # Errors
/// When the dependency graph cannot be read.
pub fn check(project: &Project) -> Result<Vec<Finding>> {
    let metadata = Metadata::of(project.root())?;
    let ours: Vec<&str> = metadata.ours().map(|package| package.name.as_str()).collect();
    Ok(metadata.ours().flat_map(|package| arrows(package, &ours)).collect())
}

fn arrows(package: &Package, ours: &[&str]) -> Vec<Finding> {
    if FOR_TESTS.contains(&package.name.as_str()) {
        return to_apps(package);
    }
    let Some((_, allowed)) = ALLOWED.iter().find(|(name, _)| *name == package.name) else {
        let message =
            "its place in the dependency direction is not written down; add it to `tidy/direction.rs`";
        return vec![Finding::new(&package.name, message)];
    };
    package
        .dependencies
        .iter()
        .filter(|one| one.kind.as_deref() != Some("dev"))
        .map(|one| one.name.as_str())
        .filter(|name| ours.contains(name) && !allowed.contains(name))
        .map(|name| Finding::new(&package.name, format!("may not depend on {name}")))
        .collect()
}

/// The tests' own crate may see everything except apps, which are tested as processes.
fn to_apps(package: &Package) -> Vec<Finding> {
    package
        .dependencies
        .iter()
        .filter(|one| one.name == "quorate" || one.name == "quorate-signal")
        .map(|one| Finding::new(&package.name, format!("may not depend on the app {}", one.name)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::Dependency;

    fn package(name: &str, dependencies: &[(&str, Option<&str>)]) -> Package {
        Package {
            name: name.into(),
            version: "0.1.0".into(),
            license: None,
            source: None,
            manifest_path: String::new(),
            dependencies: dependencies
                .iter()
                .map(|(name, kind)| Dependency { name: (*name).into(), kind: kind.map(Into::into) })
                .collect(),
            targets: Vec::new(),
        }
    }

    const OURS: [&str; 4] = ["quorate-primitives", "quorate-threshold", "quorate-signal", "quorate-testkit"];

    #[test]
    fn the_relay_may_not_see_the_threshold_crate() {
        let relay = package("quorate-signal", &[("quorate-threshold", None), ("quorate-primitives", None)]);
        let findings = arrows(&relay, &OURS);
        assert_eq!(findings, [Finding::new("quorate-signal", "may not depend on quorate-threshold")]);
    }

    #[test]
    fn the_testkit_is_for_tests_only() {
        assert_eq!(arrows(&package("quorate-threshold", &[("quorate-testkit", None)]), &OURS).len(), 1);
        assert!(arrows(&package("quorate-threshold", &[("quorate-testkit", Some("dev"))]), &OURS).is_empty());
    }

    #[test]
    fn a_package_without_a_place_is_found() {
        assert_eq!(arrows(&package("quorate-new", &[]), &OURS).len(), 1);
    }

    #[test]
    fn every_arrow_of_this_repository_is_allowed() {
        let project = Project::find().unwrap();
        assert_eq!(check(&project).unwrap(), []);
    }
}
