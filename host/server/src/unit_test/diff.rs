//! Two texts line by line, what is in one only in colors.

/// More lines than this on a side are shown one side after the other.
const LINES_MAX: usize = 2000;

const GREEN: &str = "\u{1b}[32m";
const RED: &str = "\u{1b}[31m";
const PLAIN: &str = "\u{1b}[0m";

/// The lines of both: `-` expected and not found, `+` found and not expected.
pub(super) fn lines(expected: &str, found: &str) -> String {
    let (a, b): (Vec<&str>, Vec<&str>) = (expected.lines().collect(), found.lines().collect());
    let common = if a.len().max(b.len()) > LINES_MAX { Vec::new() } else { common(&a, &b) };
    let mut out = String::new();
    let (mut a, mut b) = (a.into_iter(), b.into_iter());
    for line in common.into_iter().map(Some).chain([None]) {
        for gone in a.by_ref().take_while(|other| Some(*other) != line) {
            out.push_str(&format!("{RED}- {gone}{PLAIN}\n"));
        }
        for new in b.by_ref().take_while(|other| Some(*other) != line) {
            out.push_str(&format!("{GREEN}+ {new}{PLAIN}\n"));
        }
        if let Some(line) = line {
            out.push_str(&format!("  {line}\n"));
        }
    }
    out.truncate(out.trim_end().len());
    out
}

/// The longest sequence of lines that both have.
fn common<'a>(a: &[&'a str], b: &[&str]) -> Vec<&'a str> {
    // How long it is of what is left, for each pair of places.
    let mut longest = vec![vec![0_usize; b.len() + 1]; a.len() + 1];
    let at = |table: &[Vec<usize>], i: usize, j: usize| -> usize {
        table.get(i).and_then(|row| row.get(j)).copied().unwrap_or(0)
    };
    for (i, x) in a.iter().enumerate().rev() {
        for (j, y) in b.iter().enumerate().rev() {
            let length = if x == y {
                at(&longest, i + 1, j + 1) + 1
            } else {
                at(&longest, i + 1, j).max(at(&longest, i, j + 1))
            };
            if let Some(cell) = longest.get_mut(i).and_then(|row| row.get_mut(j)) {
                *cell = length;
            }
        }
    }
    let (mut i, mut j, mut lines) = (0, 0, Vec::new());
    while let (Some(x), Some(y)) = (a.get(i), b.get(j)) {
        if x == y {
            lines.push(*x);
            (i, j) = (i + 1, j + 1);
        } else if at(&longest, i + 1, j) >= at(&longest, i, j + 1) {
            i += 1;
        } else {
            j += 1;
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::lines;

    #[test]
    fn only_differing_lines_are_marked() {
        let diff = lines("a\nb\nc\nd", "a\nx\nc\nd\ne");
        let plain = diff.replace("\u{1b}[31m", "").replace("\u{1b}[32m", "");
        assert_eq!(plain.replace("\u{1b}[0m", ""), "  a\n- b\n+ x\n  c\n  d\n+ e");
    }
}
