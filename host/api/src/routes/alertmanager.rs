//! Version 2 of the API of an Alertmanager, by the names of its document; and acknowledgements, which are
//! ours.

use super::status::build;
use crate::endpoint::{Content, Endpoint, Parameter, Tag};
use crate::schema::{
    Schema, flag, labels, list, moment, named, object, one_of, text, whole, word, words,
};
use crate::v2::{acknowledgements, alerts, silences, status};

const JSON: &str = "application/json";

/// Why a body is not taken.
const FAULTS: [u16; 5] = [400, 404, 413, 422, 500];

pub(super) fn endpoints() -> Vec<Endpoint> {
    let mut all = of_alerts();
    all.extend(of_acknowledgements());
    all.extend(of_silences());
    all
}

/// A row of this API, whose answers stand in no envelope.
fn row(endpoint: Endpoint, summary: &'static str) -> Endpoint {
    endpoint.about(Tag::Alertmanager, summary)
}

fn json(schema: Schema) -> Content {
    Content::Json(schema)
}

/// Why a request has no answer.
fn fault() -> Content {
    let told = object([("code", whole()), ("message", text())]);
    json(one_of([text(), told]))
}

fn of_alerts() -> Vec<Endpoint> {
    let muted = "Whether groups that are muted are shown.";
    vec![
        row(Endpoint::get("/status", "getStatus", status::status), "Tells who answers")
            .answers_with(200, json(status())),
        row(Endpoint::get("/receivers", "getReceivers", status::receivers), "Lists receivers")
            .takes([Parameter::many("receiver_matchers", "Receivers with such labels alone.")])
            .answers_with(200, json(list(receiver().and([("labels", labels())]))))
            .refuses_with(&[400], &fault()),
        row(Endpoint::get("/alerts", "getAlerts", alerts::alerts), "Lists alerts")
            .takes(wanted())
            .answers_with(200, json(list(named("GettableAlert", alert))))
            .refuses_with(&[400], &fault()),
        row(Endpoint::post("/alerts", "postAlerts", alerts::post), "Takes alerts")
            .takes_body(JSON, list(posted_alert()))
            .answers_with(200, Content::Nothing)
            .refuses_with(&[400, 413, 422], &fault()),
        row(Endpoint::get("/alerts/groups", "getAlertGroups", alerts::groups), "Lists groups")
            .takes(wanted())
            .takes([Parameter::flag("muted", muted)])
            .answers_with(200, json(list(group())))
            .refuses_with(&[400, 500], &fault()),
    ]
}

fn of_acknowledgements() -> Vec<Endpoint> {
    vec![
        row(
            Endpoint::get(
                "/acknowledgements",
                "getAcknowledgements",
                acknowledgements::acknowledgements,
            ),
            "Lists acknowledgements",
        )
        .takes([filter()])
        .answers_with(200, json(list(held())))
        .refuses_with(&[400], &fault()),
        row(
            Endpoint::post("/acknowledgements", "postAcknowledgements", acknowledgements::post),
            "Acknowledges all alerts that match",
        )
        .takes_body(JSON, posted_acknowledgement())
        .answers_with(200, json(list(held())))
        .refuses_with(&FAULTS, &fault()),
        row(
            Endpoint::delete(
                "/acknowledgement/{fingerprint}",
                "deleteAcknowledgement",
                acknowledgements::delete,
            ),
            "Takes an acknowledgement back",
        )
        .takes([Parameter::in_path("fingerprint", text(), "The alert.")])
        .answers_with(200, Content::Nothing)
        .refuses_with(&[404, 500], &fault()),
    ]
}

fn of_silences() -> Vec<Endpoint> {
    let id = || Parameter::in_path("id", text(), "The silence.");
    let made = object([("silenceID", text())]);
    vec![
        row(Endpoint::get("/silences", "getSilences", silences::silences), "Lists silences")
            .takes([
                filter(),
                Parameter::flag("active", "Whether those in force are shown."),
                Parameter::flag("pending", "Whether those to come are shown."),
                Parameter::flag("expired", "Whether those that ended are shown."),
            ])
            .answers_with(200, json(list(named("GettableSilence", silence))))
            .refuses_with(&[400], &fault()),
        row(Endpoint::post("/silences", "postSilences", silences::post), "Makes or changes one")
            .takes_body(JSON, posted_silence())
            .answers_with(200, json(made))
            .refuses_with(&FAULTS, &fault()),
        row(Endpoint::get("/silence/{id}", "getSilence", silences::one), "Shows a silence")
            .takes([id()])
            .answers_with(200, json(named("GettableSilence", silence)))
            .answers_with(404, Content::Nothing)
            .refuses_with(&[422], &fault()),
        row(Endpoint::delete("/silence/{id}", "deleteSilence", silences::delete), "Ends a silence")
            .takes([id()])
            .answers_with(200, Content::Nothing)
            .answers_with(404, Content::Nothing)
            .refuses_with(&[422, 500], &fault()),
    ]
}

