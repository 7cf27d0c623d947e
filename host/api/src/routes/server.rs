//! What stands beside the API: health and life of the program, its metrics, and the newest samples.

use super::parameters::selectors;
use super::status::build_of_prometheus;
use crate::endpoint::{Content, Endpoint, TEXT, Tag};
use crate::{federate, status};

/// How samples are written.
const EXPOSITION: Content = Content::Text(&[
    "text/plain",
    "application/openmetrics-text",
    "application/vnd.google.protobuf",
]);

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::get("/federate", "federate", federate::federate)
            .about(Tag::Remote, "Shows the newest samples, for another server to collect")
            .takes([selectors("Of these series.")])
            .answers_with(200, EXPOSITION)
            .refuses_with(&[400, 500, 503], &TEXT),
        Endpoint::get("/metrics", "get-metrics", status::metrics)
            .about(Tag::Server, "Shows the program's own metrics")
            .answers_with(200, EXPOSITION),
        Endpoint::get("/version", "get-version", status::version)
            .about(Tag::Server, "Tells which version runs")
            .answers_with(200, Content::Json(build_of_prometheus())),
        Endpoint::get("/-/healthy", "get-healthy", status::healthy)
            .about(Tag::Server, "Answers while the program runs")
            .answers_with(200, TEXT),
        Endpoint::get("/-/ready", "get-ready", status::ready)
            .about(Tag::Server, "Tells whether requests are taken")
            .answers_with(200, TEXT)
            .refuses_with(&[503], &TEXT),
        Endpoint::post_or_put("/-/reload", ["reload-post", "reload-put"], status::reload)
            .about(Tag::Server, "Reads the configuration again")
            .answers_with(200, TEXT)
            .refuses_with(&[403, 500], &TEXT),
        Endpoint::post_or_put("/-/quit", ["quit-post", "quit-put"], status::quit)
            .about(Tag::Server, "Ends the program in order")
            .answers_with(200, TEXT)
            .refuses_with(&[403], &TEXT),
    ]
}
