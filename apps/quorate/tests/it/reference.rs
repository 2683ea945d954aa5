//! The reference of `quorate device` against the code that it describes.

use std::fs;
use std::path::Path;

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)).unwrap()
}

/// Returns the variants of an enum with their fields, as they are in the source and as serde names them.
fn variants(source: &str, name: &str) -> Vec<(String, Vec<String>)> {
    let begin = source.find(&format!("pub enum {name} {{")).unwrap();
    let mut variants: Vec<(String, Vec<String>)> = Vec::new();
    for line in source[begin..].lines().skip(1).take_while(|line| *line != "}") {
        let indent = line.len() - line.trim_start().len();
        let word: String =
            line.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        match indent {
            4 if word.starts_with(char::is_uppercase) => variants.push((kebab(&word), Vec::new())),
            8 if line.trim_start().starts_with(&format!("{word}:")) => {
                variants.last_mut().unwrap().1.push(word);
            }
            _ => {}
        }
    }
    variants
}

fn kebab(name: &str) -> String {
    let dashed =
        name.chars().map(|c| if c.is_uppercase() { format!("-{}", c.to_lowercase()) } else { c.into() });
    dashed.collect::<String>().trim_start_matches('-').to_owned()
}

/// Returns the fields of a struct.
fn fields(source: &str, name: &str) -> Vec<String> {
    let begin = source.find(&format!("pub struct {name} {{")).unwrap();
    let lines = source[begin..].lines().skip(1).take_while(|line| *line != "}");
    lines
        .filter_map(|line| line.trim_start().strip_prefix("pub ")?.split_once(':'))
        .map(|(field, _)| field.to_owned())
        .collect()
}

/// Returns the line of a section's tables that begins with a name.
fn row<'a>(page: &'a str, section: &str, first: &str) -> &'a str {
    let (_, rest) = page.split_once(&format!("\n## {section}\n")).unwrap();
    let section = rest.split("\n## ").next().unwrap();
    let row = section.lines().find(|line| line.starts_with(&format!("| {first} |")));
    row.unwrap_or_else(|| panic!("{first} is not in docs/formats/device.md"))
}

fn names(row: &str, field: &str) -> bool {
    row.contains(&format!("`{field}`"))
}

#[test]
fn every_command_and_view_is_in_the_reference_with_its_fields() {
    let page = read("docs/formats/device.md");
    let sources = ["command", "view"].map(|file| read(&format!("crates/wallet/src/{file}.rs")));
    for (source, name, section, count) in
        [(&sources[0], "Command", "Commands", 14), (&sources[1], "View", "Views", 22)]
    {
        let variants = variants(source, name);
        assert_eq!(variants.len(), count, "{name}");
        for (variant, fields) in variants {
            let row = row(&page, section, &format!("`{variant}`"));
            for field in fields {
                assert!(names(row, &field), "`{field}` of `{variant}` is not in docs/formats/device.md");
            }
        }
    }
}

#[test]
fn every_object_of_a_view_is_in_the_reference_with_its_fields() {
    let page = read("docs/formats/device.md");
    let views = read("crates/wallet/src/view.rs");
    let review = read("crates/chains/src/review.rs");
    for (source, name, object) in [
        (&views, "WalletView", "wallet"),
        (&views, "MemberView", "member"),
        (&views, "KeyView", "key"),
        (&views, "InviteView", "invite"),
        (&views, "Address", "address"),
        (&views, "RequestView", "request"),
        (&views, "SignedView", "signed"),
        (&review, "Review", "review"),
    ] {
        let row = row(&page, "Views", object);
        let fields = fields(source, name);
        assert!(fields.len() > 1, "{name}");
        for field in fields {
            assert!(names(row, &field), "`{field}` of {object} is not in docs/formats/device.md");
        }
    }
    let intents = read("crates/chains/src/intent.rs");
    for (intent, fields) in variants(&intents, "Intent") {
        let row = row(&page, "Commands", &format!("`{intent}`"));
        assert!(fields.iter().all(|field| names(row, field)), "{intent}");
    }
}
