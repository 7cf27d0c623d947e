//! Times and durations as templates see them.

mod duration;
mod format;
mod layout;
mod parse;

use std::sync::Arc;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Zoned};
use narthex_model::Timestamp;

pub use self::duration::DurationValue;

use crate::functions::{FunctionError, exactly, text};
use crate::value::{Object, Value};

/// A moment, in UTC unless [`TimeValue::in_zone`] says otherwise.
#[derive(Clone, Debug)]
pub struct TimeValue {
    at: Zoned,
    /// The name of the zone where a text gave one that says nothing else.
    zone_name: Option<Arc<str>>,
}

impl TimeValue {
    /// From milliseconds since the epoch; held at the years -9999 and 9999.
    #[must_use]
    pub fn new(at: Timestamp) -> Self {
        let held = jiff::Timestamp::from_millisecond(at.millis()).unwrap_or(if at.millis() < 0 {
            jiff::Timestamp::MIN
        } else {
            jiff::Timestamp::MAX
        });
        Self::from(held.to_zoned(TimeZone::UTC))
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

    /// The same moment on the clocks of a zone, by its IANA name; `Local` is that of this machine.
    ///
    /// # Errors
    /// When there is no such zone.
    pub fn in_zone(&self, zone: &str) -> Result<Self, FunctionError> {
        let zone = match zone {
            "" => Ok(TimeZone::UTC),
            "Local" => Ok(TimeZone::system()),
            name => TimeZone::get(name),
        }
        .map_err(|_| FunctionError(format!("unknown time zone {zone}")))?;
        Ok(Self::from(self.at.timestamp().to_zoned(zone)))
    }
}

impl From<Zoned> for TimeValue {
    fn from(at: Zoned) -> Self {
        Self { at, zone_name: None }
    }
}

impl TimeValue {
    /// The first moment of year 1, which stands for none.
    #[must_use]
    pub fn zero() -> Self {
        let zero = jiff::civil::date(1, 1, 1).to_zoned(TimeZone::UTC);
        Self::from(zero.expect("UTC has every moment of year 1"))
    }

    /// How long after `other` it is; held at 292 years.
    #[must_use]
    pub fn since(&self, other: &Self) -> DurationValue {
        DurationValue::from(self.at.duration_since(&other.at))
    }

    fn utc(&self) -> Self {
        Self::from(self.at.timestamp().to_zoned(TimeZone::UTC))
    }

    /// Moved by a duration on the clocks of its zone.
    fn moved(&self, by: SignedDuration) -> Result<Self, FunctionError> {
        let at = self.at.checked_add(by).map_err(|_| out_of_range())?;
        Ok(Self { at, zone_name: self.zone_name.clone() })
    }

    /// Moved by parts of the calendar; a day that a month does not have flows into the next.
    fn moved_by_dates(&self, [years, months, days]: [i64; 3]) -> Result<Self, FunctionError> {
        let at = self.at.datetime();
        let months = years.saturating_mul(12).saturating_add(months);
        let first = at.first_of_month();
        let moved = Span::new().try_months(months).and_then(|span| first.checked_add(span));
        let days = days.saturating_add(i64::from(at.day()) - 1);
        let span = Span::new().try_days(days).map_err(|_| out_of_range())?;
        let moved = moved.and_then(|first| first.checked_add(span)).map_err(|_| out_of_range())?;
        let zoned = moved.to_zoned(self.at.time_zone().clone()).map_err(|_| out_of_range())?;
        Ok(Self { at: zoned, zone_name: self.zone_name.clone() })
    }

    /// Moved to a multiple of `unit` since year 1: the last one, or the nearest.
    fn stepped(&self, unit: DurationValue, to_nearest: bool) -> Result<Self, FunctionError> {
        let unit = i128::from(unit.nanos());
        if unit <= 0 {
            return Ok(self.clone());
        }
        let nanos = |time: &Self| time.at.timestamp().as_nanosecond();
        let over = (nanos(self) - nanos(&Self::zero())).rem_euclid(unit);
        let by = if to_nearest && over * 2 >= unit { unit - over } else { -over };
        self.moved(SignedDuration::from_nanos(i64::try_from(by).map_err(|_| out_of_range())?))
    }

