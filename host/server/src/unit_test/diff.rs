//! Two texts line by line, what is in one only in colors.

/// More lines than this on a side are shown one side after the other.
const LINES_MAX: usize = 2000;

const GREEN: &str = "\u{1b}[32m";
const RED: &str = "\u{1b}[31m";
const PLAIN: &str = "\u{1b}[0m";

/// The lines of both: `-` expected and not found, `+` found and not expected.
pub(super) fn lines(expected: &str, found: &str) -> String {
    let (a, b): (Vec<&str>, Vec<&str>) = (expected.lines().collect(), found.lines().collect());
    let is_short = a.len().max(b.len()) <= LINES_MAX;
    let places = if is_short { narthex_author::common_lines(&a, &b) } else { Vec::new() };
    let common: Vec<&str> = places.iter().filter_map(|(place, _)| a.get(*place).copied()).collect();
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
