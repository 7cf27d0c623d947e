//! What an exposition says, to be compared.

use std::collections::BTreeMap;

/// Series with their values; types and helps by name.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Said {
    pub(super) series: BTreeMap<String, String>,
    pub(super) types: BTreeMap<String, String>,
    pub(super) helps: BTreeMap<String, String>,
}

impl Said {
    /// Reads the text format. Labels are sorted and those without a value left out, numbers are as Rust writes them.
    pub(super) fn parse(text: &str) -> Self {
        let mut said = Self::default();
        for line in text.lines() {
            if let Some((name, help)) = comment(line, "# HELP ") {
                said.helps.insert(name.to_owned(), help.trim().to_owned());
            } else if let Some((name, kind)) = comment(line, "# TYPE ") {
                said.types.insert(name.to_owned(), kind.to_owned());
            } else if let Some((series, value)) = line.rsplit_once(' ') {
                let value =
                    value.parse::<f64>().map_or_else(|_| value.to_owned(), |v| format!("{v:.9e}"));
                said.series.insert(sorted(series), value);
            }
        }
        said
    }

    /// Forgets what begins with any of these.
    pub(super) fn without(mut self, prefixes: &[&str]) -> Self {
        let keep = |name: &String| !prefixes.iter().any(|prefix| name.starts_with(prefix));
        self.series.retain(|name, _| keep(name));
        self.types.retain(|name, _| keep(name));
        self.helps.retain(|name, _| keep(name));
        self
    }
}

fn comment<'a>(line: &'a str, keyword: &str) -> Option<(&'a str, &'a str)> {
    let rest = line.strip_prefix(keyword)?;
    Some(rest.split_once(' ').unwrap_or((rest, "")))
}

fn sorted(series: &str) -> String {
    let Some((name, labels)) = series.split_once('{') else { return series.to_owned() };
    let mut labels = labels.trim_end_matches('}');
    let mut pairs = Vec::new();
    // A value ends at a quote without a backslash before it.
    while let Some((label, rest)) = labels.split_once("=\"") {
        let mut is_escaped = false;
        let end = rest.find(|character| {
            let ends = character == '"' && !is_escaped;
            is_escaped = character == '\\' && !is_escaped;
            ends
        });
        let (value, rest) = rest.split_at(end.unwrap_or(rest.len()));
        if !value.is_empty() {
            pairs.push(format!("{label}=\"{value}\""));
        }
        labels = rest.trim_start_matches(['"', ',']);
    }
    pairs.sort();
    format!("{name}{{{}}}", pairs.join(","))
}
