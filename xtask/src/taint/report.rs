//! What memcheck prints: each use of an undefined value, with the calls that led to it.

use crate::failure::Result;
use crate::project::Project;

/// A branch or an address that depends on a secret.
#[derive(Debug, PartialEq, Eq)]
pub struct Finding {
    /// Memcheck's words.
    what: String,
    /// The calls, innermost first.
    frames: Vec<Frame>,
}

/// One call.
#[derive(Debug, PartialEq, Eq)]
struct Frame {
    function: String,
    /// The source, as the compiler was given it.
    path: String,
    line: usize,
}

/// A place in our crates.
#[derive(Debug, PartialEq, Eq)]
pub struct Site {
    /// `crates/dkls/src/vole.rs: receive`.
    pub name: String,
    /// The line of source.
    pub code: String,
}

/// Reads a report.
pub fn findings(text: &str) -> Vec<Finding> {
    let mut all: Vec<Finding> = Vec::new();
    let mut open = false;
    for line in text.lines() {
        let Some(words) = line.strip_prefix("==").and_then(|rest| rest.split_once("==")) else { continue };
        let words = words.1.trim();
        if words.contains("uninitialised value") || words.contains("uninitialised byte") {
            all.push(Finding { what: words.to_owned(), frames: Vec::new() });
            open = true;
        } else if let (true, Some(frame)) = (open, Frame::read(words)) {
            if let Some(finding) = all.last_mut() {
                finding.frames.push(frame);
            }
        } else {
            open = false;
        }
    }
    all
}

impl Frame {
    /// Reads `by 0x17ADA2: name (path:line)`.
    fn read(words: &str) -> Option<Self> {
        let call = words.strip_prefix("at 0x").or_else(|| words.strip_prefix("by 0x"))?;
        let (_, call) = call.split_once(": ")?;
        let (function, place) = call.rsplit_once(" (")?;
        let place = place.strip_suffix(')')?;
        let (path, line) = place.rsplit_once(':').unwrap_or((place, "0"));
        Some(Self { function: function.into(), path: path.into(), line: line.parse().unwrap_or(0) })
    }

    /// The place in our crates, named by the function that the line belongs to: the compiler's name of an inlined one
    /// may be lost.
    fn site(&self, project: &Project) -> Result<Option<Site>> {
        let Some(at) = self.path.find("crates/").filter(|_| self.line > 0) else { return Ok(None) };
        let path = self.path.get(at..).unwrap_or_default();
        if !path.contains("/src/") || !project.root().join(path).is_file() {
            return Ok(None);
        }
        let text = project.read(path)?;
        let function = enclosing_function(&text, self.line).unwrap_or("?");
        let code = text.lines().nth(self.line - 1).unwrap_or_default().trim();
        Ok(Some(Site { name: format!("{path}: {function}"), code: code.to_owned() }))
    }
}

impl Finding {
    /// Whether it happened in a function of this name.
    pub fn is_in(&self, function: &str) -> bool {
        self.frames.iter().any(|frame| frame.function.contains(function))
    }

    /// Whether a call inside the place names this function or file.
    pub fn passes(&self, site: usize, words: &str) -> bool {
        let inner = self.frames.iter().take(site + 1);
        inner.into_iter().any(|frame| frame.function.contains(words) || frame.path.contains(words))
    }

    /// The places in our crates, innermost first, each with the number of its call.
    ///
    /// # Errors
    /// When a source can not be read.
    pub fn sites(&self, project: &Project) -> Result<Vec<(usize, Site)>> {
        let mut sites = Vec::new();
        for (at, frame) in self.frames.iter().enumerate() {
            sites.extend(frame.site(project)?.map(|site| (at, site)));
        }
        Ok(sites)
    }

    /// Says it to a developer.
    ///
    /// # Errors
    /// When a source can not be read.
    pub fn describe(&self, project: &Project) -> Result<String> {
        let mut text = self.what.clone();
        if let Some(frame) = self.frames.first() {
            text += &format!("\n  in {} ({}:{})", frame.function, frame.path, frame.line);
        }
        for (_, Site { name, code }) in self.sites(project)? {
            text += &format!("\n  at {name}\n     {code}");
        }
        Ok(text)
    }
}

/// The name of the function that a line belongs to: the last one that begins at or before it.
fn enclosing_function(text: &str, line: usize) -> Option<&str> {
    let before: Vec<&str> = text.lines().take(line).collect();
    before.into_iter().rev().find_map(|code| {
        let words = code.trim_start();
        if words.starts_with("//") {
            return None;
        }
        let at = words.find("fn ").filter(|at| *at == 0 || words.get(..*at).is_some_and(is_qualifiers))?;
        let name = words.get(at + 3..)?;
        name.split(|c: char| !(c.is_alphanumeric() || c == '_')).next()
    })
}

fn is_qualifiers(words: &str) -> bool {
    words
        .split_whitespace()
        .all(|word| word.starts_with("pub") || matches!(word, "const" | "super)" | "crate)"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: &str = "\
==1== Conditional jump or move depends on uninitialised value(s)
==1==    at 0x17ADA2: bcmp (in /usr/libexec/vgpreload.so)
==1==    by 0x190D43: UnknownInlinedFun (/somewhere/crates/dkls/src/vole.rs:12)
==1== 
==1== Use of uninitialised value of size 8
==1==    at 0x253573: call_once<(), (dyn Fn<(), Output=i32> + Sync)> (function.rs:287)
==1== 
thread 'main' panicked
";

    #[test]
    fn a_report_is_read_with_its_calls() {
        let found = findings(REPORT);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].frames.len(), 2);
        let inlined = &found[0].frames[1];
        assert_eq!((inlined.path.as_str(), inlined.line), ("/somewhere/crates/dkls/src/vole.rs", 12));
        assert!(found[0].is_in("bcmp") && !found[1].is_in("bcmp"));
        assert_eq!(found[1].frames[0].function, "call_once<(), (dyn Fn<(), Output=i32> + Sync)>");
    }

    #[test]
    fn a_line_belongs_to_the_function_around_it() {
        let text = "impl A {\n    pub(crate) const fn one() {\n        a();\n    }\n}\n/// fn no\nfn two() {\n    b()\n";
        assert_eq!(enclosing_function(text, 3), Some("one"));
        assert_eq!(enclosing_function(text, 8), Some("two"));
        assert_eq!(enclosing_function(text, 1), None);
    }
}
