//! The test cases of the OpenMetrics project, judged as Prometheus judges them.

use std::path::PathBuf;

use narthex_exposition::{Entry, Format, Parser};

/// Cases that the suite calls bad and Prometheus takes, by reason. Prometheus reads line by line:
/// what only the whole family could tell is not checked, so that a scrape needs no memory for it.
const TAKEN: [(&str, &[&str]); 8] = [
    (
        "values are not checked against the type (NaN, negative or falling counts)",
        &[
            "bad_counter_values_0",
            "bad_counter_values_2",
            "bad_counter_values_4",
            "bad_counter_values_6",
            "bad_counter_values_8",
            "bad_counter_values_10",
            "bad_counter_values_12",
            "bad_counter_values_14",
            "bad_counter_values_16",
            "bad_counter_values_18",
            "bad_info_and_stateset_values_1",
            "bad_stateset_info_values_1",
            "bad_stateset_info_values_3",
        ],
    ),
    (
        "a histogram's lines are not compared with one another",
        &[
            "bad_histograms_0",
            "bad_histograms_3",
            "bad_histograms_7",
            "bad_histograms_9",
            "bad_histograms_10",
            "bad_histograms_14",
        ],
    ),
    ("`+INF` in `le` is a number and is written `+Inf`", &["bad_histograms_12"]),
    (
        "labels are not checked against the type",
        &[
            "bad_missing_or_invalid_labels_for_a_type_1",
            "bad_missing_or_invalid_labels_for_a_type_3",
            "bad_missing_or_invalid_labels_for_a_type_5",
            "bad_missing_or_invalid_labels_for_a_type_7",
        ],
    ),
    (
        "families may interleave, and timestamps of a series are left to the store",
        &[
            "bad_grouping_or_ordering_0",
            "bad_grouping_or_ordering_3",
            "bad_grouping_or_ordering_5",
            "bad_grouping_or_ordering_7",
            "bad_grouping_or_ordering_9",
            "bad_grouping_or_ordering_10",
        ],
    ),
    (
        "metadata may repeat, clash or come late: the last one counts",
        &[
            "bad_clashing_names_1",
            "bad_metadata_in_wrong_place_1",
            "bad_repeated_metadata_1",
            "bad_repeated_metadata_3",
            "bad_unit_6",
        ],
    ),
    (
        "exemplars may stand at any sample and be of any length",
        &[
            "bad_exemplar_complex_chars",
            "bad_exemplars_on_unallowed_metric_types_1",
            "bad_exemplars_on_unallowed_samples_0",
            "bad_exemplars_on_unallowed_samples_2",
        ],
    ),
    ("a comma may follow the last label", &["bad_missing_or_extra_commas_2"]),
];

fn parse(body: &[u8]) -> Result<(), String> {
    let mut parser = Parser::new(body, Format::OpenMetrics);
    while let Some(entry) = parser.next_entry().map_err(|error| error.to_string())? {
        if let Entry::Sample(sample) = entry {
            sample.series.labels().map_err(|error| error.to_string())?;
            for exemplar in sample.reading.exemplars {
                exemplar.labels().map_err(|error| error.to_string())?;
            }
        }
    }
    Ok(())
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the suite lies outside the project")]
fn the_suite_is_judged_as_prometheus_judges_it() {
    // From the package's folder, where cargo runs its tests.
    let project = "../..";
    let suite = std::env::var("NARTHEX_CONFORMANCE").map(PathBuf::from);
    let suite = suite.unwrap_or_else(|_| PathBuf::from(project).join("../shared/conformance"));
    let Ok(cases) = suite.join("openmetrics").read_dir() else {
        println!("SKIPPED: {} holds no folder openmetrics", suite.display());
        return;
    };
    let mut wrong = Vec::new();
    let mut count = 0;
    for case in cases {
        let folder = case.unwrap().path();
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        let verdict = std::fs::read_to_string(folder.join("test.json")).unwrap();
        let verdict: serde_json::Value = serde_json::from_str(&verdict).unwrap();
        let taken = TAKEN.iter().any(|(_, names)| names.contains(&name.as_str()));
        let should_parse = verdict["shouldParse"].as_bool().unwrap();
        if taken && should_parse {
            wrong.push(format!("{name}: listed as a difference, and none"));
        }
        let expected = should_parse || taken;
        let outcome = parse(&std::fs::read(folder.join("metrics")).unwrap());
        if outcome.is_ok() != expected {
            wrong.push(format!("{name}: expected to parse: {expected}, got {outcome:?}"));
        }
        count += 1;
    }
    wrong.sort();
    assert!(wrong.is_empty(), "{} of {count} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(count > 100, "the suite has {count} cases");
}
