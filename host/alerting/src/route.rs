//! The routing tree, flattened: every route with what it inherited.

use std::collections::BTreeMap;
use std::time::Duration;

use narthex_model::{Labels, Matcher};

use crate::index::matches_all;
use crate::matchers::{matchers_text, quoted};

/// Which labels make a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupBy {
    /// `...`: every label set is a group of its own.
    All,
    /// These labels, as far as an alert has them.
    Labels(Vec<String>),
}

impl GroupBy {
    /// The labels of an alert that name its group.
    #[must_use]
    pub fn labels_of(&self, labels: &Labels) -> Labels {
        match self {
            Self::All => labels.clone(),
            Self::Labels(names) => labels.filtered(|name| names.iter().any(|n| n == name)),
        }
    }
}

/// One route, complete with what it inherits.
#[derive(Clone, Debug)]
pub struct Route {
    /// Its matchers and those of the routes above, as group keys begin: `{}/{severity="page"}`.
    pub key: String,
    /// The receiver's name.
    pub receiver: String,
    /// Which labels make a group.
    pub group_by: GroupBy,
    /// How long a new group waits for more alerts before its first notification.
    pub group_wait: Duration,
    /// How long a group waits before it tells of changes.
    pub group_interval: Duration,
    /// How long a group waits before it repeats itself.
    pub repeat_interval: Duration,
    /// Labels of the route, for templates.
    pub labels: BTreeMap<String, String>,
    /// What an alert must match. The root has none.
    pub matchers: Vec<Matcher>,
    /// Intervals in which it does not notify. Routes below do not inherit them.
    pub muted_in: Vec<String>,
    /// If there are any: it notifies in these intervals alone.
    pub active_in: Vec<String>,
    /// Whether siblings behind this one are asked too.
    pub continues: bool,
    /// Indexes of the routes below.
    pub children: Vec<usize>,
}

impl Route {
    /// Whether its own matchers accept the labels.
    #[must_use]
    pub fn matches(&self, labels: &Labels) -> bool {
        matches_all(&self.matchers, labels)
    }
}

/// All routes; the first is the root.
#[derive(Clone, Debug)]
pub struct Routes(pub(crate) Vec<Route>);

impl Routes {
    /// Every route, the root first, each before those below it.
    pub fn iter(&self) -> impl Iterator<Item = &Route> {
        self.0.iter()
    }

    /// A route by its index.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<&Route> {
        self.0.get(index)
    }

    /// The way to a route from the root, by the places among siblings: `0` is the root, `0.2.0` the first below its
    /// third.
    #[must_use]
    pub fn id(&self, index: usize) -> String {
        let is_above = |route: &Route| route.children.contains(&index);
        let Some(parent) = self.0.iter().position(is_above) else { return "0".to_owned() };
        let siblings = self.get(parent).map_or(&[][..], |route| &route.children);
        let place = siblings.iter().take_while(|sibling| **sibling != index).count();
        format!("{}.{place}", self.id(parent))
    }

    /// Indexes of the routes that an alert with these labels goes to: at least one.
    #[must_use]
    pub fn matching(&self, labels: &Labels) -> Vec<usize> {
        self.below(0, labels).unwrap_or_else(|| vec![0])
    }

    /// `None`: the route does not match.
    fn below(&self, index: usize, labels: &Labels) -> Option<Vec<usize>> {
        let route = self.get(index).filter(|route| route.matches(labels))?;
        let mut found = Vec::new();
        for child in &route.children {
            let Some(matched) = self.below(*child, labels) else { continue };
            found.extend(matched);
            if self.get(*child).is_some_and(|child| !child.continues) {
                break;
            }
        }
        if found.is_empty() {
            found.push(index);
        }
        Some(found)
    }
}

/// The part of a key that one level adds.
pub(crate) fn level_key(parent: Option<&str>, matchers: &[Matcher]) -> String {
    let own = matchers_text(matchers);
    match parent {
        Some(parent) => format!("{parent}/{own}"),
        None => own,
    }
}

/// `{}/{severity="page"}:{alertname="X", job="y"}`.
pub(crate) fn group_key(route: &Route, group_labels: &Labels) -> String {
    let labels = group_labels.iter().map(|(name, value)| format!("{name}={}", quoted(value)));
    format!("{}:{{{}}}", route.key, labels.collect::<Vec<_>>().join(", "))
}
