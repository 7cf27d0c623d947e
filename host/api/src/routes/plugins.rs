//! What is loaded, what it may do and what it did.

use crate::endpoint::{Endpoint, Parameter, Tag};
use crate::plugins;
use crate::schema::{Schema, flag, list, moment, named, number, object, text, whole, words};

/// Why an operator's word is not followed.
const FAULTS: [u16; 4] = [400, 403, 404, 500];

pub(super) fn endpoints() -> Vec<Endpoint> {
    let force = "Whether a version on probation serves at once.";
    vec![
        Endpoint::get("/plugins", "get-plugins", plugins::plugins)
            .about(Tag::Plugins, "Lists plugins")
            .answers(object([("plugins", list(named("Plugin", plugin))), ("isOperable", flag())])),
        Endpoint::post("/plugins/{name}/disable", "disable-plugin", plugins::disable)
            .about(Tag::Plugins, "Calls a plugin no more")
            .takes([name()])
            .answers(named("Plugin", plugin).or_null())
            .refuses(&FAULTS),
        Endpoint::post("/plugins/{name}/enable", "enable-plugin", plugins::enable)
            .about(Tag::Plugins, "Calls a plugin again")
            .takes([name()])
            .answers(named("Plugin", plugin).or_null())
            .refuses(&FAULTS),
        Endpoint::post("/plugins/{name}/reload", "reload-plugin", plugins::reload)
            .about(Tag::Plugins, "Loads the file of a plugin again")
            .takes([name(), Parameter::flag("force", force)])
            .answers(named("Plugin", plugin).or_null())
            .refuses(&FAULTS),
    ]
}

fn name() -> Parameter {
    Parameter::in_path("name", text(), "The plugin.")
}

fn plugin() -> Schema {
    let what = object([
        ("name", text()),
        ("kind", words(&["", "exporter", "discovery", "notifier"])),
        ("version", text()),
        ("description", text()),
        ("digest", text()),
        ("pinned", text().or_null()),
        ("file", text()),
        ("imports", list(text())),
        ("grants", list(grant())),
        ("limits", named("PluginAmounts", amounts)),
    ]);
    let state = ["ready", "failing", "backing-off", "disabled", "compiling", "failed"];
    let rejected =
        object([("at", moment()), ("digest", text()), ("kind", text()), ("message", text())]);
    let how = what.and([
        ("state", words(&state)),
        ("compiling", object([("since", moment()), ("digest", text())]).or_null()),
        ("disabled", text().or_null()),
        ("generation", whole()),
        ("previous", text().or_null()),
        ("loadedAt", moment().or_null()),
        ("rejected", rejected.or_null()),
    ]);
    let error = object([("at", moment()), ("kind", text()), ("message", text())]);
    how.and([
        ("peaks", named("PluginAmounts", amounts)),
        ("exceeded", list(exceeded())),
        ("calls", calls()),
        ("pauses", list(pause())),
        ("lastError", error.or_null()),
        ("logs", list(log())),
    ])
}

fn grant() -> Schema {
    object([("capability", text()), ("detail", text()), ("source", text())])
}

fn exceeded() -> Schema {
    object([("budget", text()), ("total", whole()), ("lastAt", moment())])
}

fn pause() -> Schema {
    object([("target", text()), ("kills", whole()), ("leftSeconds", number()), ("message", text())])
}

fn log() -> Schema {
    object([
        ("at", moment()),
        ("level", text()),
        ("call", text()),
        ("message", text()),
        ("fields", text()),
    ])
}

fn calls() -> Schema {
    let seconds = || number().or_null();
    object([
        ("total", whole()),
        ("errors", whole()),
        ("killed", whole()),
        ("failuresInRow", whole()),
        ("lastDurationSeconds", seconds()),
        ("medianDurationSeconds", seconds()),
        ("slowDurationSeconds", seconds()),
        ("cpuSecondsTotal", number()),
    ])
}

fn amounts() -> Schema {
    object([
        ("memoryBytes", whole()),
        ("cpuSeconds", number()),
        ("wallSeconds", number()),
        ("resultBytes", whole()),
        ("requests", whole()),
        ("bytesIn", whole()),
        ("bytesOut", whole()),
        ("logLines", whole()),
        ("samples", whole()),
        ("kvBytes", whole()),
    ])
}
