//! The warnings and infos of one query, as its operators come upon them.
//!
//! Always holds: each remark is put into words once, when it comes up first. A query can come upon
//! the same one at every step of every series, on all its threads; then only its key is looked up.

use std::collections::{HashMap, HashSet};

use parking_lot::{Mutex, RwLock};

use crate::remarks::Remark;
use crate::result::Annotation;
use crate::span::Span;

/// What was remarked on so far.
#[derive(Default)]
pub(crate) struct Annotations {
    /// Guards the keys of all remarks. Not held together with `said`.
    known: RwLock<HashSet<u64>>,
    /// Guards the texts.
    said: Mutex<Said>,
}

#[derive(Default)]
struct Said {
    warnings: Vec<Annotation>,
    infos: Vec<Annotation>,
    /// By metric: the last place where start times overlap, and how often they do.
    overlaps: HashMap<String, (Span, usize)>,
}

impl Annotations {
    /// Takes in a remark on the part of the query at `span`. Start times that overlap are counted.
    pub(super) fn add(&self, text: &str, span: Span, remark: Remark<'_>) {
        if let Remark::StartTimeOverlap { metric, count } = remark {
            self.count_overlaps(span, metric, count);
        } else {
            let words = || annotation(text, span, remark);
            self.add_new(remark.key(span), remark.is_warning(), words);
        }
    }

    fn add_new(&self, key: u64, is_warning: bool, words: impl FnOnce() -> Annotation) {
        let is_known = self.known.read().contains(&key);
        if is_known || !self.known.write().insert(key) {
            return;
        }
        let annotation = words();
        let mut said = self.said.lock();
        let list = if is_warning { &mut said.warnings } else { &mut said.infos };
        list.push(annotation);
    }

    fn count_overlaps(&self, span: Span, metric: &str, count: usize) {
        let mut said = self.said.lock();
        match said.overlaps.get_mut(metric) {
            Some((last, known)) => {
                *known += count;
                if last.start < span.start {
                    *last = span;
                }
            }
            None => {
                said.overlaps.insert(metric.to_owned(), (span, count));
            }
        }
    }

    /// All warnings and all infos, in the order of their places. Nothing is left.
    pub(super) fn take(&self, text: &str) -> (Vec<Annotation>, Vec<Annotation>) {
        self.known.write().clear();
        let Said { mut warnings, mut infos, overlaps } = std::mem::take(&mut *self.said.lock());
        for (metric, (span, count)) in overlaps {
            let remark = Remark::StartTimeOverlap { metric: &metric, count };
            warnings.push(annotation(text, span, remark));
        }
        for list in [&mut warnings, &mut infos] {
            list.sort_by(|a, b| (a.position, &a.message).cmp(&(b.position, &b.message)));
            keep_last(list);
        }
        (warnings, infos)
    }
}

/// Keeps one remark of each text. Prometheus has the place where it came upon it last: of both sides
/// of an operator, the right one.
fn keep_last(remarks: &mut Vec<Annotation>) {
    let mut seen = HashSet::new();
    remarks.reverse();
    remarks.retain(|remark| seen.insert(remark.message.clone()));
    remarks.reverse();
}

fn annotation(text: &str, span: Span, remark: Remark<'_>) -> Annotation {
    let kind = if remark.is_warning() { "warning" } else { "info" };
    Annotation { message: format!("PromQL {kind}: {remark}"), position: span.position(text) }
}

#[cfg(test)]
mod tests;
