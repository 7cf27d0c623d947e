//! Types: what an expression is made of must yield what it needs.

use narthex_model::METRIC_NAME;

use crate::ast::{
    Aggregate, AggregateOp, Binary, Cardinality, Node, NodeKind, Selector, ValueType,
};
use crate::functions::{Extra, Function, FunctionId};
use crate::parse::Diagnosis;
use crate::span::{ParseError, Span};

/// Checks the tree of `text`, children first.
pub(crate) fn check(text: &str, root: &Node) -> Result<(), ParseError> {
    Checker { text, kept: None }.node(root).map(|_| ())
}

/// Checks all of a tree that may have holes; what is wrong is added to the diagnosis.
pub(crate) fn check_all(text: &str, diagnosis: &mut Diagnosis) {
    let Some(root) = diagnosis.root.take() else { return };
    let outcome = Checker { text, kept: Some(diagnosis) }.node(&root);
    debug_assert!(outcome.is_ok(), "errors are kept");
    diagnosis.root = Some(root);
}

/// Checks a selector that may choose every series.
pub(crate) fn check_selector(
    text: &str,
    span: Span,
    selector: &Selector,
) -> Result<(), ParseError> {
    Checker { text, kept: None }.selector(span, selector, false).map(|_| ())
}

struct Checker<'a> {
    text: &'a str,
    /// Where errors are kept; without it the first one is returned.
    kept: Option<&'a mut Diagnosis>,
}

/// The type of what was checked; nothing for what is a hole, or is wrong.
type Checked = Result<Option<ValueType>, ParseError>;

