//! `$NAME` and `${NAME}` in external labels; `$$` is a dollar.

/// Replaces variables; one that is not set becomes empty, as in Prometheus.
pub(crate) fn expand(text: &str, variable: &dyn Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        let (name, tail) = name(after);
        match name {
            Some(name) => out.push_str(&variable(name).unwrap_or_default()),
            None => out.push('$'),
        }
        rest = if name.is_none() { after.strip_prefix('$').unwrap_or(after) } else { tail };
    }
    out.push_str(rest);
    out
}

/// The variable's name at the start of `text`, and what follows it.
fn name(text: &str) -> (Option<&str>, &str) {
    if let Some(braced) = text.strip_prefix('{')
        && let Some((name, tail)) = braced.split_once('}')
    {
        return (Some(name), tail);
    }
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    match text.split_at_checked(end) {
        Some((name, tail)) if !name.is_empty() => (Some(name), tail),
        _ => (None, text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_replaced() {
        let variable = |name: &str| (name == "A_1").then(|| "x".to_owned());
        for (text, expected) in
            [("$A_1-${A_1}", "x-x"), ("$$A_1", "$A_1"), ("$B|", "|"), ("5$", "5$"), ("${", "${")]
        {
            assert_eq!(expand(text, &variable), expected, "{text}");
        }
    }
}
