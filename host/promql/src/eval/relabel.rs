//! `label_replace` and `label_join`.

use narthex_model::{Labels, METRIC_NAME, expand_match};

use crate::result::QueryError;

use super::Rows;
use super::context::Context;
use super::held::Held;
use super::merge::merge;
use super::plan::{Relabel, Vector};

pub(super) fn open<'q>(
    relabel: &Relabel,
    input: &Vector,
    cx: &'q Context<'q>,
) -> Result<Rows<'q>, QueryError> {
    let mut held = Held::new(&cx.ledger);
    for row in super::open(input, cx)? {
        let mut row = row?;
        if let Some((target, labels)) = apply(relabel, &row.labels) {
            row.labels = labels;
            if target == METRIC_NAME {
                row.drops_name = false;
            }
        }
        held.push(row)?;
    }
    Ok(merge(held)?.into_rows())
}

/// The label that is set, and the labels with it; nothing when the pattern does not match.
fn apply<'r>(relabel: &'r Relabel, labels: &Labels) -> Option<(&'r str, Labels)> {
    let (target, value) = match relabel {
        Relabel::Replace { target, replacement, source, pattern } => {
            let captures = pattern.regex().captures(labels.get(source).unwrap_or(""))?;
            let mut value = String::new();
            expand_match(&captures, replacement, &mut value);
            (target, value)
        }
        Relabel::Join { target, separator, sources } => {
            let parts: Vec<&str> =
                sources.iter().map(|source| labels.get(source).unwrap_or("")).collect();
            (target, parts.join(separator))
        }
    };
    let mut builder = labels.to_builder();
    builder.set(target.as_str(), value);
    Some((target, builder.finish()))
}
