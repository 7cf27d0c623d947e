//! Dates of Unix times, in UTC, by the proleptic Gregorian calendar.

use super::FunctionId;

const DAY_SECONDS: i64 = 86_400;

/// A date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Date {
    year: i64,
    month: i64,
    day: i64,
}

/// The function of a number of seconds since the epoch; `None` for all other functions.
#[expect(clippy::wildcard_enum_match_arm, reason = "most functions are of another kind")]
pub(super) fn of_one(id: FunctionId) -> Option<fn(f64) -> f64> {
    Some(match id {
        FunctionId::Minute => |value| (whole(value).rem_euclid(3600) / 60) as f64,
        FunctionId::Hour => |value| (whole(value).rem_euclid(DAY_SECONDS) / 3600) as f64,
        FunctionId::DayOfWeek => |value| (days(value) + 4).rem_euclid(7) as f64,
        FunctionId::DayOfMonth => |value| date(days(value)).day as f64,
        FunctionId::DayOfYear => |value| {
            let (today, year) = (days(value), date(days(value)).year);
            (today - first_day(year, 1) + 1) as f64
        },
        FunctionId::DaysInMonth => |value| {
            let Date { year, month, .. } = date(days(value));
            let (next_year, next) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
            (first_day(next_year, next) - first_day(year, month)) as f64
        },
        FunctionId::Month => |value| date(days(value)).month as f64,
        FunctionId::Year => |value| date(days(value)).year as f64,
        _ => return None,
    })
}

#[expect(clippy::cast_possible_truncation, reason = "a float cast saturates, which is wanted")]
fn whole(value: f64) -> i64 {
    value as i64
}

fn days(value: f64) -> i64 {
    whole(value).div_euclid(DAY_SECONDS)
}

/// The date of a day counted from 1970-01-01. Years begin in March here, so that the leap day is
/// the last one, and come in eras of 400 (Howard Hinnant, "chrono-compatible low-level date
/// algorithms").
fn date(day: i64) -> Date {
    let day = day + 719_468;
    let (era, day_of_era) = (day.div_euclid(146_097), day.rem_euclid(146_097));
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    Date { year, month, day: day_of_year - (153 * shifted + 2) / 5 + 1 }
}

/// The first day of a month, counted from 1970-01-01.
fn first_day(year: i64, month: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let shifted = if month > 2 { month - 3 } else { month + 9 };
    let day_of_year = (153 * shifted + 2) / 5;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// As RFC 3339 writes it, without a fraction.
pub(crate) fn rfc3339(seconds: i64) -> String {
    let Date { year, month, day } = date(seconds.div_euclid(DAY_SECONDS));
    let second = seconds.rem_euclid(DAY_SECONDS);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}
