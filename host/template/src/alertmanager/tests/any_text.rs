//! Texts that nobody checked.

use proptest::prelude::*;

use super::{NOW, data};
use crate::{Library, Limits};

const LIMITS: Limits = Limits { steps_max: 20_000, depth_max: 20, output_bytes_max: 64 << 10 };

const PIECES: [&str; 40] = [
    "{{",
    "}}",
    "{{-",
    "-}}",
    " ",
    ".",
    "$",
    "$x",
    "$x := ",
    "|",
    "(",
    ")",
    "\"a\"",
    "1",
    "-1.5e9",
    ".Alerts",
    ".CommonLabels",
    ".Remove",
    ".SortedPairs",
    ".StartsAt",
    ".Add",
    "now",
    "since",
    "date \"2006 Jan _2 .000 MST\"",
    "toDate \"2006\" ",
    "tz \"Asia/Tokyo\" ",
    "toJson",
    "list",
    "append $x $x",
    "dict \"k\" ",
    "join \",\"",
    "title",
    "base64decode",
    "reReplaceAll \"(.)\" \"$1\"",
    "range ",
    "if ",
    "with ",
    "else",
    "end",
    "template \"__text_alert_list\" ",
];

proptest! {
    #[test]
    fn any_text_is_rendered_or_refused_within_limits(
        pieces in prop::collection::vec(prop::sample::select(PIECES.to_vec()), 0..24),
    ) {
        let text = pieces.concat();
        let expander = Library::default().expander(&data(), NOW).with_limits(LIMITS);
        for rendered in [expander.text(&text), expander.html(&text)].into_iter().flatten() {
            prop_assert!(rendered.len() <= LIMITS.output_bytes_max.max(text.len()), "{}", text);
        }
    }

}

proptest! {
    // Each case may use all of its limits, some of them many times.
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn whole_actions_end_within_limits(
        actions in prop::collection::vec(prop::sample::select(ACTIONS.to_vec()), 0..12),
    ) {
        let text = actions.concat();
        let expander = Library::default().expander(&data(), NOW).with_limits(LIMITS);
        let rendered = expander.text(&text);
        prop_assert!(rendered.map_or(0, |text| text.len()) <= LIMITS.output_bytes_max);
        expander.html(&text).ok();
    }
}

/// They can be put together in any order.
const ACTIONS: [&str; 14] = [
    "{{ $x := list . . }}{{ range 20 }}{{ $x = list $x $x }}{{ end }}{{ $x }}",
    "{{ $s := \"ab\" }}{{ range 30 }}{{ $s = print $s $s }}{{ end }}{{ $s | toUpper }}",
    "{{ $l := list }}{{ range 1000 }}{{ $l = append $l . }}{{ end }}{{ len $l }}",
    "{{ range .Alerts }}{{ range .Labels.SortedPairs }}{{ .Name }}={{ .Value }} {{ end }}{{ end }}",
    "{{ define \"r\" }}{{ if . }}{{ template \"r\" . }}{{ end }}{{ end }}{{ template \"r\" .Alerts }}",
    "{{ toJson . }}{{ toJson (dict \"a\" .Alerts) }}",
    "<a href=\"{{ .ExternalURL }}?{{ .Receiver | urlquery }}\" title='{{ . }}'>{{ .Status }}</a>",
    "{{ (now.Add -9e18).AddDate 9999 9999 -99999999 }}",
    "{{ now.Round 7 }}{{ now.Truncate 9e18 }}{{ (since (toDate \"2006\" \"0001\")).Round 3600e9 }}",
    "{{ toDate \"2006-01-02T15:04:05.999Z07:00\" \"9999-12-31T23:59:59.999-23:59\" }}",
    "{{ printf \"%*d %-99s|%x\" 999 1 \"a\" .Receiver }}",
    "{{ reReplaceAll \"(\\\\w*)*\" \"$0$0$0\" .ExternalURL }}",
    "{{ template \"email.default.html\" . }}{{ template \"slack.default.fallback\" . }}",
    "{{ slice .Alerts 1 2 }}{{ index .Alerts 0 }}{{ .CommonLabels.Values.Join \"\" | title }}",
];
