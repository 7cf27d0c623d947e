//! What a match becomes: a text in which `$1` and the like stand for parts of the match.
//!
//! As Go's `Regexp.Expand` has it, so that replacements written for Prometheus give the same here.

use regex::Captures;

/// Groups with higher numbers than any pattern can have are read as names.
const NUMBER_MAX: usize = 100_000_000;

/// Appends the template, with what the groups matched in place of `$1`, `${1}`, `$name` and
/// `${name}`, and a dollar for `$$`. A name goes as far as letters, digits and underscores do; a group
/// that there is not is an empty text; a dollar before anything else stands for itself.
pub fn expand_match(captures: &Captures<'_>, template: &str, out: &mut String) {
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        if let Some(tail) = after.strip_prefix('$') {
            out.push('$');
            rest = tail;
        } else if let Some((name, tail)) = reference(after) {
            out.push_str(group(captures, name));
            rest = tail;
        } else {
            out.push('$');
            rest = after;
        }
    }
    out.push_str(rest);
}

/// The name at the start, in braces or without, and what follows it.
fn reference(after: &str) -> Option<(&str, &str)> {
    let (inner, is_braced) = match after.strip_prefix('{') {
        Some(inner) => (inner, true),
        None => (after, false),
    };
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '_';
    let len = inner.find(|letter| !is_part(letter)).unwrap_or(inner.len());
    let (name, tail) = inner.split_at_checked(len).filter(|(name, _)| !name.is_empty())?;
    Some((name, if is_braced { tail.strip_prefix('}')? } else { tail }))
}

fn group<'t>(captures: &Captures<'t>, name: &str) -> &'t str {
    let is_number =
        name.bytes().all(|byte| byte.is_ascii_digit()) && (name == "0" || !name.starts_with('0'));
    let number = name.parse().ok().filter(|number| is_number && *number <= NUMBER_MAX);
    let found = match number {
        Some(number) => captures.get(number),
        None => captures.name(name),
    };
    found.map_or("", |found| found.as_str())
}

#[cfg(test)]
mod tests {
    use regex::Regex;

    use super::*;

    #[track_caller]
    fn check(template: &str, expected: &str) {
        let regex = Regex::new("(a+)-(?<rest>.*)").unwrap();
        let captures = regex.captures("aa-b").unwrap();
        let mut out = String::from(">");
        expand_match(&captures, template, &mut out);
        assert_eq!(out, format!(">{expected}"), "{template}");
    }

    #[test]
    fn groups_are_named_by_number_or_name() {
        check("x", "x");
        check("$1/${2}/$rest/${rest}/$0", "aa/b/b/b/aa-b");
        check("$$1 and 5$$", "$1 and 5$");
        check("${1}0$1", "aa0aa");
    }

    #[test]
    fn what_is_no_group_is_empty() {
        check("[$10][$1x][${x}][$01][$1é]", "[][][][][]");
    }

    #[test]
    fn a_dollar_before_anything_else_stands_for_itself() {
        check("$", "$");
        check("$-${}${1-}${1", "$-${}${1-}${1");
        check("${ 1}", "${ 1}");
    }
}
