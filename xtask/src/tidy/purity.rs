//! Pure crates name nothing of the machine: no sockets, files, clock, environment, global randomness, tasks
//! or hash maps.

use crate::failure::Result;
use crate::project::{Project, PureCrate};
use crate::tidy::Finding;
use crate::tidy::source::{before_tests, code_only};

const FORBIDDEN: [(&str, &str); 19] = [
    ("std::net", "sockets belong in a shell"),
    ("std::fs", "files belong in a shell"),
    ("std::process", "processes belong in a shell"),
    ("std::thread", "threads belong in a shell"),
    ("std::env", "the environment is read by an app"),
    ("std::io::stdin", "terminals belong to an app"),
    ("SystemTime", "time comes in as a `Timestamp`"),
    ("Instant", "time comes in as a `Timestamp`"),
    ("HashMap", "its order is random; use `BTreeMap`"),
    ("HashSet", "its order is random; use `BTreeSet`"),
    ("RandomState", "randomness comes in as an argument"),
    ("tokio", "tasks belong in a shell"),
    ("async_std", "tasks belong in a shell"),
    ("thread_rng", "randomness comes in as an argument"),
    ("OsRng", "randomness comes in as an argument"),
    ("getrandom", "randomness comes in as an argument"),
    ("from_entropy", "randomness comes in as an argument"),
    ("thread_local", "state is a value, passed in"),
    ("static mut", "state is a value, passed in"),
];

/// Checks the sources and manifests of the pure crates.
///
/// # Errors
/// When a file cannot be read.
pub fn check(project: &Project, files: &[String]) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for pure in project.pure_crates() {
        for path in files.iter().filter(|path| is_pure_source(&pure, path)) {
            findings.extend(words(path, &project.read(path)?));
        }
    }
    Ok(findings)
}

fn is_pure_source(pure: &PureCrate, path: &str) -> bool {
    let Some(inside) = path.strip_prefix(&format!("crates/{}/src/", pure.name)) else { return false };
    inside.ends_with(".rs")
        && !inside.ends_with("tests.rs")
        && !inside.contains("tests/")
        && !pure.shell.iter().any(|shell| inside.starts_with(shell))
}

fn words(path: &str, text: &str) -> Vec<Finding> {
    let code = code_only(text);
    let mut findings = Vec::new();
    for (number, line) in (1..).zip(before_tests(&code).lines()) {
        for (word, why) in FORBIDDEN.iter().filter(|(word, _)| holds_word(line, word)) {
            findings
                .push(Finding::new(format!("{path}:{number}"), format!("`{word}` in a pure crate: {why}")));
        }
    }
    findings
}

/// Whether `word` stands in `line` on its own, not as a part of a longer name.
fn holds_word(line: &str, word: &str) -> bool {
    let of_a_name = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let before = line.get(..at).and_then(|head| head.chars().next_back());
        let after = line.get(at + word.len()..).and_then(|tail| tail.chars().next());
        !before.is_some_and(of_a_name) && !after.is_some_and(of_a_name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_in_a_pure_crate_is_found_and_one_in_its_tests_or_comments_is_not() {
        let text = "//! No SystemTime here.\nuse std::time::SystemTime;\n#[cfg(test)]\nuse std::fs;\n";
        let findings = words("crates/session/src/lib.rs", text);
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].place, "crates/session/src/lib.rs:2");
    }

    #[test]
    fn a_longer_name_is_another_name() {
        assert!(words("a.rs", "struct InstantiationError; fn my_getrandom() {}").is_empty());
        assert_eq!(words("a.rs", "let m: HashMap<u8, u8> = x;").len(), 1);
    }

    #[test]
    fn the_shell_of_a_crate_may_know_files_and_the_rest_of_it_may_not() {
        let vault = PureCrate { name: "vault", shell: &["file"] };
        assert!(is_pure_source(&vault, "crates/vault/src/log.rs"));
        assert!(!is_pure_source(&vault, "crates/vault/src/file.rs"));
        assert!(!is_pure_source(&vault, "crates/vault/src/file/lock.rs"));
        assert!(!is_pure_source(&vault, "crates/wallet/src/log.rs"));
    }
}
