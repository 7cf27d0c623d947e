//! Layouts of Go: how the moment "Mon Jan 2 15:04:05 MST 2006" would be written.

/// A piece of a layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// What stands for itself.
    Text(&'a str),
    /// Something of the moment, and how the layout writes it.
    Part(Part, &'a str),
}

/// What a piece of a layout stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// `2006`
    Year,
    /// `06`
    ShortYear,
    /// `January`
    MonthName,
    /// `Jan`
    ShortMonthName,
    /// `1`, `01`
    Month(Padding),
    /// `Monday`
    WeekdayName,
    /// `Mon`
    ShortWeekdayName,
    /// `2`, `_2`, `02`
    Day(Padding),
    /// `__2`, `002`
    YearDay(Padding),
    /// `15`
    Hour,
    /// `3`, `03`
    Hour12(Padding),
    /// `4`, `04`
    Minute(Padding),
    /// `5`, `05`
    Second(Padding),
    /// `PM`
    UpperHalf,
    /// `pm`
    LowerHalf,
    /// `.000`, `,000`: this many digits.
    Fraction(usize),
    /// `.999`, `,999`: at most this many digits, and no zeros at the end.
    ShortFraction(usize),
    /// `MST`
    ZoneName,
    /// `-07`, `-0700`, `-07:00`, `-070000`, `-07:00:00`, each also with `Z` for UTC.
    Offset(Offset),
}

/// What fills a number up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Padding {
    None,
    Space,
    Zero,
}

/// How the distance to UTC is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Offset {
    /// `Z` instead of zero.
    pub(super) has_z: bool,
    /// What stands between the units.
    pub(super) separator: &'static str,
    /// Hours, minutes, seconds: how many of these.
    pub(super) units: usize,
}

const fn offset(has_z: bool, separator: &'static str, units: usize) -> Part {
    Part::Offset(Offset { has_z, separator, units })
}

/// What each text stands for. A longer text stands before its own beginning.
const PARTS: [(&str, Part); 33] = [
    ("January", Part::MonthName),
    ("Jan", Part::ShortMonthName),
    ("Monday", Part::WeekdayName),
    ("Mon", Part::ShortWeekdayName),
    ("MST", Part::ZoneName),
    ("002", Part::YearDay(Padding::Zero)),
    ("01", Part::Month(Padding::Zero)),
    ("02", Part::Day(Padding::Zero)),
    ("03", Part::Hour12(Padding::Zero)),
    ("04", Part::Minute(Padding::Zero)),
    ("05", Part::Second(Padding::Zero)),
    ("06", Part::ShortYear),
    ("15", Part::Hour),
    ("1", Part::Month(Padding::None)),
    ("2006", Part::Year),
    ("2", Part::Day(Padding::None)),
    ("__2", Part::YearDay(Padding::Space)),
    ("_2", Part::Day(Padding::Space)),
    ("3", Part::Hour12(Padding::None)),
    ("4", Part::Minute(Padding::None)),
    ("5", Part::Second(Padding::None)),
    ("PM", Part::UpperHalf),
    ("pm", Part::LowerHalf),
    ("-070000", offset(false, "", 3)),
    ("-07:00:00", offset(false, ":", 3)),
    ("-0700", offset(false, "", 2)),
    ("-07:00", offset(false, ":", 2)),
    ("-07", offset(false, "", 1)),
    ("Z070000", offset(true, "", 3)),
    ("Z07:00:00", offset(true, ":", 3)),
    ("Z0700", offset(true, "", 2)),
    ("Z07:00", offset(true, ":", 2)),
    ("Z07", offset(true, "", 1)),
];

/// The pieces of a layout, in order.
pub(super) fn pieces(layout: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let (mut text_start, mut offset) = (0, 0);
    while let Some(rest) = layout.get(offset..).filter(|rest| !rest.is_empty()) {
        let Some((part, written)) = part(rest) else {
            offset += rest.chars().next().map_or(1, char::len_utf8);
            continue;
        };
        pieces.extend(text(layout.get(text_start..offset)));
        pieces.push(Piece::Part(part, written));
        offset += written.len();
        text_start = offset;
    }
    pieces.extend(text(layout.get(text_start..)));
    pieces
}

fn text(text: Option<&str>) -> Option<Piece<'_>> {
    text.filter(|text| !text.is_empty()).map(Piece::Text)
}

/// The part that `rest` begins with, and how it is written.
fn part(rest: &str) -> Option<(Part, &str)> {
    if rest.starts_with(['.', ',']) {
        return fraction(rest);
    }
    // An underscore before a year is one, and pads no day.
    if rest.starts_with("_2006") {
        return None;
    }
    let (written, part) = PARTS.iter().find(|(written, _)| rest.starts_with(written))?;
    let (written, after) = rest.split_at_checked(written.len())?;
    // The beginning of a longer word, such as "Month", is no name of a day.
    let is_word = matches!(part, Part::ShortMonthName | Part::ShortWeekdayName)
        && after.starts_with(|c: char| c.is_ascii_lowercase());
    (!is_word).then_some((*part, written))
}

/// `.000` or `.999`, with no other digit behind.
fn fraction(rest: &str) -> Option<(Part, &str)> {
    let digits = rest.get(1..)?;
    let first = digits.chars().next().filter(|c| matches!(c, '0' | '9'))?;
    let after = digits.trim_start_matches(first);
    let count = digits.len() - after.len();
    let part = if first == '0' { Part::Fraction(count) } else { Part::ShortFraction(count) };
    let is_number = after.starts_with(|c: char| c.is_ascii_digit());
    rest.get(..=count).filter(|_| !is_number).map(|written| (part, written))
}
