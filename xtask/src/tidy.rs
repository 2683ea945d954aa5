//! The rules of the tree that no compiler knows.
//!
//! Each rule is a module that returns its [`Finding`]s; a rule that finds nothing prints nothing. Rules that
//! carry a row of the threat model (`docs/testing.md`) have a test named by it, which runs the rule over this
//! repository and over a tree that breaks it.

pub mod budget;
mod direction;
mod files;
mod labels;
pub mod licences;
mod links;
pub mod lockfiles;
mod npm;
mod purity;
pub mod rows;
mod secrets;
mod source;

use std::fmt;

use crate::failure::{Failure, Result};
use crate::project::Project;

/// One place that breaks one rule.
#[derive(Debug, PartialEq, Eq)]
pub struct Finding {
    /// Where: a path, with a line if there is one, or the name of a package.
    pub place: String,
    /// What is wrong there, and what would be right.
    pub message: String,
}

impl Finding {
    /// Says that `place` breaks a rule.
    pub fn new(place: impl Into<String>, message: impl Into<String>) -> Self {
        Self { place: place.into(), message: message.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.place, self.message)
    }
}

/// Checks every rule and prints what breaks one.
///
/// # Errors
/// When there is any finding, or the tree cannot be read.
pub fn run(project: &Project) -> Result<()> {
    let findings = all(project)?;
    for finding in &findings {
        println!("{finding}");
    }
    if findings.is_empty() {
        println!("tidy: nothing found");
        return Ok(());
    }
    Err(Failure::Findings { check: "tidy", count: findings.len() })
}

fn all(project: &Project) -> Result<Vec<Finding>> {
    let files = project.files()?;
    let mut findings = files::check(project, &files)?;
    findings.extend(links::check(project, &files)?);
    findings.extend(purity::check(project, &files)?);
    findings.extend(direction::check(project)?);
    findings.extend(lockfiles::check(project, &files)?);
    findings.extend(licences::check(project)?);
    findings.extend(budget::check(project)?);
    findings.extend(npm::check(project, &files)?);
    findings.extend(labels::check(project, &files)?);
    findings.extend(secrets::check(project, &files)?);
    findings.extend(rows::check(project, &files)?);
    Ok(findings)
}
