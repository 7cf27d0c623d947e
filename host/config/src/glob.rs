//! File patterns, as in `rules/*.yml`: `*` and `?` within one part of the path.

use camino::{Utf8Path, Utf8PathBuf};
use narthex_platform::Disk;

/// Files of one pattern.
const MATCHES_MAX: usize = 10_000;

/// The files that match, ascending. A pattern without wildcards names its file whether it exists
/// or not; the one who reads it then says so.
///
/// # Errors
/// When a folder on the way cannot be listed.
pub fn expand(disk: &dyn Disk, pattern: &Utf8Path) -> std::io::Result<Vec<Utf8PathBuf>> {
    let mut found = vec![Utf8PathBuf::new()];
    for part in pattern.components() {
        let part = part.as_str();
        if !part.contains(['*', '?']) {
            found.iter_mut().for_each(|path| path.push(part));
            continue;
        }
        let mut next = Vec::new();
        for folder in found {
            let listed = if folder.as_str().is_empty() { Utf8Path::new(".") } else { &folder };
            let entries = match disk.list(listed) {
                Ok(entries) => entries,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            let names = entries.into_iter().map(|entry| entry.name);
            next.extend(names.filter(|name| matches(part, name)).map(|name| folder.join(name)));
        }
        next.truncate(MATCHES_MAX);
        found = next;
    }
    Ok(found)
}

/// Whether `name` matches `pattern`. Linear in both: the last star alone is ever taken back.
fn matches(pattern: &str, name: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let name: Vec<char> = name.chars().collect();
    let (mut p, mut n) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        let wanted = pattern.get(p);
        if wanted == Some(&'*') {
            star = Some((p, n));
            p += 1;
        } else if wanted.is_some() && (wanted == Some(&'?') || wanted == name.get(n)) {
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
    pattern.iter().skip(p).all(|rest| *rest == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_match_within_a_name() {
        for (pattern, name, matching) in [
            ("*.yml", "a.yml", true),
            ("*.yml", "a.yaml", false),
            ("a*b*c", "aXbYbZc", true),
            ("a*b*c", "aXbYbZ", false),
            ("?.yml", "ab.yml", false),
            ("*", "", true),
        ] {
            assert_eq!(matches(pattern, name), matching, "{pattern} {name}");
        }
    }
}
