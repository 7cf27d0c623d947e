//! Series, their labels, and what metrics are.

use super::parameters::{end, limit, selectors, start};
use crate::endpoint::{Endpoint, Parameter, Tag};
use crate::schema::{Schema, labels, list, map, object, text, words};
use crate::series;

/// What a read may end with.
const FAULTS: [u16; 3] = [400, 422, 500];

pub(super) fn endpoints() -> Vec<Endpoint> {
    let range = || [start("None that ended before."), end("None that began after.")];
    let bound = || limit("The most that are answered; 0 is no bound.");
    vec![
        Endpoint::get_or_post("/labels", ["labels", "labels-post"], series::names)
            .about(Tag::Labels, "Lists the names of labels")
            .takes([selectors("Of these series alone."), bound()])
            .takes(range())
            .answers(list(text()))
            .refuses(&FAULTS),
        Endpoint::get("/label/{name}/values", "label-values", series::values)
            .about(Tag::Labels, "Lists the values of a label")
            .takes([
                Parameter::in_path(
                    "name",
                    text(),
                    "The label; after `U__` its letters are escaped.",
                ),
                selectors("Of these series alone."),
                bound(),
            ])
            .takes(range())
            .answers(list(text()))
            .refuses(&FAULTS),
        Endpoint::get_or_post("/series", ["series", "series-post"], series::series)
            .about(Tag::Series, "Finds series")
            .takes([selectors("These series.").needed(), bound()])
            .takes(range())
            .answers(list(labels()))
            .refuses(&FAULTS),
        Endpoint::get("/metadata", "get-metadata", series::metadata)
            .about(Tag::Metadata, "Tells what metrics are")
            .takes([
                Parameter::optional("metric", text(), "Of this metric alone."),
                Parameter::count("limit", "Metrics; all, unless it is given."),
                Parameter::count("limit_per_metric", "Entries of each metric; there is one."),
            ])
            .answers(map(list(object([
                ("type", metric_type()),
                ("help", text()),
                ("unit", text()),
            ]))))
            .refuses(&[400]),
    ]
}

pub(super) fn metric_type() -> Schema {
    words(&[
        "counter",
        "gauge",
        "histogram",
        "gaugehistogram",
        "summary",
        "info",
        "stateset",
        "unknown",
    ])
}
