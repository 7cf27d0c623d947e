//! Spans of time.

use jiff::SignedDuration;

use crate::functions::{FunctionError, exactly, number};
use crate::value::{Object, Value};

const SECOND: i64 = 1_000_000_000;

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
    pub fn seconds(self) -> f64 {
        self.in_units(SECOND)
    }

    /// Whole units and a fraction, each rounded by itself.
    #[expect(clippy::cast_precision_loss, reason = "a fraction of a nanosecond in three months")]
    fn in_units(self, unit: i64) -> f64 {
        (self.0 / unit) as f64 + (self.0 % unit) as f64 / unit as f64
    }
}

impl From<SignedDuration> for DurationValue {
    /// Held at 292 years.
    fn from(duration: SignedDuration) -> Self {
        let held = if duration.is_negative() { i64::MIN } else { i64::MAX };
        Self(i64::try_from(duration.as_nanos()).unwrap_or(held))
    }
}

impl DurationValue {
    pub(super) fn nanos(self) -> i64 {
        self.0
    }

    /// The last multiple of `unit` towards zero, or the nearest.
    fn stepped(self, unit: Self, to_nearest: bool) -> Self {
        if unit.0 <= 0 {
            return self;
        }
        let over = self.0 % unit.0;
        let is_far = over.unsigned_abs().saturating_mul(2) >= unit.0.unsigned_abs();
        let cut = self.0 - over;
        let step = if self.0 < 0 { -unit.0 } else { unit.0 };
        Self(if to_nearest && is_far { cut.saturating_add(step) } else { cut })
    }
}

/// A duration, or a whole number of nanoseconds.
pub(super) fn argument(value: &Value) -> Result<DurationValue, FunctionError> {
    match value.downcast::<DurationValue>() {
        Some(duration) => Ok(*duration),
        None => whole(value).map(DurationValue),
    }
}

/// A whole number, also one that is written as a float, such as `3600e9`.
#[expect(clippy::cast_possible_truncation, reason = "a float that is a whole i64 loses nothing")]
pub(super) fn whole(value: &Value) -> Result<i64, FunctionError> {
    const END: f64 = 9_223_372_036_854_775_808.0; // 2^63
    if let Value::Int(number) = value {
        return Ok(*number);
    }
    let number = number(value)?;
    if number.fract() == 0.0 && (-END..END).contains(&number) {
        Ok(number as i64)
    } else {
        Err(FunctionError(format!("expected integer; found {value}")))
    }
}

impl Object for DurationValue {
    fn get(&self, name: &str, arguments: &[Value]) -> Option<Result<Value, FunctionError>> {
        let value = match name {
            "Seconds" => Value::Float(self.seconds()),
            "Minutes" => Value::Float(self.in_units(60 * SECOND)),
            "Hours" => Value::Float(self.in_units(3600 * SECOND)),
            "Milliseconds" => Value::Int(self.0 / 1_000_000),
            "Microseconds" => Value::Int(self.0 / 1000),
            "Nanoseconds" => Value::Int(self.0),
            "Abs" => Value::object(Self(self.0.saturating_abs())),
            "String" => self.print().into(),
            "Round" | "Truncate" => {
                let unit = exactly::<1>(arguments).and_then(|[unit]| argument(unit));
                let stepped = |unit| Value::object(self.stepped(unit, name == "Round"));
                return Some(unit.map(stepped));
            }
            _ => return None,
        };
        Some(exactly::<0>(arguments).map(|_| value))
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
    fn json(&self) -> Option<String> {
        Some(self.0.to_string())
    }
}
