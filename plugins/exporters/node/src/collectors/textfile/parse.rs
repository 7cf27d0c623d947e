//! Prometheus' text format 0.0.4, as far as programs write it into files: without timestamps.

use std::{collections::BTreeMap, iter::Peekable, str::Chars};

use narthex_sdk::Part;

/// What a family is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Kind {
    Counter,
    Gauge,
    Histogram,
    Summary,
    #[default]
    Untyped,
}

/// Samples of one name.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Family {
    pub(super) name: String,
    pub(super) help: Option<String>,
    pub(super) kind: Kind,
    pub(super) samples: Vec<Sample>,
    /// Where they were found.
    pub(super) files: Vec<String>,
}

/// A line.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sample {
    /// None where the name is the family's own.
    pub(super) part: Option<Part>,
    pub(super) labels: Vec<(String, String)>,
    pub(super) value: f64,
}

/// The families of a file, or the line that is wrong.
pub(super) fn families(text: &str) -> Result<Vec<Family>, String> {
    let mut families: BTreeMap<String, Family> = BTreeMap::new();
    for (index, line) in text.lines().enumerate() {
        read_line(&mut families, line.trim_start())
            .map_err(|reason| format!("line {}: {reason}", index + 1))?;
    }
    let families = families.into_iter().map(|(name, family)| Family { name, ..family });
    Ok(families.filter(|family| !family.samples.is_empty()).collect())
}

fn read_line(families: &mut BTreeMap<String, Family>, line: &str) -> Result<(), String> {
    if let Some(comment) = line.strip_prefix('#') {
        return read_comment(families, comment.trim_start());
    }
    if line.is_empty() {
        return Ok(());
    }
    let name_end = line.find(|character: char| !is_of_name(character)).unwrap_or(line.len());
    let (name, rest) = line.split_at_checked(name_end).unwrap_or((line, ""));
    if name.is_empty() || name.starts_with(|character: char| character.is_ascii_digit()) {
        return Err(format!("{line:?} begins with no name of a metric"));
    }
    let mut characters = rest.chars().peekable();
    let labels = labels(&mut characters)?;
    let rest: String = characters.collect();
    let mut words = rest.split_ascii_whitespace();
    let value = words.next().and_then(|word| word.parse().ok());
    let value = value.ok_or_else(|| format!("{name} has no number behind it"))?;
    if words.next().is_some() {
        return Err(format!("{name} has a timestamp, which a file must not have"));
    }
    let (family, part) = place(families, name);
    families.entry(family).or_default().samples.push(Sample { part, labels, value });
    Ok(())
}

/// `HELP name words` and `TYPE name kind`; any other comment says nothing.
fn read_comment(families: &mut BTreeMap<String, Family>, comment: &str) -> Result<(), String> {
    let mut words = comment.splitn(3, [' ', '\t']);
    let (keyword, name, rest) =
        (words.next(), words.next(), words.next().unwrap_or("").trim_start());
    match (keyword, name) {
        (Some("HELP"), Some(name)) => {
            families.entry(name.to_owned()).or_default().help = Some(unescaped(rest)?);
        }
        (Some("TYPE"), Some(name)) => {
            let kind = match rest.trim_end() {
                "counter" => Kind::Counter,
                "gauge" => Kind::Gauge,
                "histogram" => Kind::Histogram,
                "summary" => Kind::Summary,
                "untyped" => Kind::Untyped,
                other => return Err(format!("{name} has the type {other:?}, which there is not")),
            };
            families.entry(name.to_owned()).or_default().kind = kind;
        }
        _ => {}
    }
    Ok(())
}

/// The family of a sample, and which part of it the sample is.
fn place(families: &BTreeMap<String, Family>, name: &str) -> (String, Option<Part>) {
    for (suffix, part) in [("_bucket", Part::Bucket), ("_sum", Part::Sum), ("_count", Part::Count)]
    {
        let Some(base) = name.strip_suffix(suffix) else { continue };
        match families.get(base).map(|family| family.kind) {
            Some(Kind::Histogram) => return (base.to_owned(), Some(part)),
            Some(Kind::Summary) if part != Part::Bucket => return (base.to_owned(), Some(part)),
            _ => {}
        }
    }
    (name.to_owned(), None)
}

fn is_of_name(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_' || character == ':'
}

