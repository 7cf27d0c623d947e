//! What would become of an alert: what every route says that is asked, and who would keep it quiet.

use std::fmt;
use std::sync::Arc;

use narthex_model::Labels;

use crate::config::Muted;
use crate::matchers::matcher_text;
use crate::route::{Route, Routes};
use crate::service::Alerting;

/// A route, and what it said of an alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Its index.
    pub route: usize,
    /// What it said.
    pub verdict: Verdict,
    /// The routes below one that takes the alert, in their order.
    pub below: Vec<Asked>,
}

/// What a route says of an alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It takes it.
    Taken,
    /// Matchers that do not hold.
    Refused(Vec<Refusal>),
    /// A sibling took it that does not `continue`.
    NotAsked {
        /// The index of the sibling.
        taker: usize,
    },
}

/// A matcher that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// As it is written.
    pub matcher: String,
    /// The label that it asks for.
    pub name: String,
    /// What the alert has there.
    pub found: Option<String>,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { matcher, name, found } = self;
        match found {
            Some(found) => write!(f, "{matcher} is wanted and {name} is {found:?}"),
            None => write!(f, "{matcher} is wanted and there is no {name}"),
        }
    }
}

impl Routes {
    /// What the routes say of an alert with these labels, from the root down. `None`: there is no root.
    #[must_use]
    pub fn asked(&self, labels: &Labels) -> Option<Asked> {
        Some(self.taken(0, self.get(0)?, labels))
    }

    fn taken(&self, index: usize, route: &Route, labels: &Labels) -> Asked {
        let mut taker = None;
        let children = route.children.iter().filter_map(|child| Some((*child, self.get(*child)?)));
        let below = children.map(|(index, child)| {
            if let Some(taker) = taker {
                return Asked {
                    route: index,
                    verdict: Verdict::NotAsked { taker },
                    below: Vec::new(),
                };
            }
            let refusals = child.refusals(labels);
            if !refusals.is_empty() {
                return Asked {
                    route: index,
                    verdict: Verdict::Refused(refusals),
                    below: Vec::new(),
                };
            }
            taker = (!child.continues).then_some(index);
            self.taken(index, child, labels)
        });
        let below = below.collect();
        Asked { route: index, verdict: Verdict::Taken, below }
    }
}

impl Route {
    fn refusals(&self, labels: &Labels) -> Vec<Refusal> {
        let failing = self.matchers.iter().filter_map(|matcher| {
            let found = labels.get(matcher.name());
            (!matcher.matches(found.unwrap_or(""))).then(|| Refusal {
                matcher: matcher_text(matcher),
                name: matcher.name().to_owned(),
                found: found.map(str::to_owned),
            })
        });
        failing.collect()
    }
}

/// What would become of an alert that fired now.
#[derive(Clone, Debug)]
pub struct Trial {
    /// The routes of the configuration that holds.
    pub routes: Routes,
    /// What they say.
    pub asked: Option<Asked>,
    /// Who would be told, in the order of the routes.
    pub receivers: Vec<String>,
    /// The ids of the silences that hold for it, ascending.
    pub silenced_by: Vec<String>,
    /// The fingerprint of an alert that keeps it quiet, 16 hexadecimal digits.
    pub inhibited_by: Option<String>,
    /// Time intervals because of which none of its routes notifies now.
    pub muted_by: Vec<String>,
}

impl Alerting {
    /// Tries labels; nothing changes.
    #[must_use]
    pub fn trial(&self, labels: &Labels) -> Trial {
        let now = self.now();
        let silenced_by = self.silences().silencer(now).silenced_by(labels);
        let (config, inhibited_by) = {
            let state = self.0.state.lock();
            let dispatcher = &state.dispatcher;
            let inhibited_by = dispatcher.alerts.inhibited_by(labels, now);
            (Arc::clone(&dispatcher.config), inhibited_by)
        };
        let routes = &config.routes;
        let found = routes.matching(labels);
        let (mut receivers, mut muted_by, mut is_muted) = (Vec::new(), Vec::new(), true);
        for route in found.into_iter().filter_map(|index| routes.get(index)) {
            if !receivers.contains(&route.receiver) {
                receivers.push(route.receiver.clone());
            }
            match config.muted(route, now).map(Muted::into_names) {
                Some(names) => muted_by.extend(names),
                None => is_muted = false,
            }
        }
        muted_by.sort();
        muted_by.dedup();
        if !is_muted {
            muted_by.clear();
        }
        let inhibited_by = inhibited_by.map(|fingerprint| format!("{fingerprint:016x}"));
        let asked = routes.asked(labels);
        Trial { routes: routes.clone(), asked, receivers, silenced_by, inhibited_by, muted_by }
    }

    /// The routes that hold, with how many groups each has and how many alerts are in these.
    #[must_use]
    pub fn routes(&self) -> (Routes, Vec<GroupCount>) {
        let (config, groups) = {
            let state = self.0.state.lock();
            let dispatcher = &state.dispatcher;
            let groups = dispatcher.groups.iter();
            let groups: Vec<(usize, usize)> =
                groups.map(|(id, group)| (id.route, group.alerts.len())).collect();
            (Arc::clone(&dispatcher.config), groups)
        };
        let mut counts = vec![GroupCount::default(); config.routes.iter().count()];
        for (route, alerts) in groups {
            if let Some(count) = counts.get_mut(route) {
                count.groups += 1;
                count.alerts += alerts;
            }
        }
        (config.routes.clone(), counts)
    }
}

/// What a route has to tell of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GroupCount {
    /// Its groups.
    pub groups: usize,
    /// The alerts in them.
    pub alerts: usize,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::config;

    #[test]
    fn routes_say_why_they_do_not_take_an_alert() {
        let config = config(
            "
route:
  receiver: r
  routes:
  - { matchers: [team=db, 'host!=a'] }
  - { matchers: [sev=page], routes: [{ matchers: [host=a] }] }
  - { matchers: [team=db] }
receivers: [{ name: r }]
",
        );
        let labels = |pairs: &[(&str, &str)]| Labels::from_pairs(pairs.iter().copied());
        let said = |pairs: &[(&str, &str)]| {
            fn tell(asked: &Asked, said: &mut Vec<String>) {
                said.push(match &asked.verdict {
                    Verdict::Taken => format!("{} takes", asked.route),
                    Verdict::Refused(refusals) => {
                        let refusals: Vec<String> =
                            refusals.iter().map(Refusal::to_string).collect();
                        format!("{}: {}", asked.route, refusals.join("; "))
                    }
                    Verdict::NotAsked { taker } => format!("{}: {taker} took it", asked.route),
                });
                asked.below.iter().for_each(|below| tell(below, said));
            }
            let mut told = Vec::new();
            tell(&config.routes.asked(&labels(pairs)).unwrap(), &mut told);
            told
        };
        assert_eq!(
            said(&[("host", "a"), ("sev", "page")]),
            [
                "0 takes",
                "1: host!=\"a\" is wanted and host is \"a\"; team=\"db\" is wanted and there is no team",
                "2 takes",
                "3 takes",
                "4: 2 took it",
            ]
        );
        assert_eq!(
            said(&[("team", "db"), ("host", "b")])[1..],
            ["1 takes", "2: 1 took it", "4: 1 took it"]
        );
    }
}
