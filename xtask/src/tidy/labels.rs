//! Hash labels: each names one hash of the product, so that bytes hashed for one use never mean anything in another.
//!
//! A label is the literal in `Transcript::new("…")`, or the one given to a function that hands its label on, which
//! [`FORWARDERS`] names. The testkit's liars hash as the protocols say and are left out.

use std::collections::BTreeMap;

use crate::failure::Result;
use crate::project::Project;
use crate::tidy::Finding;
use crate::tidy::source::before_tests;

const START: &str = "Transcript::new(";

/// Functions that take a label, by the file that has `Transcript::new(label)`, and how they are called.
const FORWARDERS: [(&str, &str); 3] = [
    ("crates/dkls/src/extension.rs", "self.bind("),
    ("crates/threshold/src/dkg/messages.rs", "list_hash("),
    ("crates/vault/src/format/header.rs", "draw("),
];

/// Label → where it is written.
type Labels = BTreeMap<String, Vec<String>>;

/// Finds labels that are written twice, and labels that are no literals.
///
/// # Errors
/// When a file cannot be read.
pub fn check(project: &Project, files: &[String]) -> Result<Vec<Finding>> {
    let (mut labels, mut findings) = (Labels::new(), Vec::new());
    for path in files.iter().filter(|path| is_product_source(path)) {
        findings.extend(collect(path, &project.read(path)?, &mut labels));
    }
    findings.extend(repeated(&labels));
    Ok(findings)
}

fn is_product_source(path: &str) -> bool {
    (path.starts_with("crates/") || path.starts_with("apps/"))
        && !path.starts_with("crates/testkit/")
        && path != "crates/primitives/src/transcript.rs"
        && path.contains("/src/")
        && path.ends_with(".rs")
        && !path.ends_with("tests.rs")
        && !path.contains("/tests/")
}

/// Adds a file's labels, and says where one is none.
fn collect(path: &str, text: &str, labels: &mut Labels) -> Vec<Finding> {
    let mut findings = Vec::new();
    let forwards = FORWARDERS.iter().any(|(file, _)| *file == path);
    for (number, line) in (1..).zip(before_tests(text).lines()) {
        let line = line.trim_start();
        if line.starts_with("//") {
            continue;
        }
        let place = format!("{path}:{number}");
        for argument in arguments(line, START) {
            match literal(argument) {
                Some(label) => labels.entry(label.to_owned()).or_default().push(place.clone()),
                None if forwards => {}
                None => findings.push(Finding::new(place.clone(), "a hash whose label is no literal")),
            }
        }
        let forwarded = FORWARDERS.iter().flat_map(|(_, call)| arguments(line, call)).filter_map(literal);
        for label in forwarded {
            labels.entry(label.to_owned()).or_default().push(place.clone());
        }
    }
    findings
}

fn repeated(labels: &Labels) -> Vec<Finding> {
    let repeated = labels.iter().filter(|(_, places)| places.len() > 1);
    repeated
        .map(|(label, places)| {
            Finding::new(places.join(", "), format!("the label \"{label}\" names more than one hash"))
        })
        .collect()
}

/// What follows each `call` in the line.
fn arguments<'a>(line: &'a str, call: &'a str) -> impl Iterator<Item = &'a str> {
    line.match_indices(call).filter_map(move |(at, _)| line.get(at + call.len()..))
}

fn literal(argument: &str) -> Option<&str> {
    argument.strip_prefix('"')?.split('"').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn k1_every_hash_of_this_repository_has_a_label_of_its_own() {
        let project = Project::find().unwrap();
        let files = project.files().unwrap();
        assert_eq!(check(&project, &files).unwrap(), []);
        let mut labels = Labels::new();
        for path in files.iter().filter(|path| is_product_source(path)) {
            collect(path, &project.read(path).unwrap(), &mut labels);
        }
        let dkls = labels.keys().filter(|label| label.starts_with("dkls/")).count();
        assert!(dkls >= 20 && labels.len() >= 60, "{dkls} of {}", labels.len());
    }

    #[test]
    fn k1_a_label_that_is_used_twice_or_is_computed_is_found() {
        let mut labels = Labels::new();
        let text = "a(Transcript::new(\"x/one\"));\n// Transcript::new(\"x/one\")\nTranscript::new(\"x/two\")\n\
                    #[cfg(test)]\nTranscript::new(\"x/two\")";
        assert!(collect("crates/a/src/a.rs", text, &mut labels).is_empty());
        assert!(repeated(&labels).is_empty());
        let (file, call) = FORWARDERS[0];
        let forwarded = format!("{START}label);\n{call}\"x/two\", 1)");
        assert!(collect(file, &forwarded, &mut labels).is_empty());
        let found = repeated(&labels);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].place, format!("crates/a/src/a.rs:3, {file}:2"));
        assert_eq!(collect("crates/a/src/b.rs", "Transcript::new(label)", &mut labels).len(), 1);
    }
}
