//! Rules evaluated by hand, at times and in an order of one's own: for tests of rules.

use std::sync::Arc;

use narthex_model::Timestamp;

use crate::config::RulesConfig;
use crate::file::RuleFiles;
use crate::group::{Group, Restoring, Tools};
use crate::service::Parts;
use crate::views::GroupView;

/// Groups without a schedule. What their rules give goes where it would go in a server.
#[derive(Debug)]
pub struct Rehearsal {
    groups: Vec<Group>,
}

impl Rehearsal {
    /// The groups of the files, ascending by `order_of` their names; groups of the same order stay
    /// in the order of the files.
    #[must_use]
    pub fn new(
        parts: Parts,
        config: RulesConfig,
        files: RuleFiles,
        order_of: impl Fn(&str) -> usize,
    ) -> Self {
        let (tools, config) = (Tools::from(parts), Arc::new(config));
        let mut specs = files.groups;
        specs.sort_by_key(|spec| order_of(&spec.name));
        let group =
            |spec| Group::new(spec, Arc::clone(&config), tools.clone(), None, Restoring::Done);
        Self { groups: specs.into_iter().map(group).collect() }
    }

    /// Evaluates one group after another for `at`. Blocks. How it went stands in the views.
    pub fn evaluate(&self, at: Timestamp) {
        for group in &self.groups {
            group.evaluate(at);
        }
    }

    /// The groups as they are, in the order of their evaluation.
    #[must_use]
    pub fn groups(&self) -> Vec<GroupView> {
        self.groups.iter().map(Group::view).collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::file::{Reading, RuleFiles};
    use crate::group::tests::World;
    use crate::service::Parts;

    use super::*;

    const FILE: &str = "
extra: 1
groups:
- { name: late, rules: [{ record: b, expr: a + 1 }] }
- { name: early, team: x, rules: [{ record: a, expr: vector(1), owner: me }] }
- name: wrong
  rules:
  - record: c
    expr: a + on () group_left () {__name__=~\"a|b\"}
";

    #[test]
    fn groups_are_evaluated_in_the_order_that_was_asked_for() {
        let world = World::new();
        let tools = world.tools.clone();
        let parts = Parts {
            engine: tools.engine,
            read: tools.read,
            write: tools.write,
            alerts: tools.alerts,
            clock: tools.clock,
            metrics: tools.metrics,
            state: None,
            concurrent_rules_max: 2,
        };
        assert!(RuleFiles::read([("r.yml", FILE)]).is_err());
        let reading = Reading { ignores_unknown_keys: true, ..Reading::default() };
        let files = RuleFiles::read_with([("r.yml", FILE)], reading).unwrap();
        let order = |name: &str| ["early", "late"].iter().position(|n| *n == name).unwrap_or(9);
        let rehearsal = Rehearsal::new(parts, RulesConfig::default(), files, order);
        rehearsal.evaluate(Timestamp::from_millis(1000));
        assert_eq!(world.dump("b"), ["{} 2@1"]);
        let views = rehearsal.groups();
        let names: Vec<&str> = views.iter().map(|view| view.name.as_str()).collect();
        assert_eq!(names, ["early", "late", "wrong"]);
        assert!(views[2].rules[0].last_error.contains("many-to-many"), "{:?}", views[2]);
    }
}
