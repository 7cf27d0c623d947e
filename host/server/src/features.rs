//! `--enable-feature`: what of it concerns queries.

use narthex_promql::Features;
use tracing::warn;

/// The guarded parts of the query language that these names switch on. Names that are not known
/// are warned of, as in Prometheus.
pub(crate) fn of_queries(names: &[String]) -> Features {
    let mut features = Features::default();
    for name in names {
        match name.as_str() {
            "promql-experimental-functions" => features.experimental_functions = true,
            "promql-extended-range-selectors" => features.extended_range_selectors = true,
            "promql-binop-fill-modifiers" => features.binop_fill_modifiers = true,
            "promql-delayed-name-removal" => features.delayed_name_removal = true,
            "use-start-timestamps" => features.start_timestamps = true,
            "type-and-unit-labels" => features.type_and_unit_labels = true,
            "promql-per-step-stats" => features.per_step_stats = true,
            "promql-duration-expr" => {
                warn!(feature = name, "durations are computed always; the feature does nothing");
            }
            // Served with or without the flag; the last is asked for by the store's flags.
            "exemplar-storage"
            | "native-histograms"
            | "memory-snapshot-on-shutdown"
            | "ooo-native-histograms"
            | "delayed-compaction"
            | "xor2-encoding" => {}
            other => warn!(feature = other, "unknown feature for --enable-feature"),
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
        assert_eq!(of_queries(&names(list)), Features::ALL);
        assert!(of_queries(&names("type-and-unit-labels")).type_and_unit_labels);
        assert!(of_queries(&names("promql-per-step-stats")).per_step_stats);
        let nothing = of_queries(&names("promql-duration-expr,native-histograms,no-such-thing"));
        assert_eq!(nothing, Features::default());
    }
}
