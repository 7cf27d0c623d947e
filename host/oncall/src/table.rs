//! Columns as Go's `text/tabwriter` lays them out, with two spaces between.

const GAP: usize = 2;

/// Lays out lines whose cells end with tabs. A column reaches as far down as lines have a cell in it.
pub(crate) fn table(text: &str) -> String {
    let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split('\t').collect()).collect();
    let mut out = String::with_capacity(text.len() * 2);
    let mut widths = Vec::new();
    for (row, line) in lines.iter().enumerate() {
        // What stands behind the last tab is in no column.
        let cells = line.len().saturating_sub(1);
        widths.truncate(cells);
        for column in widths.len()..cells {
            let below = lines.get(row..).unwrap_or_default();
            let cells = below.iter().map_while(|line| {
                let cell = line.get(column)?;
                (column + 1 < line.len()).then(|| cell.chars().count())
            });
            widths.push(cells.max().unwrap_or(0) + GAP);
        }
        for (column, cell) in line.iter().enumerate() {
            out.push_str(cell);
            if let Some(width) = widths.get(column) {
                let space = width.saturating_sub(cell.chars().count());
                out.extend(std::iter::repeat_n(' ', space));
            }
        }
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cells() {
        let text = "ID\tComment\t\n1\tä\t\n22222\t\t\n";
        assert_eq!(table(text), "ID     Comment  \n1      ä        \n22222           \n");
    }

    #[test]
    fn a_line_without_a_cell_ends_the_column() {
        let text = "a\tlong cell\tx\t\nb\tline\nof two\t\nlonger\tc\t\n";
        let expected = "a       long cell  x  \nb       line\nof two  \nlonger  c  \n";
        assert_eq!(table(text), expected);
    }
}
