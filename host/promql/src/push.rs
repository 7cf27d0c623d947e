//! Matchers carried from one side of an operator to the other.
//!
//! `a{job="x"} / on (job) b` needs no series of `b` but those of job `x`: what one side demands of a
//! label that both must share, the other side may as well be asked for. This is done only where the
//! answer stays the same, its errors included:
//!
//! - the label comes unchanged from a selector that names one metric, on both sides;
//! - for `and` and `unless`, whose sides are never at fault; for other operators only where series of
//!   the side of one cannot share a match group, since that is an error even between series that
//!   match nothing;
//! - not below `rate` and `increase` of what is no counter by its name, which is remarked on.
//!
//! What is remarked on about series that could not be in the answer may be gone with them.

use narthex_model::{BUCKET_LABEL, METRIC_NAME, MatchOp, Matcher};

use crate::ast::{
    AggregateOp, Binary, BinaryOp, Cardinality, Grouping, Matching, Node, NodeKind, Selector,
    ValueType,
};
use crate::eval::{COUNTER_SUFFIXES, METADATA_LABELS};
use crate::functions::FunctionId;

/// The tree with matchers carried over; nothing when there are none to carry.
pub(crate) fn push(root: &Node) -> Option<Node> {
    let mut joins = false;
    root.visit(&mut |node| joins |= join_of(node).is_some());
    if !joins {
        return None;
    }
    let mut root = root.clone();
    let mut changed = false;
    walk(&mut root, &mut changed);
    changed.then_some(root)
}

/// An operator between two vectors.
fn join_of(node: &Node) -> Option<&Binary> {
    let NodeKind::Binary(binary) = &node.kind else { return None };
    let is_vector = |side: &Node| side.value_type() == ValueType::Vector;
    (is_vector(&binary.lhs) && is_vector(&binary.rhs)).then_some(binary)
}

/// The inner operators first, so that what they carry can be carried on.
fn walk(node: &mut Node, changed: &mut bool) {
    match &mut node.kind {
        NodeKind::Number { .. }
        | NodeKind::String(_)
        | NodeKind::Selector(_)
        | NodeKind::Matrix { .. } => {}
        NodeKind::Subquery { expr, .. } | NodeKind::Paren(expr) | NodeKind::Unary { expr, .. } => {
            walk(expr, changed);
        }
        NodeKind::Aggregate(aggregate) => {
            walk(&mut aggregate.expr, changed);
            if let Some(param) = &mut aggregate.param {
                walk(param, changed);
            }
        }
        NodeKind::Call { args, .. } => args.iter_mut().for_each(|arg| walk(arg, changed)),
        NodeKind::Binary(binary) => {
            walk(&mut binary.lhs, changed);
            walk(&mut binary.rhs, changed);
        }
    }
    if join_of(node).is_some()
        && let NodeKind::Binary(binary) = &mut node.kind
    {
        between(binary, changed);
    }
}

fn between(binary: &mut Binary, changed: &mut bool) {
    let Binary { op, matching, lhs, rhs, .. } = binary;
    let (to_left, to_right) = match op {
        BinaryOp::Or => return,
        BinaryOp::And => (true, true),
        BinaryOp::Unless => (false, true),
        BinaryOp::Add
        | BinaryOp::Sub
        | BinaryOp::Mul
        | BinaryOp::Div
        | BinaryOp::Mod
        | BinaryOp::Pow
        | BinaryOp::Atan2
        | BinaryOp::Equal
        | BinaryOp::NotEqual
        | BinaryOp::Greater
        | BinaryOp::Less
        | BinaryOp::GreaterEqual
        | BinaryOp::LessEqual
        | BinaryOp::TrimUpper
        | BinaryOp::TrimLower => {
            let one = if matching.cardinality == Cardinality::OneToMany { &*lhs } else { &*rhs };
            let is_exact = !matching.fills() && is_unique(one, matching);
            (is_exact, is_exact)
        }
    };
    if to_left {
        carry(rhs, lhs, matching, changed);
    }
    if to_right {
        carry(lhs, rhs, matching, changed);
    }
}

