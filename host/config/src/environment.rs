//! Variables of the environment in the file.
//!
//! External labels know `$NAME` and `${NAME}`, as in Prometheus. With `--config.expand-env` every
//! value knows `${NAME}` and `${NAME:-default}`; the bare form is none there, as regular
//! expressions and templates have dollars of their own.

/// Where `${NAME}` keeps its own meaning under `--config.expand-env`: capture groups.
const KEPT: &str = "relabel_configs";

/// An external label's value with variables in place; a name that is not set becomes empty, and is
/// told to `unset`. Odd texts come out as those of Go's `os.Expand`.
pub(crate) fn expand_label(
    text: &str,
    variable: &dyn Fn(&str) -> Option<String>,
    unset: &mut dyn FnMut(&str),
) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        let (name, tail) = shell_name(after);
        match name {
            Name::Is("$") => out.push('$'),
            Name::Is(name) => match variable(name).filter(|value| !value.is_empty()) {
                Some(value) => out.push_str(&value),
                None => unset(name),
            },
            Name::Missing => out.push('$'),
            Name::Broken => {}
        }
        rest = tail;
    }
    out.push_str(rest);
    out
}

/// What stands behind a dollar.
enum Name<'a> {
    Is(&'a str),
    /// Nothing that could be a name: the dollar is one.
    Missing,
    /// Braces that are empty or do not end: they go, and the dollar with them.
    Broken,
}

/// The name at the start of `text`, and what follows it.
fn shell_name(text: &str) -> (Name<'_>, &str) {
    const SPECIAL: &str = "*#$@!?-0123456789";
    let special = |text: &str| text.chars().next().is_some_and(|first| SPECIAL.contains(first));
    if let Some(braced) = text.strip_prefix('{') {
        return match braced.split_once('}') {
            Some(("", tail)) => (Name::Broken, tail),
            Some((name, tail)) => (Name::Is(name), tail),
            None => (Name::Broken, braced),
        };
    }
    let end = if special(text) { 1 } else { name_length(text) };
    match text.split_at_checked(end) {
        Some((name, tail)) if !name.is_empty() => (Name::Is(name), tail),
        _ => (Name::Missing, text),
    }
}

fn name_length(text: &str) -> usize {
    text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len())
}

/// A value of the file, under these keys, with variables in place; `None`: it has none. `$${` is a
/// dollar before a brace.
///
/// # Errors
/// Names a variable that is not set and has no default.
pub(crate) fn expand_value(
    keys: &[String],
    text: &str,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<Option<String>, String> {
    let is_kept = |key: &String| key.ends_with(KEPT) || key == "external_labels";
    if !text.contains("${") || keys.iter().any(is_kept) {
        return Ok(None);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        if let Some(literal) = before.strip_suffix('$') {
            out.push_str(literal);
            out.push_str("${");
            rest = after;
            continue;
        }
        out.push_str(before);
        let Some((inside, tail)) = after.split_once('}') else {
            return Err("\"${\" without its \"}\"; write \"$${\" for the text itself".to_owned());
        };
        let (name, default) = match inside.split_once(":-") {
            Some((name, default)) => (name, Some(default)),
            None => (inside, None),
        };
        let is_name = name_length(name) == name.len()
            && name.chars().next().is_some_and(|first| !first.is_ascii_digit());
        if is_name {
            let value = variable(name).filter(|value| default.is_none() || !value.is_empty());
            let value = value.or_else(|| default.map(str::to_owned));
            out.push_str(&value.ok_or_else(|| {
                format!("the variable {name} is not set; set it, or write ${{{name}:-a default}}")
            })?);
        } else {
            out.push_str("${");
            out.push_str(inside);
            out.push('}');
        }
        rest = tail;
    }
    out.push_str(rest);
    Ok(Some(out))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variable(name: &str) -> Option<String> {
        match name {
            "A_1" => Some("x".to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        }
    }

    #[test]
    fn labels_are_expanded_as_by_go() {
        for (text, expected, unset) in [
            ("$A_1-${A_1}", "x-x", ""),
            ("$$A_1", "$A_1", ""),
            ("$B|", "|", "B"),
            ("$EMPTY|", "|", "EMPTY"),
            ("5$", "5$", ""),
            ("${", "", ""),
            ("a${}b", "ab", ""),
            ("$12", "2", "1"),
            ("${a b}", "", "a b"),
            ("$ü", "$ü", ""),
        ] {
            let mut told = String::new();
            let expanded = expand_label(text, &variable, &mut |name| told.push_str(name));
            assert_eq!((expanded.as_str(), told.as_str()), (expected, unset), "{text}");
        }
    }

    #[test]
    fn values_are_expanded_by_braces_alone() {
        let expand = |text: &str| expand_value(&[], text, &variable);
        for (text, expected) in [
            ("a${A_1}b", Some("axb")),
            ("${B:-d}${EMPTY:-e}${EMPTY}", Some("de")),
            ("$${A_1}", Some("${A_1}")),
            ("${1}-${A_1}", Some("${1}-x")),
            ("$A_1$", None),
        ] {
            assert_eq!(expand(text).unwrap().as_deref(), expected, "{text}");
        }
        assert!(expand("${B}").unwrap_err().starts_with("the variable B is not set"));
        assert!(expand("${B").is_err());
    }

    #[test]
    fn capture_groups_and_external_labels_keep_their_meaning() {
        for key in ["metric_relabel_configs", "external_labels"] {
            assert_eq!(expand_value(&[key.to_owned()], "${A_1}", &variable), Ok(None));
        }
    }
}
