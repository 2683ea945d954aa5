//! Rows of the threat model: each that the product claims to answer has a test named by it.
//!
//! A row is a letter and a number (`A5`: the relay rewrites a sender); its tests are functions whose name starts
//! with it, `a5_…`, or with several, `k13_c5_…`. What each row means stands in `docs/testing.md`.

use std::collections::BTreeMap;

use crate::failure::Result;
use crate::project::Project;
use crate::tidy::Finding;
use crate::tidy::source::code_only;

/// The rows that must have a test.
const REQUIRED: [&str; 79] = [
    "A1", "A2", "A3", "A5", "A6", "A7", "A8", "A10", "A11", "A12", "B1", "B2", "B3", "B4", "B5", "B6", "B7",
    "B8", "B9", "B10", "B11", "B12", "B13", "B14", "B16", "B17", "B18", "B19", "B20", "C1", "C4", "C5", "C7",
    "C9", "E2", "E3", "E5", "G11", "G12", "H1", "H2", "H3", "H6", "H9", "H10", "J1", "J2", "J4", "J8", "K1",
    "K2", "K3", "K4", "K5", "K9", "K10", "K11", "K12", "K13", "K14", "K15", "K16", "K17", "K18", "K19",
    "K21", "K22", "K23", "K24", "K25", "K26", "K27", "K28", "K29", "K30", "K31", "K32", "K33", "K34",
];

/// Row → the tests that are named by it, as `path: name`.
type Table = BTreeMap<String, Vec<String>>;

/// Finds required rows without a test.
///
/// # Errors
/// When a file cannot be read.
pub fn check(project: &Project, files: &[String]) -> Result<Vec<Finding>> {
    let table = table(project, files)?;
    let uncovered = REQUIRED.iter().filter(|row| !table.contains_key(**row));
    Ok(uncovered.map(|row| Finding::new(*row, "no test is named by this row of the threat model")).collect())
}

/// Prints every row with its tests.
///
/// # Errors
/// When a file cannot be read.
pub fn print(project: &Project) -> Result<()> {
    let table = table(project, &project.files()?)?;
    let mut rows: Vec<&str> = REQUIRED.into_iter().chain(table.keys().map(String::as_str)).collect();
    rows.sort_unstable_by_key(|row| order(row));
    rows.dedup();
    for row in rows {
        match table.get(row) {
            None => println!("{row:<4} -"),
            Some(tests) => println!("{row:<4} {}", tests.join("\n     ")),
        }
    }
    Ok(())
}

fn table(project: &Project, files: &[String]) -> Result<Table> {
    let mut table = Table::new();
    for path in files.iter().filter(|path| path.ends_with(".rs")) {
        for name in tests_in(&code_only(&project.read(path)?)) {
            for row in rows_of(name) {
                table.entry(row).or_default().push(format!("{path}: {name}"));
            }
        }
    }
    Ok(table)
}

/// The names of the functions in `code` that a test runner runs.
fn tests_in(code: &str) -> Vec<&str> {
    let lines: Vec<&str> = code.lines().map(str::trim).collect();
    let is_test = |at: usize| {
        let attributes = lines.get(..at).unwrap_or_default().iter().rev();
        let attributes: Vec<_> =
            attributes.take_while(|line| line.is_empty() || line.starts_with('#')).collect();
        attributes.iter().any(|line| line.contains("test]") || line.contains("test("))
            && !attributes.iter().any(|line| line.contains("#[ignore"))
    };
    let named = lines.iter().enumerate().filter_map(|(at, line)| Some((at, function_name(line)?)));
    named.filter(|(at, _)| is_test(*at)).map(|(_, name)| name).collect()
}

fn function_name(line: &str) -> Option<&str> {
    let after = line.strip_prefix("async ").unwrap_or(line).strip_prefix("fn ")?;
    after.split(|c: char| !(c.is_alphanumeric() || c == '_')).next()
}

/// `k9_b4_rejects_low_order_points` → `K9`, `B4`.
fn rows_of(name: &str) -> impl Iterator<Item = String> {
    // The last word is never a row: it is what the name says.
    let words = name.rsplit_once('_').map_or("", |(words, _)| words);
    words.split('_').map_while(row_of)
}

fn row_of(word: &str) -> Option<String> {
    let (letter, number) = word.split_at_checked(1)?;
    let group = letter.chars().all(|c| matches!(c, 'a'..='k'));
    let numbered = (1..=2).contains(&number.len()) && number.chars().all(|c| c.is_ascii_digit());
    (group && numbered).then(|| word.to_uppercase())
}

/// Rows sort by letter, then by number.
fn order(row: &str) -> (String, u32) {
    let (letter, number) = row.split_at_checked(1).unwrap_or((row, ""));
    (letter.to_owned(), number.parse().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_is_known_by_its_attribute_and_its_row_by_its_name() {
        let code = "#[test]\nfn b4_refuses() {}\n\nfn b5_helper() {}\n#[tokio::test]\nasync fn a11_resumes() {}\n\
                    #[test]\n#[ignore = \"x\"]\nfn b7_skipped() {}\n#[test]\nfn plain() {}";
        let rows: Vec<_> = tests_in(code).into_iter().flat_map(rows_of).collect();
        assert_eq!(rows, ["B4", "A11"]);
    }

    #[test]
    fn only_letters_of_a_group_and_numbers_in_front_name_rows() {
        let rows = |name| rows_of(name).collect::<Vec<_>>();
        assert_eq!(rows("g12_parity"), ["G12"]);
        assert_eq!(rows("k10_b9_aborts_of_a_5_of_b7"), ["K10", "B9"]);
        for name in ["l1_x", "b_x", "b123_x", "bx_y", "b4", "x", "x_b4_y", ""] {
            assert!(rows(name).is_empty(), "{name}");
        }
    }

    #[test]
    fn rows_sort_by_number() {
        assert!(order("B4") < order("B10"));
        assert!(order("B20") < order("C1"));
    }
}
