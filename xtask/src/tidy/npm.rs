//! npm packages (they exist for acceptance tests only): no install scripts, exact versions, a lock file with
//! hashes and without hosts.

use serde_json::Value;

use crate::failure::{Failure, Result};
use crate::project::Project;
use crate::tidy::Finding;

/// Lines every `.npmrc` must have.
const SETTINGS: [&str; 3] =
    ["ignore-scripts=true", "omit-lockfile-registry-resolved=true", "save-exact=true"];

/// Checks every folder with a `package.json`.
///
/// # Errors
/// When a file cannot be read or is not JSON.
pub fn check(project: &Project, files: &[String]) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for manifest in files.iter().filter(|path| *path == "package.json" || path.ends_with("/package.json")) {
        let beside = |name: &str| format!("{}{name}", manifest.trim_end_matches("package.json"));
        findings.extend(exact_versions(manifest, &json(project, manifest)?));
        let settings = beside(".npmrc");
        if files.contains(&settings) {
            findings.extend(missing_settings(&settings, &project.read(&settings)?));
        } else {
            findings.push(Finding::new(settings, "is missing; it must refuse install scripts"));
        }
        let lock = beside("package-lock.json");
        if files.contains(&lock) {
            findings.extend(lock_entries(&lock, &json(project, &lock)?));
        } else {
            findings.push(Finding::new(lock, "there is no lock file in the repository"));
        }
    }
    Ok(findings)
}

fn json(project: &Project, path: &str) -> Result<Value> {
    serde_json::from_str(&project.read(path)?).map_err(|error| Failure::unreadable(path, error))
}

fn missing_settings(path: &str, text: &str) -> Vec<Finding> {
    let lines: Vec<String> = text.lines().map(|line| line.replace(' ', "")).collect();
    SETTINGS
        .iter()
        .filter(|setting| !lines.iter().any(|line| line == *setting))
        .map(|setting| Finding::new(path, format!("lacks `{setting}`")))
        .collect()
}

fn exact_versions(path: &str, manifest: &Value) -> Vec<Finding> {
    ["dependencies", "devDependencies", "optionalDependencies"]
        .iter()
        .filter_map(|table| manifest.get(table)?.as_object())
        .flatten()
        .filter(|(_, version)| !version.as_str().is_some_and(is_exact))
        .map(|(name, version)| {
            Finding::new(path, format!("{name} is asked for as {version}; name one version"))
        })
        .collect()
}

fn is_exact(version: &str) -> bool {
    semver::Version::parse(version).is_ok()
}

fn lock_entries(path: &str, lock: &Value) -> Vec<Finding> {
    let Some(packages) = lock.get("packages").and_then(Value::as_object) else {
        return vec![Finding::new(path, "is not a lock file of version 3")];
    };
    let mut findings = Vec::new();
    // The entry without a name is the package itself.
    for (name, entry) in packages.iter().filter(|(name, _)| !name.is_empty()) {
        if entry.get("resolved").is_some() {
            findings.push(Finding::new(path, format!("{name} names the host it was resolved from")));
        }
        if entry.get("integrity").is_none() && entry.get("link").is_none() && entry.get("inBundle").is_none()
        {
            findings.push(Finding::new(path, format!("{name} has no integrity hash")));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn j8_no_package_of_this_repository_runs_install_scripts_or_floats() {
        let project = Project::find().unwrap();
        let files = project.files().unwrap();
        assert_eq!(check(&project, &files).unwrap(), []);
    }

    #[test]
    fn j8_an_npmrc_that_allows_install_scripts_is_found() {
        let good = SETTINGS.join("\n");
        assert_eq!(missing_settings(".npmrc", &good), []);
        let allowing = good.replace("ignore-scripts=true", "ignore-scripts=false");
        assert_eq!(missing_settings(".npmrc", &allowing).len(), 1);
        assert_eq!(missing_settings(".npmrc", "# ignore-scripts=true").len(), SETTINGS.len());
    }

    #[test]
    fn j8_a_version_range_is_found() {
        let manifest =
            json!({"dependencies": {"a": "^1.0.0", "b": "1.2.3"}, "devDependencies": {"c": "latest"}});
        assert_eq!(exact_versions("package.json", &manifest).len(), 2);
    }

    #[test]
    fn j8_a_lock_entry_with_a_host_or_without_a_hash_is_found() {
        let lock = json!({"packages": {
            "": {"name": "x"},
            "node_modules/a": {"version": "1.0.0", "integrity": "sha512-x"},
            "node_modules/b": {"version": "1.0.0", "integrity": "sha512-x", "resolved": "https://example.com/b.tgz"},
            "node_modules/c": {"version": "1.0.0"},
        }});
        assert_eq!(lock_entries("package-lock.json", &lock).len(), 2);
        assert_eq!(lock_entries("package-lock.json", &json!({"lockfileVersion": 1})).len(), 1);
    }
}
