//! The operating system, from `os-release`.

use std::collections::BTreeMap;

use narthex_sdk::{Error, Metrics, files, time};

use crate::source::{OS, ROOT, Scrape, is_not_granted, no_data};

/// Where it may be: beneath the whole file system where that may be read, else in the root that is granted for it.
const PLACES: [(&str, &str); 3] =
    [(ROOT, "etc/os-release"), (ROOT, "usr/lib/os-release"), (OS, "os-release")];

/// Labels, which are fields in capitals.
const LABELS: [&str; 12] = [
    "build_id",
    "id",
    "id_like",
    "image_id",
    "image_version",
    "name",
    "pretty_name",
    "variant",
    "variant_id",
    "version",
    "version_codename",
    "version_id",
];

pub(super) fn collect(_scrape: &Scrape<'_>, metrics: &mut Metrics) -> Result<(), Error> {
    let text = release()?;
    let fields: BTreeMap<String, String> = text.lines().filter_map(assignment).collect();
    let field = |label: &str| {
        let value = fields.get(&label.to_ascii_uppercase());
        value.map_or("", String::as_str)
    };
    metrics
        .gauge(
            "node_os_info",
            "A metric with a constant '1' value labeled by build_id, id, id_like, image_id, \
             image_version, name, pretty_name, variant, variant_id, version, version_codename, \
             version_id.",
        )
        .sample(&LABELS.map(|label| (label, field(label))), 1_u8);
    if let Some(version) = major_minor(field("version_id")) {
        metrics
            .gauge("node_os_version", "Metric containing the major.minor part of the OS version.")
            .sample(
                &[("id", field("id")), ("id_like", field("id_like")), ("name", field("name"))],
                version,
            );
    }
    if let Some(seconds) = midnight(field("support_end")) {
        metrics
            .gauge(
                "node_os_support_end_timestamp_seconds",
                "Metric containing the end-of-life date timestamp of the OS.",
            )
            .set(seconds);
    }
    Ok(())
}

/// The first that can be read. Without any grant, the words that name the one for it.
pub(crate) fn release() -> Result<String, Error> {
    let mut refused = None;
    for (root, path) in PLACES {
        match files::read_string(root, path) {
            Ok(text) => return Ok(text),
            Err(error) if is_not_granted(&error) => refused = Some(error),
            Err(error) if error.is_not_found() => {}
            Err(error) => return Err(error),
        }
    }
    Err(refused.unwrap_or_else(|| no_data("os-release")))
}

/// `NAME="Debian GNU/Linux"`, by the rules of a shell: quotes go, and a backslash keeps the next character.
fn assignment(line: &str) -> Option<(String, String)> {
    let (name, text) = line.trim().split_once('=').filter(|(name, _)| !name.starts_with('#'))?;
    let mut value = String::with_capacity(text.len());
    let mut characters = text.chars();
    let mut quote = None;
    while let Some(character) = characters.next() {
        match (quote, character) {
            (Some(open), close) if open == close => quote = None,
            (None, '"' | '\'') => quote = Some(character),
            (Some('"') | None, '\\') => value.extend(characters.next()),
            (None, '#') if value.ends_with(' ') => break,
            _ => value.push(character),
        }
    }
    Some((name.to_owned(), if text.contains(['"', '\'']) { value } else { value.trim().into() }))
}

/// `12.5.1` is 12.5.
fn major_minor(version: &str) -> Option<f64> {
    let is_digit = |character: char| character.is_ascii_digit();
    let mut parts = version.splitn(3, '.');
    let major = parts.next()?;
    let major = major.split(|character| !is_digit(character)).next()?;
    let is_whole = version.strip_prefix(major).is_some_and(|rest| rest.starts_with('.'));
    let minor = parts.next().filter(|_| is_whole).unwrap_or("");
    let minor = minor.split(|character| !is_digit(character)).next()?;
    let value: f64 = format!("{major}.{minor}0").parse().ok()?;
    (!major.is_empty() && value > 0.0).then_some(value)
}

/// The seconds since the Unix epoch at which a day such as `2028-06-30` begins in UTC.
fn midnight(date: &str) -> Option<f64> {
    let parts: Vec<i64> = date.split('-').map_while(|part| part.parse().ok()).collect();
    let date = parts.try_into().ok()?;
    time::from_civil(date, [0, 0, 0]).map(|seconds| seconds as f64)
}

#[cfg(test)]
mod tests {
    use super::{assignment, major_minor, midnight};

    #[test]
    fn values_are_read_as_a_shell_reads_them() {
        let value = |line: &str| assignment(line).unwrap().1;
        assert_eq!(
            value(r#"PRETTY_NAME="Debian GNU/Linux 13 (trixie)""#),
            "Debian GNU/Linux 13 (trixie)"
        );
        assert_eq!(value("ID=debian"), "debian");
        assert_eq!(value(r#"NAME="a \"b\" c""#), r#"a "b" c"#);
        assert_eq!(value("NAME='a b'"), "a b");
        assert!(assignment("# NAME=x").is_none());
    }

    #[test]
    fn versions_and_days_become_numbers() {
        assert_eq!(major_minor("12"), Some(12.0));
        assert_eq!(major_minor("20.04"), Some(20.04));
        assert_eq!(major_minor("12.5.1"), Some(12.5));
        assert_eq!(major_minor("42-x"), Some(42.0));
        assert_eq!(major_minor("rolling"), None);
        assert_eq!(midnight("1970-01-01"), Some(0.0));
        assert_eq!(midnight("2028-06-30"), Some(1_845_936_000.0));
        assert_eq!(midnight("2000-02-29"), Some(951_782_400.0));
        assert_eq!(midnight("2026-02-30"), None);
        assert_eq!(midnight("soon"), None);
    }
}
