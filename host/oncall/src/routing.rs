//! The routing tree: shown, and tried with the labels of an alert.
//!
//! Open `routing/tree.rs` for how trees are drawn.

mod explain;
mod tree;

use narthex_alerting::{Config, Route, Routes, matchers_text};
use narthex_model::Labels;
use narthex_settings::{Document, SettingsError};

use self::tree::Branch;
use crate::Outcome;

/// Sections that route nothing, and that our server refuses: an Alertmanager may have them.
const ASIDE: [&str; 2] = ["event_recorder", "tracing"];

/// Reads an alertmanager.yml, or the section `alertmanager` of a file of ours.
///
/// # Errors
/// Names the place of what does not fit.
pub fn read_routing(name: &str, text: &str) -> Result<Config, SettingsError> {
    let document = Document::parse(name, text)?;
    let (mut node, key) = match document.root().get("alertmanager") {
        Some(section) => (section.clone(), "alertmanager"),
        None => (document.root().clone(), ""),
    };
    node.take_entries(|key| ASIDE.contains(&key));
    document.read_node(&node, key)
}

/// The whole tree.
#[must_use]
pub fn show_routes(routes: &Routes) -> String {
    let all = branch(routes, 0, &|route| slug(route, true, true));
    format!("Routing tree:\n{}\n", tree::draw(all))
}

/// How an alert is tried.
#[derive(Clone, Debug, Default)]
pub struct RouteTrial {
    /// Show the routes that match, as a tree.
    pub shows_tree: bool,
    /// Show what became of every route that was asked.
    pub explains: bool,
    /// The receivers that are expected, with commas between.
    pub expected: Option<String>,
}

/// Which receivers an alert with these labels goes to.
#[must_use]
pub fn try_routes(routes: &Routes, labels: &Labels, trial: RouteTrial) -> Outcome {
    let mut answer = String::new();
    if trial.shows_tree {
        let drawn = tree::draw(matching(routes, 0, labels));
        answer.push_str(&format!("Matching routes:\n{drawn}\n\n"));
    }
    if trial.explains {
        answer.push_str(&explain::explain(routes, labels));
    }
    let found = routes.matching(labels);
    let receivers = found.into_iter().filter_map(|index| routes.get(index));
    let receivers: Vec<&str> = receivers.map(|route| route.receiver.as_str()).collect();
    let receivers = receivers.join(",");
    answer.push_str(&format!("{receivers}\n"));
    let is_bad = trial.expected.is_some_and(|wanted| !wanted.is_empty() && wanted != receivers);
    if is_bad {
        answer.push_str("WARNING: Expected receivers did not match resolved receivers.\n");
    }
    Outcome { answer, aside: Vec::new(), is_bad }
}

fn branch(routes: &Routes, index: usize, text: &dyn Fn(&Route) -> String) -> Branch {
    let Some(route) = routes.get(index) else { return Branch::default() };
    let below = route.children.iter().map(|child| branch(routes, *child, text)).collect();
    Branch { text: text(route), below }
}

/// The routes that match, from one that does.
fn matching(routes: &Routes, index: usize, labels: &Labels) -> Branch {
    let Some(route) = routes.get(index) else { return Branch::default() };
    let mut below = Vec::new();
    for (child, next) in children(routes, route) {
        if !next.matches(labels) {
            continue;
        }
        below.push(matching(routes, child, labels));
        if !next.continues {
            break;
        }
    }
    Branch { text: slug(route, false, below.is_empty()), below }
}

fn children<'a>(routes: &'a Routes, route: &'a Route) -> impl Iterator<Item = (usize, &'a Route)> {
    route.children.iter().filter_map(|child| Some((*child, routes.get(*child)?)))
}

fn slug(route: &Route, with_continue: bool, with_receiver: bool) -> String {
    let mut slug = match route.matchers.as_slice() {
        [] => "default-route".to_owned(),
        matchers => matchers_text(matchers),
    };
    if route.continues && with_continue {
        slug.push_str("  continue: true");
    }
    if with_receiver {
        slug.push_str("  receiver: ");
        slug.push_str(&route.receiver);
    }
    slug
}

#[cfg(test)]
mod tests;
