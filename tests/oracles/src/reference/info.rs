//! `info`: labels of info metrics beside those that series have.

use std::collections::BTreeSet;

use narthex_model::{MatchOp, Matcher};
use narthex_promql::{Node, NodeKind};

use super::{Element, Out, Query, Result, Sample, refuse};

/// The labels that say which info series belongs to a series.
const IDENTIFYING: [&str; 2] = ["instance", "job"];

impl Query<'_> {
    pub(super) fn info(&self, args: &[Node], at: i64) -> Result<Out> {
        let [of, choice @ ..] = args else { return refuse("arguments") };
        let (mut names, mut data) = (Vec::new(), Vec::new());
        if let Some(NodeKind::Selector(selector)) = choice.first().map(|node| &node.kind) {
            for matcher in &selector.matchers {
                let is_name = matcher.name() == "__name__";
                if is_name { &mut names } else { &mut data }.push(matcher.clone());
            }
        }
        if !names.iter().any(|m: &Matcher| matches!(m.op(), MatchOp::Equal | MatchOp::Regex)) {
            let (op, pattern) = if names.is_empty() {
                (MatchOp::Equal, "target_info")
            } else {
                (MatchOp::Regex, ".+_info")
            };
            names.push(Matcher::new(op, "__name__", pattern.to_owned()).expect("a pattern"));
        }
        let is_info = |name: &str| names.iter().all(|matcher| matcher.matches(name));
        let infos = self.infos(&names, &data, at);
        let mut out = Vec::new();
        for element in self.vector(of, at)? {
            if is_info(element.labels.get("__name__").unwrap_or_default()) {
                out.push(element);
            } else {
                out.extend(enriched(element, &infos, &data)?);
            }
        }
        Ok(Out::Vector(self.unique(out)?))
    }

    /// The info series of a step; the float is when each was seen last.
    fn infos(&self, names: &[Matcher], data: &[Matcher], at: i64) -> Vec<(i64, Element)> {
        let oldest = at - self.reference.lookback;
        let matching = self.reference.series.iter().filter(|(labels, _)| {
            names
                .iter()
                .chain(data)
                .all(|matcher| matcher.matches(labels.get(matcher.name()).unwrap_or_default()))
        });
        let seen = matching.filter_map(|(labels, samples)| {
            let (at, value) = samples.iter().rfind(|(other, _)| *other <= at)?;
            (*at > oldest && !value.is_stale()).then(|| {
                let value = Sample::Float(1.0);
                (*at, Element { labels: labels.clone(), value, is_nameless: false })
            })
        });
        seen.collect()
    }
}

fn enriched(
    element: Element,
    infos: &[(i64, Element)],
    data: &[Matcher],
) -> Result<Option<Element>> {
    let belongs = |info: &Element| {
        IDENTIFYING.iter().all(|name| info.labels.get(name) == element.labels.get(name))
    };
    let names: BTreeSet<&str> =
        infos.iter().filter_map(|(_, info)| info.labels.metric_name()).collect();
    let mut labels = element.labels.to_builder();
    let mut given: Vec<(String, String)> = Vec::new();
    let mut is_found = false;
    for name in names {
        let mut newest: Option<&(i64, Element)> = None;
        for info in infos.iter().filter(|(_, info)| info.labels.metric_name() == Some(name)) {
            if !belongs(&info.1) {
                continue;
            }
            match newest {
                Some((at, _)) if *at == info.0 => return refuse("found duplicate series"),
                Some((at, _)) if *at > info.0 => {}
                _ => newest = Some(info),
            }
        }
        let Some((_, info)) = newest else { continue };
        is_found = true;
        for (name, value) in info.labels.iter().filter(|(name, _)| *name != "__name__") {
            if !data.is_empty() && !data.iter().any(|matcher| matcher.name() == name) {
                continue;
            }
            if given.iter().any(|(other, before)| other == name && before != value) {
                return refuse("conflicting label");
            }
            if element.labels.get(name).is_none() {
                given.push((name.to_owned(), value.to_owned()));
            }
        }
    }
    if !is_found && !data.iter().all(|matcher| matcher.matches("")) {
        return Ok(None);
    }
    for (name, value) in given {
        labels.set(name, value);
    }
    Ok(Some(Element { labels: labels.finish(), ..element }))
}
