//! The plan of `info`.

use narthex_model::{METRIC_NAME, MatchOp, Matcher};

use crate::ast::{Extension, Node, NodeKind, TARGET_INFO};

use super::super::grid::Grid;
use super::super::plan::{InfoPlan, Reading, Select, VectorKind};
use super::{Planned, Planner, refuse};

impl Planner<'_> {
    pub(super) fn info(
        &mut self,
        first: &Node,
        filter: Option<&Node>,
        grid: Grid,
    ) -> Planned<VectorKind> {
        let input = self.boxed(first, grid)?;
        let (at, offset) = self.time_of_info(first)?.unwrap_or((None, 0));
        let matchers: &[Matcher] = match filter.map(|filter| &filter.kind) {
            None => &[],
            Some(NodeKind::Selector(selector)) => &selector.matchers,
            Some(_) => return refuse("expected label selectors only"),
        };
        let is_name = |matcher: &&Matcher| matcher.name() == METRIC_NAME;
        let names = names(matchers.iter().filter(is_name).cloned().collect())?;
        let data: Vec<Matcher> = matchers.iter().filter(|m| !is_name(m)).cloned().collect();
        let matchers = data.iter().chain(&names).cloned().collect();
        let (extension, reading) = (Extension::None, Reading::Time);
        let select = Select { matchers, at, offset, extension, reading, counted: self.counted };
        let first = select.reference(grid.start).saturating_sub(self.lookback);
        self.need(first, select.reference(grid.last()));
        Ok(VectorKind::Info(InfoPlan { input, select, names, data }))
    }

    /// The fixed time and the offset of the first selector, together with those of subqueries
    /// around it: as far as one of them has a fixed time.
    fn time_of_info(&self, node: &Node) -> Planned<Option<(Option<i64>, i64)>> {
        match &node.kind {
            NodeKind::Selector(selector) | NodeKind::Matrix { selector, .. } => {
                self.time(&selector.time).map(Some)
            }
            NodeKind::Subquery { expr, time, .. } => match self.time_of_info(expr)? {
                Some((None, offset)) => {
                    let (at, own_offset) = self.time(time)?;
                    Ok(Some((at, offset.saturating_add(own_offset))))
                }
                known => Ok(known),
            },
            NodeKind::Aggregate(aggregate) => {
                let of_param = |param| self.time_of_info(param).transpose();
                let of_expr = self.time_of_info(&aggregate.expr).transpose();
                of_expr.or_else(|| aggregate.param.as_ref().and_then(of_param)).transpose()
            }
            NodeKind::Number { .. }
            | NodeKind::String(_)
            | NodeKind::Paren(_)
            | NodeKind::Unary { .. }
            | NodeKind::Binary(_)
            | NodeKind::Call { .. } => {
                let children = node.children().into_iter();
                let mut times = children.filter_map(|child| self.time_of_info(child).transpose());
                times.next().transpose()
            }
        }
    }
}

/// Which metrics carry data labels: what the query says of their names, but not by negations alone.
fn names(said: Vec<Matcher>) -> Planned<Vec<Matcher>> {
    if said.is_empty() {
        return Ok(TARGET_INFO.to_vec());
    }
    if said.iter().any(|matcher| matches!(matcher.op(), MatchOp::Equal | MatchOp::Regex)) {
        return Ok(said);
    }
    let Ok(any_info) = Matcher::new(MatchOp::Regex, METRIC_NAME, ".+_info") else {
        return refuse("invalid regular expression");
    };
    Ok(std::iter::once(any_info).chain(said).collect())
}
