//! What can be said of a regular expression's matches without running it.

use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, Hir, HirKind, Repetition};

/// A pattern that stands for more texts is run: dashboards list hundreds of values, not thousands.
const TEXTS_MAX: usize = 1024;
/// Nor are texts looked up that are longer in all than this.
const TEXT_BYTES_MAX: usize = 64 << 10;
/// Of a class, `[a-z]`, with more characters nothing is said.
const CLASS_CHARS_MAX: usize = 64;
/// What is repeated more often is not written out.
const REPEATED_MAX: u32 = 256;
/// Patterns are nested less deep, or only run.
const DEPTH_MAX: usize = 64;

/// The matches of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// Every text.
    Any,
    /// Every text but the empty one.
    NotEmpty,
    /// These, ascending.
    Set(Vec<String>),
    /// Some of those that begin so.
    Prefix(Box<str>),
}

impl Shape {
    pub(super) fn of(pattern: &str) -> Self {
        let mut parser = ParserBuilder::new().dot_matches_new_line(true).build();
        let Ok(hir) = parser.parse(pattern) else { return Self::Prefix("".into()) };
        if let Some(least) = any_chars(&hir) {
            match least {
                0 => return Self::Any,
                1 => return Self::NotEmpty,
                _ => {}
            }
        }
        match texts(&hir, 0) {
            Some(mut texts) => {
                texts.sort_unstable();
                texts.dedup();
                Self::Set(texts)
            }
            None => Self::Prefix(prefix(&hir, 0).0.into()),
        }
    }
}

/// Of `.*`, `.+` and their like: how many characters there are at least.
fn any_chars(hir: &Hir) -> Option<u32> {
    match hir.kind() {
        HirKind::Capture(capture) => any_chars(&capture.sub),
        HirKind::Repetition(Repetition { min, max: None, sub, .. }) => {
            is_any_char(sub).then_some(*min)
        }
        HirKind::Empty
        | HirKind::Literal(_)
        | HirKind::Class(_)
        | HirKind::Look(_)
        | HirKind::Repetition(_)
        | HirKind::Concat(_)
        | HirKind::Alternation(_) => None,
    }
}

fn is_any_char(hir: &Hir) -> bool {
    let HirKind::Class(Class::Unicode(class)) = hir.kind() else { return false };
    matches!(class.ranges(), [all] if all.start() == '\0' && all.end() == char::MAX)
}

/// All texts that match, if there are not too many.
fn texts(hir: &Hir, depth: usize) -> Option<Vec<String>> {
    if depth > DEPTH_MAX {
        return None;
    }
    match hir.kind() {
        HirKind::Empty => Some(vec![String::new()]),
        HirKind::Literal(literal) => Some(vec![String::from_utf8(literal.0.to_vec()).ok()?]),
        HirKind::Class(class) => chars(class),
        HirKind::Look(_) => None,
        HirKind::Repetition(Repetition { min, max: Some(max), sub, .. })
            if *max <= REPEATED_MAX =>
        {
            let once = texts(sub, depth + 1)?;
            let mut power = vec![String::new()];
            for _ in 0..*min {
                power = product(&power, &once)?;
            }
            let mut all = power.clone();
            for _ in *min..*max {
                power = product(&power, &once)?;
                all.extend_from_slice(&power);
                bounded(&all)?;
            }
            Some(all)
        }
        HirKind::Repetition(_) => None,
        HirKind::Capture(capture) => texts(&capture.sub, depth + 1),
        HirKind::Concat(parts) => {
            let mut all = vec![String::new()];
            for part in parts {
                all = product(&all, &texts(part, depth + 1)?)?;
            }
            Some(all)
        }
        HirKind::Alternation(parts) => {
            let mut all = Vec::new();
            for part in parts {
                all.append(&mut texts(part, depth + 1)?);
                bounded(&all)?;
            }
            Some(all)
        }
    }
}

fn chars(class: &Class) -> Option<Vec<String>> {
    let Class::Unicode(class) = class else { return None };
    let mut all = Vec::new();
    for char in class.ranges().iter().flat_map(|range| range.start()..=range.end()) {
        if all.len() == CLASS_CHARS_MAX {
            return None;
        }
        all.push(char.to_string());
    }
    Some(all)
}