impl Checker<'_> {
    fn fail(&mut self, span: Span, message: impl Into<String>) -> Checked {
        let error = ParseError::new(self.text, span, message);
        match &mut self.kept {
            None => Err(error),
            Some(kept) => {
                kept.push(error);
                Ok(None)
            }
        }
    }

    fn node(&mut self, node: &Node) -> Checked {
        match &node.kind {
            NodeKind::Number { .. } => {
                let is_hole = self.kept.as_ref().is_some_and(|kept| kept.is_hole(node));
                Ok((!is_hole).then_some(ValueType::Scalar))
            }
            NodeKind::String(_) => Ok(Some(ValueType::String)),
            NodeKind::Selector(selector) => self.selector(node.span, selector, true),
            NodeKind::Matrix { selector, .. } => {
                let checked = self.selector(node.span, selector, true)?;
                Ok(checked.map(|_| ValueType::Matrix))
            }
            NodeKind::Subquery { expr, .. } => match self.node(expr)? {
                None | Some(ValueType::Vector) => Ok(Some(ValueType::Matrix)),
                Some(other @ (ValueType::Scalar | ValueType::String | ValueType::Matrix)) => {
                    let other = other.name();
                    let message =
                        format!("subquery is only allowed on instant vector, got {other} instead");
                    self.fail(node.span, message)
                }
            },
            NodeKind::Paren(expr) => self.node(expr),
            NodeKind::Unary { expr, .. } => match self.node(expr)? {
                Some(other @ (ValueType::String | ValueType::Matrix)) => {
                    let other = other.description();
                    let message = format!(
                        "unary expression only allowed on expressions of type scalar or instant \
                         vector, got {other:?}"
                    );
                    self.fail(node.span, message)
                }
                checked @ (None | Some(ValueType::Scalar | ValueType::Vector)) => Ok(checked),
            },
            NodeKind::Binary(binary) => self.binary(node.span, binary),
            NodeKind::Aggregate(aggregate) => self.aggregate(aggregate),
            NodeKind::Call { function, args } => self.call(node.span, function, args),
        }
    }

    fn expect(
        &mut self,
        node: &Node,
        found: Option<ValueType>,
        wanted: ValueType,
        context: &str,
    ) -> Checked {
        let Some(found) = found.filter(|found| *found != wanted) else { return Ok(found) };
        let (wanted, found) = (wanted.description(), found.description());
        self.fail(node.span, format!("expected type {wanted} in {context}, got {found}"))
    }

    fn selector(&mut self, span: Span, selector: &Selector, needs_matcher: bool) -> Checked {
        if let Some(name) = &selector.name {
            let inside = selector.matchers.split_last().map_or(&[][..], |(_, rest)| rest);
            if let Some(twice) = inside.iter().find(|matcher| matcher.name() == METRIC_NAME) {
                let message =
                    format!("metric name must not be set twice: {name:?} or {:?}", twice.value());
                return self.fail(span, message);
            }
        } else if needs_matcher
            && selector.matchers.iter().all(narthex_model::Matcher::matches_empty)
        {
            return self.fail(span, "vector selector must contain at least one non-empty matcher");
        }
        Ok(Some(ValueType::Vector))
    }

    fn aggregate(&mut self, aggregate: &Aggregate) -> Checked {
        let found = self.node(&aggregate.expr)?;
        self.expect(&aggregate.expr, found, ValueType::Vector, "aggregation expression")?;
        if let Some(param) = &aggregate.param {
            let found = self.node(param)?;
            let is_text = aggregate.op == AggregateOp::CountValues;
            let wanted = if is_text { ValueType::String } else { ValueType::Scalar };
            self.expect(param, found, wanted, "aggregation parameter")?;
        }
        Ok(Some(ValueType::Vector))
    }

    fn binary(&mut self, span: Span, binary: &Binary) -> Checked {
        let sides = [&binary.lhs, &binary.rhs];
        let [lhs, rhs] = [self.node(&binary.lhs)?, self.node(&binary.rhs)?];
        let (op, matching) = (binary.op, &binary.matching);
        if binary.return_bool && !op.is_comparison() {
            let message = "bool modifier can only be used on comparison operators";
            return self.fail(binary.op_span, message);
        }
        let both_scalar = lhs == Some(ValueType::Scalar) && rhs == Some(ValueType::Scalar);
        if op.is_comparison() && !binary.return_bool && both_scalar {
            let message = "comparisons between scalars must use BOOL modifier";
            return self.fail(binary.op_span, message);
        }
        let twice = matching.labels.iter().find(|label| matching.include.contains(label));
        if let Some(label) = twice.filter(|_| matching.on) {
            let message = format!("label {label:?} must not occur in ON and GROUP clause at once");
            return self.fail(binary.op_span, message);
        }
        for (side, kind) in sides.into_iter().zip([lhs, rhs]) {
            if matches!(kind, Some(ValueType::String | ValueType::Matrix)) {
                let message = "binary expression must contain only scalar and instant vector types";
                return self.fail(side.span, message);
            }
        }
        let (Some(lhs), Some(rhs)) = (lhs, rhs) else { return Ok(None) };
        if let Some(message) = matching_complaint(binary, [lhs, rhs]) {
            return self.fail(span, message);
        }
        Ok(Some(if both_scalar { ValueType::Scalar } else { ValueType::Vector }))
    }

    fn call(&mut self, span: Span, function: &Function, args: &[Node]) -> Checked {
        let (name, wanted, found) = (function.name, function.args.len(), args.len());
        let complaint = match function.extra {
            Extra::None if found != wanted => {
                Some(format!("expected {wanted} argument(s) in call to {name:?}, got {found}"))
            }
            Extra::UpTo(_) | Extra::Any if found + 1 < wanted => Some(format!(
                "expected at least {} argument(s) in call to {name:?}, got {found}",
                wanted - 1
            )),
            Extra::UpTo(extra) if found + 1 > wanted + extra => Some(format!(
                "expected at most {} argument(s) in call to {name:?}, got {found}",
                wanted - 1 + extra
            )),
            Extra::None | Extra::UpTo(_) | Extra::Any => None,
        };
        if let Some(complaint) = complaint {
            self.fail(span, complaint)?;
        }
        for (index, arg) in args.iter().enumerate() {
            let is_info_filter = function.id == FunctionId::Info && index == 1;
            let is_hole = self.kept.as_ref().is_some_and(|kept| kept.is_hole(arg));
            let found = match (&arg.kind, is_info_filter && !is_hole) {
                (NodeKind::Selector(selector), true) if selector.name.is_some() => {
                    let message = "expected label selectors only, got vector selector instead";
                    self.fail(arg.span, message)?
                }
                (NodeKind::Selector(selector), true) => self.selector(arg.span, selector, false)?,
                (_, true) => self.fail(arg.span, "expected label selectors only")?,
                (_, false) => self.node(arg)?,
            };
            let is_surplus = function.extra == Extra::None && index >= function.args.len();
            let wanted = function.args.get(index).or(function.args.last());
            let Some(wanted) = wanted.filter(|_| !is_surplus) else { continue };
            self.expect(arg, found, *wanted, &format!("call to function {name:?}"))?;
        }
        Ok(Some(function.returns))
    }
}

/// What is wrong with how the sides of an operator find each other.
fn matching_complaint(binary: &Binary, sides: [ValueType; 2]) -> Option<String> {
    let (op, matching) = (binary.op, &binary.matching);
    let fills = matching.fills();
    if sides != [ValueType::Vector; 2] {
        if !matching.labels.is_empty() {
            return Some("vector matching only allowed between instant vectors".to_owned());
        }
        if fills {
            let message = "filling in missing series only allowed between instant vectors";
            return Some(message.to_owned());
        }
        if op.is_set() {
            let symbol = op.symbol();
            return Some(format!(
                "set operator {symbol:?} not allowed in binary scalar expression"
            ));
        }
    } else if op.is_set() {
        if matching.cardinality != Cardinality::OneToOne {
            return Some(format!("no grouping allowed for {:?} operation", op.symbol()));
        }
        if fills {
            return Some("filling in missing series not allowed for set operators".to_owned());
        }
    }
    None
}
