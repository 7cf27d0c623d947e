//! Times and durations as templates see them.

use jiff::Zoned;
use jiff::tz::TimeZone;
use narthex_model::Timestamp;

use crate::functions::{FunctionError, exactly, text};
use crate::value::{Object, Value};

/// A moment, in UTC unless [`TimeValue::in_zone`] says otherwise.
#[derive(Clone, Debug)]
pub struct TimeValue(Zoned);

impl TimeValue {
    /// From milliseconds since the epoch; held at the years -9999 and 9999.
    #[must_use]
    pub fn new(at: Timestamp) -> Self {
        let held = jiff::Timestamp::from_millisecond(at.millis()).unwrap_or(if at.millis() < 0 {
            jiff::Timestamp::MIN
        } else {
            jiff::Timestamp::MAX
        });
        Self(held.to_zoned(TimeZone::UTC))
    }

    /// From seconds since the epoch, cut to milliseconds. `None` beyond the years 1677 to 2262.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "checked against the range before")]
    pub fn from_seconds(seconds: f64) -> Option<Self> {
        const NANOS_END: f64 = 9_223_372_036_854_775_808.0; // 2^63
        let nanos = seconds * 1e9;
        let fits = (-NANOS_END..NANOS_END).contains(&nanos);
        fits.then(|| Self::new(Timestamp::from_millis((nanos as i64).div_euclid(1_000_000))))
    }

    /// The same moment on the clocks of a zone, by its IANA name.
    ///
    /// # Errors
    /// When there is no such zone.
    pub fn in_zone(&self, zone: &str) -> Result<Self, FunctionError> {
        let moved = self.0.in_tz(zone);
        moved.map(Self).map_err(|error| FunctionError::new(error.to_string()))
    }

    /// By a layout of Go, such as `2006-01-02 15:04:05 MST`.
    #[must_use]
    pub fn format(&self, layout: &str) -> String {
        let mut out = String::new();
        let mut rest = layout;
        while let Some(first) = rest.chars().next() {
            let known = LAYOUT.iter().find(|(text, _)| rest.starts_with(text));
            let (taken, directive) = match known {
                Some((text, directive)) => (text.len(), Some(*directive)),
                None => (first.len_utf8(), None),
            };
            match directive {
                Some(directive) => out.push_str(&self.0.strftime(directive).to_string()),
                None => out.push(first),
            }
            rest = rest.get(taken..).unwrap_or("");
        }
        out
    }

    fn zone_name(&self) -> String {
        self.0.strftime("%Z").to_string()
    }
}

/// Parts of Go's reference time and what they stand for. A longer part stands before its beginning.
const LAYOUT: [(&str, &str); 32] = [
    ("January", "%B"),
    ("Jan", "%b"),
    ("Monday", "%A"),
    ("Mon", "%a"),
    ("MST", "%Z"),
    ("2006", "%Y"),
    ("-07:00", "%:z"),
    ("-0700", "%z"),
    ("Z07:00", "%:z"),
    ("Z0700", "%z"),
    (".000000000", ".%9N"),
    (".000000", ".%6N"),
    (".000", ".%3N"),
    (".999999999", "%.f"),
    (".999999", "%.6f"),
    (".999", "%.3f"),
    ("002", "%j"),
    ("01", "%m"),
    ("02", "%d"),
    ("03", "%I"),
    ("04", "%M"),
    ("05", "%S"),
    ("06", "%y"),
    ("15", "%H"),
    ("_2", "%e"),
    ("PM", "%p"),
    ("pm", "%P"),
    ("1", "%-m"),
    ("2", "%-d"),
    ("3", "%-I"),
    ("4", "%-M"),
    ("5", "%-S"),
];