/// Each of the first followed by each of the second.
fn product(first: &[String], second: &[String]) -> Option<Vec<String>> {
    if first.len().checked_mul(second.len())? > TEXTS_MAX {
        return None;
    }
    let each = first.iter().flat_map(|start| second.iter().map(move |end| format!("{start}{end}")));
    let all: Vec<String> = each.collect();
    bounded(&all)?;
    Some(all)
}

fn bounded(texts: &[String]) -> Option<()> {
    let bytes: usize = texts.iter().map(String::len).sum();
    (texts.len() <= TEXTS_MAX && bytes <= TEXT_BYTES_MAX).then_some(())
}

/// What every match begins with, and whether that is all of it.
fn prefix(hir: &Hir, depth: usize) -> (String, bool) {
    let nothing = (String::new(), false);
    if depth > DEPTH_MAX {
        return nothing;
    }
    match hir.kind() {
        HirKind::Empty => (String::new(), true),
        HirKind::Literal(literal) => match String::from_utf8(literal.0.to_vec()) {
            Ok(text) => (text, true),
            Err(_) => nothing,
        },
        HirKind::Class(_) | HirKind::Look(_) => nothing,
        HirKind::Repetition(Repetition { min: 0, .. }) => nothing,
        // What is repeated begins at least once.
        HirKind::Repetition(Repetition { sub, .. }) => (prefix(sub, depth + 1).0, false),
        HirKind::Capture(capture) => prefix(&capture.sub, depth + 1),
        HirKind::Concat(parts) => {
            let mut all = String::new();
            for part in parts {
                let (text, is_whole) = prefix(part, depth + 1);
                all.push_str(&text);
                if !is_whole {
                    return (all, false);
                }
            }
            (all, true)
        }
        HirKind::Alternation(parts) => {
            let mut parts = parts.iter().map(|part| prefix(part, depth + 1).0);
            let first = parts.next().unwrap_or_default();
            (parts.fold(first, |all, part| shared(&all, &part).to_owned()), false)
        }
    }
}

/// What both begin with.
fn shared<'a>(a: &'a str, b: &str) -> &'a str {
    let same = a.chars().zip(b.chars()).take_while(|(a, b)| a == b);
    a.get(..same.map(|(char, _)| char.len_utf8()).sum()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, expected: &Shape) {
        assert_eq!(Shape::of(pattern), *expected, "{pattern}");
    }

    fn set(texts: &[&str]) -> Shape {
        Shape::Set(texts.iter().map(|text| (*text).to_owned()).collect())
    }

    fn begins(text: &str) -> Shape {
        Shape::Prefix(text.into())
    }

    #[test]
    fn lists_of_texts_are_seen() {
        check("", &set(&[""]));
        check("api", &set(&["api"]));
        check("a|b-c", &set(&["a", "b-c"]));
        check("b|a|b|", &set(&["", "a", "b"]));
        check("(api|web)-[12]", &set(&["api-1", "api-2", "web-1", "web-2"]));
        check("(?:prod|dev)?x", &set(&["devx", "prodx", "x"]));
        check("a{2,3}", &set(&["aa", "aaa"]));
        check(r"1\.5|2\.5", &set(&["1.5", "2.5"]));
        check("(?i)ab", &set(&["AB", "Ab", "aB", "ab"]));
        check("[^a]|b", &begins(""));
    }

    #[test]
    fn texts_in_front_are_seen() {
        for (pattern, text) in [
            ("ab.*", "ab"),
            ("ab*", "a"),
            ("ab+", "ab"),
            ("a|ab.*", "a"),
            ("(foo-.*|foobar.+)", "foo"),
            ("(ab)+c", "ab"),
            (".*ab", ""),
            ("^ab.*", ""),
            ("é.+", "é"),
        ] {
            check(pattern, &begins(text));
        }
    }

    #[test]
    fn what_matches_all_is_seen() {
        check(".*", &Shape::Any);
        check("(.*)", &Shape::Any);
        check(".+", &Shape::NotEmpty);
        check("(?-s:.*)", &begins(""));
        check(".{2,}", &begins(""));
    }

    #[test]
    fn large_sets_are_left_to_the_expression() {
        check("[a-z]{3}", &begins(""));
        check("(a|b){20}", &begins(""));
        check("x[0-9]{5}", &begins("x"));
        check(&format!("{}a{}", "(".repeat(90), ")".repeat(90)), &begins(""));
    }
}
