//! Columns.

/// Returns rows with their columns aligned and two spaces between them; every line begins with `indent`.
pub fn table<const N: usize>(indent: &str, rows: &[[String; N]]) -> String {
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: [usize; N] = core::array::from_fn(width);
    let line = |row: &[String; N]| {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        format!("{indent}{}", cells.collect::<Vec<_>>().join("  ").trim_end())
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [["a", "bbb", "c"], ["ää", "b", ""]].map(|row| row.map(str::to_owned));
        assert_eq!(table("  ", &rows), "  a   bbb  c\n  ää  b");
        assert_eq!(table::<2>("", &[]), "");
    }
}
