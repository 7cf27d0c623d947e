//! Queries, and what is said about them.

use super::parameters::{end, limit, start};
use crate::endpoint::{Endpoint, Parameter, Tag};
use crate::schema::{
    Schema, epoch_seconds, flag, labels, list, named, number, number_text, object, one_of, text,
    tuple, whole, word, words,
};
use crate::{ast, exemplars, explain, query};

/// What a query may end with.
const FAULTS: [u16; 5] = [400, 422, 499, 500, 503];

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::get_or_post("/query", ["query", "query-post"], query::instant)
            .about(Tag::Query, "Evaluates a query at a time")
            .takes([
                asked("The query."),
                Parameter::time("time", "The time; now, unless it is given."),
                limit("Series of the answer; 0 is no bound."),
            ])
            .takes(options())
            .answers(named("QueryData", answer))
            .refuses(&FAULTS),
        Endpoint::get_or_post("/query_range", ["query-range", "query-range-post"], query::range)
            .about(Tag::Query, "Evaluates a query at each step of a range")
            .takes([
                asked("The query."),
                start("The first time.").needed(),
                end("No step is after it.").needed(),
                Parameter::duration("step", "From one time to the next.").needed(),
                limit("Series of the answer; 0 is no bound."),
            ])
            .takes(options())
            .answers(named("QueryData", answer))
            .refuses(&FAULTS),
        Endpoint::get_or_post(
            "/query_explain",
            ["query-explain", "query-explain-post"],
            explain::explain,
        )
        .about(Tag::Query, "Shows the plan of a query, and what it cost")
        .takes([
            asked("The query."),
            Parameter::time("time", "The time of a query at one time; now, unless it is given."),
            start("The first time of a query over a range."),
            end("The last time of a query over a range."),
            Parameter::duration("step", "The step of a query over a range."),
            Parameter::flag("analyze", "Whether the query is run, to tell what it cost."),
        ])
        .takes(options())
        .answers(explanation())
        .refuses(&FAULTS),
        Endpoint::get_or_post(
            "/query_exemplars",
            ["query-exemplars", "query-exemplars-post"],
            exemplars::exemplars,
        )
        .about(Tag::Query, "Finds exemplars of the series that a query reads")
        .takes([asked("The query."), start("None is older."), end("None is newer.")])
        .answers(list(object([
            ("seriesLabels", labels()),
            ("exemplars", list(named("Exemplar", exemplar))),
        ])))
        .refuses(&[400, 422, 500]),
        Endpoint::get_or_post(
            "/format_query",
            ["format-query", "format-query-post"],
            query::format,
        )
        .about(Tag::Query, "Writes a query as it is read best")
        .takes([asked("The query.")])
        .answers(text())
        .refuses(&[400]),
        Endpoint::get_or_post("/parse_query", ["parse-query", "parse-query-post"], ast::parse)
            .about(Tag::Query, "Takes a query to pieces")
            .takes([asked("The query.")])
            .answers(named("QueryNode", node))
            .refuses(&[400]),
    ]
}

fn asked(about: &'static str) -> Parameter {
    Parameter::required("query", text(), about)
}

/// What all kinds of evaluation take.
fn options() -> [Parameter; 3] {
    let stats = "`true`: what the query cost is told; `all`: for each step, too.";
    [
        Parameter::duration("timeout", "How long it may take, if that is less than the server's."),
        Parameter::duration("lookback_delta", "How far back a sample may be, for this query."),
        Parameter::optional("stats", text(), stats),
    ]
}

fn answer() -> Schema {
    let data = |kind, result| {
        let data = object([("resultType", word(kind)), ("result", result)]);
        data.and_maybe([("stats", named("QueryStats", stats))])
    };
    one_of([
        data("vector", list(named("Sample", sample))),
        data("matrix", list(named("Range", range))),
        data("scalar", point()),
        data("string", tuple([epoch_seconds(), text()])),
    ])
}

/// A time and a value.
fn point() -> Schema {
    tuple([epoch_seconds(), number_text()])
}

fn histogram_point() -> Schema {
    tuple([epoch_seconds(), named("Histogram", histogram)])
}

fn sample() -> Schema {
    let sample = object([("metric", labels())]);
    sample.and_maybe([("value", point()), ("histogram", histogram_point())])
}

fn range() -> Schema {
    let range = object([("metric", labels())]);
    range.and_maybe([("values", list(point())), ("histograms", list(histogram_point()))])
}

fn histogram() -> Schema {
    let rule = whole().about(
        "Which bounds belong to the bucket: 0 the upper, 1 the lower, 2 none, 3 both of them.",
    );
    let bucket = tuple([rule, number_text(), number_text(), number_text()])
        .about("The rule of its bounds, the lower one, the upper one, and the count.");
    let histogram = object([("count", number_text()), ("sum", number_text())]);
    histogram.and_maybe([("buckets", list(bucket))])
}

