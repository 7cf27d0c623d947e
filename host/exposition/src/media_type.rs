//! The media type of a `Content-Type`, taken apart as Go does it (RFC 2045), so that what Prometheus
//! refuses is refused, and nothing else.

/// Why a header says no media type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MalformedMediaType {
    /// It begins with something else.
    #[error("it names no type")]
    NoType,
    /// Behind the type something else than a slash follows.
    #[error("the type is followed by something else than a slash")]
    NoSlash,
    /// Nothing follows the slash.
    #[error("it names no subtype")]
    NoSubtype,
    /// Something follows the subtype.
    #[error("something else than a parameter follows the subtype")]
    Trailing,
    /// A parameter without name or value, or with a broken quote.
    #[error("a parameter is none")]
    Parameter,
    /// A parameter stands twice and says two things.
    #[error("a parameter stands twice")]
    Repeated,
}

/// The media type in lower case; the parameters are only looked at.
pub(crate) fn media_type(header: &str) -> Result<String, MalformedMediaType> {
    let (base, rest) = header.find(';').map_or((header, ""), |at| header.split_at(at));
    let media_type = base.to_lowercase().trim().to_owned();
    check_type(&media_type)?;
    check_parameters(rest)?;
    Ok(media_type)
}

fn check_type(media_type: &str) -> Result<(), MalformedMediaType> {
    let (kind, rest) = token(media_type);
    if kind.is_empty() {
        return Err(MalformedMediaType::NoType);
    }
    if rest.is_empty() {
        return Ok(());
    }
    let (subtype, rest) = token(rest.strip_prefix('/').ok_or(MalformedMediaType::NoSlash)?);
    if subtype.is_empty() {
        return Err(MalformedMediaType::NoSubtype);
    }
    if rest.is_empty() { Ok(()) } else { Err(MalformedMediaType::Trailing) }
}

fn check_parameters(mut rest: &str) -> Result<(), MalformedMediaType> {
    let mut seen: Vec<(String, String)> = Vec::new();
    loop {
        rest = rest.trim_start();
        if rest.is_empty() || rest.trim_end() == ";" {
            return Ok(());
        }
        let (name, value, tail) = parameter(rest).ok_or(MalformedMediaType::Parameter)?;
        let clashes = seen.iter().any(|(other, said)| *other == name && *said != value);
        if clashes {
            return Err(MalformedMediaType::Repeated);
        }
        seen.push((name, value));
        rest = tail;
    }
}

/// Takes `; name=value`, with spaces between.
fn parameter(text: &str) -> Option<(String, String, &str)> {
    let (name, rest) = token(text.strip_prefix(';')?.trim_start());
    let rest = rest.trim_start().strip_prefix('=').filter(|_| !name.is_empty())?.trim_start();
    let (value, rest) = match rest.strip_prefix('"') {
        Some(quoted) => unquoted(quoted)?,
        None => {
            let (value, rest) = token(rest);
            (value.to_owned(), Some(rest).filter(|_| !value.is_empty())?)
        }
    };
    Some((name.to_lowercase(), value, rest))
}

/// Takes a text through its closing quote.
fn unquoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut chars = text.chars();
    while let Some(next) = chars.next() {
        match next {
            '"' => return Some((value, chars.as_str())),
            '\r' | '\n' => return None,
            // A backslash escapes what means something here only: old browsers send paths.
            '\\' if chars.clone().next().is_some_and(is_special) => value.extend(chars.next()),
            plain => value.push(plain),
        }
    }
    None
}

/// The token at the start, and what follows.
fn token(text: &str) -> (&str, &str) {
    let is_part = |part: char| part.is_ascii_graphic() && !is_special(part);
    text.split_at(text.find(|part| !is_part(part)).unwrap_or(text.len()))
}

fn is_special(part: char) -> bool {
    r#"()<>@,;:\"/[]?="#.contains(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn takes(header: &str, expected: &str) {
        assert_eq!(media_type(header).as_deref(), Ok(expected));
    }

    #[track_caller]
    fn refuses(header: &str, expected: MalformedMediaType) {
        assert_eq!(media_type(header), Err(expected));
    }

    #[test]
    fn the_type_is_what_stands_before_the_parameters() {
        takes("text/plain", "text/plain");
        takes(" Text/PLAIN ; charset=utf-8", "text/plain");
        takes("text/plain;", "text/plain");
        takes("text/plain; ", "text/plain");
        takes("text", "text");
        takes("text/plain; a=\"x; y\\\"\"; b = c", "text/plain");
        takes("text/plain; a=1; A=1", "text/plain");
        takes("a/b; x=\"\"", "a/b");
    }

    #[test]
    fn what_is_no_media_type_is_refused() {
        refuses("", MalformedMediaType::NoType);
        refuses("; a=b", MalformedMediaType::NoType);
        refuses("text plain", MalformedMediaType::NoSlash);
        refuses("text/", MalformedMediaType::NoSubtype);
        refuses("text/plain x", MalformedMediaType::Trailing);
        refuses("text/plain, text/html", MalformedMediaType::Trailing);
        refuses("text/plain; a", MalformedMediaType::Parameter);
        refuses("text/plain; a=", MalformedMediaType::Parameter);
        refuses("text/plain; a=\"b", MalformedMediaType::Parameter);
        refuses("text/plain; a=b c", MalformedMediaType::Parameter);
        refuses("text/plain;; a=b", MalformedMediaType::Parameter);
        refuses("text/plain; a=1; a=2", MalformedMediaType::Repeated);
    }
}
