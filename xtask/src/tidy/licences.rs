//! Licences: what each dependency of the product states must be allowed by `deny.toml`.

use crate::failure::Result;
use crate::metadata::{Metadata, Package};
use crate::project::Project;
use crate::tidy::Finding;
use crate::tidy::lockfiles::DenyFile;

/// Checks the licence of every foreign package in the product's graph.
///
/// # Errors
/// When the graph or `deny.toml` cannot be read.
pub fn check(project: &Project) -> Result<Vec<Finding>> {
    let allowed = DenyFile::read(project)?.licenses.allow;
    let metadata = Metadata::of(project.root())?;
    Ok(metadata.foreign().filter_map(|package| refused(package, &allowed)).collect())
}

fn refused(package: &Package, allowed: &[String]) -> Option<Finding> {
    let place = format!("{} {}", package.name, package.version);
    let Some(expression) = package.license.as_deref() else {
        return Some(Finding::new(place, "states no licence expression"));
    };
    match Expression::of(expression).satisfied_by(allowed) {
        Some(true) => None,
        Some(false) => {
            Some(Finding::new(place, format!("licence `{expression}` is not allowed by deny.toml")))
        }
        None => Some(Finding::new(place, format!("licence `{expression}` is not understood"))),
    }
}

/// A reader of SPDX expressions: `OR` binds weaker than `AND`, `/` is the old spelling of `OR`, and an exception
/// after `WITH` only ever permits more.
struct Expression<'a> {
    tokens: std::iter::Peekable<std::vec::IntoIter<&'a str>>,
}

impl<'a> Expression<'a> {
    fn of(text: &'a str) -> Self {
        let mut tokens = Vec::new();
        for word in text.split_whitespace() {
            let mut rest = word;
            while let Some(at) = rest.find(['(', ')', '/']) {
                let (before, from) = rest.split_at(at);
                let (mark, after) = from.split_at(1);
                tokens.extend([before, mark].into_iter().filter(|token| !token.is_empty()));
                rest = after;
            }
            tokens.extend(Some(rest).filter(|token| !token.is_empty()));
        }
        Self { tokens: tokens.into_iter().peekable() }
    }

    /// Whether the allowed licences satisfy it; `None` when it is no expression.
    fn satisfied_by(mut self, allowed: &[String]) -> Option<bool> {
        let verdict = self.any(allowed)?;
        self.tokens.next().is_none().then_some(verdict)
    }

    fn any(&mut self, allowed: &[String]) -> Option<bool> {
        let mut verdict = self.all(allowed)?;
        while self.tokens.next_if(|token| matches!(*token, "OR" | "/")).is_some() {
            verdict |= self.all(allowed)?;
        }
        Some(verdict)
    }

    fn all(&mut self, allowed: &[String]) -> Option<bool> {
        let mut verdict = self.one(allowed)?;
        while self.tokens.next_if_eq(&"AND").is_some() {
            verdict &= self.one(allowed)?;
        }
        Some(verdict)
    }

    fn one(&mut self, allowed: &[String]) -> Option<bool> {
        let token = self.tokens.next()?;
        if token == "(" {
            let verdict = self.any(allowed)?;
            return (self.tokens.next() == Some(")")).then_some(verdict);
        }
        if matches!(token, ")" | "/" | "AND" | "OR" | "WITH") {
            return None;
        }
        if self.tokens.next_if_eq(&"WITH").is_some() {
            self.tokens.next()?;
        }
        Some(allowed.iter().any(|one| one == token))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(expression: &str) -> Option<bool> {
        let allowed = ["MIT".to_owned(), "Apache-2.0".to_owned(), "Unicode-3.0".to_owned()];
        Expression::of(expression).satisfied_by(&allowed)
    }

    #[test]
    fn j1_the_licence_of_every_dependency_is_allowed() {
        let project = Project::find().unwrap();
        assert_eq!(check(&project).unwrap(), []);
    }

    #[test]
    fn j1_licence_expressions_are_weighed_as_written() {
        assert_eq!(verdict("MIT"), Some(true));
        assert_eq!(verdict("GPL-3.0-only"), Some(false));
        assert_eq!(verdict("GPL-3.0-only OR MIT"), Some(true));
        assert_eq!(verdict("MIT/Apache-2.0"), Some(true));
        assert_eq!(verdict("Apache-2.0 / MIT"), Some(true));
        assert_eq!(verdict("MIT AND OpenSSL"), Some(false));
        assert_eq!(verdict("(MIT OR Apache-2.0) AND Unicode-3.0"), Some(true));
        assert_eq!(verdict("(MIT OR Apache-2.0) AND GPL-2.0"), Some(false));
        assert_eq!(verdict("Apache-2.0 WITH LLVM-exception OR GPL-2.0"), Some(true));
        assert_eq!(verdict("GPL-2.0 OR MIT AND BSL-1.0"), Some(false));
    }

    #[test]
    fn j1_what_is_no_licence_expression_is_not_allowed() {
        for text in ["", "(MIT", "MIT)", "MIT MIT", "OR", "MIT WITH", "AND MIT"] {
            assert_eq!(verdict(text), None, "{text}");
        }
    }
}
