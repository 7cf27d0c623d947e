//! Names and the units in them.

/// Units, and the base unit that stands for each.
const UNITS: [(&str, &str); 24] = [
    ("amperes", "amperes"),
    ("bytes", "bytes"),
    // Not of the SI, but what people measure.
    ("celsius", "celsius"),
    ("grams", "grams"),
    ("joules", "joules"),
    ("kelvin", "kelvin"),
    ("meters", "meters"),
    ("metres", "metres"),
    ("seconds", "seconds"),
    ("volts", "volts"),
    ("minutes", "seconds"),
    ("hours", "seconds"),
    ("days", "seconds"),
    ("weeks", "seconds"),
    ("kelvins", "kelvin"),
    ("fahrenheit", "celsius"),
    ("rankine", "celsius"),
    ("inches", "meters"),
    ("yards", "meters"),
    ("miles", "meters"),
    ("bits", "bytes"),
    ("calories", "joules"),
    ("pounds", "grams"),
    ("ounces", "grams"),
];

const PREFIXES: [&str; 18] = [
    "pico", "nano", "micro", "milli", "centi", "deci", "deca", "hecto", "kilo", "kibi", "mega",
    "mibi", "giga", "gibi", "tera", "tebi", "peta", "pebi",
];

const ABBREVIATIONS: [&str; 14] =
    ["s", "ms", "us", "ns", "sec", "b", "kb", "mb", "gb", "tb", "pb", "m", "h", "d"];

/// The first unit in a name as it is written, and its base unit.
pub(super) fn unit(name: &str) -> Option<(&str, &'static str)> {
    name.split('_').find_map(|word| {
        let plain =
            |text: &str| UNITS.iter().find(|(unit, _)| *unit == text).map(|(_, base)| *base);
        let prefixed = || {
            let mut rests = PREFIXES.iter().filter_map(|prefix| word.strip_prefix(prefix));
            rests.find_map(plain)
        };
        plain(word).or_else(prefixed).map(|base| (word, base))
    })
}

/// Whether a name holds a word, but not as its first.
pub(super) fn holds_word(name: &str, word: &str) -> bool {
    name.split('_').skip(1).any(|part| part == word)
}

pub(super) fn is_camel_case(name: &str) -> bool {
    let pairs = name.as_bytes().windows(2);
    pairs.into_iter().any(|pair| {
        matches!(pair, [before, after] if before.is_ascii_lowercase() && after.is_ascii_uppercase())
    })
}

pub(super) fn is_abbreviated(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    ABBREVIATIONS.iter().any(|unit| holds_word(&lower, unit))
}
