//! Names and values by parts of them.

use super::parameters::{end, limit, selectors, start};
use super::series::metric_type;
use crate::endpoint::{Content, Endpoint, Parameter, Tag};
use crate::schema::{Schema, flag, list, number, object, one_of, text, word, words};
use crate::search;

/// What a search may end with.
const FAULTS: [u16; 3] = [400, 422, 500];

pub(super) fn endpoints() -> Vec<Endpoint> {
    let name = || object([("name", text())]).and_maybe([("score", number())]);
    let value = object([("value", text())]).and_maybe([("score", number())]);
    let metadata = [("type", metric_type()), ("help", text()), ("unit", text())];
    let metric_name = name().and_maybe(metadata);
    let with_metadata = "Whether the type, help and unit of metrics are told.";
    vec![
        Endpoint::get_or_post(
            "/search/metric_names",
            ["search-metric-names", "search-metric-names-post"],
            search::metric_names,
        )
        .about(Tag::Metadata, "Finds metrics by parts of their names")
        .takes(parameters())
        .takes([Parameter::flag("include_metadata", with_metadata)])
        .answers_with(200, lines(metric_name))
        .refuses(&FAULTS),
        Endpoint::get_or_post(
            "/search/label_names",
            ["search-label-names", "search-label-names-post"],
            search::label_names,
        )
        .about(Tag::Labels, "Finds labels by parts of their names")
        .takes(parameters())
        .answers_with(200, lines(name()))
        .refuses(&FAULTS),
        Endpoint::get_or_post(
            "/search/label_values",
            ["search-label-values", "search-label-values-post"],
            search::label_values,
        )
        .about(Tag::Labels, "Finds values of a label by parts of them")
        .takes([Parameter::required("label", text(), "The label.")])
        .takes(parameters())
        .answers_with(200, lines(value))
        .refuses(&FAULTS),
    ]
}

fn parameters() -> Vec<Parameter> {
    let fuzz: Vec<&str> = search::fuzz_names().collect();
    let score = "Whether it is told how near each result is.";
    let order = "By letters, or the nearest first.";
    vec![
        selectors("Of these series alone."),
        Parameter::many("search[]", "What is looked for; one of them has to be met."),
        start("None that ended before; an hour ago, unless it is given."),
        end("None that began after; now, unless it is given."),
        Parameter::optional("fuzz_alg", words(&fuzz), "How terms may differ."),
        Parameter::count("fuzz_threshold", "How near results are at least, from 0 to 100."),
        Parameter::flag("case_sensitive", "Whether case matters; it does, unless this says no."),
        Parameter::optional("sort_by", words(&["alpha", "score"]), order),
        Parameter::optional("sort_dir", words(&["asc", "dsc"]), "Up or down, with `alpha`."),
        Parameter::flag("include_score", score),
        limit("Results; 100, unless it is given."),
        Parameter::count("batch_size", "Results of a line; 100, unless it is given."),
    ]
}

/// Batches of results, and a trailer.
fn lines(row: Schema) -> Content {
    let batch = object([("results", list(row))]).and_maybe([("warnings", list(text()))]);
    let trailer = object([("status", word("success")), ("has_more", flag())]);
    Content::Lines(one_of([batch, trailer]))
}
