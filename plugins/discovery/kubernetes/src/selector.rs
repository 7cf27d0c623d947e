//! Selectors as the API understands them, judged before they are sent.
//!
//! The API judges them too, but only when it is asked; an operator wants to know when the configuration is loaded.

/// The longest name of a label and the longest value.
const NAME_MAX: usize = 63;

/// The longest prefix of a label's name.
const PREFIX_MAX: usize = 253;

/// Judges a field selector: `metadata.name=x,status.phase!=Running`.
pub(crate) fn check_fields(selector: &str) -> Result<(), String> {
    terms(selector).into_iter().filter(|term| !term.is_empty()).try_for_each(|term| {
        let wrong = || format!("invalid selector {selector:?}: {term:?} is no field and value");
        let (_, value) = split_term(term).ok_or_else(wrong)?;
        if is_field_value(value) { Ok(()) } else { Err(wrong()) }
    })
}

/// Terms stand between commas that no backslash escapes.
fn terms(selector: &str) -> Vec<&str> {
    let mut is_escaped = false;
    selector
        .split(|c| {
            let ends = c == ',' && !is_escaped;
            is_escaped = c == '\\' && !is_escaped;
            ends
        })
        .collect()
}

/// The field and its value: around the first `!=`, `==` or `=`.
fn split_term(term: &str) -> Option<(&str, &str)> {
    let (field, rest) = term.split_once('=')?;
    Some(match field.strip_suffix('!') {
        Some(field) => (field, rest),
        None => (field, rest.strip_prefix('=').unwrap_or(rest)),
    })
}

/// Backslash, comma and equals sign stand only behind a backslash, and it stands before nothing else.
fn is_field_value(value: &str) -> bool {
    let mut characters = value.chars();
    while let Some(character) = characters.next() {
        let is_well = match character {
            '\\' => matches!(characters.next(), Some('\\' | ',' | '=')),
            ',' | '=' => false,
            _ => true,
        };
        if !is_well {
            return false;
        }
    }
    true
}

/// Judges a label selector: `app=web,tier in (a,b),!canary,weight>3`.
pub(crate) fn check_labels(selector: &str) -> Result<(), String> {
    let mut rest = selector.trim_start();
    while !rest.is_empty() {
        rest = requirement(rest).map_err(|why| format!("invalid selector {selector:?}: {why}"))?;
    }
    Ok(())
}

/// Judges the first requirement; what follows its comma.
fn requirement(text: &str) -> Result<&str, String> {
    let (is_absent, text) = match text.strip_prefix('!') {
        Some(rest) => (true, rest.trim_start()),
        None => (false, text),
    };
    let (key, rest) = word(text);
    check_key(key)?;
    let rest = if is_absent || rest.is_empty() || rest.starts_with(',') {
        rest
    } else if let Some(values) = set_of(rest) {
        let (values, rest) =
            values.split_once(')').ok_or("the values of a set end with a parenthesis")?;
        values.split(',').map(str::trim).try_for_each(check_value)?;
        rest.trim_start()
    } else if let Some(number) = rest.strip_prefix(['<', '>']) {
        let (number, rest) = word(number.trim_start());
        number.parse::<i64>().map_err(|_| format!("{number:?} is no number to compare with"))?;
        rest
    } else {
        let operators = ["==", "!=", "="];
        let value = operators.iter().find_map(|operator| rest.strip_prefix(operator));
        let value = value.ok_or_else(|| format!("{rest:?} is no operator and value"))?;
        let (value, rest) = word(value.trim_start());
        check_value(value)?;
        rest
    };
    match rest.strip_prefix(',') {
        Some(next) if next.trim().is_empty() => Err("nothing follows the last comma".into()),
        Some(next) => Ok(next.trim_start()),
        None if rest.is_empty() => Ok(rest),
        None => Err(format!("{rest:?} follows where a comma should")),
    }
}

/// What stands in the parenthesis behind `in` and `notin`, and what follows.
fn set_of(text: &str) -> Option<&str> {
    let (operator, rest) = word(text);
    matches!(operator, "in" | "notin").then(|| rest.strip_prefix('(')).flatten()
}

