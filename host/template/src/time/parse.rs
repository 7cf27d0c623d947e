//! Moments read by a layout.

use jiff::civil::{Date, DateTime};
use jiff::tz::{self, TimeZone};

use super::TimeValue;
use super::layout::{Offset, Padding, Part, Piece, pieces};
use crate::functions::FunctionError;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
/// What of a name the short form shows.
const SHORT: usize = 3;

/// What was read so far. A part that the layout does not have is the least it can be.
struct Read<'a> {
    rest: &'a str,
    year: i16,
    month: i8,
    day: i8,
    year_day: Option<i16>,
    hour: i8,
    minute: i8,
    second: i8,
    nanos: i32,
    /// Whether it is after noon, where the layout says so.
    afternoon: Option<bool>,
    /// Seconds east of UTC.
    offset: Option<i32>,
    zone_name: Option<String>,
}

/// Why a part could not be read.
enum Wrong {
    /// Something else stands there.
    Mismatch,
    /// The name of a part whose number is too large or too small.
    Range(&'static str),
}

impl TimeValue {
    /// Reads a text by a layout of Go. Without a zone it is UTC.
    ///
    /// # Errors
    /// When the text does not follow the layout.
    pub fn parse(layout: &str, text: &str) -> Result<Self, FunctionError> {
        let mut read = Read {
            rest: text,
            year: 0,
            month: 1,
            day: 1,
            year_day: None,
            hour: 0,
            minute: 0,
            second: 0,
            nanos: 0,
            afternoon: None,
            offset: None,
            zone_name: None,
        };
        let begin = || format!("parsing time {text:?}");
        let range = |name| FunctionError(format!("{}: {name} out of range", begin()));
        let pieces = pieces(layout);
        for (index, piece) in pieces.iter().enumerate() {
            let rest = read.rest;
            let fraction_follows = matches!(
                pieces.get(index + 1),
                Some(Piece::Part(Part::Fraction(_) | Part::ShortFraction(_), _))
            );
            let (result, written) = match piece {
                Piece::Text(written) => (read.text(written), written),
                Piece::Part(part, written) => (read.part(*part, fraction_follows), written),
            };
            result.map_err(|wrong| match wrong {
                Wrong::Range(name) => range(name),
                Wrong::Mismatch => FunctionError(format!(
                    "{} as {layout:?}: cannot parse {rest:?} as {written:?}",
                    begin()
                )),
            })?;
        }
        if !read.rest.is_empty() {
            return Err(FunctionError(format!("{}: extra text: {:?}", begin(), read.rest)));
        }
        read.finish().map_err(range)
    }
}

impl Read<'_> {
    /// A text of the layout. Its spaces stand for any number of them.
    fn text(&mut self, written: &str) -> Result<(), Wrong> {
        let mut written = written;
        while let Some(first) = written.chars().next() {
            if first == ' ' {
                if !self.rest.is_empty() && !self.rest.starts_with(' ') {
                    return Err(Wrong::Mismatch);
                }
                written = written.trim_start_matches(' ');
                self.rest = self.rest.trim_start_matches(' ');
                continue;
            }
            self.rest = self.rest.strip_prefix(first).ok_or(Wrong::Mismatch)?;
            written = written.strip_prefix(first).unwrap_or("");
        }
        Ok(())
    }

