//! The plan of a query.

use axum::extract::State;
use narthex_model::Timestamp;
use narthex_promql::{Cost, Explanation, PlanNode, Query, Times};
use serde_json::{Value, json};

use crate::envelope::{Answer, ApiError, ok};
use crate::origin::Origin;
use crate::params::Params;
use crate::query::run::run;
use crate::query::{options, range_times};
use crate::routes::Shared;

/// `/api/v1/query_explain`: of a query at `time`, or of a range query when `start` is given. With
/// `analyze=true` the query is run, and what each operator did stands beside what was expected.
pub(crate) async fn explain(State(rooms): Shared, origin: Origin, params: Params) -> Answer {
    let times = if params.get("start").is_some() {
        range_times(&params)?
    } else {
        let now = Timestamp::from_millis(rooms.clock.now_millis());
        Times::Instant(params.time_or("time", now)?)
    };
    let analyze = match params.get("analyze") {
        None | Some("" | "false" | "0") => false,
        Some("true" | "1") => true,
        Some(other) => {
            let why = format!("invalid parameter \"analyze\": {other:?} is not true or false");
            return Err(ApiError::bad_data(why));
        }
    };
    let options = options(&params, origin)?;
    let cancel = options.cancel.clone();
    let (engine, query) = (rooms.engine.clone(), params.query().to_owned());
    let text = query.clone();
    let understand = move || {
        let asked = engine.query(&text, times, &options)?;
        // A plan is no query once it is made.
        Ok(if analyze { asked } else { asked.untold() })
    };
    let explain = move |asked: Query| Ok(shape(&asked.explain(analyze)?, &query));
    ok(&run::<Value>(cancel, understand, explain).await?)
}

fn shape(explanation: &Explanation, query: &str) -> Value {
    let Explanation { root, expected, memory_max, stats } = explanation;
    let mut shaped = json!({
        "query": query,
        "estimate": estimate(expected),
        "memoryLimitBytes": memory_max,
        "isWithinMemoryLimit": expected.held_bytes <= *memory_max,
        "plan": node(root, query),
    });
    if let (Some(stats), Value::Object(fields)) = (stats, &mut shaped) {
        let actual = json!({
            "series": stats.series,
            "samples": stats.samples,
            "peakSamples": stats.samples_peak,
            "peakBytes": stats.bytes_peak,
            "seconds": stats.evaluated.as_secs_f64(),
        });
        fields.insert("actual".to_owned(), actual);
    }
    shaped
}

fn estimate(cost: &Cost) -> Value {
    json!({
        "series": cost.series,
        "samples": cost.samples,
        "rows": cost.rows,
        "heldBytes": cost.held_bytes,
    })
}

fn node(plan: &PlanNode, query: &str) -> Value {
    let PlanNode { operator, detail, span, steps, cost, actual, inputs } = plan;
    let mut shaped = json!({
        "operator": operator,
        "detail": detail,
        "query": query.get(span.start..span.end).unwrap_or_default(),
        "position": { "start": span.start, "end": span.end },
        "steps": steps,
        "estimate": estimate(cost),
        "inputs": inputs.iter().map(|input| node(input, query)).collect::<Vec<Value>>(),
    });
    if let (Some(actual), Value::Object(fields)) = (actual, &mut shaped) {
        let actual = json!({
            "rows": actual.rows,
            "values": actual.values,
            "bytes": actual.bytes,
            "samples": actual.samples,
            "seconds": actual.took.as_secs_f64(),
        });
        fields.insert("actual".to_owned(), actual);
    }
    shaped
}