/// Adds to one side what the other demands of the labels that both share.
fn carry(from: &mut Node, to: &mut Node, matching: &Matching, changed: &mut bool) {
    let Some(selector) = selector_of(from, None) else { return };
    let demands = |matcher: &&Matcher| {
        matcher.op() == MatchOp::Equal
            && !matcher.value().is_empty()
            && counts(matching, matcher.name())
    };
    let demands: Vec<Matcher> = selector.matchers.iter().filter(demands).cloned().collect();
    for matcher in demands {
        if selector_of(from, Some(matcher.name())).is_none() {
            continue;
        }
        let Some(selector) = selector_of(to, Some(matcher.name())) else { continue };
        if !selector.matchers.contains(&matcher) {
            selector.matchers.push(matcher);
            *changed = true;
        }
    }
}

/// Whether the label counts for a match, and both sides surely still have it: functions drop what
/// says what a metric is.
fn counts(matching: &Matching, label: &str) -> bool {
    if METADATA_LABELS.contains(&label) {
        return false;
    }
    let is_listed = matching.labels.iter().any(|listed| listed == label);
    if matching.on { is_listed } else { !is_listed }
}

fn names_one_metric(selector: &Selector) -> bool {
    let is_name =
        |matcher: &Matcher| matcher.name() == METRIC_NAME && matcher.op() == MatchOp::Equal;
    selector.matchers.iter().any(is_name)
}

/// The selector of one metric that the rows of a node come from, if `label` comes from it unchanged.
fn selector_of<'n>(node: &'n mut Node, label: Option<&str>) -> Option<&'n mut Selector> {
    match &mut node.kind {
        NodeKind::Selector(selector) | NodeKind::Matrix { selector, .. } => {
            names_one_metric(selector).then_some(selector)
        }
        NodeKind::Subquery { expr, .. } | NodeKind::Paren(expr) | NodeKind::Unary { expr, .. } => {
            selector_of(expr, label)
        }
        NodeKind::Aggregate(aggregate) => {
            let keeps = label.is_none_or(|label| keeps(&aggregate.grouping, label));
            let passes = keeps && aggregate.op != AggregateOp::CountValues;
            if passes { selector_of(&mut aggregate.expr, label) } else { None }
        }
        NodeKind::Binary(binary) => {
            let (lhs, rhs) = (binary.lhs.value_type(), binary.rhs.value_type());
            match (lhs, rhs) {
                (ValueType::Vector, ValueType::Scalar) => selector_of(&mut binary.lhs, label),
                (ValueType::Scalar, ValueType::Vector) => selector_of(&mut binary.rhs, label),
                _ => None,
            }
        }
        NodeKind::Call { function, args } => {
            let id = function.id;
            let is_series =
                |arg: &Node| matches!(arg.value_type(), ValueType::Vector | ValueType::Matrix);
            if !passes_labels(id, label) {
                return None;
            }
            let selector = selector_of(args.iter_mut().find(|arg| is_series(arg))?, label)?;
            let suspects = matches!(id, FunctionId::Rate | FunctionId::Increase);
            let name = selector.name.as_deref().unwrap_or("");
            let is_counter = COUNTER_SUFFIXES.iter().any(|suffix| name.ends_with(suffix));
            (!suspects || is_counter).then_some(selector)
        }
        NodeKind::Number { .. } | NodeKind::String(_) => None,
    }
}

fn keeps(grouping: &Grouping, label: &str) -> bool {
    grouping.labels.iter().any(|listed| listed == label) != grouping.without
}

/// Whether rows keep the labels of the series that they are computed of.
#[expect(clippy::wildcard_enum_match_arm, reason = "all others work on each series by itself")]
fn passes_labels(function: FunctionId, label: Option<&str>) -> bool {
    match function {
        FunctionId::Absent
        | FunctionId::AbsentOverTime
        | FunctionId::HistogramQuantiles
        | FunctionId::Info
        | FunctionId::LabelJoin
        | FunctionId::LabelReplace
        | FunctionId::Scalar
        | FunctionId::VectorOf => false,
        FunctionId::HistogramQuantile | FunctionId::HistogramFraction => {
            label != Some(BUCKET_LABEL)
        }
        _ => true,
    }
}

