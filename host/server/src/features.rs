//! `--enable-feature`: the guarded parts of scraping and of the query language by Prometheus' names.

use narthex_promql::Features;
use narthex_scrape::ScrapeFeatures;
use tracing::warn;

/// The old name of `--config.auto-reload`.
const AUTO_RELOAD: &str = "auto-reload-config";

/// Names that ask for what is there with or without the flag, here or elsewhere in the server.
const OF_OTHERS: [&str; 12] = [
    AUTO_RELOAD,
    "concurrent-rule-eval",
    "exemplar-storage",
    "native-histograms",
    "memory-snapshot-on-shutdown",
    "ooo-native-histograms",
    "delayed-compaction",
    "xor2-encoding",
    "created-timestamp-zero-ingestion",
    "extra-scrape-metrics",
    "metadata-wal-records",
    "search-api",
];

/// Switches on what the name stands for; `false` when it is none of the language.
fn switch_on(name: &str, features: &mut Features) -> bool {
    match name {
        "promql-experimental-functions" => features.experimental_functions = true,
        "promql-extended-range-selectors" => features.extended_range_selectors = true,
        "promql-binop-fill-modifiers" => features.binop_fill_modifiers = true,
        "promql-delayed-name-removal" => features.delayed_name_removal = true,
        "use-start-timestamps" => features.start_timestamps = true,
        "type-and-unit-labels" => features.type_and_unit_labels = true,
        "promql-per-step-stats" => features.per_step_stats = true,
        // No longer guarded, in Prometheus neither.
        "promql-duration-expr" => {}
        _ => return false,
    }
    true
}

/// What the server was given. Names that are not known are warned of, as in Prometheus.
pub(crate) fn of_server(names: &[String]) -> Features {
    let mut features = Features::default();
    for name in names {
        if name == "promql-duration-expr" {
            warn!(feature = name, "durations are computed always; the feature does nothing");
        } else if !switch_on(name, &mut features) && !OF_OTHERS.contains(&name.as_str()) {
            warn!(feature = name, "unknown feature for --enable-feature");
        }
    }
    features
}

/// Whether `--config.auto-reload` is meant.
pub(crate) fn reloads_by_itself(names: &[String]) -> bool {
    let is_given = names.iter().any(|name| name == AUTO_RELOAD);
    if is_given {
        warn!(feature = AUTO_RELOAD, "the feature is an old name; say --config.auto-reload");
    }
    is_given
}

/// What of it scraping was given.
pub(crate) fn of_scrape(names: &[String]) -> ScrapeFeatures {
    let has = |name: &str| names.iter().any(|given| given == name);
    ScrapeFeatures {
        start_times_as_zeros: has("created-timestamp-zero-ingestion"),
        type_and_unit_labels: has("type-and-unit-labels"),
        extra_metrics: has("extra-scrape-metrics"),
    }
}

/// What a command was given, which may be all that the server is given; an unknown name is told and
/// passed over, as by promtool.
#[expect(clippy::print_stderr, reason = "a warning of a command")]
pub(crate) fn of_command(names: &[String]) -> Features {
    let mut features = Features::default();
    for name in names.iter().filter(|name| !name.is_empty()) {
        if !switch_on(name, &mut features) && !OF_OTHERS.contains(&name.as_str()) {
            eprintln!("  WARNING: Unknown feature passed to --enable-feature: {name}");
        }
    }
    features
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(list: &str) -> Vec<String> {
        list.split(',').map(str::to_owned).collect()
    }

    #[test]
    fn each_name_switches_its_part_on() {
        let list = "promql-experimental-functions,promql-extended-range-selectors,\
                    promql-binop-fill-modifiers,promql-delayed-name-removal,use-start-timestamps";
        assert_eq!(of_server(&names(list)), Features::ALL);
        assert!(of_server(&names("type-and-unit-labels")).type_and_unit_labels);
        assert!(of_server(&names("promql-per-step-stats")).per_step_stats);
        assert!(of_scrape(&names("x,type-and-unit-labels")).type_and_unit_labels);
        assert!(of_scrape(&names("created-timestamp-zero-ingestion")).start_times_as_zeros);
        let nothing = of_server(&names("promql-duration-expr,native-histograms,no-such-thing"));
        assert_eq!(nothing, Features::default());
    }
}
