//! Moments as text.

/// A moment in RFC 3339, UTC: `2024-05-17T08:30:00.25Z`. The fraction is as long as it must be.
///
/// `ms` counts from the Unix epoch. Years before 1 or after 9999 have no such text and are clamped to it.
pub fn rfc3339(ms: i64) -> String {
    /// 0001-01-01T00:00:00Z and 9999-12-31T23:59:59.999Z.
    const RANGE: (i64, i64) = (-62_135_596_800_000, 253_402_300_799_999);
    let ms = ms.clamp(RANGE.0, RANGE.1);
    let (days, in_day) = (ms.div_euclid(86_400_000), ms.rem_euclid(86_400_000));
    let (year, month, day) = civil(days);
    let (seconds, fraction) = (in_day / 1000, in_day % 1000);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let mut text = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}");
    if fraction > 0 {
        text.push_str(format!(".{fraction:03}").trim_end_matches('0'));
    }
    text.push('Z');
    text
}

/// Year, month and day of a day counted from 1970-01-01, in the proleptic Gregorian calendar.
///
/// Counts in eras of 400 years that begin on the first of March, so that a leap day is the last day of its year.
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::rfc3339;

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
}