    /// A method with arguments.
    fn call(&self, name: &str, arguments: &[Value]) -> Option<Result<Value, FunctionError>> {
        let other = || {
            let [other] = exactly::<1>(arguments)?;
            time(other)
        };
        let duration = || {
            let [duration] = exactly::<1>(arguments)?;
            duration::argument(duration)
        };
        Some(match name {
            "Format" => exactly::<1>(arguments)
                .and_then(|[layout]| Ok(Value::from(self.format(text(layout)?)))),
            "Add" => duration().and_then(|by| {
                self.moved(SignedDuration::from_nanos(by.nanos())).map(Value::object)
            }),
            "AddDate" => exactly::<3>(arguments).and_then(|parts| {
                let [years, months, days] = parts.each_ref().map(duration::whole);
                self.moved_by_dates([years?, months?, days?]).map(Value::object)
            }),
            "Sub" => other().map(|other| Value::object(self.since(other))),
            "Before" => other().map(|other| Value::Bool(self.at < other.at)),
            "After" => other().map(|other| Value::Bool(self.at > other.at)),
            "Equal" => other().map(|other| Value::Bool(self.at == other.at)),
            "Compare" => other().map(|other| Value::Int(self.at.cmp(&other.at) as i64)),
            "Truncate" => duration().and_then(|unit| self.stepped(unit, false).map(Value::object)),
            "Round" => duration().and_then(|unit| self.stepped(unit, true).map(Value::object)),
            _ => return None,
        })
    }
}

fn out_of_range() -> FunctionError {
    FunctionError::new("the time would be beyond the years -9999 and 9999")
}

/// The time of an argument.
pub(crate) fn time(value: &Value) -> Result<&TimeValue, FunctionError> {
    value.downcast().ok_or_else(|| {
        let kind = value.type_name();
        FunctionError(format!("wrong type for value; expected a time; got {kind}"))
    })
}

impl Object for TimeValue {
    fn get(&self, name: &str, arguments: &[Value]) -> Option<Result<Value, FunctionError>> {
        let time = &self.at;
        let whole = |number: i64| Value::Int(number);
        let value = match name {
            "Unix" => whole(time.timestamp().as_second()),
            "UnixMilli" => whole(time.timestamp().as_millisecond()),
            "UnixMicro" => whole(time.timestamp().as_microsecond()),
            "UnixNano" => whole(i64::try_from(time.timestamp().as_nanosecond()).unwrap_or(0)),
            "Year" => whole(i64::from(time.year())),
            "Month" => self.format("January").into(),
            "Day" => whole(i64::from(time.day())),
            "Hour" => whole(i64::from(time.hour())),
            "Minute" => whole(i64::from(time.minute())),
            "Second" => whole(i64::from(time.second())),
            "Nanosecond" => whole(i64::from(time.subsec_nanosecond())),
            "YearDay" => whole(i64::from(time.day_of_year())),
            "Weekday" => self.format("Monday").into(),
            "IsZero" => Value::Bool(time.timestamp() == Self::zero().at.timestamp()),
            "String" => self.print().into(),
            "UTC" => Value::object(self.utc()),
            "Local" => {
                let local = self.at.timestamp().to_zoned(TimeZone::system());
                Value::object(Self::from(local))
            }
            _ => return self.call(name, arguments),
        };
        Some(exactly::<0>(arguments).map(|_| value))
    }

    /// As Go prints a time: `2006-01-02 15:04:05.999999999 -0700 MST`.
    fn print(&self) -> String {
        self.format("2006-01-02 15:04:05.999999999 -0700 MST")
    }

    fn number(&self) -> Option<f64> {
        Some(self.at.timestamp().as_duration().as_secs_f64())
    }

    /// By RFC 3339, with as many digits of the second as are needed.
    fn json(&self) -> Option<String> {
        Some(format!("\"{}\"", self.format("2006-01-02T15:04:05.999999999Z07:00")))
    }
}

#[cfg(test)]
mod tests;
