//! Moments written by a layout.

use std::fmt::Write as _;

use jiff::tz::TimeZone;

use super::TimeValue;
use super::layout::{Offset, Padding, Part, Piece, pieces};

impl TimeValue {
    /// By a layout of Go, such as `2006-01-02 15:04:05 MST`.
    #[must_use]
    pub fn format(&self, layout: &str) -> String {
        let mut out = String::new();
        for piece in pieces(layout) {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Part(part, written) => self.write(part, written, &mut out),
            }
        }
        out
    }

    fn write(&self, part: Part, written: &str, out: &mut String) {
        let at = &self.at;
        let hour12 = if at.hour() % 12 == 0 { 12 } else { at.hour() % 12 };
        match part {
            Part::Year => out.push_str(&year(at.year())),
            Part::ShortYear => number(out, at.year().rem_euclid(100), 2, Padding::Zero),
            Part::MonthName => write_directive(out, at, "%B"),
            Part::ShortMonthName => write_directive(out, at, "%b"),
            Part::Month(padding) => number(out, at.month(), 2, padding),
            Part::WeekdayName => write_directive(out, at, "%A"),
            Part::ShortWeekdayName => write_directive(out, at, "%a"),
            Part::Day(padding) => number(out, at.day(), 2, padding),
            Part::YearDay(padding) => number(out, at.day_of_year(), 3, padding),
            Part::Hour => number(out, at.hour(), 2, Padding::Zero),
            Part::Hour12(padding) => number(out, hour12, 2, padding),
            Part::Minute(padding) => number(out, at.minute(), 2, padding),
            Part::Second(padding) => number(out, at.second(), 2, padding),
            Part::UpperHalf => out.push_str(if at.hour() < 12 { "AM" } else { "PM" }),
            Part::LowerHalf => out.push_str(if at.hour() < 12 { "am" } else { "pm" }),
            Part::Fraction(digits) => self.fraction(digits, false, written, out),
            Part::ShortFraction(digits) => self.fraction(digits, true, written, out),
            Part::ZoneName => out.push_str(&self.zone_name()),
            Part::Offset(offset) => out.push_str(&self.offset(offset)),
        }
    }

    /// The fraction of the second behind the point or comma of the layout.
    fn fraction(&self, digits: usize, is_short: bool, written: &str, out: &mut String) {
        let nanos = format!("{:09}", self.at.subsec_nanosecond());
        // A layout may ask for more digits than there are.
        let all = format!("{nanos:0<digits$}");
        let cut = all.get(..digits).unwrap_or(&all);
        let cut = if is_short { cut.trim_end_matches('0') } else { cut };
        if !cut.is_empty() {
            out.extend(written.chars().next());
            out.push_str(cut);
        }
    }

    fn offset(&self, offset: Offset) -> String {
        let seconds = self.at.offset().seconds();
        if offset.has_z && seconds == 0 {
            return "Z".to_owned();
        }
        let sign = if seconds < 0 { '-' } else { '+' };
        let seconds = seconds.unsigned_abs();
        let units =
            [seconds / 3600, seconds / 60 % 60, seconds % 60].map(|unit| format!("{unit:02}"));
        let written = units.get(..offset.units).unwrap_or(&units);
        format!("{sign}{}", written.join(offset.separator))
    }

    /// `CET`; for a zone without a name its distance to UTC.
    pub(super) fn zone_name(&self) -> String {
        if let Some(name) = &self.zone_name {
            return name.to_string();
        }
        let zone = self.at.time_zone();
        if zone.to_fixed_offset().is_ok() && *zone != TimeZone::UTC {
            return self.offset(Offset { has_z: false, separator: "", units: 2 });
        }
        self.at.strftime("%Z").to_string()
    }
}

fn write_directive(out: &mut String, at: &jiff::Zoned, directive: &str) {
    write!(out, "{}", at.strftime(directive)).expect("a string takes all");
}

/// At least four digits.
fn year(year: i16) -> String {
    let sign = if year < 0 { "-" } else { "" };
    format!("{sign}{:04}", year.unsigned_abs())
}

fn number<N: std::fmt::Display>(out: &mut String, value: N, width: usize, padding: Padding) {
    match padding {
        Padding::None => write!(out, "{value}"),
        Padding::Space => write!(out, "{value:>width$}"),
        Padding::Zero => write!(out, "{value:0>width$}"),
    }
    .expect("a string takes all");
}
