//! Why an alert goes where it goes: what every route said that was asked.

use narthex_alerting::{Route, Routes, matcher_text};
use narthex_model::Labels;

use super::tree::{self, Branch};
use super::{children, slug};

pub(super) fn explain(routes: &Routes, labels: &Labels) -> String {
    let Some(root) = routes.get(0) else { return String::new() };
    let drawn = tree::draw(asked(routes, root, labels, "takes every alert"));
    format!("Why:\n{drawn}\n")
}

/// A route that matches, with those below it.
fn asked(routes: &Routes, route: &Route, labels: &Labels, why: &str) -> Branch {
    let mut below = Vec::new();
    let mut is_taken = false;
    // The sibling behind which none is asked.
    let mut last = None;
    for (_, child) in children(routes, route) {
        let name = slug(child, false, false);
        if let Some(last) = &last {
            below.push(leaf(format!("{name}  not asked: {last} took it, without continue")));
        } else if let Some(refusal) = refusal(child, labels) {
            below.push(leaf(format!("{name}  no: {refusal}")));
        } else {
            is_taken = true;
            let why = if child.continues { "yes, and continues" } else { "yes" };
            below.push(asked(routes, child, labels, why));
            last = (!child.continues).then_some(name);
        }
    }
    let mut text = format!("{}  {why}", slug(route, false, false));
    if !is_taken {
        text.push_str(&format!("  receiver: {}", route.receiver));
    }
    Branch { text, below }
}

const fn leaf(text: String) -> Branch {
    Branch { text, below: Vec::new() }
}

/// The matchers that do not hold, and what is there instead.
fn refusal(route: &Route, labels: &Labels) -> Option<String> {
    let failing = route.matchers.iter().filter_map(|matcher| {
        let value = labels.get(matcher.name());
        if matcher.matches(value.unwrap_or("")) {
            return None;
        }
        let (name, wanted) = (matcher.name(), matcher_text(matcher));
        Some(match value {
            Some(value) => format!("{wanted} is wanted and {name} is {value:?}"),
            None => format!("{wanted} is wanted and there is no {name}"),
        })
    });
    let failing: Vec<String> = failing.collect();
    (!failing.is_empty()).then(|| failing.join("; "))
}
