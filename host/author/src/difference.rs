//! The lines in which two texts differ.

/// Pairs of lines that are compared before the rest is told as it is.
const PAIRS_MAX: usize = 4_000_000;

/// Lines of a difference that are told.
const TOLD_MAX: usize = 200;

/// Lines that are gone (`-`) and new (`+`), in order; empty: none.
pub(crate) fn lines(old: &str, new: &str) -> Vec<String> {
    let (mut old, mut new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    while let (Some(a), Some(b)) = (old.last(), new.last())
        && a == b
    {
        old.pop();
        new.pop();
    }
    let same = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let (old, new) = (old.split_off(same), new.split_off(same));
    let mut told = Vec::new();
    let (gone, came) = (|line: &str| format!("- {line}"), |line: &str| format!("+ {line}"));
    if old.len().saturating_mul(new.len()) > PAIRS_MAX {
        told.extend(old.iter().map(|line| gone(line)));
        told.extend(new.iter().map(|line| came(line)));
    } else {
        let common = common_lines(&old, &new);
        let (mut i, mut j) = (0, 0);
        for (a, b) in common.into_iter().chain([(old.len(), new.len())]) {
            told.extend(old.iter().take(a).skip(i).map(|line| gone(line)));
            told.extend(new.iter().take(b).skip(j).map(|line| came(line)));
            (i, j) = (a + 1, b + 1);
        }
    }
    if told.len() > TOLD_MAX {
        let more = told.len() - TOLD_MAX;
        told.truncate(TOLD_MAX);
        told.push(format!("… and {more} lines more"));
    }
    told
}

/// The places of a longest sequence of lines that both have, in order: the place in `old`, the place in `new`. Takes
/// time and memory by the product of both lengths, which is the caller's to bound.
#[must_use]
pub fn common_lines(old: &[&str], new: &[&str]) -> Vec<(usize, usize)> {
    let width = new.len() + 1;
    let mut lengths = vec![0_u32; (old.len() + 1) * width];
    let at = |lengths: &[u32], i: usize, j: usize| lengths.get(i * width + j).copied().unwrap_or(0);
    for (i, a) in old.iter().enumerate().rev() {
        for (j, b) in new.iter().enumerate().rev() {
            let length = if a == b {
                at(&lengths, i + 1, j + 1) + 1
            } else {
                at(&lengths, i + 1, j).max(at(&lengths, i, j + 1))
            };
            if let Some(own) = lengths.get_mut(i * width + j) {
                *own = length;
            }
        }
    }
    let (mut i, mut j, mut places) = (0, 0, Vec::new());
    while let (Some(a), Some(b)) = (old.get(i), new.get(j)) {
        if a == b {
            places.push((i, j));
            (i, j) = (i + 1, j + 1);
        } else if at(&lengths, i + 1, j) >= at(&lengths, i, j + 1) {
            i += 1;
        } else {
            j += 1;
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_told() {
        assert_eq!(lines("a\nb\nc\n", "a\nb\nc\n"), Vec::<String>::new());
        assert_eq!(lines("a\nb\nc\nd\n", "a\nx\nc\ny\nd\n"), ["- b", "+ x", "+ y"]);
        assert_eq!(lines("", "a\n"), ["+ a"]);
        assert_eq!(lines("a\n", ""), ["- a"]);
    }

    #[test]
    fn a_long_difference_is_cut() {
        let new: String = (0..300).map(|i| format!("{i}\n")).collect();
        let told = lines("", &new);
        assert_eq!(
            (told.len(), told.last().map(String::as_str)),
            (201, Some("… and 100 lines more"))
        );
    }
}