fn filter() -> Parameter {
    Parameter::many("filter", "Matchers, all of which have to match.")
}

/// Which alerts are asked for.
fn wanted() -> [Parameter; 7] {
    [
        filter(),
        Parameter::optional("receiver", text(), "A regular expression for their receivers."),
        Parameter::many("receiver_matchers", "Of receivers with such labels alone."),
        Parameter::flag("active", "Whether those that are told of are shown."),
        Parameter::flag("silenced", "Whether those that are silenced are shown."),
        Parameter::flag("inhibited", "Whether those that others inhibit are shown."),
        Parameter::flag("acknowledged", "Whether those that are acknowledged are shown."),
    ]
}

fn status() -> Schema {
    object([
        ("cluster", object([("status", word("disabled")), ("peers", list(text()))])),
        ("config", object([("original", text())])),
        ("uptime", moment()),
        ("versionInfo", build()),
    ])
}

fn receiver() -> Schema {
    object([("name", text())])
}

fn alert() -> Schema {
    let status = object([
        ("state", words(&["active", "suppressed"])),
        ("silencedBy", list(text())),
        ("inhibitedBy", list(text())),
        ("mutedBy", list(text())),
    ]);
    let alert = object([
        ("labels", labels()),
        ("annotations", labels()),
        ("startsAt", moment()),
        ("endsAt", moment()),
        ("updatedAt", moment()),
        ("fingerprint", text()),
        ("receivers", list(receiver())),
        ("status", status),
    ]);
    alert.and_maybe([("acknowledgement", acknowledgement()), ("generatorURL", text())])
}

fn posted_alert() -> Schema {
    let alert = object([("labels", labels())]).and_maybe([
        ("annotations", labels()),
        ("startsAt", moment()),
        ("endsAt", moment()),
        ("generatorURL", text()),
    ]);
    alert.and_others()
}

fn group() -> Schema {
    object([
        ("labels", labels()),
        (
            "route",
            text().about("The id of the route that made it, as in `/api/v1/alerting/routes`."),
        ),
        ("routeLabels", labels()),
        ("receiver", receiver()),
        ("alerts", list(named("GettableAlert", alert))),
    ])
}

fn acknowledgement() -> Schema {
    let whose = object([("createdBy", text()), ("comment", text()), ("createdAt", moment())]);
    whose.and_maybe([("endsAt", moment())])
}

/// An acknowledgement with its alert.
fn held() -> Schema {
    acknowledgement().and([("fingerprint", text()), ("labels", labels())])
}

fn posted_acknowledgement() -> Schema {
    let posted = object([
        ("matchers", list(named("PostedMatcher", posted_matcher))),
        ("createdBy", text()),
        ("comment", text()),
    ]);
    posted.and_maybe([("endsAt", moment())])
}

fn matcher() -> Schema {
    object([("name", text()), ("value", text()), ("isRegex", flag()), ("isEqual", flag())])
}

fn posted_matcher() -> Schema {
    let matcher = object([("name", text()), ("value", text()), ("isRegex", flag())]);
    matcher.and_maybe([("isEqual", flag())]).and_others()
}

fn silence() -> Schema {
    let state = words(&["active", "pending", "expired"]);
    let silence = object([
        ("id", text()),
        ("status", object([("state", state)])),
        ("updatedAt", moment()),
        ("matchers", list(matcher())),
        ("startsAt", moment()),
        ("endsAt", moment()),
        ("createdBy", text()),
        ("comment", text()),
        ("annotations", labels()),
    ]);
    silence.and_maybe([("timeIntervals", list(named("TimeInterval", time_interval)))])
}

fn posted_silence() -> Schema {
    let posted = object([
        ("matchers", list(named("PostedMatcher", posted_matcher))),
        ("startsAt", moment()),
        ("endsAt", moment()),
        ("createdBy", text()),
        ("comment", text()),
    ]);
    let posted = posted.and_maybe([
        ("id", text().about("The silence that is changed.")),
        ("annotations", labels()),
        ("timeIntervals", list(named("TimeInterval", time_interval))),
    ]);
    posted.and_others()
}

/// As the file of an Alertmanager has it.
fn time_interval() -> Schema {
    let times = object([("start_time", text()), ("end_time", text())]);
    object([]).and_maybe([
        ("times", list(times)),
        ("weekdays", list(text())),
        ("days_of_month", list(text())),
        ("months", list(text())),
        ("years", list(text())),
        ("location", text()),
    ])
}