/// The characters up to white space or a sign, and what follows the white space.
fn word(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| c.is_whitespace() || "=!(),<>".contains(c)).unwrap_or(text.len());
    let (word, rest) = text.split_at_checked(end).unwrap_or((text, ""));
    (word, rest.trim_start())
}

fn check_key(key: &str) -> Result<(), String> {
    let wrong = || format!("{key:?} is no name of a label");
    let (prefix, name) = match key.split_once('/') {
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, key),
    };
    let is_domain = |prefix: &str| {
        let is_part = |part: &str| {
            !part.starts_with('-')
                && !part.ends_with('-')
                && !part.is_empty()
                && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        };
        prefix.len() <= PREFIX_MAX && prefix.split('.').all(is_part)
    };
    if name.is_empty() || !is_name(name) || !prefix.is_none_or(is_domain) {
        return Err(wrong());
    }
    Ok(())
}

fn check_value(value: &str) -> Result<(), String> {
    if is_name(value) { Ok(()) } else { Err(format!("{value:?} is no value of a label")) }
}

/// Letters, digits, `-`, `_` and `.`, with a letter or a digit at both ends; or nothing.
fn is_name(text: &str) -> bool {
    let is_end = |c: Option<char>| c.is_none_or(|c| c.is_ascii_alphanumeric());
    text.len() <= NAME_MAX
        && is_end(text.chars().next())
        && is_end(text.chars().next_back())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
}

#[cfg(test)]
mod tests {
    use super::{check_fields, check_labels};

    #[test]
    fn field_selectors_are_read_as_the_api_reads_them() {
        for good in [
            "",
            "metadata.name=x",
            "a==b,c!=d",
            "a=b,",
            r"a=x\,y\=z\\",
            "spec.nodeName=",
            "metadata.namespace!=default",
        ] {
            assert_eq!(check_fields(good), Ok(()), "{good}");
        }
        for bad in ["metadata.status-Running", "a", "a=b,c", "a=b=c", r"a=\x", r"a=b\"] {
            check_fields(bad).unwrap_err();
        }
        assert_eq!(
            check_fields("metadata.status-Running").unwrap_err(),
            "invalid selector \"metadata.status-Running\": \"metadata.status-Running\" is no field and value"
        );
    }

    #[test]
    fn label_selectors_are_read_as_the_api_reads_them() {
        for good in [
            "",
            "foo=bar",
            "foo in (bar,baz)",
            "foo notin ( bar , baz ) , x",
            "foo in ()",
            "foo",
            "!foo",
            "a=,b",
            "app.kubernetes.io/name==web, tier != db",
            "weight>3,weight<10",
            "in in (in)",
        ] {
            assert_eq!(check_labels(good), Ok(()), "{good}");
        }
    }

    #[track_caller]
    fn refused(selector: &str, why: &str) {
        assert_eq!(
            check_labels(selector).unwrap_err(),
            format!("invalid selector {selector:?}: {why}")
        );
    }

    #[test]
    fn what_is_no_label_selector_is_refused() {
        refused("foo bar", "\"bar\" is no operator and value");
        refused("foo=bar baz", "\"baz\" follows where a comma should");
        refused("=bar", "\"\" is no name of a label");
        refused("foo=bar,", "nothing follows the last comma");
        refused("foo in (bar", "the values of a set end with a parenthesis");
        refused("foo in bar", "\"in bar\" is no operator and value");
        refused("foo>x", "\"x\" is no number to compare with");
        refused("-foo", "\"-foo\" is no name of a label");
        refused("Foo.Example/x", "\"Foo.Example/x\" is no name of a label");
        refused("a/b/c", "\"a/b/c\" is no name of a label");
        refused("foo=b*", "\"b*\" is no value of a label");
        refused("foo=-x", "\"-x\" is no value of a label");
        let long = "x".repeat(64);
        refused(&long, &format!("{long:?} is no name of a label"));
        assert!(check_labels(&format!("foo={long}")).is_err());
    }
}
