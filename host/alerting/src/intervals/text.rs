//! Intervals as files and the API write them.

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Location, MinuteRange, Range, TimeInterval};

/// Why a text is no interval.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IntervalError {
    /// A time of day.
    #[error("times: {text:?} is no time of day; write it as 09:30, and 24:00 for the end of a day")]
    Time {
        /// What is there.
        text: String,
    },
    /// A range that holds nothing.
    #[error("{field}: {text:?} ends before it begins")]
    Backwards {
        /// The field.
        field: &'static str,
        /// What is there.
        text: String,
    },
    /// A range that is none.
    #[error("{field}: {text:?} is neither {expected} nor two of them with a colon between")]
    Range {
        /// The field.
        field: &'static str,
        /// What is there.
        text: String,
        /// What would be right.
        expected: &'static str,
    },
    /// Days that count from different ends of a month.
    #[error("days_of_month: {text:?} begins from the end of the month and ends from its beginning")]
    MixedDays {
        /// What is there.
        text: String,
    },
    /// A time zone that nobody knows.
    #[error("location: there is no time zone {name:?}; write it as Europe/Berlin, UTC or Local")]
    Location {
        /// What is there.
        name: String,
    },
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct IntervalText {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    times: Option<Vec<TimesText>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    weekdays: Option<Vec<RangeText>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    days_of_month: Option<Vec<RangeText>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    months: Option<Vec<RangeText>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    years: Option<Vec<RangeText>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    location: Option<String>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct TimesText {
    start_time: String,
    end_time: String,
}

/// `monday:friday`, `-1`; a number alone is a number in YAML.
#[derive(Deserialize, Serialize)]
#[serde(from = "Value")]
struct RangeText(String);

impl From<Value> for RangeText {
    fn from(value: Value) -> Self {
        match value {
            Value::String(text) => Self(text),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::Array(_)
            | Value::Object(_) => Self(value.to_string()),
        }
    }
}

/// One of the fields that hold ranges.
struct Field {
    name: &'static str,
    expected: &'static str,
    names: &'static [&'static str],
    /// The number of the first name.
    names_from: i16,
    numbers: Option<(i16, i16)>,
}

const WEEKDAYS: Field = Field {
    name: "weekdays",
    expected: "a weekday such as monday",
    names: &["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"],
    names_from: 0,
    numbers: None,
};
const DAYS_OF_MONTH: Field = Field {
    name: "days_of_month",
    expected: "a day from 1 to 31 or, from the end of the month, from -1 to -31",
    names: &[],
    names_from: 0,
    numbers: Some((-31, 31)),
};
const MONTHS: Field = Field {
    name: "months",
    expected: "a month such as january or 1",
    names: &[
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ],
    names_from: 1,
    numbers: Some((1, 12)),
};
const YEARS: Field = Field {
    name: "years",
    expected: "a year",
    names: &[],
    names_from: 0,
    numbers: Some((-9999, 9999)),
};

impl Field {
    fn read(&self, text: &RangeText) -> Result<Range, IntervalError> {
        let lower = text.0.to_lowercase();
        let (first, last) = lower.split_once(':').unwrap_or((&lower, &lower));
        let (Some(first), Some(last)) = (self.member(first), self.member(last)) else {
            return Err(IntervalError::Range {
                field: self.name,
                text: text.0.clone(),
                expected: self.expected,
            });
        };
        Ok(Range { first, last })
    }

    fn member(&self, text: &str) -> Option<i16> {
        if let Some(place) = self.names.iter().position(|name| *name == text) {
            return Some(self.names_from + i16::try_from(place).ok()?);
        }
        let (lowest, highest) = self.numbers?;
        text.parse().ok().filter(|number| (lowest..=highest).contains(number))
    }

    fn ordered(&self, text: &RangeText) -> Result<Range, IntervalError> {
        let range = self.read(text)?;
        if range.first > range.last {
            return Err(IntervalError::Backwards { field: self.name, text: text.0.clone() });
        }
        Ok(range)
    }

    fn write(&self, range: Range) -> RangeText {
        let member = |number: i16| {
            let place = usize::try_from(number - self.names_from).ok();
            let name = place.and_then(|place| self.names.get(place));
            name.map_or_else(|| number.to_string(), |name| (*name).to_owned())
        };
        if range.first == range.last {
            return RangeText(member(range.first));
        }
        RangeText(format!("{}:{}", member(range.first), member(range.last)))
    }
}