impl Object for TimeValue {
    fn get(&self, name: &str, arguments: &[Value]) -> Option<Result<Value, FunctionError>> {
        let whole = |number: i64| Some(Ok(Value::Int(number)));
        let time = &self.0;
        match name {
            "Unix" => whole(time.timestamp().as_second()),
            "UnixMilli" => whole(time.timestamp().as_millisecond()),
            "Year" => whole(i64::from(time.year())),
            "Month" => Some(Ok(self.format("January").into())),
            "Day" => whole(i64::from(time.day())),
            "Hour" => whole(i64::from(time.hour())),
            "Minute" => whole(i64::from(time.minute())),
            "Second" => whole(i64::from(time.second())),
            "YearDay" => whole(i64::from(time.day_of_year())),
            "Weekday" => Some(Ok(self.format("Monday").into())),
            "String" => Some(Ok(self.print().into())),
            "UTC" => Some(Ok(Value::object(Self(time.timestamp().to_zoned(TimeZone::UTC))))),
            "Format" => {
                Some(exactly::<1>(arguments).and_then(|[layout]| {
                    text(layout).map(|layout| Value::from(self.format(layout)))
                }))
            }
            _ => None,
        }
    }

    /// As Go prints a time: `2006-01-02 15:04:05.999999999 -0700 MST`.
    fn print(&self) -> String {
        let fraction = format!("{:09}", self.0.subsec_nanosecond());
        let fraction = fraction.trim_end_matches('0');
        let point = if fraction.is_empty() { "" } else { "." };
        let date = self.format("2006-01-02 15:04:05");
        format!("{date}{point}{fraction} {} {}", self.format("-0700"), self.zone_name())
    }

    fn number(&self) -> Option<f64> {
        Some(self.0.timestamp().as_duration().as_secs_f64())
    }
}

/// A span of time in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DurationValue(i64);

impl DurationValue {
    /// From seconds; held at 292 years.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "a float cast saturates, which is wanted")]
    pub fn from_seconds(seconds: f64) -> Self {
        Self((seconds * 1e9) as i64)
    }

    /// Seconds, with fractions.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a fraction of a nanosecond in three months")]
    pub fn seconds(self) -> f64 {
        self.0 as f64 / 1e9
    }
}

impl Object for DurationValue {
    fn get(&self, name: &str, _arguments: &[Value]) -> Option<Result<Value, FunctionError>> {
        let value = match name {
            "Seconds" => Value::Float(self.seconds()),
            "Minutes" => Value::Float(self.seconds() / 60.0),
            "Hours" => Value::Float(self.seconds() / 3600.0),
            "Milliseconds" => Value::Int(self.0 / 1_000_000),
            "Microseconds" => Value::Int(self.0 / 1000),
            "Nanoseconds" => Value::Int(self.0),
            "String" => self.print().into(),
            _ => return None,
        };
        Some(Ok(value))
    }

    /// As Go prints a duration: `1h2m3.5s`, `1.5ms`.
    fn print(&self) -> String {
        let sign = if self.0 < 0 { "-" } else { "" };
        let nanos = self.0.unsigned_abs();
        let fraction = |unit: u64| {
            let digits = unit.ilog10();
            let text =
                format!("{:0width$}", nanos % unit, width = usize::try_from(digits).unwrap_or(0));
            let text = text.trim_end_matches('0');
            if text.is_empty() { String::new() } else { format!(".{text}") }
        };
        match nanos {
            0 => "0s".to_owned(),
            1..1_000 => format!("{sign}{nanos}ns"),
            1_000..1_000_000 => format!("{sign}{}{}µs", nanos / 1_000, fraction(1_000)),
            1_000_000..1_000_000_000 => {
                format!("{sign}{}{}ms", nanos / 1_000_000, fraction(1_000_000))
            }
            _ => {
                let seconds = nanos / 1_000_000_000;
                let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
                let rest = format!("{}{}s", seconds % 60, fraction(1_000_000_000));
                match (hours, minutes) {
                    (0, 0) => format!("{sign}{rest}"),
                    (0, _) => format!("{sign}{minutes}m{rest}"),
                    _ => format!("{sign}{hours}h{minutes}m{rest}"),
                }
            }
        }
    }

    fn number(&self) -> Option<f64> {
        Some(self.seconds())
    }

    fn is_true(&self) -> bool {
        self.0 != 0
    }
}
