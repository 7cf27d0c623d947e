//! `printf` with Go's verbs.
//!
//! Like Go's, it never fails: what does not fit together is said in the output, as in
//! `%!d(string=x)`.

use std::fmt::Write as _;

use crate::number::format_float;
use crate::value::Value;

/// The widest field and the longest fraction; Go has the same bound for `*`.
const WIDTH_MAX: usize = 1_000;

#[derive(Default)]
struct Spec {
    plus: bool,
    minus: bool,
    sharp: bool,
    space: bool,
    zero: bool,
    width: Option<usize>,
    precision: Option<usize>,
}

/// Formats `arguments` by `format`.
pub(crate) fn printf(format: &str, arguments: &[Value]) -> String {
    let mut out = String::new();
    let mut chars = format.chars().peekable();
    let mut rest = arguments.iter();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let mut spec = Spec::default();
        while let Some(flag) = chars.next_if(|c| "+-# 0".contains(*c)) {
            match flag {
                '+' => spec.plus = true,
                '-' => spec.minus = true,
                '#' => spec.sharp = true,
                ' ' => spec.space = true,
                _ => spec.zero = true,
            }
        }
        spec.width = size(&mut chars, &mut rest, &mut spec.minus);
        if chars.next_if_eq(&'.').is_some() {
            let mut ignored = false;
            spec.precision = Some(size(&mut chars, &mut rest, &mut ignored).unwrap_or(0));
        }
        match chars.next() {
            None => out.push_str("%!(NOVERB)"),
            Some('%') => out.push('%'),
            Some(verb) => match rest.next() {
                Some(value) => out.push_str(&spec.value(verb, value)),
                None => write!(out, "%!{verb}(MISSING)").expect("writing to a string cannot fail"),
            },
        }
    }
    let extra: Vec<String> = rest.map(described).collect();
    if !extra.is_empty() {
        write!(out, "%!(EXTRA {})", extra.join(", ")).expect("writing to a string cannot fail");
    }
    out
}

/// A width or a precision: digits, or `*` for the next argument.
fn size<'v>(
    chars: &mut std::iter::Peekable<std::str::Chars<'_>>,
    rest: &mut impl Iterator<Item = &'v Value>,
    minus: &mut bool,
) -> Option<usize> {
    if chars.next_if_eq(&'*').is_some() {
        return match rest.next() {
            Some(Value::Int(width)) => {
                *minus |= *width < 0;
                usize::try_from(width.unsigned_abs()).ok().map(|width| width.min(WIDTH_MAX))
            }
            _ => None,
        };
    }
    let mut size: Option<usize> = None;
    while let Some(digit) = chars.peek().and_then(|c| c.to_digit(10)) {
        chars.next();
        let digit = usize::try_from(digit).unwrap_or(0);
        size = Some(size.unwrap_or(0).saturating_mul(10).saturating_add(digit).min(WIDTH_MAX));
    }
    size
}

/// `type=value`, as messages inside the output show arguments.
fn described(value: &Value) -> String {
    if matches!(value, Value::Nil) {
        return "<nil>".to_owned();
    }
    format!("{}={}", value.type_name(), value.print_inner())
}

impl Spec {
    fn value(&self, verb: char, value: &Value) -> String {
        match (verb, value) {
            ('T', _) => self.pad(value.type_name()),
            ('t' | 'v', Value::Bool(value)) => self.pad(&value.to_string()),
            ('s' | 'v' | 'q' | 'x' | 'X', Value::String(text)) => self.text(verb, text),
            ('d' | 'v' | 'b' | 'o' | 'O' | 'x' | 'X' | 'c' | 'q' | 'U', Value::Int(number)) => {
                self.int(verb, *number)
            }
            ('e' | 'E' | 'f' | 'F' | 'g' | 'G' | 'v', Value::Float(number)) => {
                self.float(verb, *number)
            }
            (_, Value::List(items)) if verb != 'v' => {
                let items: Vec<String> = items.iter().map(|item| self.value(verb, item)).collect();
                format!("[{}]", items.join(" "))
            }
            ('s' | 'v', Value::Object(_)) | ('v', _) => self.pad(&value.print_inner()),
            _ => format!("%!{verb}({})", described(value)),
        }
    }

