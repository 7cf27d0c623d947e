use super::*;

fn params(query: &str) -> Params {
    Params::of(query)
}

#[test]
fn switches_take_the_spellings_of_go() {
    for (query, expected) in
        [("", false), ("a=0", false), ("a=F", false), ("a=1", true), ("a=TRUE", true)]
    {
        assert_eq!(params(query).flag("a").unwrap(), expected, "{query}");
    }
    assert!(params("a=yes").flag("a").is_err());
}

#[test]
fn zero_is_no_limit_and_less_is_refused() {
    assert_eq!(params("limit=0").limit("limit").unwrap(), usize::MAX);
    assert_eq!(params("limit=3").limit("limit").unwrap(), 3);
    for wrong in ["limit=-1", "limit=x", "limit=1.5"] {
        assert!(params(wrong).limit("limit").is_err(), "{wrong}");
    }
}

#[test]
fn times_are_seconds_or_rfc_3339() {
    for text in ["t=1435781430.781", "t=2015-07-01T20:10:30.781Z"] {
        assert_eq!(params(text).time("t").unwrap().millis(), 1_435_781_430_781, "{text}");
    }
    assert!(params("t=yesterday").time("t").is_err());
}

#[test]
fn a_match_is_a_plain_selector() {
    assert_eq!(params("match[]=up%7Ba%3D%22b%22%7D").match_sets().unwrap()[0].len(), 2);
    for wrong in ["match[]=rate(up[5m])", "match[]=up%20offset%201m", "match[]="] {
        assert!(params(wrong).match_sets().is_err(), "{wrong}");
    }
}

#[test]
fn what_the_row_of_an_endpoint_has_may_be_read() {
    let known = Known(["a"].into());
    let params = Params { known: Some(known), ..params("a=1&b=2") };
    assert_eq!(params.get("a"), Some("1"));
    let other = std::panic::catch_unwind(|| params.get("b").is_some());
    assert_eq!(other.is_err(), cfg!(debug_assertions), "a handler reads what is not told");
}
