//! Moments in headers and certificates, as seconds since the Unix epoch.

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// A date of HTTP: `Wed, 21 Oct 2015 07:28:00 GMT`.
pub(crate) fn of_http(text: &str) -> Option<i64> {
    let (_, date) = text.split_once(", ")?;
    let mut words = date.split(' ');
    let day = words.next()?.parse().ok()?;
    let month = words.next()?;
    let month = MONTHS.iter().position(|name| *name == month)?;
    let year = words.next()?.parse().ok()?;
    let mut time = words.next()?.split(':').map(|number| number.parse::<i64>().ok());
    let time = [time.next()??, time.next()??, time.next()??];
    (words.next()? == "GMT").then_some(())?;
    moment(year, i64::try_from(month).ok()? + 1, day, time)
}

/// A time of a certificate: `YYMMDDhhmmssZ`, or with four digits for the year.
pub(crate) fn of_certificate(text: &str) -> Option<i64> {
    let digits = text.strip_suffix('Z')?;
    let (year, rest) = match digits.len() {
        12 => {
            let (year, rest) = digits.split_at_checked(2)?;
            let year: i64 = year.parse().ok()?;
            // Two digits stand for 1950 to 2049 (RFC 5280, part 4.1.2.5.1).
            (if year < 50 { 2000 + year } else { 1900 + year }, rest)
        }
        14 => {
            let (year, rest) = digits.split_at_checked(4)?;
            (year.parse().ok()?, rest)
        }
        _ => return None,
    };
    let two = |place: usize| rest.get(place * 2..place * 2 + 2)?.parse::<i64>().ok();
    moment(year, two(0)?, two(1)?, [two(2)?, two(3)?, two(4)?])
}

fn moment(year: i64, month: i64, day: i64, [hour, minute, second]: [i64; 3]) -> Option<i64> {
    let is_one = (0..=9999).contains(&year)
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && (0..24).contains(&hour)
        && (0..60).contains(&minute)
        && (0..=60).contains(&second);
    // Years begin in March, so that a leap day is the last of its year; eras have 400 years.
    let shifted = if month > 2 { year } else { year - 1 };
    let (era, of_era) = (shifted.div_euclid(400), shifted.rem_euclid(400));
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + day_of_year - 719_468;
    is_one.then_some(((days * 24 + hour) * 60 + minute) * 60 + second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read() {
        assert_eq!(of_http("Wed, 21 Oct 2015 07:28:00 GMT"), Some(1_445_412_480));
        assert_eq!(of_http("Thu, 01 Jan 1970 00:00:00 GMT"), Some(0));
        assert_eq!(of_certificate("000229000000Z"), Some(951_782_400));
        assert_eq!(of_certificate("491231235959Z"), Some(2_524_607_999));
        assert_eq!(of_certificate("500101000000Z"), Some(-631_152_000));
        assert_eq!(of_certificate("99991231235959Z"), Some(253_402_300_799));
    }

    #[test]
    fn what_is_no_moment_is_none() {
        for text in
            ["", "21 Oct 2015", "Wed, 21 Okt 2015 07:28:00 GMT", "Wed, 21 Oct 2015 07:28 GMT"]
        {
            assert_eq!(of_http(text), None, "{text}");
        }
        for text in ["", "Z", "991301000000Z", "9901010000Z", "99010100000é", "990101000000"] {
            assert_eq!(of_certificate(text), None, "{text}");
        }
    }
}
