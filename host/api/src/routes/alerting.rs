//! How alerts find their receivers.

use crate::alerting;
use crate::endpoint::{Endpoint, TEXT, Tag};
use crate::schema::{
    Schema, duration_text, flag, labels, list, moment, named, object, text, whole, words,
};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::get("/alerting/routes", "get-alerting-routes", alerting::routes)
            .about(Tag::Alerting, "Shows the tree of routes")
            .answers(object([("root", named("Route", route).or_null())])),
        Endpoint::post("/alerting/trial", "try-alert", alerting::trial)
            .about(Tag::Alerting, "Tells what would become of an alert; nothing changes")
            .takes_body("application/json", object([("labels", labels())]))
            .answers(object([
                ("receivers", list(text())),
                ("asked", list(asked())),
                ("silencedBy", list(text())),
                ("inhibitedBy", list(text())),
                ("mutedBy", list(text())),
            ]))
            .refuses(&[400])
            .refuses_with(&[413], &TEXT),
        Endpoint::get("/alerting/receivers", "get-alerting-receivers", alerting::receivers)
            .about(Tag::Alerting, "Lists receivers, and how they were told last")
            .answers(list(object([
                ("name", text()),
                ("labels", labels()),
                ("integrations", list(integration())),
            ]))),
    ]
}

fn id() -> Schema {
    text().about("The way from the root by the places among siblings, such as `0.1.0`.")
}

fn route() -> Schema {
    object([
        ("id", id()),
        ("receiver", text()),
        ("matchers", list(text())),
        ("continue", flag()),
        ("groupBy", list(text())),
        ("groupWait", duration_text()),
        ("groupInterval", duration_text()),
        ("repeatInterval", duration_text()),
        ("muteTimeIntervals", list(text())),
        ("activeTimeIntervals", list(text())),
        ("labels", labels()),
        ("groups", whole()),
        ("alerts", whole()),
        ("routes", list(named("Route", route))),
    ])
}

fn asked() -> Schema {
    object([("id", id()), ("outcome", words(&["yes", "no", "notAsked"])), ("why", text())])
}

fn integration() -> Schema {
    object([
        ("name", text()),
        ("index", whole()),
        ("sendResolved", flag()),
        ("lastAttempt", moment().or_null()),
        ("lastDuration", duration_text().or_null()),
        ("lastError", text().or_null()),
        ("lastNote", text().or_null()),
        ("lastSuccess", moment().or_null()),
    ])
}