/// Days of a month: what holds nothing in every month is refused.
fn days(text: &RangeText) -> Result<Range, IntervalError> {
    let range = DAYS_OF_MONTH.read(text)?;
    if range.first == 0 || range.last == 0 {
        let (field, expected) = (DAYS_OF_MONTH.name, DAYS_OF_MONTH.expected);
        return Err(IntervalError::Range { field, text: text.0.clone(), expected });
    }
    if range.first < 0 && range.last > 0 {
        return Err(IntervalError::MixedDays { text: text.0.clone() });
    }
    // In the shortest month.
    let from_first = |day: i16| if day < 0 { 28 + day } else { day };
    if from_first(range.first) > from_first(range.last) {
        return Err(IntervalError::Backwards { field: DAYS_OF_MONTH.name, text: text.0.clone() });
    }
    Ok(range)
}

fn minute(text: &str) -> Result<u16, IntervalError> {
    let wrong = || IntervalError::Time { text: text.to_owned() };
    let is_shaped = text.len() == 5
        && text.bytes().enumerate().all(|(at, byte)| match at {
            2 => byte == b':',
            _ => byte.is_ascii_digit(),
        });
    let (hour, minute) = text.split_once(':').filter(|_| is_shaped).ok_or_else(wrong)?;
    let number = |digits: &str| digits.parse::<u16>().map_err(|_| wrong());
    let (hour, minute) = (number(hour)?, number(minute)?);
    if minute > 59 || hour * 60 + minute > 24 * 60 {
        return Err(wrong());
    }
    Ok(hour * 60 + minute)
}

impl TryFrom<TimesText> for MinuteRange {
    type Error = IntervalError;

    fn try_from(text: TimesText) -> Result<Self, IntervalError> {
        let range = Self { start: minute(&text.start_time)?, end: minute(&text.end_time)? };
        if range.start >= range.end {
            let text = format!("{} to {}", text.start_time, text.end_time);
            return Err(IntervalError::Backwards { field: "times", text });
        }
        Ok(range)
    }
}

impl TryFrom<String> for Location {
    type Error = IntervalError;

    fn try_from(name: String) -> Result<Self, IntervalError> {
        let zone = match name.as_str() {
            "" | "UTC" => TimeZone::UTC,
            "Local" => TimeZone::system(),
            other => TimeZone::get(other)
                .map_err(|_| IntervalError::Location { name: other.to_owned() })?,
        };
        Ok(Self { name, zone })
    }
}

impl TryFrom<IntervalText> for TimeInterval {
    type Error = IntervalError;

    fn try_from(text: IntervalText) -> Result<Self, IntervalError> {
        type Read = fn(&RangeText) -> Result<Range, IntervalError>;
        let ranges = |texts: Option<Vec<RangeText>>, read: Read| {
            texts.map(|texts| texts.iter().map(read).collect::<Result<_, _>>()).transpose()
        };
        let times = text.times.map(|times| times.into_iter().map(MinuteRange::try_from).collect());
        Ok(Self {
            times: times.transpose()?,
            weekdays: ranges(text.weekdays, |text| WEEKDAYS.ordered(text))?,
            days_of_month: ranges(text.days_of_month, days)?,
            months: ranges(text.months, |text| MONTHS.ordered(text))?,
            years: ranges(text.years, |text| YEARS.ordered(text))?,
            location: text.location.map(Location::try_from).transpose()?,
        })
    }
}

impl From<TimeInterval> for IntervalText {
    fn from(interval: TimeInterval) -> Self {
        let ranges = |ranges: Option<Vec<Range>>, field: &Field| {
            ranges.map(|ranges| ranges.into_iter().map(|range| field.write(range)).collect())
        };
        let clock = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
        let times = |range: MinuteRange| TimesText {
            start_time: clock(range.start),
            end_time: clock(range.end),
        };
        Self {
            times: interval.times.map(|ranges| ranges.into_iter().map(times).collect()),
            weekdays: ranges(interval.weekdays, &WEEKDAYS),
            days_of_month: ranges(interval.days_of_month, &DAYS_OF_MONTH),
            months: ranges(interval.months, &MONTHS),
            years: ranges(interval.years, &YEARS),
            location: interval.location.map(|location| location.name),
        }
    }
}
