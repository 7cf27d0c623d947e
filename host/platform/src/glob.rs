//! File patterns, as in `rules/*.yml`, with the wildcards of Go's `filepath.Match` within one part
//! of the path: `*`, `?`, `[a-z]`, `[^a-z]`, and `\` before what is meant literally.

use crate::Disk;
use camino::{Utf8Path, Utf8PathBuf};

/// Files of one pattern, and folders on the way.
const MATCHES_MAX: usize = 10_000;

/// The files that match, ascending. A pattern without wildcards names its file whether it exists
/// or not; the one who reads it then says so.
///
/// # Errors
/// When the pattern is none (`InvalidInput`), a folder on the way cannot be listed, or more than
/// 10,000 files match: what is left out would be missing without a word.
pub fn expand(disk: &dyn Disk, pattern: &Utf8Path) -> std::io::Result<Vec<Utf8PathBuf>> {
    expand_at_most(disk, pattern, MATCHES_MAX)
}

fn expand_at_most(
    disk: &dyn Disk,
    pattern: &Utf8Path,
    matches_max: usize,
) -> std::io::Result<Vec<Utf8PathBuf>> {
    let mut found = vec![Utf8PathBuf::new()];
    for part in pattern.components() {
        let part = part.as_str();
        if !part.contains(['*', '?', '[', '\\']) {
            found.iter_mut().for_each(|path| path.push(part));
            continue;
        }
        let wanted = parse(part).ok_or_else(|| {
            let message = format!("a bracket or backslash of the pattern {part:?} does not end");
            std::io::Error::new(std::io::ErrorKind::InvalidInput, message)
        })?;
        let mut next = Vec::new();
        for folder in found {
            let listed = if folder.as_str().is_empty() { Utf8Path::new(".") } else { &folder };
            let entries = match disk.list(listed) {
                Ok(entries) => entries,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            let names = entries.into_iter().map(|entry| entry.name);
            next.extend(names.filter(|name| matches(&wanted, name)).map(|name| folder.join(name)));
        }
        if next.len() > matches_max {
            let message = format!("more than {matches_max} files and folders match {part:?}");
            return Err(std::io::Error::other(message));
        }
        found = next;
    }
    Ok(found)
}

/// One letter of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    /// `*`
    Any,
    /// `?`
    One,
    /// `[a-z]`, or `[^a-z]`.
    Class { is_negated: bool, ranges: Vec<(char, char)> },
    /// Itself.
    Letter(char),
}

impl Part {
    fn takes(&self, letter: char) -> bool {
        match self {
            Self::Any => false,
            Self::One => true,
            Self::Class { is_negated, ranges } => {
                ranges.iter().any(|(low, high)| (*low..=*high).contains(&letter)) != *is_negated
            }
            Self::Letter(wanted) => *wanted == letter,
        }
    }
}

/// `None`: a class or a backslash that does not end.
fn parse(pattern: &str) -> Option<Vec<Part>> {
    let mut letters = pattern.chars().peekable();
    let mut parts = Vec::new();
    while let Some(letter) = letters.next() {
        parts.push(match letter {
            '*' => Part::Any,
            '?' => Part::One,
            '\\' => Part::Letter(letters.next()?),
            '[' => {
                let is_negated = letters.next_if_eq(&'^').is_some();
                let mut ranges = Vec::new();
                while ranges.is_empty() || letters.next_if_eq(&']').is_none() {
                    let low = class_letter(&mut letters)?;
                    let is_range = letters.next_if_eq(&'-').is_some();
                    ranges.push((low, if is_range { class_letter(&mut letters)? } else { low }));
                }
                Part::Class { is_negated, ranges }
            }
            letter => Part::Letter(letter),
        });
    }
    Some(parts)
}

fn class_letter(letters: &mut impl Iterator<Item = char>) -> Option<char> {
    match letters.next()? {
        '\\' => letters.next(),
        '-' | ']' => None,
        letter => Some(letter),
    }
}

/// Whether `name` matches `pattern`. Only the last star is ever taken back, so that the steps are at
/// most as many as the letters of both multiplied.
fn matches(pattern: &[Part], name: &str) -> bool {
    let name: Vec<char> = name.chars().collect();
    let (mut p, mut n) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while let Some(letter) = name.get(n) {
        let wanted = pattern.get(p);
        if wanted == Some(&Part::Any) {
            star = Some((p, n));
            p += 1;
        } else if wanted.is_some_and(|wanted| wanted.takes(*letter)) {
            p += 1;
            n += 1;
        } else if let Some((star_p, star_n)) = star {
            star = Some((star_p, star_n + 1));
            p = star_p + 1;
            n = star_n + 1;
        } else {
            return false;
        }
    }
    pattern.iter().skip(p).all(|rest| *rest == Part::Any)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SimulatedDisk;

    #[test]
    fn more_files_than_can_be_told_of_are_an_error() {
        let disk = SimulatedDisk::new(1);
        for folder in ["/a", "/b", "/c"] {
            disk.create_folder(folder.into()).unwrap();
            disk.create(&Utf8Path::new(folder).join("x.yml")).unwrap();
        }
        let matching = |max| expand_at_most(&disk, "/*/x.yml".into(), max).map(|found| found.len());
        assert_eq!(matching(3).unwrap(), 3);
        let error = matching(2).unwrap_err().to_string();
        assert_eq!(error, "more than 2 files and folders match \"*\"");
    }

    #[test]
    fn wildcards_match_within_a_name() {
        for (pattern, name, matching) in [
            ("*.yml", "a.yml", true),
            ("*.yml", "a.yaml", false),
            ("a*b*c", "aXbYbZc", true),
            ("a*b*c", "aXbYbZ", false),
            ("?.yml", "ab.yml", false),
            ("*", "", true),
            ("[a-c]x", "bx", true),
            ("[a-c]x", "dx", false),
            ("[^a-c]x", "dx", true),
            (r"[\]a]", "]", true),
            (r"\*", "*", true),
            (r"\*", "a", false),
        ] {
            let parts = parse(pattern).expect("the pattern is right");
            assert_eq!(matches(&parts, name), matching, "{pattern} {name}");
        }
    }

    #[test]
    fn what_does_not_end_is_no_pattern() {
        for pattern in ["[", "[]", "[a", "[a-", "[-]", "a\\"] {
            assert_eq!(parse(pattern), None, "{pattern}");
        }
    }
}
