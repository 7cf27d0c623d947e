//! Plans of binary operators and aggregations.

use crate::ast::{Aggregate, AggregateOp, Binary, BinaryOp, Node, ValueType};

use super::super::grid::Grid;
use super::super::plan::{AggregatePlan, Arithmetic, Join, Vector, VectorKind};
use super::{Planned, Planner, chooses, refuse, text_of};
use crate::print::Quoted;
use crate::raw_bytes;

impl Planner<'_> {
    pub(super) fn binary(&mut self, binary: &Binary, grid: Grid) -> Planned<VectorKind> {
        let (op, return_bool) = (binary.op, binary.return_bool);
        let is_scalar = |side: ValueType| side == ValueType::Scalar;
        let trims = matches!(op, BinaryOp::TrimUpper | BinaryOp::TrimLower);
        let sides = (binary.lhs.value_type(), binary.rhs.value_type());
        if is_scalar(sides.0) || is_scalar(sides.1) {
            let scalar_is_left = is_scalar(sides.0);
            let (scalar, vector) = if scalar_is_left {
                (&binary.lhs, &binary.rhs)
            } else {
                (&binary.rhs, &binary.lhs)
            };
            let scalar = self.scalar(scalar, grid)?;
            let vector = self.side(vector, trims, grid)?;
            let arithmetic = Arithmetic { op, return_bool, vector, scalar, scalar_is_left };
            return Ok(VectorKind::Arithmetic(arithmetic));
        }
        let lhs = self.side(&binary.lhs, trims, grid)?;
        let rhs = self.side(&binary.rhs, trims, grid)?;
        let join = Join { op, return_bool, matching: binary.matching.clone(), lhs, rhs };
        debug_assert!(!(trims && op.is_set()), "an operator is of one kind");
        Ok(if op.is_set() { VectorKind::Set(join) } else { VectorKind::Join(join) })
    }

    /// A side of an operator; one that trims needs the buckets.
    fn side(&mut self, node: &Node, trims: bool, grid: Grid) -> Planned<Box<Vector>> {
        if trims { self.whole(|planner| planner.boxed(node, grid)) } else { self.boxed(node, grid) }
    }

    pub(super) fn aggregate(&mut self, aggregate: &Aggregate, grid: Grid) -> Planned<VectorKind> {
        let grouping = aggregate.grouping.clone();
        let op = aggregate.op;
        if let (AggregateOp::CountValues, Some(param)) = (op, &aggregate.param) {
            let label = text_of(param)?.to_owned();
            if label.is_empty() || raw_bytes::has_any(&label) {
                return refuse(format!("invalid label name {}", Quoted(&label)));
            }
            let input = self.boxed(&aggregate.expr, grid)?;
            return Ok(VectorKind::CountValues { label, grouping, input });
        }
        let param = aggregate.param.as_ref();
        // Parentheses around an argument have no say in where remarks stand.
        let input_span = aggregate.expr.unwrapped().span;
        let param_span = param.map_or(input_span, |param| param.unwrapped().span);
        let param = param.map(|param| self.scalar(param, grid)).transpose()?;
        let input = self.boxed(&aggregate.expr, grid)?;
        let plan = AggregatePlan { op, grouping, input, input_span, param, param_span };
        Ok(if chooses(op) { VectorKind::Choose(plan) } else { VectorKind::Aggregate(plan) })
    }
}
