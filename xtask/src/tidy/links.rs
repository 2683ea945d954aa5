//! Links between documents: what a page points to is there.

use crate::failure::Result;
use crate::project::Project;
use crate::tidy::Finding;

/// Checks the relative links of all Markdown files.
///
/// # Errors
/// When a file cannot be read.
pub fn check(project: &Project, files: &[String]) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for path in files.iter().filter(|path| path.ends_with(".md")) {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        for target in relative_links(&project.read(path)?) {
            if !project.root().join(folder).join(&target).exists() {
                findings.push(Finding::new(path, format!("links to `{target}`, which does not exist")));
            }
        }
    }
    Ok(findings)
}

/// The targets of `[text](target)`, without those that lead to another site or within the page.
fn relative_links(text: &str) -> Vec<String> {
    text.split("](")
        .skip(1)
        .filter_map(|after| after.split([')', ' ', '\n']).next())
        .map(|target| target.split('#').next().unwrap_or(target))
        .filter(|target| !target.is_empty() && !target.contains(':'))
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_relative_links_are_followed() {
        let text = "[a](b.md) [c](https://example.com) [d](#here) [e](../f.md#g) [h](i \"title\")";
        assert_eq!(relative_links(text), ["b.md", "../f.md", "i"]);
    }
}
