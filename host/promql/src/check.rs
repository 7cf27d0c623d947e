//! Types: what an expression is made of must yield what it needs.

use narthex_model::METRIC_NAME;

use crate::ast::{
    Aggregate, AggregateOp, Binary, Cardinality, Node, NodeKind, Selector, ValueType,
};
use crate::functions::{Extra, Function, FunctionId};
use crate::span::{ParseError, Span};

/// Checks the tree of `text`, children first.
pub(crate) fn check(text: &str, root: &Node) -> Result<(), ParseError> {
    Checker { text }.node(root)
}

/// Checks a selector that may choose every series.
pub(crate) fn check_selector(
    text: &str,
    span: Span,
    selector: &Selector,
) -> Result<(), ParseError> {
    Checker { text }.selector(span, selector, false)
}

struct Checker<'a> {
    text: &'a str,
}

impl Checker<'_> {
    fn fail(&self, span: Span, message: impl Into<String>) -> Result<(), ParseError> {
        Err(ParseError::new(self.text, span, message))
    }

    fn node(&self, node: &Node) -> Result<(), ParseError> {
        match &node.kind {
            NodeKind::Number { .. } | NodeKind::String(_) => Ok(()),
            NodeKind::Selector(selector) | NodeKind::Matrix { selector, .. } => {
                self.selector(node.span, selector, true)
            }
            NodeKind::Subquery { expr, .. } => {
                self.node(expr)?;
                match expr.value_type() {
                    ValueType::Vector => Ok(()),
                    other @ (ValueType::Scalar | ValueType::String | ValueType::Matrix) => self
                        .fail(
                            node.span,
                            format!(
                                "subquery is only allowed on instant vector, got {} instead",
                                other.name()
                            ),
                        ),
                }
            }
            NodeKind::Paren(expr) => self.node(expr),
            NodeKind::Unary { expr, .. } => {
                self.node(expr)?;
                match expr.value_type() {
                    ValueType::Scalar | ValueType::Vector => Ok(()),
                    other @ (ValueType::String | ValueType::Matrix) => self.fail(
                        node.span,
                        format!(
                            "unary expression only allowed on expressions of type scalar or \
                             instant vector, got {:?}",
                            other.description()
                        ),
                    ),
                }
            }
            NodeKind::Binary(binary) => self.binary(node.span, binary),
            NodeKind::Aggregate(aggregate) => self.aggregate(aggregate),
            NodeKind::Call { function, args } => self.call(node.span, function, args),
        }
    }

    fn expect(&self, node: &Node, wanted: ValueType, context: &str) -> Result<(), ParseError> {
        let found = node.value_type();
        if found == wanted {
            return Ok(());
        }
        let (wanted, found) = (wanted.description(), found.description());
        self.fail(node.span, format!("expected type {wanted} in {context}, got {found}"))
    }

    fn selector(
        &self,
        span: Span,
        selector: &Selector,
        needs_matcher: bool,
    ) -> Result<(), ParseError> {
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
        Ok(())
    }

    fn aggregate(&self, aggregate: &Aggregate) -> Result<(), ParseError> {
        self.node(&aggregate.expr)?;
        self.expect(&aggregate.expr, ValueType::Vector, "aggregation expression")?;
        let Some(param) = &aggregate.param else { return Ok(()) };
        self.node(param)?;
        let is_text = aggregate.op == AggregateOp::CountValues;
        let wanted = if is_text { ValueType::String } else { ValueType::Scalar };
        self.expect(param, wanted, "aggregation parameter")
    }

    fn binary(&self, span: Span, binary: &Binary) -> Result<(), ParseError> {
        self.node(&binary.lhs)?;
        self.node(&binary.rhs)?;
        let (op, matching) = (binary.op, &binary.matching);
        let (lhs, rhs) = (binary.lhs.value_type(), binary.rhs.value_type());
        if binary.return_bool && !op.is_comparison() {
            let message = "bool modifier can only be used on comparison operators";
            return self.fail(binary.op_span, message);
        }
        let both_scalar = lhs == ValueType::Scalar && rhs == ValueType::Scalar;
        if op.is_comparison() && !binary.return_bool && both_scalar {
            let message = "comparisons between scalars must use BOOL modifier";
            return self.fail(binary.op_span, message);
        }
        let twice = matching.labels.iter().find(|label| matching.include.contains(label));
        if let Some(label) = twice.filter(|_| matching.on) {
            let message = format!("label {label:?} must not occur in ON and GROUP clause at once");
            return self.fail(binary.op_span, message);
        }
        for (side, kind) in [(&binary.lhs, lhs), (&binary.rhs, rhs)] {
            if kind != ValueType::Scalar && kind != ValueType::Vector {
                let message = "binary expression must contain only scalar and instant vector types";
                return self.fail(side.span, message);
            }
        }
        let fills = matching.fill_left.is_some() || matching.fill_right.is_some();
        if lhs != ValueType::Vector || rhs != ValueType::Vector {
            if !matching.labels.is_empty() {
                return self.fail(span, "vector matching only allowed between instant vectors");
            }
            if fills {
                let message = "filling in missing series only allowed between instant vectors";
                return self.fail(span, message);
            }
            if op.is_set() {
                let symbol = op.symbol();
                let message =
                    format!("set operator {symbol:?} not allowed in binary scalar expression");
                return self.fail(span, message);
            }
        } else if op.is_set() {
            if matching.cardinality != Cardinality::OneToOne {
                let message = format!("no grouping allowed for {:?} operation", op.symbol());
                return self.fail(span, message);
            }
            if fills {
                let message = "filling in missing series not allowed for set operators";
                return self.fail(span, message);
            }
        }
        Ok(())
    }

    fn call(&self, span: Span, function: &Function, args: &[Node]) -> Result<(), ParseError> {
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
            return self.fail(span, complaint);
        }
        for (index, arg) in args.iter().enumerate() {
            let is_info_filter = function.id == FunctionId::Info && index == 1;
            match (&arg.kind, is_info_filter) {
                (NodeKind::Selector(selector), true) if selector.name.is_some() => {
                    let message = "expected label selectors only, got vector selector instead";
                    return self.fail(arg.span, message);
                }
                (NodeKind::Selector(selector), true) => {
                    self.selector(arg.span, selector, false)?;
                }
                (_, true) => return self.fail(arg.span, "expected label selectors only"),
                (_, false) => self.node(arg)?,
            }
            let Some(wanted) = function.args.get(index).or(function.args.last()) else { continue };
            self.expect(arg, *wanted, &format!("call to function {name:?}"))?;
        }
        Ok(())
    }
}
