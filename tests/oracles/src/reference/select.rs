//! Selectors and subqueries: which samples a step sees.

use narthex_model::{CounterReset, Labels};
use narthex_promql::{Length, Node, Selector, TimeShift};

use super::{Element, Out, Query, Result, Row, Sample, refuse};

impl Query<'_> {
    /// The series that a selector chooses.
    fn chosen<'s>(
        &'s self,
        selector: &'s Selector,
    ) -> impl Iterator<Item = &'s (Labels, Vec<(i64, Sample)>)> {
        self.reference.series.iter().filter(|(labels, _)| {
            selector.matchers.iter().all(|m| m.matches(labels.get(m.name()).unwrap_or("")))
        })
    }

    /// Of each chosen series the newest sample that is not older than the lookback.
    pub(super) fn newest(&self, selector: &Selector, time: i64) -> Vec<(Labels, i64, Sample)> {
        self.newest_within(selector, time - self.reference.lookback, time)
    }

    /// Of each chosen series the newest sample until `time`, if that is after `oldest`.
    pub(super) fn newest_within(
        &self,
        selector: &Selector,
        oldest: i64,
        time: i64,
    ) -> Vec<(Labels, i64, Sample)> {
        let newest = self.chosen(selector).filter_map(|(labels, samples)| {
            let seen = samples.iter().rfind(|(at, _)| *at <= time);
            let seen = seen.filter(|(at, value)| *at > oldest && !value.is_stale());
            seen.map(|(at, value)| (labels.clone(), *at, value.clone()))
        });
        newest.collect()
    }

    pub(super) fn instant(&self, selector: &Selector, at: i64) -> Result<Vec<Element>> {
        let time = self.shifted(&selector.time, at)?;
        let newest = self.newest(selector, time).into_iter();
        Ok(newest.map(|(labels, _, value)| Element { labels, value, is_nameless: false }).collect())
    }

    /// The samples after the window's start and up to its end.
    pub(super) fn window(&self, selector: &Selector, range: &Length, at: i64) -> Result<Vec<Row>> {
        let end = self.shifted(&selector.time, at)?;
        let start = end - self.millis(range)?;
        let rows = self.chosen(selector).map(|(labels, samples)| Row {
            labels: labels.clone(),
            points: samples
                .iter()
                .filter(|(at, value)| *at > start && *at <= end && !value.is_stale())
                .cloned()
                .collect(),
            is_nameless: false,
        });
        Ok(rows.filter(|row| !row.points.is_empty()).collect())
    }

    /// The inner query at every multiple of the step within the window.
    pub(super) fn subquery(
        &self,
        expr: &Node,
        (range, step): (&Length, Option<&Length>),
        time: &TimeShift,
        at: i64,
    ) -> Result<Vec<Row>> {
        let end = self.shifted(time, at)?;
        let start = end - self.millis(range)?;
        let step = step.map_or(Ok(self.reference.subquery_step), |step| self.millis(step))?;
        let mut inner = (start.div_euclid(step) + 1) * step;
        let mut rows: Vec<Row> = Vec::new();
        while inner <= end {
            let elements = match self.node(expr, inner)? {
                Out::Vector(elements) => elements,
                Out::Scalar(value) => vec![Element::nameless(value)],
                Out::Text(_) | Out::Matrix(_) => return refuse("a subquery of no vector"),
            };
            for Element { labels, value, is_nameless } in elements {
                // A hint tells of the sample before, which is not the one of the step before.
                let value = match value {
                    Sample::Histogram(mut histogram) if histogram.reset != CounterReset::Gauge => {
                        std::sync::Arc::make_mut(&mut histogram).reset = CounterReset::Unknown;
                        Sample::Histogram(histogram)
                    }
                    other @ (Sample::Float(_) | Sample::Histogram(_)) => other,
                };
                match rows.iter_mut().find(|row| row.labels == labels) {
                    Some(row) => row.points.push((inner, value)),
                    None => rows.push(Row { labels, points: vec![(inner, value)], is_nameless }),
                }
            }
            inner += step;
        }
        Ok(rows)
    }
}
