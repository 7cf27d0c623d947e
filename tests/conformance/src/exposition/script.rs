//! Scripts, taken apart.

use narthex_exposition::{Format, Options};

use super::{Case, message};

pub(super) fn parse(script: &str) -> Result<Vec<Case>, String> {
    let mut cases = Vec::new();
    let mut lines = script.lines().enumerate().peekable();
    while let Some((index, line)) = lines.next() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let at = |index: usize, problem: &str| format!("line {}: {problem}", index + 1);
        let (format, options) = header(line).map_err(|problem| at(index, &problem))?;
        let mut case = Case {
            line: index + 1,
            format,
            options,
            differs: None,
            body: Vec::new(),
            expected: Vec::new(),
            expected_at: 0,
        };
        loop {
            let (index, line) = lines.next().ok_or_else(|| at(index, "`gives` is missing"))?;
            if line == "gives" {
                case.expected_at = index + 1;
                break;
            }
            if let Some(reason) = line.strip_prefix("differs ") {
                case.differs = Some(reason.to_owned());
                continue;
            }
            body_line(line, &mut case.body).ok_or_else(|| at(index, "no line of a block"))?;
        }
        while let Some((_, line)) = lines.next_if(|(_, line)| !line.is_empty()) {
            case.expected.push(line.to_owned());
        }
        if format == Format::Protobuf {
            let text = str::from_utf8(&case.body).map_err(|_| at(index, "no text"))?;
            case.body = message::delimited(text).map_err(|problem| at(index, &problem))?;
        }
        cases.push(case);
    }
    Ok(cases)
}

fn header(line: &str) -> Result<(Format, Options), String> {
    let mut words = line.split(' ');
    let format = match words.next() {
        Some("text") => Format::Text004,
        Some("openmetrics") => Format::OpenMetrics,
        Some("protobuf") => Format::Protobuf,
        _ => return Err("text, openmetrics or protobuf begins a block".to_owned()),
    };
    let mut options = Options::default();
    for word in words {
        let option = match word {
            "native" => &mut options.native_histograms,
            "classic" => &mut options.keep_classic,
            "custom" => &mut options.to_custom_buckets,
            "labels" => &mut options.type_and_unit,
            "starts" => &mut options.start_times,
            _ => return Err(format!("{word:?} is no option")),
        };
        *option = true;
    }
    Ok((format, options))
}

fn body_line(line: &str, body: &mut Vec<u8>) -> Option<()> {
    if let Some(escaped) = line.strip_prefix("! ") {
        return unescape(escaped, body);
    }
    let text = line.strip_prefix('|')?;
    body.extend_from_slice(text.strip_prefix(' ').unwrap_or(text).as_bytes());
    body.push(b'\n');
    Some(())
}

/// Appends a text whose escapes are those of a byte string in Rust.
pub(super) fn unescape(text: &str, out: &mut Vec<u8>) -> Option<()> {
    let mut rest = text.as_bytes();
    while let Some((byte, tail)) = rest.split_first() {
        rest = tail;
        if *byte != b'\\' {
            out.push(*byte);
            continue;
        }
        let (kind, tail) = rest.split_first()?;
        rest = tail;
        out.push(match kind {
            b'n' => b'\n',
            b't' => b'\t',
            b'r' => b'\r',
            b'\\' | b'"' => *kind,
            b'x' => {
                let (digits, tail) = rest.split_at_checked(2)?;
                rest = tail;
                u8::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()?
            }
            _ => return None,
        });
    }
    Some(())
}