    fn text(&self, verb: char, text: &str) -> String {
        let cut: String = match self.precision {
            Some(max) => text.chars().take(max).collect(),
            None => text.to_owned(),
        };
        let hex = |upper: bool| {
            cut.bytes()
                .map(|byte| if upper { format!("{byte:02X}") } else { format!("{byte:02x}") })
                .collect::<String>()
        };
        match verb {
            'q' if self.sharp && !cut.contains('`') => self.pad(&format!("`{cut}`")),
            'q' => self.pad(&quoted(&cut)),
            'v' if self.sharp => self.pad(&quoted(&cut)),
            'x' => self.pad(&hex(false)),
            'X' => self.pad(&hex(true)),
            _ => self.pad(&cut),
        }
    }

    fn int(&self, verb: char, number: i64) -> String {
        let magnitude = number.unsigned_abs();
        let prefix = |text: &'static str| if self.sharp { text } else { "" };
        let char_of = || u32::try_from(number).ok().and_then(char::from_u32).unwrap_or('\u{fffd}');
        let (prefix, digits) = match verb {
            'b' => (prefix("0b"), format!("{magnitude:b}")),
            'o' => (prefix("0"), format!("{magnitude:o}")),
            'O' => ("0o", format!("{magnitude:o}")),
            'x' => (prefix("0x"), format!("{magnitude:x}")),
            'X' => (prefix("0X"), format!("{magnitude:X}")),
            'c' => return self.pad(&char_of().to_string()),
            'q' => return self.pad(&format!("{:?}", char_of())),
            'U' => return self.pad(&format!("U+{magnitude:04X}")),
            _ => ("", magnitude.to_string()),
        };
        let least = self.precision.unwrap_or(0);
        let digits = format!("{digits:0>least$}");
        self.signed(number < 0, &format!("{prefix}{digits}"), self.precision.is_none())
    }

    fn float(&self, verb: char, number: f64) -> String {
        let precision = match verb {
            'e' | 'E' | 'f' | 'F' => Some(self.precision.unwrap_or(6)),
            _ => self.precision,
        };
        let text = format_float(number, if verb == 'v' { 'g' } else { verb }, precision);
        if !number.is_finite() {
            return self.pad(&text);
        }
        let (negative, digits) = match text.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, text.as_str()),
        };
        self.signed(negative, digits, true)
    }

    /// Adds sign, zeros and spaces.
    fn signed(&self, negative: bool, digits: &str, may_fill: bool) -> String {
        let sign = match (negative, self.plus, self.space) {
            (true, ..) => "-",
            (false, true, _) => "+",
            (false, false, true) => " ",
            (false, false, false) => "",
        };
        match self.width {
            Some(width) if self.zero && !self.minus && may_fill => {
                let width = width.saturating_sub(sign.len());
                format!("{sign}{digits:0>width$}")
            }
            _ => self.pad(&format!("{sign}{digits}")),
        }
    }

    fn pad(&self, text: &str) -> String {
        match (self.width, self.minus) {
            (None, _) => text.to_owned(),
            (Some(width), true) => format!("{text:<width$}"),
            (Some(width), false) => format!("{text:>width$}"),
        }
    }
}

/// A text in quotes, with Go's escapes.
fn quoted(text: &str) -> String {
    let mut out = String::from('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{b}' => out.push_str("\\v"),
            '\u{c}' => out.push_str("\\f"),
            c if c.is_control() && u32::from(c) < 0x80 => {
                write!(out, "\\x{:02x}", u32::from(c)).expect("writing to a string cannot fail");
            }
            c if c.is_control() => {
                write!(out, "\\u{:04x}", u32::from(c)).expect("writing to a string cannot fail");
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// `print`: a space only between operands that are both no texts.
pub(crate) fn print(arguments: &[Value]) -> String {
    let mut out = String::new();
    let mut last_is_text = true;
    for (index, value) in arguments.iter().enumerate() {
        let is_text = value.as_text().is_some();
        if index > 0 && !is_text && !last_is_text {
            out.push(' ');
        }
        out.push_str(&value.print_inner());
        last_is_text = is_text;
    }
    out
}

/// `println`: spaces between all, a line feed behind.
pub(crate) fn println(arguments: &[Value]) -> String {
    let texts: Vec<String> = arguments.iter().map(Value::print_inner).collect();
    format!("{}\n", texts.join(" "))
}