    fn part(&mut self, part: Part, fraction_follows: bool) -> Result<(), Wrong> {
        match part {
            Part::Year => self.year = self.digits(4)?,
            Part::ShortYear => {
                let year: i16 = self.digits(2)?;
                self.year = year + if year >= 69 { 1900 } else { 2000 };
            }
            Part::MonthName => self.month = 1 + self.name(&MONTHS, usize::MAX)?,
            Part::ShortMonthName => self.month = 1 + self.name(&MONTHS, SHORT)?,
            Part::WeekdayName => self.name(&DAYS, usize::MAX).map(|_| ())?,
            Part::ShortWeekdayName => self.name(&DAYS, SHORT).map(|_| ())?,
            Part::Month(padding) => self.month = self.within(padding, 1, 12, "month")?,
            Part::Day(padding) => self.day = self.within(padding, 0, 99, "day")?,
            Part::YearDay(padding) => {
                if padding == Padding::Space {
                    self.rest = self.rest.trim_start_matches(' ');
                }
                self.year_day = Some(self.digits(3)?);
            }
            Part::Hour => self.hour = self.within(Padding::None, 0, 23, "hour")?,
            Part::Hour12(padding) => self.hour = self.within(padding, 0, 12, "hour")?,
            Part::Minute(padding) => self.minute = self.within(padding, 0, 59, "minute")?,
            Part::Second(padding) => {
                self.second = self.within(padding, 0, 59, "second")?;
                // A fraction may stand behind seconds though the layout has none.
                if !fraction_follows {
                    self.fraction()?;
                }
            }
            Part::UpperHalf => self.half("PM", "AM")?,
            Part::LowerHalf => self.half("pm", "am")?,
            Part::Fraction(digits) => {
                self.rest = self.rest.strip_prefix(['.', ',']).ok_or(Wrong::Mismatch)?;
                self.nanos = nanos(self.take(digits)?)?;
            }
            Part::ShortFraction(_) => self.fraction()?,
            Part::ZoneName => self.zone()?,
            Part::Offset(offset) => self.offset(offset)?,
        }
        Ok(())
    }

    /// Exactly this many digits.
    fn digits<N: std::str::FromStr>(&mut self, count: usize) -> Result<N, Wrong> {
        self.take(count)?.parse().map_err(|_| Wrong::Mismatch)
    }

