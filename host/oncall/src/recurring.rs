//! When a silence recurs, in one word of a command line.

use narthex_alerting::TimeInterval;
use serde_json::{Map, Value, json};

/// The keys of a time interval that hold lists.
const LISTS: [&str; 4] = ["weekdays", "days_of_month", "months", "years"];

/// Why a text says no times.
#[derive(Debug, thiserror::Error)]
#[error(
    "{text:?} says no times: {why}; write it as in \
     \"times=02:00-04:00 weekdays=monday:friday location=Europe/Berlin\""
)]
pub struct RecurringError {
    text: String,
    why: String,
}

/// Reads the keys of a time interval as words, `key=value`; lists have commas.
///
/// # Errors
/// When one is none.
pub fn parse_recurring(text: &str) -> Result<TimeInterval, RecurringError> {
    let wrong = |why: String| RecurringError { text: text.to_owned(), why };
    let mut keys = Map::new();
    for word in text.split_whitespace() {
        let Some((key, value)) = word.split_once('=') else {
            return Err(wrong(format!("{word:?} is no key with a value")));
        };
        let value = match key {
            "times" => value.split(',').map(times).collect::<Option<Vec<_>>>().map(Value::from),
            "location" => Some(Value::from(value)),
            key if LISTS.contains(&key) => Some(value.split(',').collect::<Vec<_>>().into()),
            other => {
                let known = LISTS.join(", ");
                return Err(wrong(format!("{other:?} is none of times, {known} and location")));
            }
        };
        let Some(value) = value else {
            return Err(wrong(format!("{word:?} is no range such as 02:00-04:00")));
        };
        if keys.insert(key.to_owned(), value).is_some() {
            return Err(wrong(format!("{key} stands twice; its ranges have commas between")));
        }
    }
    if keys.is_empty() {
        return Err(wrong("it is empty".to_owned()));
    }
    serde_json::from_value(Value::Object(keys)).map_err(|error| wrong(error.to_string()))
}

fn times(range: &str) -> Option<Value> {
    let (start, end) = range.split_once('-')?;
    Some(json!({ "start_time": start, "end_time": end }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_of_an_interval_can_be_said() {
        let text = "times=02:00-04:00,22:00-24:00 weekdays=monday:friday,sunday days_of_month=1:7,-1 \
                    months=may years=2026:2027 location=Europe/Berlin";
        let expected = json!({
            "times": [
                { "start_time": "02:00", "end_time": "04:00" },
                { "start_time": "22:00", "end_time": "24:00" },
            ],
            "weekdays": ["monday:friday", "sunday"],
            "days_of_month": ["1:7", "-1"],
            "months": ["may"],
            "years": ["2026:2027"],
            "location": "Europe/Berlin",
        });
        assert_eq!(serde_json::to_value(parse_recurring(text).unwrap()).unwrap(), expected);
    }

    #[test]
    fn what_says_no_times_is_refused_with_the_reason() {
        for (text, why) in [
            ("", "it is empty"),
            ("nightly", "\"nightly\" is no key with a value"),
            ("times=2", "\"times=2\" is no range such as 02:00-04:00"),
            ("hours=2", "\"hours\" is none of times, weekdays"),
            ("months=may months=june", "months stands twice"),
            ("times=25:00-26:00", "\"25:00\" is no time of day"),
            ("weekdays=yesterday", "\"yesterday\" is neither a weekday"),
        ] {
            let error = parse_recurring(text).unwrap_err().to_string();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
