//! Secrets are compared in constant time: `Secret`'s own equality is, one of what it lends out is not.
//!
//! A statement that has both `.expose()` and a comparison is refused, unless what is compared is a public point made of
//! the secret (`mul_base(…)`). It can not follow a lent value through a variable: reviewers do, and the timing
//! measurements.

use crate::failure::Result;
use crate::project::Project;
use crate::tidy::Finding;
use crate::tidy::source::{before_tests, code_only};

const LENT: [&str; 2] = [".expose()", ".expose_mut()"];

const COMPARISONS: [&str; 7] = ["==", "!=", ".eq(", ".ne(", ".cmp(", ".partial_cmp(", ".starts_with("];

/// The one function that makes something public of a secret.
const PUBLISHES: &str = "mul_base(";

/// Checks the product's sources.
///
/// # Errors
/// When a file cannot be read.
pub fn check(project: &Project, files: &[String]) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for path in files.iter().filter(|path| is_product_source(path)) {
        findings.extend(comparisons(path, &project.read(path)?));
    }
    Ok(findings)
}

fn is_product_source(path: &str) -> bool {
    (path.starts_with("crates/") || path.starts_with("apps/"))
        && !path.starts_with("crates/testkit/")
        && path.contains("/src/")
        && path.ends_with(".rs")
        && !path.ends_with("tests.rs")
        && !path.contains("/tests/")
}

fn comparisons(path: &str, text: &str) -> Vec<Finding> {
    let code = code_only(text);
    let mut findings = Vec::new();
    let mut line = 1_usize;
    for statement in before_tests(&code).split_inclusive([';', '{', '}']) {
        let secret = without_published(statement);
        if LENT.iter().any(|word| secret.contains(word))
            && COMPARISONS.iter().any(|word| secret.contains(word))
        {
            let blank = statement.len() - statement.trim_start().len();
            let before = statement.get(..blank).unwrap_or_default().matches('\n').count();
            findings.push(Finding::new(
                format!("{path}:{}", line + before),
                "a lent secret is compared: use `Secret`'s equality or `ct_eq`",
            ));
        }
        line += statement.matches('\n').count();
    }
    findings
}

/// The statement less the arguments of every `mul_base(…)`.
fn without_published(statement: &str) -> String {
    let mut out = String::with_capacity(statement.len());
    let mut rest = statement;
    while let Some((before, after)) = rest.split_once(PUBLISHES) {
        out.push_str(before);
        rest = after.get(argument_len(after)..).unwrap_or_default();
    }
    out + rest
}

/// The bytes up to the parenthesis that closes an open one.
fn argument_len(text: &str) -> usize {
    let mut depth = 1_usize;
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' if depth == 1 => return at,
            ')' => depth -= 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn k33_no_lent_secret_of_this_repository_is_compared() {
        let project = Project::find().unwrap();
        assert_eq!(check(&project, &project.files().unwrap()).unwrap(), []);
    }

    #[test]
    fn k33_a_comparison_of_a_lent_secret_is_found() {
        let text = "fn a() {\n    let x = 1;\n\n    if key.expose()\n        == other.expose() { return }\n}\n\
                    #[cfg(test)]\nfn b() { a.expose() == b }";
        let found = comparisons("crates/a/src/a.rs", text);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].place, "crates/a/src/a.rs:4");
        for bad in
            ["a.expose_mut() != b;", "a.expose().cmp(b)", "mul_base(a) == b.expose()", "f(a.expose().eq(b))"]
        {
            assert_eq!(comparisons("a.rs", bad).len(), 1, "{bad}");
        }
    }

    #[test]
    fn equality_in_constant_time_and_of_public_points_is_allowed() {
        let good = [
            "a == b",
            "a.expose().ct_eq(b.expose())",
            "if C::mul_base(f(a.expose())) != *point {}",
            "let x = a.expose(); if y == z {}",
            "// a.expose() == b",
        ];
        for text in good {
            assert!(comparisons("a.rs", text).is_empty(), "{text}");
        }
    }
}