    fn take(&mut self, count: usize) -> Result<&str, Wrong> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(Wrong::Mismatch)?;
        if !taken.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Wrong::Mismatch);
        }
        self.rest = rest;
        Ok(taken)
    }

    /// One or two digits; two where zeros fill up.
    fn within(
        &mut self,
        padding: Padding,
        min: i8,
        max: i8,
        name: &'static str,
    ) -> Result<i8, Wrong> {
        if padding == Padding::Space {
            self.rest = self.rest.strip_prefix(' ').unwrap_or(self.rest);
        }
        let has_two = self.rest.bytes().take(2).filter(u8::is_ascii_digit).count() == 2;
        let number = self.digits(if has_two || padding == Padding::Zero { 2 } else { 1 })?;
        if (min..=max).contains(&number) { Ok(number) } else { Err(Wrong::Range(name)) }
    }

    /// One of the names, of which the text has as many letters as `letters` allows; its index.
    fn name(&mut self, names: &[&str], letters: usize) -> Result<i8, Wrong> {
        for (name, index) in names.iter().zip(0..) {
            let name = name.get(..letters.min(name.len())).unwrap_or(name);
            if let Some((begin, rest)) = self.rest.split_at_checked(name.len())
                && begin.eq_ignore_ascii_case(name)
            {
                self.rest = rest;
                return Ok(index);
            }
        }
        Err(Wrong::Mismatch)
    }

    /// A point or a comma and digits, if they stand there.
    fn fraction(&mut self) -> Result<(), Wrong> {
        let Some(digits) = self.rest.strip_prefix(['.', ',']) else { return Ok(()) };
        let count = digits.bytes().take_while(u8::is_ascii_digit).count();
        if count > 0 {
            self.rest = digits;
            self.nanos = nanos(self.take(count)?)?;
        }
        Ok(())
    }

    fn half(&mut self, afternoon: &str, morning: &str) -> Result<(), Wrong> {
        let after = |prefix| self.rest.strip_prefix(prefix);
        let (rest, is_afternoon) = match (after(afternoon), after(morning)) {
            (Some(rest), _) => (rest, true),
            (None, Some(rest)) => (rest, false),
            (None, None) => return Err(Wrong::Mismatch),
        };
        self.rest = rest;
        self.afternoon = Some(is_afternoon);
        Ok(())
    }

    /// `UTC`, or three or four capital letters, or `GMT` and hours.
    fn zone(&mut self) -> Result<(), Wrong> {
        let letters = self.rest.bytes().take_while(u8::is_ascii_uppercase).count();
        let is_utc = self.rest.starts_with("UTC");
        let (mut name, mut rest) = match letters {
            _ if is_utc => self.rest.split_at_checked(3),
            3 | 4 => self.rest.split_at_checked(letters),
            _ => None,
        }
        .ok_or(Wrong::Mismatch)?;
        if name == "GMT" && rest.starts_with(['+', '-']) {
            let digits = rest.get(1..).unwrap_or("");
            let digits = digits.bytes().take(2).take_while(u8::is_ascii_digit).count();
            let hours: i32 =
                rest.get(..=digits).and_then(|text| text.parse().ok()).ok_or(Wrong::Mismatch)?;
            self.offset = self.offset.or(Some(hours * 3600));
            (name, rest) =
                self.rest.split_at_checked(name.len() + 1 + digits).unwrap_or((name, rest));
        }
        if is_utc {
            self.offset = Some(0);
        } else {
            self.zone_name = Some(name.to_owned());
        }
        self.rest = rest;
        Ok(())
    }

    fn offset(&mut self, offset: Offset) -> Result<(), Wrong> {
        if offset.has_z
            && let Some(rest) = self.rest.strip_prefix('Z')
        {
            self.rest = rest;
            self.offset = Some(0);
            return Ok(());
        }
        let sign = match self.rest.bytes().next() {
            Some(b'+') => 1,
            Some(b'-') => -1,
            _ => return Err(Wrong::Mismatch),
        };
        self.rest = self.rest.get(1..).unwrap_or("");
        let mut units = [0, 0, 0];
        for (index, unit) in units.iter_mut().take(offset.units).enumerate() {
            if index > 0 {
                self.rest = self.rest.strip_prefix(offset.separator).ok_or(Wrong::Mismatch)?;
            }
            *unit = self.digits::<i32>(2)?;
        }
        let [hours, minutes, seconds] = units;
        if hours > 24 || minutes > 60 || seconds > 60 {
            return Err(Wrong::Range("time zone offset"));
        }
        self.offset = Some(sign * (hours * 3600 + minutes * 60 + seconds));
        Ok(())
    }

    /// Puts the parts together, or names the one that is out of range.
    fn finish(self) -> Result<TimeValue, &'static str> {
        let hour = match self.afternoon {
            Some(true) if self.hour < 12 => self.hour + 12,
            Some(false) if self.hour == 12 => 0,
            _ => self.hour,
        };
        let date = match self.year_day {
            Some(day) => Date::new(self.year, 1, 1).ok().and_then(|first| {
                let date = first.with().day_of_year(day).build().ok()?;
                (date.year() == self.year).then_some(date)
            }),
            None => Date::new(self.year, self.month, self.day).ok(),
        };
        let date = date.ok_or(if self.year_day.is_some() { "day-of-year" } else { "day" })?;
        let at: DateTime = date.at(hour, self.minute, self.second, self.nanos);
        let zone = match self.offset {
            None | Some(0) => TimeZone::UTC,
            Some(seconds) => {
                TimeZone::fixed(tz::Offset::from_seconds(seconds).map_err(|_| "time zone offset")?)
            }
        };
        let at = at.to_zoned(zone).map_err(|_| "year")?;
        Ok(TimeValue { at, zone_name: self.zone_name.map(Into::into) })
    }
}

/// Digits behind the point as nanoseconds; more than nine are cut.
fn nanos(digits: &str) -> Result<i32, Wrong> {
    let nine = format!("{:0<9}", digits.get(..digits.len().min(9)).unwrap_or(digits));
    nine.parse().map_err(|_| Wrong::Mismatch)
}
