//! Time intervals: the moments at which a route notifies, or does not, and a silence holds.
//!
//! Alertmanager's `time_intervals`: a moment is in an interval when each field that is there has a
//! range with the moment in it, as clocks show it at the interval's location.

mod text;

use jiff::Zoned;
use jiff::tz::TimeZone;
use narthex_model::Timestamp;
use serde::{Deserialize, Serialize};

pub use self::text::IntervalError;

/// A part of the weeks, months and years.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(try_from = "text::IntervalText", into = "text::IntervalText")]
pub struct TimeInterval {
    times: Option<Vec<MinuteRange>>,
    weekdays: Option<Vec<Range>>,
    days_of_month: Option<Vec<Range>>,
    months: Option<Vec<Range>>,
    years: Option<Vec<Range>>,
    location: Option<Location>,
}

/// Minutes of a day, without the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct MinuteRange {
    start: u16,
    end: u16,
}

/// Numbers, with the last. Weekdays count from Sunday, 0; days of a month that are below zero from
/// its last, -1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Range {
    first: i16,
    last: i16,
}

/// A time zone, and what it is called.
#[derive(Clone, Debug, PartialEq)]
struct Location {
    name: String,
    zone: TimeZone,
}

impl TimeInterval {
    /// Whether a moment is in it.
    #[must_use]
    pub fn contains(&self, moment: Timestamp) -> bool {
        let zone = self.location.as_ref().map_or(TimeZone::UTC, |location| location.zone.clone());
        // Moments of which no calendar tells are in no interval.
        let Ok(moment) = jiff::Timestamp::from_millisecond(moment.millis()) else { return false };
        let clock = moment.to_zoned(zone);
        let minute = i16::from(clock.hour()) * 60 + i16::from(clock.minute());
        let weekday = clock.weekday().to_sunday_zero_offset();
        self.times.as_ref().is_none_or(|times| times.iter().any(|range| range.contains(minute)))
            && any(self.weekdays.as_ref(), i16::from(weekday))
            && any(self.months.as_ref(), i16::from(clock.month()))
            && any(self.years.as_ref(), clock.year())
            && self.has_day(&clock)
    }

    fn has_day(&self, clock: &Zoned) -> bool {
        let days_in_month = i16::from(clock.days_in_month());
        let day = i16::from(clock.day());
        let from_first = |day: i16| if day < 0 { days_in_month + day + 1 } else { day };
        self.days_of_month.as_ref().is_none_or(|days| {
            days.iter().any(|range| {
                let days = Range { first: from_first(range.first), last: from_first(range.last) };
                days.contains(day)
            })
        })
    }
}

fn any(ranges: Option<&Vec<Range>>, number: i16) -> bool {
    ranges.is_none_or(|ranges| ranges.iter().any(|range| range.contains(number)))
}

impl MinuteRange {
    fn contains(self, minute: i16) -> bool {
        u16::try_from(minute).is_ok_and(|minute| (self.start..self.end).contains(&minute))
    }
}

impl Range {
    fn contains(self, number: i16) -> bool {
        (self.first..=self.last).contains(&number)
    }
}

#[cfg(test)]
mod tests;
