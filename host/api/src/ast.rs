//! `/api/v1/parse_query`: the tree of a query as JSON, in Prometheus' shape.

use axum::extract::State;
use narthex_model::Matcher;
use narthex_promql::{
    AtTime, Binary, Cardinality, Extension, Extra, Function, Length, LengthKind, LengthOp, Node,
    NodeKind, QueryError, Selector, TimeShift, ValueType,
};
use serde_json::{Map, Value, json};

use crate::envelope::{Answer, ok};
use crate::params::Params;
use crate::routes::Shared;

/// `/api/v1/parse_query`
pub(crate) async fn parse(State(rooms): Shared, params: Params) -> Answer {
    let expr = rooms.engine.parse(params.query()).map_err(QueryError::from)?;
    ok(&tree(expr.root()))
}

fn tree(node: &Node) -> Value {
    match &node.kind {
        NodeKind::Number { value, .. } => {
            json!({"type": "numberLiteral", "val": digits(*value)})
        }
        NodeKind::String(text) => json!({"type": "stringLiteral", "val": text}),
        NodeKind::Selector(selector) => {
            let mut fields = selection(selector);
            fields.insert("type".into(), "vectorSelector".into());
            Value::Object(fields)
        }
        NodeKind::Matrix { selector, range } => {
            let mut fields = selection(selector);
            fields.insert("type".into(), "matrixSelector".into());
            length(&mut fields, "range", Some(range), &below);
            Value::Object(fields)
        }
        NodeKind::Subquery { expr, range, step, time } => {
            let mut fields = Map::new();
            fields.insert("type".into(), "subquery".into());
            fields.insert("expr".into(), tree(expr));
            length(&mut fields, "range", Some(range), &below);
            length(&mut fields, "step", step.as_ref(), &below);
            shift(&mut fields, time);
            Value::Object(fields)
        }
        NodeKind::Paren(expr) => json!({"type": "parenExpr", "expr": tree(expr)}),
        NodeKind::Unary { negative, expr } => {
            let op = if *negative { "-" } else { "+" };
            json!({"type": "unaryExpr", "op": op, "expr": tree(expr)})
        }
        NodeKind::Binary(binary) => json!({
            "type": "binaryExpr",
            "op": binary.op.symbol(),
            "lhs": tree(&binary.lhs),
            "rhs": tree(&binary.rhs),
            "matching": matching(binary),
            "bool": binary.return_bool,
        }),
        NodeKind::Aggregate(aggregate) => json!({
            "type": "aggregation",
            "op": aggregate.op.name(),
            "expr": tree(&aggregate.expr),
            "param": aggregate.param.as_ref().map(tree),
            "grouping": aggregate.grouping.labels,
            "without": aggregate.grouping.without,
        }),
        NodeKind::Call { function, args } => json!({
            "type": "call",
            "func": signature(function),
            "args": args.iter().map(tree).collect::<Vec<_>>(),
        }),
    }
}

