//! Changes to a query that is right already.

use std::sync::Arc;

use narthex_model::Matcher;

use crate::ast::{Expr, Node, NodeKind};

impl Expr {
    /// The same query with other conditions in each of its selectors. Its text is the canonical one
    /// of what came out, so that places in the text before mean nothing any more.
    #[must_use]
    pub fn with_matchers(&self, mut change: impl FnMut(&mut Vec<Matcher>)) -> Self {
        let mut root = self.root().clone();
        change_all(&mut root, &mut change);
        let text = Arc::from(root.to_string());
        Self { text, root: Arc::new(root) }
    }
}

fn change_all(node: &mut Node, change: &mut impl FnMut(&mut Vec<Matcher>)) {
    match &mut node.kind {
        NodeKind::Selector(selector) | NodeKind::Matrix { selector, .. } => {
            change(&mut selector.matchers);
        }
        NodeKind::Subquery { expr, .. } | NodeKind::Paren(expr) | NodeKind::Unary { expr, .. } => {
            change_all(expr, change);
        }
        NodeKind::Binary(binary) => {
            change_all(&mut binary.lhs, change);
            change_all(&mut binary.rhs, change);
        }
        NodeKind::Aggregate(aggregate) => {
            if let Some(param) = &mut aggregate.param {
                change_all(param, change);
            }
            change_all(&mut aggregate.expr, change);
        }
        NodeKind::Call { args, .. } => args.iter_mut().for_each(|arg| change_all(arg, change)),
        NodeKind::Number { .. } | NodeKind::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use narthex_model::Matcher;

    #[test]
    fn every_selector_is_changed() {
        let expr = crate::parse("sum(rate(a[5m])) / (b{c=\"d\"} or vector(1))").unwrap();
        let changed = expr.with_matchers(|matchers| matchers.push(Matcher::equal("x", "y")));
        let expected = "sum(rate(a{x=\"y\"}[5m])) / (b{c=\"d\",x=\"y\"} or vector(1))";
        assert_eq!(changed.text(), expected);
    }
}
