//! A table of columns, as wide as their widest cells.

/// The least width of a column, and the space after a cell: promtool's.
const WIDTH_MIN: usize = 13;
const GAP: usize = 2;

/// Rows below each other; every row has as many cells as the first.
pub(crate) fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.first().map_or(0, Vec::len);
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count() + GAP).max().unwrap_or(0).max(WIDTH_MIN)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in rows {
        for (index, (cell, width)) in row.iter().zip(&widths).enumerate() {
            text.push_str(cell);
            // Nothing stands after the last cell.
            if index + 1 < columns {
                text.extend(std::iter::repeat_n(' ', width - cell.chars().count()));
            }
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let row = |cells: [&str; 3]| cells.map(str::to_owned).to_vec();
        let text = table(&[row(["A", "B", "C"]), row(["a long first cell", "b", "c"])]);
        let expected = "A                  B            C\na long first cell  b            c\n";
        assert_eq!(text, expected);
    }
}