/// A number without an exponent.
fn digits(value: f64) -> String {
    if value.is_infinite() {
        return if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    value.to_string()
}

fn signature(function: &Function) -> Value {
    let variadic = match function.extra {
        Extra::None => 0,
        Extra::UpTo(count) => i64::try_from(count).unwrap_or(i64::MAX),
        Extra::Any => -1,
    };
    json!({
        "name": function.name,
        "argTypes": function.args.iter().map(|kind| kind.name()).collect::<Vec<_>>(),
        "variadic": variadic,
        "returnType": function.returns.name(),
    })
}

/// How the sides of an operator find each other; nothing where one is a scalar.
fn matching(binary: &Binary) -> Value {
    let sides = [&binary.lhs, &binary.rhs].map(Node::value_type);
    if sides != [ValueType::Vector; 2] {
        return Value::Null;
    }
    let matching = &binary.matching;
    let card = match matching.cardinality {
        Cardinality::OneToOne if binary.op.is_set() => "many-to-many",
        Cardinality::OneToOne => "one-to-one",
        Cardinality::ManyToOne => "many-to-one",
        Cardinality::OneToMany => "one-to-many",
    };
    json!({
        "card": card,
        "labels": matching.labels,
        "on": matching.on,
        "include": matching.include,
        "fillValues": {"lhs": matching.fill_left, "rhs": matching.fill_right},
    })
}

fn selection(selector: &Selector) -> Map<String, Value> {
    let mut fields = Map::new();
    fields.insert("name".into(), selector.name.as_deref().unwrap_or("").into());
    fields.insert("matchers".into(), selector.matchers.iter().map(matcher).collect());
    fields.insert("anchored".into(), (selector.extension == Extension::Anchored).into());
    fields.insert("smoothed".into(), (selector.extension == Extension::Smoothed).into());
    shift(&mut fields, &selector.time);
    fields
}

fn matcher(matcher: &Matcher) -> Value {
    json!({"name": matcher.name(), "value": matcher.value(), "type": matcher.op().symbol()})
}

fn shift(fields: &mut Map<String, Value>, time: &TimeShift) {
    length(fields, "offset", time.offset.as_ref(), &offset_below);
    let (timestamp, bound) = match time.at {
        None => (Value::Null, Value::Null),
        Some(AtTime::Fixed(at)) => (at.millis().into(), Value::Null),
        Some(AtTime::Start) => (Value::Null, "start".into()),
        Some(AtTime::End) => (Value::Null, "end".into()),
    };
    fields.insert("timestamp".into(), timestamp);
    fields.insert("startOrEnd".into(), bound);
}

/// A duration as milliseconds under `key`, or as a tree under `keyExpr`.
fn length(
    fields: &mut Map<String, Value>,
    key: &str,
    length: Option<&Length>,
    tree: &dyn Fn(&Length) -> Value,
) {
    let (millis, expr) = match length.map(|length| (&length.kind, length)) {
        None => (0, Value::Null),
        Some((LengthKind::Literal { seconds, .. }, _)) => (millis(*seconds), Value::Null),
        Some((_, length)) => (0, tree(length)),
    };
    fields.insert(key.into(), millis.into());
    fields.insert(format!("{key}Expr"), expr);
}

/// Rounded to nanoseconds first, as Prometheus does: 0.3 is 300 ms.
#[expect(clippy::cast_possible_truncation, reason = "literals are within 64 bits of nanoseconds")]
fn millis(seconds: f64) -> i64 {
    (seconds * 1e9).round() as i64 / 1_000_000
}

/// The duration behind `offset`. Only there a plus sign before a call is kept.
fn offset_below(length: &Length) -> Value {
    if let LengthKind::Unary { negative: false, operand } = &length.kind
        && is_call(operand)
    {
        return duration("+", &[Value::Null, below(operand)], false);
    }
    below(length)
}

fn is_call(length: &Length) -> bool {
    match &length.kind {
        LengthKind::Step | LengthKind::Range => true,
        LengthKind::Binary { op, .. } => matches!(op, LengthOp::MinOf | LengthOp::MaxOf),
        LengthKind::Literal { .. } | LengthKind::Unary { .. } | LengthKind::Paren(_) => false,
    }
}

fn below(length: &Length) -> Value {
    match &length.kind {
        LengthKind::Literal { seconds, is_duration } => json!({
            "type": "numberLiteral",
            "val": digits(*seconds),
            "duration": is_duration,
        }),
        LengthKind::Step => duration("step", &[Value::Null, Value::Null], false),
        LengthKind::Range => duration("range", &[Value::Null, Value::Null], false),
        LengthKind::Unary { negative: false, operand } => below(operand),
        LengthKind::Unary { negative: true, operand } => {
            duration("-", &[Value::Null, below(operand)], false)
        }
        LengthKind::Binary { op, lhs, rhs } => {
            duration(symbol(*op), &[below(lhs), below(rhs)], false)
        }
        LengthKind::Paren(inner) => match below(inner) {
            // A literal within parentheses is shown as an expression of its own.
            literal if literal.get("op").is_none() => duration("+", &[Value::Null, literal], true),
            mut inner => {
                if let Some(fields) = inner.as_object_mut() {
                    fields.insert("wrapped".into(), true.into());
                }
                inner
            }
        },
    }
}

const fn symbol(op: LengthOp) -> &'static str {
    match op {
        LengthOp::Add => "+",
        LengthOp::Sub => "-",
        LengthOp::Mul => "*",
        LengthOp::Div => "/",
        LengthOp::Mod => "%",
        LengthOp::Pow => "^",
        LengthOp::MinOf => "min_of",
        LengthOp::MaxOf => "max_of",
    }
}

fn duration(op: &str, sides: &[Value; 2], wrapped: bool) -> Value {
    let [lhs, rhs] = sides;
    json!({"type": "durationExpr", "op": op, "lhs": lhs, "rhs": rhs, "wrapped": wrapped})
}

#[cfg(test)]
mod tests;
