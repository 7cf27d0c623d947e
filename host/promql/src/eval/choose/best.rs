//! The best values of a group at one step.
//!
//! Always holds: a heap with the worst on top, which gives way to the next that is better. Of equal
//! values those stay that Prometheus keeps, whose heap moves in the same way.

use crate::ast::AggregateOp;

/// So few are put in order by insertion, as Prometheus does: equal ones stay as they stand.
const INSERTION_MAX: usize = 12;

/// Values with their rows.
#[derive(Clone, Debug, Default)]
pub(super) struct Best(Vec<(f64, usize)>);

impl Best {
    /// Takes a value in where it is among the `k` best, or the `k` first of `limitk`. Says how many
    /// more bytes it takes now.
    pub(super) fn offer(&mut self, value: f64, row: usize, k: usize, op: AggregateOp) -> usize {
        if self.0.len() < k {
            let before = self.0.capacity();
            if before == self.0.len() {
                // Many groups of few: twice as many as there are, and one for the first.
                self.0.reserve_exact(before.max(1).min(k - before));
            }
            self.0.push((value, row));
            if op != AggregateOp::Limitk {
                self.rise(op);
            }
            return (self.0.capacity() - before) * size_of::<(f64, usize)>();
        }
        if op != AggregateOp::Limitk
            && let Some(worst) = self.0.first_mut()
            && is_better(value, worst.0, op)
        {
            *worst = (value, row);
            self.sink(op);
        }
        0
    }

    /// The rows as they stand.
    pub(super) fn rows(&self) -> impl Iterator<Item = usize> {
        self.0.iter().map(|(_, row)| *row)
    }

    /// Puts the best first, and what is not a number last.
    pub(super) fn order(&mut self, op: AggregateOp) {
        if op == AggregateOp::Limitk {
            return;
        }
        if self.0.len() > INSERTION_MAX {
            self.0.sort_by(|(a, _), (b, _)| is_better(*b, *a, op).cmp(&is_better(*a, *b, op)));
            return;
        }
        for end in 1..self.0.len() {
            let mut at = end;
            while at > 0 && self.goes_up(at - 1, at, op) {
                self.0.swap(at - 1, at);
                at -= 1;
            }
        }
    }

    /// Whether the value at `a` belongs nearer to the top than the one at `b`.
    fn goes_up(&self, a: usize, b: usize, op: AggregateOp) -> bool {
        let value = |at: usize| self.0.get(at).map(|(value, _)| *value);
        let (Some(a), Some(b)) = (value(a), value(b)) else { return false };
        a.is_nan() || is_better(b, a, op)
    }

    /// Lets the last rise to where it belongs.
    fn rise(&mut self, op: AggregateOp) {
        let mut at = self.0.len().saturating_sub(1);
        while at > 0 && self.goes_up(at, (at - 1) / 2, op) {
            self.0.swap(at, (at - 1) / 2);
            at = (at - 1) / 2;
        }
    }

    /// Lets the top sink to where it belongs.
    fn sink(&mut self, op: AggregateOp) {
        let mut at = 0;
        loop {
            let (left, right) = (2 * at + 1, 2 * at + 2);
            let child = if self.goes_up(right, left, op) { right } else { left };
            if !self.goes_up(child, at, op) {
                return;
            }
            self.0.swap(child, at);
            at = child;
        }
    }
}

/// Nothing is better than itself, and any number better than none.
fn is_better(a: f64, b: f64, op: AggregateOp) -> bool {
    if b.is_nan() {
        return !a.is_nan();
    }
    if op == AggregateOp::Topk { a > b } else { a < b }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is left of values given one after another, in the order of the answer: their places.
    #[track_caller]
    fn check(op: AggregateOp, k: usize, values: &[f64], expected: &[usize]) {
        let mut best = Best::default();
        for (row, value) in values.iter().enumerate() {
            best.offer(*value, row, k, op);
        }
        best.order(op);
        assert_eq!(best.rows().collect::<Vec<_>>(), expected, "{op:?} {k} {values:?}");
    }

    #[test]
    fn the_best_come_first() {
        check(AggregateOp::Topk, 3, &[1.0, 5.0, 3.0, 4.0], &[1, 3, 2]);
        check(AggregateOp::Bottomk, 3, &[1.0, 5.0, 3.0, 4.0], &[0, 2, 3]);
        check(AggregateOp::Limitk, 2, &[1.0, 5.0, 3.0], &[0, 1]);
    }

    /// As a Prometheus 3.5 answers.
    #[test]
    fn of_equal_ones_those_stay_that_came_later() {
        check(AggregateOp::Topk, 2, &[1.0, 1.0, 2.0], &[2, 1]);
        check(AggregateOp::Topk, 1, &[1.0, 1.0], &[0]);
    }

    #[test]
    fn what_is_not_a_number_gives_way() {
        check(AggregateOp::Topk, 2, &[f64::NAN, 1.0, f64::NAN, 2.0], &[3, 1]);
        check(AggregateOp::Bottomk, 2, &[f64::NAN, f64::NAN, 7.0], &[2, 0]);
    }

    proptest::proptest! {
        #[test]
        fn as_many_are_kept_as_sorting_would(
            values in proptest::collection::vec(-4_i8..4, 0..60),
            k in 0_usize..20,
        ) {
            let values: Vec<f64> = values.into_iter().map(f64::from).collect();
            let mut best = Best::default();
            for (row, value) in values.iter().enumerate() {
                best.offer(*value, row, k, AggregateOp::Topk);
            }
            best.order(AggregateOp::Topk);
            let kept: Vec<f64> = best.rows().map(|row| values[row]).collect();
            let mut sorted = values.clone();
            sorted.sort_by(|a, b| b.total_cmp(a));
            sorted.truncate(k);
            proptest::prop_assert_eq!(kept, sorted);
        }
    }
}