/// `{a="b",c="d",}`, or nothing.
fn labels(characters: &mut Peekable<Chars<'_>>) -> Result<Vec<(String, String)>, String> {
    let mut labels = Vec::new();
    skip_spaces(characters);
    if characters.next_if_eq(&'{').is_none() {
        return Ok(labels);
    }
    loop {
        skip_spaces(characters);
        if characters.next_if_eq(&'}').is_some() {
            return Ok(labels);
        }
        let mut name = String::new();
        while let Some(character) = characters.next_if(|character| is_of_name(*character)) {
            name.push(character);
        }
        skip_spaces(characters);
        let opens = characters.next() == Some('=');
        skip_spaces(characters);
        if name.is_empty() || !opens || characters.next() != Some('"') {
            return Err("labels are not name=\"value\"".to_owned());
        }
        labels.push((name, quoted(characters)?));
        skip_spaces(characters);
        match characters.next() {
            Some(',') => {}
            Some('}') => return Ok(labels),
            _ => return Err("labels do not end".to_owned()),
        }
    }
}

/// A value up to its quote.
fn quoted(characters: &mut Peekable<Chars<'_>>) -> Result<String, String> {
    let mut value = String::new();
    while let Some(character) = characters.next() {
        match character {
            '"' => return Ok(value),
            '\\' => value.push(escaped(characters)?),
            plain => value.push(plain),
        }
    }
    Err("a label's value does not end".to_owned())
}

/// A whole text whose escapes are read.
fn unescaped(text: &str) -> Result<String, String> {
    let mut characters = text.chars().peekable();
    let mut read = String::new();
    while let Some(character) = characters.next() {
        read.push(if character == '\\' { escaped(&mut characters)? } else { character });
    }
    Ok(read)
}

/// What the character behind a backslash stands for.
fn escaped(characters: &mut Peekable<Chars<'_>>) -> Result<char, String> {
    match characters.next() {
        Some('n') => Ok('\n'),
        Some(escaped @ ('"' | '\\')) => Ok(escaped),
        _ => Err("a backslash stands before neither n nor \" nor \\".to_owned()),
    }
}

fn skip_spaces(characters: &mut Peekable<Chars<'_>>) {
    while characters.next_if(|character| character.is_ascii_whitespace()).is_some() {}
}

#[cfg(test)]
mod tests {
    use super::{Kind, families};

    #[test]
    fn families_have_their_parts() {
        let text = "# TYPE wait histogram\nwait_bucket{le=\"+Inf\"} 2\nwait_sum 3.5\nwait_count 2\n\
                    # HELP up Is it \\\\ up.\nup{a=\"x \\\"y\\\" \\n\",} 1\nother_sum NaN\n";
        let found = families(text).unwrap();
        let names: Vec<_> = found.iter().map(|family| family.name.as_str()).collect();
        assert_eq!(names, ["other_sum", "up", "wait"]);
        assert_eq!((found[2].kind, found[2].samples.len()), (Kind::Histogram, 3));
        assert_eq!(found[1].help.as_deref(), Some("Is it \\ up."));
        let help =
            families("# HELP a C:\\\\new \\n\\\\\\\\n \\\" \na 1\n").unwrap()[0].help.clone();
        assert_eq!(help.as_deref(), Some("C:\\new \n\\\\n \" "));
        assert_eq!(found[1].samples[0].labels, [("a".to_owned(), "x \"y\" \n".to_owned())]);
    }

    #[test]
    fn what_is_wrong_is_told_by_its_line() {
        for (text, reason) in [
            ("up 1\nup 2 1234\n", "line 2: up has a timestamp, which a file must not have"),
            ("up\n", "line 1: up has no number behind it"),
            ("{a=\"b\"} 1\n", "line 1: \"{a=\\\"b\\\"} 1\" begins with no name of a metric"),
            ("up{a=b} 1\n", "line 1: labels are not name=\"value\""),
            ("up{a=\"b} 1\n", "line 1: a label's value does not end"),
            ("# HELP up \\q\n", "line 1: a backslash stands before neither n nor \" nor \\"),
            ("# HELP up \\\nup 1\n", "line 1: a backslash stands before neither n nor \" nor \\"),
            ("# TYPE up timer\n", "line 1: up has the type \"timer\", which there is not"),
        ] {
            assert_eq!(families(text).unwrap_err(), reason);
        }
    }
}
