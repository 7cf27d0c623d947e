//! What a zone goes by after the last transition that its file lists, as POSIX writes it: `CET-1CEST,M3.5.0,M10.5.0/3`.
//! Files of today's tzdata list few transitions, or none, and leave the rest to this (RFC 8536, part 3.3).

use narthex_sdk::time;

use super::Zone;

const DAY_SECONDS: i64 = 86_400;

/// A rule.
#[derive(Debug, PartialEq)]
pub(super) struct Rule {
    standard: Zone,
    /// The summer's zone, when it begins by the clocks of winter, and when it ends by its own.
    summer: Option<(Zone, Change, Change)>,
}

/// When clocks change, every year.
#[derive(Debug, PartialEq)]
struct Change {
    day: Day,
    /// Since that day's midnight; before and after that day as well.
    seconds: i64,
}

#[derive(Debug, PartialEq)]
enum Day {
    /// `J60`: from 1 on, and the 29th of February is not counted.
    Julian(i64),
    /// `59`: from 0 on.
    Ordinal(i64),
    /// `M3.5.0`: month, week and weekday from Sunday on; the fifth week is the last.
    OfMonth([i64; 3]),
}

impl Rule {
    /// None for a text that is no rule.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut rest = Text(text);
        let standard = Zone { name: rest.name()?, offset_seconds: -rest.offset()? };
        if rest.0.is_empty() {
            return Some(Self { standard, summer: None });
        }
        let name = rest.name()?;
        let offset_seconds = match rest.0.starts_with(',') {
            true => standard.offset_seconds + 3600,
            false => -rest.offset()?,
        };
        let (begins, ends) = (rest.change()?, rest.change()?);
        let summer = Some((Zone { name, offset_seconds }, begins, ends));
        rest.0.is_empty().then_some(Self { standard, summer })
    }

    /// The zone at a moment in seconds since the Unix epoch.
    pub(super) fn at(self, now: i64) -> Zone {
        let Some((summer, begins, ends)) = self.summer else { return self.standard };
        let ([year, ..], _) = time::civil(now);
        // A change may lie in the year beside the one that it is of.
        let changes = (year - 1..=year + 1).flat_map(|year| {
            let begins = begins.moment(year)? - i64::from(self.standard.offset_seconds);
            let ends = ends.moment(year)? - i64::from(summer.offset_seconds);
            Some([(begins, true), (ends, false)])
        });
        // Where a summer ends as the next begins, it is always summer.
        let last = changes.flatten().filter(|(at, _)| *at <= now).max();
        if last.is_some_and(|(_, is_summer)| is_summer) { summer } else { self.standard }
    }
}

impl Change {
    /// By the clocks that are changed, in seconds since the Unix epoch.
    fn moment(&self, year: i64) -> Option<i64> {
        let first_of = |year, month| time::from_civil([year, month, 1], [0, 0, 0]);
        let day = match self.day {
            Day::Ordinal(day) => first_of(year, 1)? + day * DAY_SECONDS,
            Day::Julian(day) if day < 60 => first_of(year, 1)? + (day - 1) * DAY_SECONDS,
            // The 60th is the first of March.
            Day::Julian(day) => first_of(year, 3)? + (day - 60) * DAY_SECONDS,
            Day::OfMonth([month, week, weekday]) => {
                let first = first_of(year, month)?;
                let next =
                    if month < 12 { first_of(year, month + 1)? } else { first_of(year + 1, 1)? };
                // 1970 began with a Thursday.
                let weekday_of_first = (first / DAY_SECONDS + 4).rem_euclid(7);
                let days = (weekday - weekday_of_first).rem_euclid(7) + (week - 1) * 7;
                let day = first + days * DAY_SECONDS;
                if day < next { day } else { day - 7 * DAY_SECONDS }
            }
        };
        Some(day + self.seconds)
    }
}

/// What is left to read of a rule.
struct Text<'a>(&'a str);

impl Text<'_> {
    /// `CET` or `<+0330>`.
    fn name(&mut self) -> Option<String> {
        let (name, rest) = match self.0.strip_prefix('<') {
            Some(quoted) => quoted.split_once('>')?,
            None => {
                let is_letter = |character: char| character.is_ascii_alphabetic();
                let end = self.0.find(|character| !is_letter(character)).unwrap_or(self.0.len());
                self.0.split_at_checked(end)?
            }
        };
        self.0 = rest;
        (!name.is_empty()).then(|| name.to_owned())
    }

    fn takes(&mut self, prefix: char) -> bool {
        let rest = self.0.strip_prefix(prefix);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    fn number(&mut self, max: i64) -> Option<i64> {
        let end = self.0.find(|character: char| !character.is_ascii_digit());
        let (digits, rest) = self.0.split_at_checked(end.unwrap_or(self.0.len()))?;
        self.0 = rest;
        digits.parse().ok().filter(|number| *number <= max)
    }

    /// `-3:30`, in seconds.
    fn clock(&mut self, hours_max: i64) -> Option<i64> {
        let is_negative = self.takes('-');
        self.0 = self.0.strip_prefix('+').filter(|_| !is_negative).unwrap_or(self.0);
        let mut seconds = self.number(hours_max)? * 3600;
        for unit in [60, 1] {
            if !self.takes(':') {
                break;
            }
            seconds += self.number(59)? * unit;
        }
        Some(if is_negative { -seconds } else { seconds })
    }

    /// Seconds west of Greenwich, as POSIX counts them.
    fn offset(&mut self) -> Option<i32> {
        self.clock(24)?.try_into().ok()
    }

    /// `,M10.5.0/3`
    fn change(&mut self) -> Option<Change> {
        self.takes(',').then_some(())?;
        let day = if self.takes('J') {
            Day::Julian(self.number(365).filter(|day| *day > 0)?)
        } else if self.takes('M') {
            let mut parts = [0; 3];
            for (place, (part, range)) in parts.iter_mut().zip([1..=12, 1..=5, 0..=6]).enumerate() {
                (place == 0 || self.takes('.')).then_some(())?;
                *part = self.number(12).filter(|number| range.contains(number))?;
            }
            Day::OfMonth(parts)
        } else {
            Day::Ordinal(self.number(365)?)
        };
        // As far as a week before and after, where the format's third version allows it.
        let seconds = if self.takes('/') { self.clock(167)? } else { 2 * 3600 };
        Some(Change { day, seconds })
    }
}
