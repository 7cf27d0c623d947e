//! Conditions on labels, of every kind that an index treats in its own way.

use narthex_model::{Labels, MatchOp, Matcher};

use crate::Chance;

/// One to three matchers, mostly about labels and values that exist.
pub fn matchers(known: &[Labels], chance: &mut Chance) -> Vec<Matcher> {
    (0..1 + chance.below(3)).map(|_| matcher(known, chance)).collect()
}

fn matcher(known: &[Labels], chance: &mut Chance) -> Matcher {
    let name = *chance.pick(&["__name__", "instance", "job", "mode", "pod", "nowhere"]);
    let op = *chance.pick(&[MatchOp::Equal, MatchOp::NotEqual, MatchOp::Regex, MatchOp::NotRegex]);
    let mut value = || {
        if known.is_empty() {
            return String::new();
        }
        chance.pick(known).get(name).unwrap_or_default().to_owned()
    };
    let text = match op {
        MatchOp::Equal | MatchOp::NotEqual => value(),
        MatchOp::Regex | MatchOp::NotRegex => {
            let (one, other) = (value(), value());
            let half = one.chars().take(one.chars().count() / 2).collect::<String>();
            let tail = one.chars().skip(one.chars().count() / 2).collect::<String>();
            match chance.below(8) {
                0 => ".*".to_owned(),
                1 => ".+".to_owned(),
                2 => format!("{one}|{other}"),
                3 => format!("{half}.*"),
                4 => format!(".*{tail}"),
                5 => format!("{half}.+|"),
                6 => format!("(?i:{})", one.to_uppercase()),
                _ => one,
            }
        }
    };
    Matcher::new(op, name, text).expect("a pattern out of plain values")
}