fn stats() -> Schema {
    let timings = object([
        ("evalTotalTime", number()),
        ("resultSortTime", number()),
        ("queryPreparationTime", number()),
        ("innerEvalTime", number()),
        ("execQueueTime", number()),
        ("execTotalTime", number()),
    ]);
    let samples = object([
        ("totalQueryableSamples", whole()),
        ("samplesRead", whole()),
        ("peakSamples", whole()),
    ]);
    let of_steps = list(tuple([epoch_seconds(), whole()]));
    object([
        ("timings", timings.about("Seconds.")),
        ("samples", samples.and_maybe([("totalQueryableSamplesPerStep", of_steps)])),
    ])
}

fn exemplar() -> Schema {
    object([("labels", labels()), ("value", number_text()), ("timestamp", epoch_seconds())])
}

fn explanation() -> Schema {
    let plan = object([
        ("query", text()),
        ("estimate", named("Estimate", estimate)),
        ("memoryLimitBytes", whole()),
        ("isWithinMemoryLimit", flag()),
        ("plan", named("PlanNode", plan_node)),
    ]);
    let actual = object([
        ("series", whole()),
        ("samples", whole()),
        ("peakSamples", whole()),
        ("peakBytes", whole()),
        ("seconds", number()),
    ]);
    plan.and_maybe([("actual", actual)])
}

fn estimate() -> Schema {
    object([("series", whole()), ("samples", whole()), ("rows", whole()), ("heldBytes", whole())])
}

fn plan_node() -> Schema {
    let position = object([("start", whole()), ("end", whole())]);
    let node = object([
        ("operator", text()),
        ("detail", text()),
        ("query", text()),
        ("position", position.about("Bytes of the query.")),
        ("steps", whole()),
        ("estimate", named("Estimate", estimate)),
        ("inputs", list(named("PlanNode", plan_node))),
    ]);
    let actual = object([
        ("rows", whole()),
        ("values", whole()),
        ("bytes", whole()),
        ("samples", whole()),
        ("seconds", number()),
    ]);
    node.and_maybe([("actual", actual)])
}

/// A node of the tree of a query. A duration that is no literal is a tree, too.
fn node() -> Schema {
    let below = || named("QueryNode", node);
    let kind = |name| object([("type", word(name))]);
    one_of([
        kind("numberLiteral").and([("val", text())]).and_maybe([("duration", flag())]),
        kind("stringLiteral").and([("val", text())]),
        selector(kind("vectorSelector")),
        selector(kind("matrixSelector"))
            .and([("range", millis()), ("rangeExpr", below().or_null())]),
        shifted(kind("subquery")).and([
            ("expr", below()),
            ("range", millis()),
            ("rangeExpr", below().or_null()),
            ("step", millis()),
            ("stepExpr", below().or_null()),
        ]),
        kind("parenExpr").and([("expr", below())]),
        kind("unaryExpr").and([("op", text()), ("expr", below())]),
        kind("binaryExpr").and([
            ("op", text()),
            ("lhs", below()),
            ("rhs", below()),
            ("matching", matching().or_null()),
            ("bool", flag()),
        ]),
        kind("aggregation").and([
            ("op", text()),
            ("expr", below()),
            ("param", below().or_null()),
            ("grouping", list(text())),
            ("without", flag()),
        ]),
        kind("call").and([("func", function()), ("args", list(below()))]),
        kind("durationExpr").and([
            ("op", text()),
            ("lhs", below().or_null()),
            ("rhs", below().or_null()),
            ("wrapped", flag()),
        ]),
    ])
}

fn millis() -> Schema {
    whole().about("Milliseconds; 0 where it is a tree.")
}

fn selector(node: Schema) -> Schema {
    let matcher =
        object([("name", text()), ("value", text()), ("type", words(&["=", "!=", "=~", "!~"]))]);
    shifted(node).and([
        ("name", text()),
        ("matchers", list(matcher)),
        ("anchored", flag()),
        ("smoothed", flag()),
    ])
}

/// What reads at another time.
fn shifted(node: Schema) -> Schema {
    node.and([
        ("offset", millis()),
        ("offsetExpr", named("QueryNode", self::node).or_null()),
        ("timestamp", whole().or_null()),
        ("startOrEnd", words(&["start", "end"]).or_null()),
    ])
}

fn function() -> Schema {
    let arguments = whole().about("Arguments that may be left out; -1: as many as one likes more.");
    object([
        ("name", text()),
        ("argTypes", list(value_type())),
        ("variadic", arguments),
        ("returnType", value_type()),
    ])
}

fn value_type() -> Schema {
    words(&["scalar", "vector", "matrix", "string"])
}

fn matching() -> Schema {
    let fills = object([("lhs", number().or_null()), ("rhs", number().or_null())]);
    object([
        ("card", words(&["one-to-one", "many-to-one", "one-to-many", "many-to-many"])),
        ("labels", list(text())),
        ("on", flag()),
        ("include", list(text())),
        ("fillValues", fills),
    ])
}
