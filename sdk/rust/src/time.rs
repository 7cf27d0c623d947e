//! Moments as text.

/// A moment in RFC 3339, UTC: `2024-05-17T08:30:00.25Z`. The fraction is as long as it must be.
///
/// `ms` counts from the Unix epoch. Years before 1 or after 9999 have no such text and are clamped to it.
pub fn rfc3339(ms: i64) -> String {
    /// 0001-01-01T00:00:00Z and 9999-12-31T23:59:59.999Z.
    const RANGE: (i64, i64) = (-62_135_596_800_000, 253_402_300_799_999);
    let ms = ms.clamp(RANGE.0, RANGE.1);
    let ([year, month, day], [hour, minute, second]) = civil(ms.div_euclid(1000));
    let fraction = ms.rem_euclid(1000);
    let mut text = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}");
    if fraction > 0 {
        text.push_str(format!(".{fraction:03}").trim_end_matches('0'));
    }
    text.push('Z');
    text
}

/// Seconds since the Unix epoch of a moment in RFC 3339, such as `2024-05-17T08:30:00.25+02:00`; none for another text.
pub fn parse_rfc3339(text: &str) -> Option<f64> {
    let (date, rest) = text.split_once(['T', 't', ' '])?;
    let [year, month, day] = numbers(date, '-')?;
    let zone_at = rest.find(['Z', 'z', '+', '-'])?;
    let (clock, zone) = rest.split_at_checked(zone_at)?;
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    let [hour, minute, second] = numbers(clock, ':')?;
    let fraction: f64 = format!("0.{fraction}").parse().ok()?;
    let offset = match zone.split_at_checked(1)? {
        ("+", ahead) => zone_seconds(ahead)?,
        ("-", behind) => -zone_seconds(behind)?,
        _ => 0,
    };
    let seconds = from_civil([year, month, day], [hour, minute, second])?;
    Some((seconds - offset) as f64 + fraction)
}

/// `02:30`
fn zone_seconds(text: &str) -> Option<i64> {
    let [hours, minutes] = numbers(text, ':')?;
    ((0..24).contains(&hours) && (0..60).contains(&minutes)).then_some(hours * 3600 + minutes * 60)
}

fn numbers<const N: usize>(text: &str, between: char) -> Option<[i64; N]> {
    let is_number = |part: &&str| part.bytes().all(|byte| byte.is_ascii_digit());
    let parts = text.split(between).map(|part| Some(part).filter(is_number)?.parse().ok());
    parts.collect::<Option<Vec<i64>>>()?.try_into().ok()
}

/// Seconds since the Unix epoch of a date of HTTP, such as `Wed, 21 Oct 2015 07:28:00 GMT`; none for another text.
pub fn parse_http_date(text: &str) -> Option<i64> {
    let (_weekday, rest) = text.split_once(", ")?;
    let words: Vec<&str> = rest.split(' ').collect();
    let [day, month_name, year, clock, "GMT"] = words.as_slice() else { return None };
    let [day] = numbers(day, ' ')?;
    let [year] = numbers(year, ' ')?;
    from_civil([year, month(month_name)?, day], numbers(clock, ':')?)
}

/// The number of a month by its English name of three letters: 1 of `Jan`.
pub fn month(name: &str) -> Option<i64> {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let place = MONTHS.iter().position(|own| *own == name)?;
    i64::try_from(place).ok().map(|place| place + 1)
}

/// Seconds since the Unix epoch of a moment in UTC: year, month and day; hour, minute and second. A leap second is the
/// first of the next minute. None for one that is no moment, or not in the years 0 to 9999.
pub fn from_civil(date: [i64; 3], [hour, minute, second]: [i64; 3]) -> Option<i64> {
    let [year, month, day] = date;
    let holds = (0..=9999).contains(&year)
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && (0..24).contains(&hour)
        && (0..60).contains(&minute)
        && (0..=60).contains(&second);
    if !holds {
        return None;
    }
    // The inverse of `date_of`.
    let (year, march_month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * march_month + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    let days = era * 146_097 + day_of_era - 719_468;
    // The 30th of February would be a day of March.
    (date_of(days) == date).then_some(days * 86_400 + hour * 3600 + minute * 60 + second)
}

/// The moment in UTC of so many seconds since the Unix epoch: year, month and day; hour, minute and second.
pub fn civil(seconds: i64) -> ([i64; 3], [i64; 3]) {
    let in_day = seconds.rem_euclid(86_400);
    (date_of(seconds.div_euclid(86_400)), [in_day / 3600, in_day / 60 % 60, in_day % 60])
}

/// Year, month and day of a day counted from 1970-01-01, in the proleptic Gregorian calendar.
///
/// Counts in eras of 400 years that begin on the first of March, so that a leap day is the last day of its year.
fn date_of(days: i64) -> [i64; 3] {
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    [era * 400 + year_of_era + i64::from(month <= 2), month, day]
}

#[cfg(test)]
mod tests {
    use super::{civil, from_civil, parse_http_date, parse_rfc3339, rfc3339};

    #[track_caller]
    fn check(ms: i64, text: &str) {
        assert_eq!(rfc3339(ms), text);
    }

    #[test]
    fn moments_are_written_as_rfc_3339() {
        check(0, "1970-01-01T00:00:00Z");
        check(-1, "1969-12-31T23:59:59.999Z");
        check(951_782_400_000, "2000-02-29T00:00:00Z");
        check(1_715_934_600_250, "2024-05-17T08:30:00.25Z");
        check(-62_135_596_800_000, "0001-01-01T00:00:00Z");
        check(i64::MAX, "9999-12-31T23:59:59.999Z");
    }

    #[test]
    fn moments_are_read_from_rfc_3339() {
        for (text, seconds) in [
            ("1970-01-01T00:00:00Z", Some(0.0)),
            ("2000-02-29T23:59:59.5z", Some(951_868_799.5)),
            ("2024-05-17T10:30:00.25+02:00", Some(1_715_934_600.25)),
            ("2024-05-17T04:00:00-04:30", Some(1_715_934_600.0)),
            ("0001-01-01T00:00:00Z", Some(-62_135_596_800.0)),
            ("2016-12-31T23:59:60Z", Some(1_483_228_800.0)),
            ("2023-02-29T08:30:00Z", None),
            ("2024-05-17T08:30:00", None),
            ("2024-13-17T08:30:00Z", None),
            ("2024-05-17T08:30:00+25:00", None),
            ("2024-05-17T08:-1:00Z", None),
            ("yesterday", None),
            ("", None),
        ] {
            assert_eq!(parse_rfc3339(text), seconds, "{text}");
        }
    }

    #[test]
    fn moments_are_read_from_http() {
        for (text, seconds) in [
            ("Wed, 21 Oct 2015 07:28:00 GMT", Some(1_445_412_480)),
            ("Thu, 01 Jan 1970 00:00:00 GMT", Some(0)),
            ("Wed, 21 Okt 2015 07:28:00 GMT", None),
            ("Wed, 21 Oct 2015 07:28 GMT", None),
            ("Wed, 21 Oct 2015 07:28:00 CET", None),
            ("21 Oct 2015 07:28:00 GMT", None),
            ("", None),
        ] {
            assert_eq!(parse_http_date(text), seconds, "{text}");
        }
    }

    #[test]
    fn a_moment_is_read_as_it_is_taken_apart() {
        for seconds in (-62_135_596_800..253_402_300_799_i64).step_by(8_380_801) {
            let (date, clock) = civil(seconds);
            assert_eq!(from_civil(date, clock), Some(seconds));
        }
    }
}
