//! What is known of a connection or an exchange, by name: facts of answers, details of errors.

use std::time::Duration;

use crate::Label;

/// A fact.
pub fn text<'a>(facts: &'a [Label], name: &str) -> Option<&'a str> {
    facts.iter().find(|fact| fact.name == name).map(|fact| fact.value.as_str())
}

/// A fact that is a time, as those are whose name ends in `-ns`.
pub fn time(facts: &[Label], name: &str) -> Option<Duration> {
    text(facts, name)?.parse().ok().map(Duration::from_nanos)
}

/// A fact that is an integer.
pub fn integer(facts: &[Label], name: &str) -> Option<i64> {
    text(facts, name)?.parse().ok()
}

/// Options as the host takes them.
pub(crate) fn labels(options: &[(&str, &str)]) -> Vec<Label> {
    options.iter().map(|(name, value)| Label::new(name, *value)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_found_by_name() {
        let facts = labels(&[("address", "192.0.2.1:80"), ("connect-ns", "1500")]);
        assert_eq!(text(&facts, "address"), Some("192.0.2.1:80"));
        assert_eq!(time(&facts, "connect-ns"), Some(Duration::from_nanos(1500)));
        assert_eq!((text(&facts, "tls-ns"), time(&facts, "address")), (None, None));
        assert_eq!((integer(&facts, "connect-ns"), integer(&facts, "address")), (Some(1500), None));
    }
}
