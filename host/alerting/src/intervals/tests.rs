//! What an interval contains, and which texts are none.

use narthex_settings::Document;

use super::*;

fn read(text: &str) -> Result<TimeInterval, String> {
    let document = Document::parse("i.yml", text).unwrap();
    document.read().map_err(|error| narthex_settings::error_chain(&error))
}

#[track_caller]
fn check(text: &str, inside: &[&str], outside: &[&str]) {
    let interval = read(text).unwrap();
    let contains = |moment: &str| {
        let moment: jiff::Timestamp = moment.parse().unwrap();
        interval.contains(Timestamp::from_millis(moment.as_millisecond()))
    };
    for moment in inside {
        assert!(contains(moment), "{moment} in {text}");
    }
    for moment in outside {
        assert!(!contains(moment), "{moment} not in {text}");
    }
}

#[test]
fn every_field_narrows_and_every_range_widens() {
    check("{}", &["2024-02-29T12:00:00Z"], &[]);
    check(
        "{times: [{start_time: '09:00', end_time: '17:00'}, {start_time: '23:59', end_time: '24:00'}]}",
        &["2024-01-01T09:00:00Z", "2024-01-01T16:59:59.999Z", "2024-01-01T23:59:59Z"],
        &["2024-01-01T08:59:59.999Z", "2024-01-01T17:00:00Z", "2024-01-02T00:00:00Z"],
    );
    check(
        "{weekdays: ['Monday:friday', sunday]}",
        &["2024-01-01T00:00:00Z", "2024-01-05T23:59:59Z", "2024-01-07T10:00:00Z"],
        &["2024-01-06T12:00:00Z"],
    );
    check(
        "{months: ['january:march', 5, december], years: ['2020:2022', 2030]}",
        &["2020-01-01T00:00:00Z", "2022-05-31T23:59:59Z", "2030-12-31T00:00:00Z"],
        &["2023-01-01T00:00:00Z", "2020-04-01T00:00:00Z"],
    );
    check("{years: []}", &[], &["2020-01-01T00:00:00Z"]);
}

#[test]
fn days_of_a_month_count_from_both_ends_of_it() {
    check(
        "{days_of_month: ['1:5', '-3:-1']}",
        &["2024-02-01T00:00:00Z", "2024-02-05T00:00:00Z", "2024-02-27T00:00:00Z"],
        &["2024-02-06T00:00:00Z", "2024-02-26T00:00:00Z"],
    );
    check("{days_of_month: ['30:31']}", &["2024-01-30T00:00:00Z"], &["2024-02-29T00:00:00Z"]);
    check("{days_of_month: ['25:31']}", &["2024-02-29T00:00:00Z"], &["2024-02-24T00:00:00Z"]);
    // The thirtieth from the end is not in February.
    check("{days_of_month: [-30]}", &["2024-03-02T00:00:00Z"], &["2024-02-01T00:00:00Z"]);
}

#[test]
fn clocks_are_those_of_the_location() {
    let night = "{times: [{start_time: '00:00', end_time: '06:00'}], location: Australia/Sydney}";
    check(night, &["2024-01-01T13:00:00Z"], &["2024-01-01T00:00:00Z", "2024-01-01T19:00:00Z"]);
    let new_year = "{years: [2025], location: 'Pacific/Auckland'}";
    check(new_year, &["2024-12-31T11:00:00Z"], &["2024-12-31T10:59:00Z"]);
}

#[test]
fn what_is_no_interval_is_refused() {
    for (text, expected) in [
        ("{times: [{start_time: '9:00', end_time: '10:00'}]}", r#""9:00" is no time of day"#),
        ("{times: [{start_time: '09:60', end_time: '10:00'}]}", "is no time of day"),
        ("{times: [{start_time: '09:00', end_time: '24:01'}]}", "is no time of day"),
        ("{times: [{start_time: '09:00', end_time: '09:00'}]}", "ends before it begins"),
        ("{times: [{start_time: '09:00'}]}", "end_time"),
        ("{weekdays: [mon]}", r#""mon" is neither a weekday"#),
        ("{weekdays: [1]}", "is neither a weekday"),
        ("{weekdays: ['saturday:monday']}", "ends before it begins"),
        ("{days_of_month: [0]}", "is neither a day"),
        ("{days_of_month: [32]}", "is neither a day"),
        ("{days_of_month: ['-1:3']}", "begins from the end of the month"),
        ("{days_of_month: ['20:-20']}", "ends before it begins"),
        ("{months: [13]}", "is neither a month"),
        ("{months: ['may:march']}", "ends before it begins"),
        ("{years: ['2021:2020']}", "ends before it begins"),
        ("{years: ['1:2:3']}", "is neither a year"),
        ("{location: Atlantis}", r#"no time zone "Atlantis""#),
        ("{hours: []}", "hours"),
    ] {
        let error = read(text).unwrap_err();
        assert!(error.contains(expected), "{text}: {error}");
    }
}

#[test]
fn an_interval_is_written_as_it_is_read() {
    let text = r#"{"times":[{"start_time":"09:00","end_time":"24:00"}],"weekdays":["monday:friday","sunday"],"days_of_month":["-3:-1","1"],"months":["may:august"],"years":["2020"],"location":"Europe/Berlin"}"#;
    let interval: TimeInterval = serde_json::from_str(text).unwrap();
    assert_eq!(serde_json::to_string(&interval).unwrap(), text);
}
