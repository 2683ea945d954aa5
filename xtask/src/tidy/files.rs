//! Every file: its length, its name, and words that name one machine.

use crate::failure::Result;
use crate::project::Project;
use crate::tidy::Finding;

const MAX_LINES: usize = 800;

/// Ends of names whose length is limited: what people write by hand.
const MEASURED: [&str; 9] = [".rs", ".ts", ".js", ".mjs", ".svelte", ".py", ".sh", "scripts/test", ".ci/run"];

/// Folders of one machine, which mean nothing on another.
const MACHINE_PATHS: [&str; 4] =
    [concat!("/ro", "ot/"), concat!("/wo", "rk/"), concat!("/fa", "rm/"), concat!("/tmp/ba", "sh_jobs")];

/// Hosts of package registries: a lock file or a script that names one breaks behind a mirror.
const REGISTRY_HOSTS: [&str; 4] = [
    concat!("registry.npm", "js.org"),
    concat!("files.python", "hosted.org"),
    concat!("static.crates", ".io"),
    concat!("index.crates", ".io"),
];

/// Checks all text files.
///
/// # Errors
/// When a file cannot be read.
pub fn check(project: &Project, files: &[String]) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for path in files {
        findings.extend(name(path));
        // Corpora and vectors hold arbitrary bytes, which are nobody's words.
        let Ok(text) = project.read(path) else { continue };
        findings.extend(length(path, &text));
        findings.extend(words(path, &text));
    }
    Ok(findings)
}

fn name(path: &str) -> Option<Finding> {
    let base = path.rsplit('/').next().unwrap_or(path);
    (base == "mod.rs").then(|| Finding::new(path, "a module is `name.rs` beside its folder, never `mod.rs`"))
}

fn length(path: &str, text: &str) -> Option<Finding> {
    let lines = text.lines().count();
    let measured = MEASURED.iter().any(|end| path.ends_with(end));
    (measured && lines > MAX_LINES).then(|| {
        Finding::new(path, format!("{lines} lines where {MAX_LINES} are the limit; split it by idea"))
    })
}

fn words(path: &str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let place = || format!("{path}:{number}");
        if let Some(word) = MACHINE_PATHS.iter().find(|word| holds_path(line, word)) {
            findings.push(Finding::new(place(), format!("`{word}` is a path of one machine")));
        }
        if let Some(host) = REGISTRY_HOSTS.iter().find(|host| line.contains(*host)) {
            findings.push(Finding::new(place(), format!("`{host}` is a registry's host")));
        }
    }
    findings
}

/// Whether the line holds this absolute path; a part of a longer path or of an address is another thing.
fn holds_path(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let before = line.get(..at).and_then(|head| head.chars().next_back());
        !before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '}' | ')' | '/' | '~'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_file_is_found_and_a_long_lock_file_is_not() {
        let text = "x\n".repeat(801);
        assert!(length("crates/a/src/lib.rs", &text).is_some());
        assert!(length("Cargo.lock", &text).is_none());
        assert!(length("crates/a/src/lib.rs", &text[..1600]).is_none());
    }

    #[test]
    fn a_module_file_named_mod_is_found() {
        assert!(name("crates/a/src/b/mod.rs").is_some());
        assert!(name("crates/a/src/mod.rsx").is_none());
        assert!(name("crates/a/src/b/xmod.rs").is_none());
    }

    #[test]
    fn a_path_of_a_machine_is_found_and_a_relative_one_is_not() {
        let machine = MACHINE_PATHS[0];
        assert_eq!(words("a.md", &format!("fine\nsee {machine}x")).len(), 1);
        assert_eq!(words("a.md", &format!("see `{machine}x`")).len(), 1);
        assert!(words("a.md", &format!("see tests{machine}x and https://example.com{machine}x")).is_empty());
    }

    #[test]
    fn a_registry_host_is_found() {
        let line = format!("\"resolved\": \"https://{}/x\"", REGISTRY_HOSTS[0]);
        assert_eq!(words("package-lock.json", &line).len(), 1);
    }
}
