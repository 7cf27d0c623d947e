//! Dashboards as they are stored.

use narthex_dashboards::FILE_BYTES_MAX;

use crate::dashboards;
use crate::endpoint::{Content, Endpoint, Parameter, TEXT, Tag};
use crate::schema::{Schema, flag, list, object, text, words};

pub(super) fn endpoints() -> Vec<Endpoint> {
    let overwrite = "Whether it may take the place of another.";
    vec![
        Endpoint::get("/dashboards", "get-dashboards", dashboards::list)
            .about(Tag::Dashboards, "Lists dashboards")
            .answers(object([("isWritable", flag()), ("dashboards", list(summary()))]))
            .refuses(&[500]),
        Endpoint::post("/dashboards", "write-dashboard", dashboards::write)
            .about(Tag::Dashboards, "Stores a dashboard, letter by letter")
            .takes([Parameter::flag("overwrite", overwrite)])
            .takes_body("application/json", dashboard())
            .with_body_max(FILE_BYTES_MAX)
            .answers(object([("uid", text())]))
            .refuses(&[400, 403, 409, 500])
            .refuses_with(&[413], &TEXT),
        Endpoint::get("/dashboards/{uid}", "get-dashboard", dashboards::read)
            .about(Tag::Dashboards, "Shows a dashboard as it is stored")
            .takes([uid()])
            .answers(dashboard())
            .refuses(&[404, 500]),
        Endpoint::delete("/dashboards/{uid}", "delete-dashboard", dashboards::remove)
            .about(Tag::Dashboards, "Removes a dashboard")
            .takes([uid()])
            .answers_with(204, Content::Nothing)
            .refuses(&[400, 403, 404, 500]),
    ]
}

fn uid() -> Parameter {
    Parameter::in_path("uid", text(), "The dashboard.")
}

/// As Grafana has it.
fn dashboard() -> Schema {
    object([]).and_others().about("A dashboard as Grafana exports it.")
}

fn summary() -> Schema {
    object([
        ("uid", text()),
        ("title", text()),
        ("tags", list(text())),
        ("source", words(&["bundled", "folder"])),
        ("file", text().or_null()),
        ("error", text().or_null()),
    ])
}
