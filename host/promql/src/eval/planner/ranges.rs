//! The plan of range vectors: selectors with a range, and subqueries.

use crate::ast::{Node, NodeKind};

use super::super::counts::Counted;
use super::super::grid::Grid;
use super::super::plan::{RangePlan, RangeSource};
use super::{Planned, Planner, refuse};

impl Planner<'_> {
    /// A range vector that is the answer: of a subquery counts what it reads, and not its result.
    pub(super) fn answer_of_range(&mut self, node: &Node, grid: Grid) -> Planned<RangePlan> {
        if matches!(node.unwrapped().kind, NodeKind::Subquery { .. }) {
            let plan = self.range_with(node, grid, Counted::AtEachStep)?;
            return Ok(RangePlan { counted: Counted::Nowhere, ..plan });
        }
        self.range(node, grid)
    }

    pub(super) fn range(&mut self, node: &Node, grid: Grid) -> Planned<RangePlan> {
        self.range_with(node, grid, Counted::Nowhere)
    }

    /// A range vector; what a subquery reads counts as `inside` says.
    fn range_with(&mut self, node: &Node, grid: Grid, inside: Counted) -> Planned<RangePlan> {
        let counted = self.counted;
        match &node.kind {
            NodeKind::Paren(expr) => self.range_with(expr, grid, inside),
            NodeKind::Matrix { selector, range } => {
                let range = self.positive(range)?;
                let select = self.select(selector, grid, range)?;
                Ok(RangePlan { source: RangeSource::Select(select), range, grid, counted })
            }
            NodeKind::Subquery { expr, range, step, time } => {
                let range = self.positive(range)?;
                let step = step.as_ref().map(|step| self.positive(step)).transpose()?;
                let step = step.unwrap_or(self.subquery_step).max(1);
                let (at, offset) = self.time(time)?;
                let (first, last) = (at.unwrap_or(grid.start), at.unwrap_or(grid.last()));
                let before = first.saturating_sub(offset).saturating_sub(range);
                // The first multiple of the step within the left-open window.
                let start = step.saturating_mul(before.div_euclid(step).saturating_add(1));
                let mut inner_grid = Grid::range(start, last.saturating_sub(offset), step);
                if grid.steps == 0 {
                    inner_grid.steps = 0;
                }
                // Resets are told by buckets.
                let inner = self.whole(|planner| {
                    planner.counting(inside, |planner| planner.boxed(expr, inner_grid))
                })?;
                let source = RangeSource::Subquery { inner, at, offset };
                Ok(RangePlan { source, range, grid, counted })
            }
            NodeKind::Number { .. }
            | NodeKind::String(_)
            | NodeKind::Selector(_)
            | NodeKind::Unary { .. }
            | NodeKind::Binary(_)
            | NodeKind::Aggregate(_)
            | NodeKind::Call { .. } => refuse("expected a range vector"),
        }
    }
}