/// Whether no two rows of a node can fall into one match group.
fn is_unique(node: &Node, matching: &Matching) -> bool {
    match &node.kind {
        NodeKind::Paren(expr) | NodeKind::Unary { expr, .. } => is_unique(expr, matching),
        NodeKind::Aggregate(aggregate) => {
            let Grouping { without, labels } = &aggregate.grouping;
            let puts_together = !matches!(
                aggregate.op,
                AggregateOp::Topk
                    | AggregateOp::Bottomk
                    | AggregateOp::Limitk
                    | AggregateOp::LimitRatio
                    | AggregateOp::CountValues
            );
            puts_together && !without && labels.iter().all(|label| counts(matching, label))
        }
        _ if matching.on || !matching.labels.is_empty() => false,
        NodeKind::Selector(selector) => names_one_metric(selector),
        NodeKind::Call { function, args } => {
            let range = args.iter().find(|arg| arg.value_type() == ValueType::Matrix);
            match range.map(|range| &range.unwrapped().kind) {
                Some(NodeKind::Matrix { selector, .. }) => {
                    passes_labels(function.id, None) && names_one_metric(selector)
                }
                _ => false,
            }
        }
        NodeKind::Number { .. }
        | NodeKind::String(_)
        | NodeKind::Matrix { .. }
        | NodeKind::Subquery { .. }
        | NodeKind::Binary(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use crate::{Features, parse_with};

    #[track_caller]
    fn check(query: &str, expected: &str) {
        let expr = parse_with(query, Features::ALL).unwrap();
        let pushed = super::push(expr.root());
        let text = pushed.map_or("as it was".to_owned(), |root| root.to_string());
        assert_eq!(text, expected, "{query}");
    }

    #[test]
    fn what_one_side_demands_the_other_is_asked_for() {
        check(r#"a{job="x"} and on (job) b"#, r#"a{job="x"} and on (job) b{job="x"}"#);
        check(r#"a unless b{job="x"}"#, "as it was");
        check(r#"a{job="x"} unless b{job="y"}"#, r#"a{job="x"} unless b{job="x",job="y"}"#);
        check(
            r#"sum by (job) (rate(e_total{job="x",code="5"}[5m])) / sum by (job) (rate(e_total[5m]))"#,
            r#"sum by (job) (rate(e_total{code="5",job="x"}[5m])) / sum by (job) (rate(e_total{job="x"}[5m]))"#,
        );
        check(
            r#"a_total{job="x"} * on (instance) group_left (name) max by (instance, name) (b{instance="1"})"#,
            "as it was",
        );
        check(
            r#"a_total * on (instance) group_left () max by (instance) (b{instance="1"} > 2)"#,
            r#"a_total{instance="1"} * on (instance) group_left () max by (instance) (b{instance="1"} > 2)"#,
        );
        check(r#"a{x="1"} / b"#, r#"a{x="1"} / b{x="1"}"#);
    }

    #[test]
    fn what_could_change_the_answer_stays() {
        // Two series of `b` may share a job, which is an error whatever their job is.
        check(r#"a{job="x"} / on (job) b"#, "as it was");
        check(r#"a{job="x"} or b"#, "as it was");
        check(r#"a{job=~"x|y"} and b"#, "as it was");
        check(r#"a{job=""} and b"#, "as it was");
        check(r#"a{job="x"} and ignoring (job) b"#, "as it was");
        check(r#"a{job="x"} and sum by (instance) (b)"#, "as it was");
        check(r#"a{job="x"} and label_replace(b, "job", "x", "", "")"#, "as it was");
        check(r#"a{job="x"} and {__name__=~"b.+"}"#, "as it was");
        check(r#"a{job="x"} + fill (0) b"#, "as it was");
        // It is remarked on that `b` is no counter by its name.
        check(r#"a{job="x"} and rate(b[5m])"#, "as it was");
        check(r#"a{le="1"} and histogram_quantile(0.9, b_bucket)"#, "as it was");
    }
}
