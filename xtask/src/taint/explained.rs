//! What may depend on a secret, and why: `explained.toml`.

use serde::Deserialize;

use super::report::{Finding, Site};
use crate::failure::{Failure, Result};
use crate::project::Project;

/// All explanations, each with how often it was used.
#[derive(Debug)]
pub struct Explanations {
    all: Vec<(Explanation, usize)>,
}

#[derive(Debug, Deserialize)]
struct File {
    explained: Vec<Explanation>,
}

/// One place where a report is no leak.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Explanation {
    /// The innermost place in our crates: `crates/dkls/src/vole.rs: receive`.
    at: String,
    /// A part of the line of source there: other lines of the function are not explained.
    line: String,
    /// A function or a file between that place and the report, where not everything inside is explained.
    inside: Option<String>,
    /// Where the call must come from, where the place serves several.
    from: Option<String>,
    reason: String,
}

impl Explanations {
    /// Reads the file.
    ///
    /// # Errors
    /// When it is malformed, or gives no reason.
    pub fn parse(text: &str) -> Result<Self> {
        let unreadable = |why: String| Failure::unreadable("explained.toml", why);
        let file: File = toml::from_str(text).map_err(|error| unreadable(error.to_string()))?;
        if let Some(silent) = file.explained.iter().find(|one| one.reason.len() < 20) {
            return Err(unreadable(format!("`{}` has no reason", silent.at)));
        }
        Ok(Self { all: file.explained.into_iter().map(|one| (one, 0)).collect() })
    }

    /// Whether the finding is explained.
    ///
    /// # Errors
    /// When a source can not be read.
    pub fn explain(&mut self, project: &Project, finding: &Finding) -> Result<bool> {
        let sites = finding.sites(project)?;
        let Some(((call, site), outer)) = sites.split_first() else { return Ok(false) };
        let names: Vec<&str> = outer.iter().map(|(_, site)| site.name.as_str()).collect();
        let fits = |one: &Explanation| one.fits(site, &names, |words| finding.passes(*call, words));
        let used = self.all.iter_mut().find(|(one, _)| fits(one));
        Ok(used.map(|(_, times)| *times += 1).is_some())
    }

    /// Explanations that explained nothing.
    pub fn unused(&self) -> impl Iterator<Item = &str> {
        self.all.iter().filter(|(_, times)| *times == 0).map(|(one, _)| one.at.as_str())
    }

    /// Explanations, with how often each was used.
    pub fn used(&self) -> impl Iterator<Item = (&str, usize)> {
        self.all.iter().map(|(one, times)| (one.at.as_str(), *times))
    }
}

impl Explanation {
    fn fits(&self, site: &Site, outer: &[&str], passes: impl Fn(&str) -> bool) -> bool {
        self.at == site.name
            && site.code.contains(&self.line)
            && self.inside.as_deref().is_none_or(passes)
            && self.from.as_ref().is_none_or(|from| outer.contains(&from.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn explanation(inside: Option<&str>, from: Option<&str>) -> Explanation {
        let own = |text: Option<&str>| text.map(str::to_owned);
        let (inside, from) = (own(inside), own(from));
        Explanation { at: "a.rs: f".into(), line: "if x".into(), inside, from, reason: String::new() }
    }

    fn site(name: &str, code: &str) -> Site {
        Site { name: name.into(), code: code.into() }
    }

    #[test]
    fn f9_an_explanation_holds_for_its_place_only() {
        let place = site("a.rs: f", "if x { return }");
        let plain = explanation(None, None);
        assert!(plain.fits(&place, &[], |_| false));
        assert!(!plain.fits(&site("a.rs: f", "if secret {"), &[], |_| true));
        assert!(!plain.fits(&site("a.rs: g", "if x { return }"), &["a.rs: f"], |_| true));
        let narrow = explanation(Some("neg_mod.rs"), None);
        assert!(narrow.fits(&place, &[], |words| words == "neg_mod.rs"));
        assert!(!narrow.fits(&place, &[], |_| false));
        let called = explanation(None, Some("b.rs: g"));
        assert!(called.fits(&place, &["c.rs: h", "b.rs: g"], |_| false));
        assert!(!called.fits(&place, &["c.rs: h"], |_| false));
    }

    #[test]
    fn f9_an_explanation_has_a_reason() {
        let entry = |reason: &str| {
            format!("[[explained]]\nat = \"a.rs: f\"\nline = \"if x\"\nreason = \"{reason}\"\n")
        };
        assert!(Explanations::parse(&entry("what leaves in the next message")).is_ok());
        assert!(Explanations::parse(&entry("")).is_err());
    }
}
