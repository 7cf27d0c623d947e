use super::TimeValue;
use crate::value::Object as _;

#[track_caller]
fn check_format(at: &str, layout: &str, expected: &str) {
    let at = TimeValue::parse("2006-01-02T15:04:05.999999999Z07:00", at).unwrap();
    assert_eq!(at.format(layout), expected, "{layout}");
}

#[test]
fn layouts_show_each_part() {
    let at = "2024-03-05T07:08:09.012300000+02:00";
    check_format(
        at,
        "2006 06 January Jan 1 01 Monday Mon 2 _2 02",
        "2024 24 March Mar 3 03 Tuesday Tue 5  5 05",
    );
    check_format(at, "15 3 03 4 04 5 05 PM pm 002 __2", "07 7 07 8 08 9 09 AM am 065  65");
    check_format(at, ".000 ,000000 .999 .999999999 .0 .9", ".012 ,012300 .012 .0123 .0 ");
    check_format(
        at,
        "-07 -0700 -07:00 -070000 -07:00:00 Z07:00 Z0700 MST",
        "+02 +0200 +02:00 +020000 +02:00:00 +02:00 +0200 +0200",
    );
    check_format("2024-12-31T00:00:00Z", "3PM Z07:00 Z07 MST __2 .999s", "12AM Z Z UTC 366 s");
    check_format("2024-12-31T12:30:00Z", "03:04pm", "12:30pm");
}

#[test]
fn layouts_keep_what_is_no_part() {
    check_format(
        "2024-03-05T07:08:09Z",
        "Month Janet _2006 at é .00x .01 {x}",
        "Month Janet _2024 at é .00x .03 {x}",
    );
    check_format("2024-03-05T07:08:09Z", "", "");
}

#[track_caller]
fn check_parse(layout: &str, text: &str, expected: &str) {
    match TimeValue::parse(layout, text) {
        Ok(at) => assert_eq!(at.print(), expected, "{text} by {layout}"),
        Err(error) => assert_eq!(error.0, expected, "{text} by {layout}"),
    }
}

#[test]
fn texts_are_read_by_layouts() {
    check_parse("2006-01-02 15:04:05", "2024-02-29 23:59:58", "2024-02-29 23:59:58 +0000 UTC");
    check_parse("Mon, _2 Jan 06 3:04pm", "thu,  1 FEB 70 12:05am", "1970-02-01 00:05:00 +0000 UTC");
    check_parse("January 2, 2006 03PM", "December 31, 1999 12PM", "1999-12-31 12:00:00 +0000 UTC");
    check_parse(
        "2006-01-02T15:04:05Z07:00",
        "2024-01-01T01:00:00.25-03:30",
        "2024-01-01 01:00:00.25 -0330 -0330",
    );
    check_parse(
        "2006-01-02T15:04:05Z07:00",
        "2024-01-01T01:00:00Z",
        "2024-01-01 01:00:00 +0000 UTC",
    );
    check_parse(
        "15:04:05.000",
        "01:02:03.5004",
        "parsing time \"01:02:03.5004\": extra text: \"4\"",
    );
    check_parse("15:04:05.999", "01:02:03.123456789123", "0000-01-01 01:02:03.123456789 +0000 UTC");
    check_parse("2006 002", "2024 366", "2024-12-31 00:00:00 +0000 UTC");
    check_parse("2006 MST", "2024 CEST", "2024-01-01 00:00:00 +0000 CEST");
    check_parse("2006 MST", "2024 UTC", "2024-01-01 00:00:00 +0000 UTC");
    check_parse("2006 MST", "2024 GMT-5", "2024-01-01 00:00:00 -0500 GMT-5");
    check_parse("2006 -0700 MST", "2024 +0100 CET", "2024-01-01 00:00:00 +0100 CET");
    check_parse("a  b 2006", "a b    2024", "2024-01-01 00:00:00 +0000 UTC");
}

#[test]
fn texts_that_do_not_fit_are_refused() {
    check_parse(
        "2006-01-02",
        "2024-1-2",
        "parsing time \"2024-1-2\" as \"2006-01-02\": cannot parse \"1-2\" as \"01\"",
    );
    check_parse("2006-01-02", "2023-02-29", "parsing time \"2023-02-29\": day out of range");
    check_parse("2006-01-02", "2023-13-01", "parsing time \"2023-13-01\": month out of range");
    check_parse("15:04", "24:00", "parsing time \"24:00\": hour out of range");
    check_parse("2006 002", "2023 366", "parsing time \"2023 366\": day-of-year out of range");
    check_parse("2006", "2024x", "parsing time \"2024x\": extra text: \"x\"");
    check_parse("2006 -07", "2024 +25", "parsing time \"2024 +25\": time zone offset out of range");
    check_parse("Jan", "é", "parsing time \"é\" as \"Jan\": cannot parse \"é\" as \"Jan\"");
    check_parse("3PM", "3", "parsing time \"3\" as \"3PM\": cannot parse \"\" as \"PM\"");
}

#[track_caller]
fn check(template: &str, expected: &str) {
    let functions = crate::Functions::alertmanager(narthex_model::Timestamp::from_millis(0));
    let text = format!(
        "{{{{ $t := toDate \"2006-01-02T15:04:05Z07:00\" \"2024-01-31T10:20:30.5Z\" }}}}{{{{ {template} }}}}"
    );
    let parsed = crate::Template::parse("t", &text, &functions, &[]).unwrap();
    let rendered = parsed.render("t", &crate::Scope::new(&functions, crate::Value::Nil));
    let rendered = rendered.unwrap_or_else(|error| error.message);
    assert_eq!(rendered, expected, "{template}");
}

#[test]
fn times_have_the_methods_of_go() {
    check("$t.Year", "2024");
    check("$t.Nanosecond", "500000000");
    check("$t.UnixMilli", "1706696430500");
    check("$t.YearDay", "31");
    check("$t.IsZero", "false");
    check("(toDate \"2006\" \"\").IsZero", "true");
    check("$t.AddDate 0 1 1", "2024-03-03 10:20:30.5 +0000 UTC");
    check("$t.AddDate 1 -1 0", "2024-12-31 10:20:30.5 +0000 UTC");
    check("$t.Add 3600e9", "2024-01-31 11:20:30.5 +0000 UTC");
    check("$t.Add ($t.Sub ($t.AddDate 0 0 -1))", "2024-02-01 10:20:30.5 +0000 UTC");
    check("$t.Truncate 3600000000000", "2024-01-31 10:00:00 +0000 UTC");
    check("$t.Round 60000000000", "2024-01-31 10:21:00 +0000 UTC");
    check("($t.Sub ($t.AddDate 0 0 -1)).Hours", "24");
    check("$t.Before now", "false");
    check("$t.After now", "true");
    check("$t.Compare $t", "0");
    check("(tz \"Asia/Tokyo\" $t).UTC.Hour", "10");
    check("(($t.Sub now).Round 3600e9).String", "474082h0m0s");
    check("(now.Sub $t).Abs.Truncate 3600e9", "474082h0m0s");
    check("$t.Add \"x\"", "error calling Add: strconv.ParseFloat: parsing \"x\": invalid syntax");
    check("$t.Add 1.5", "error calling Add: expected integer; found 1.5");
    check(
        "$t.AddDate 10000 0 0",
        "error calling AddDate: the time would be beyond the years -9999 and 9999",
    );
    check("$t.Year 1", "error calling Year: wrong number of args: want 0 got 1");
}
