//! Rules and their alerts, and whom these are sent to.

use super::parameters::selectors;
use crate::endpoint::{Endpoint, Parameter, Tag};
use crate::schema::{
    Schema, labels, list, moment, named, number, object, one_of, text, whole, word, words,
};
use crate::{discovery, rules};

pub(super) fn endpoints() -> Vec<Endpoint> {
    let groups = object([("groups", list(named("RuleGroup", group)))]);
    let url = || list(object([("url", text())]));
    vec![
        Endpoint::get("/rules", "rules", rules::rules)
            .about(Tag::Rules, "Lists groups of rules")
            .takes([
                Parameter::optional("type", text(), "`alert` or `record`."),
                Parameter::many("rule_name[]", "Rules of these names alone."),
                Parameter::many("rule_group[]", "Groups of these names alone."),
                Parameter::many("file[]", "Groups of these files alone."),
                selectors("Rules with such labels alone."),
                Parameter::flag("exclude_alerts", "Whether alerts are left out."),
                Parameter::count("group_limit", "Groups of a page; all, unless it is given."),
                Parameter::optional("group_next_token", text(), "The page that begins there."),
            ])
            .answers(groups.and_maybe([(
                "groupNextToken",
                text().about("Asks for the next page; not there on the last."),
            )]))
            .refuses(&[400]),
        Endpoint::get("/alerts", "alerts", rules::alerts)
            .about(Tag::Alerts, "Lists alerts that fire or are pending")
            .answers(object([("alerts", list(named("Alert", alert)))])),
        Endpoint::get("/alerts/count", "count-alerts", rules::count_alerts)
            .about(Tag::Alerts, "Counts alerts that fire or are pending")
            .answers(object([("firing", whole()), ("pending", whole())])),
        Endpoint::get("/alertmanagers", "alertmanagers", discovery::alertmanagers)
            .about(Tag::Alerts, "Lists other Alertmanagers that alerts are sent to")
            .answers(object([("activeAlertmanagers", url()), ("droppedAlertmanagers", url())])),
    ]
}

fn group() -> Schema {
    object([
        ("name", text()),
        ("file", text()),
        ("interval", number().about("Seconds.")),
        ("queryOffset", number().about("Seconds.")),
        ("limit", whole()),
        ("rules", list(named("Rule", rule))),
        ("evaluationTime", number().about("Seconds.")),
        ("lastEvaluation", moment()),
    ])
}

fn rule() -> Schema {
    let rule = |kind| {
        let rule = object([
            ("type", word(kind)),
            ("name", text()),
            ("query", text()),
            ("labels", labels()),
            ("health", words(&["unknown", "ok", "err"])),
            ("evaluationTime", number().about("Seconds.")),
            ("lastEvaluation", moment()),
        ]);
        rule.and_maybe([("lastError", text())])
    };
    let alerting = rule("alerting").and([
        ("state", words(&["unknown", "inactive", "pending", "firing"])),
        ("duration", number().about("Seconds.")),
        ("keepFiringFor", number().about("Seconds.")),
        ("annotations", labels()),
        ("alerts", list(named("Alert", alert))),
    ]);
    one_of([rule("recording"), alerting])
}

fn alert() -> Schema {
    let alert = object([
        ("labels", labels()),
        ("annotations", labels()),
        ("state", words(&["inactive", "pending", "firing"])),
        ("activeAt", moment()),
        ("value", text().about("A number with an exponent.")),
    ]);
    alert.and_maybe([("keepFiringSince", moment())])
}
