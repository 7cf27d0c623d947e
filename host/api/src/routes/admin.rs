//! What deletes, copies and takes in data: where flags allow it.

use super::parameters::{end, selectors, start};
use crate::endpoint::{Content, Endpoint, Parameter, TEXT, Tag};
use crate::schema::{object, text};
use crate::{admin, write};

pub(super) fn endpoints() -> Vec<Endpoint> {
    let bytes = text().about("A protobuf of remote write, compressed by snappy.");
    vec![
        Endpoint::post_or_put(
            "/admin/tsdb/delete_series",
            ["deleteSeriesPost", "deleteSeriesPut"],
            admin::delete_series,
        )
        .about(Tag::Admin, "Deletes samples of series")
        .takes([
            selectors("Of these series.").needed(),
            start("None that is older."),
            end("None that is newer."),
        ])
        .answers_with(204, Content::Nothing)
        .refuses(&[400, 500]),
        Endpoint::post_or_put(
            "/admin/tsdb/clean_tombstones",
            ["cleanTombstonesPost", "cleanTombstonesPut"],
            admin::clean_tombstones,
        )
        .about(Tag::Admin, "Frees the room of samples that were deleted")
        .answers_with(204, Content::Nothing)
        .refuses(&[500]),
        Endpoint::post_or_put(
            "/admin/tsdb/snapshot",
            ["snapshotPost", "snapshotPut"],
            admin::snapshot,
        )
        .about(Tag::Admin, "Copies the store to a folder beside it")
        .takes([Parameter::flag("skip_head", "Whether samples in no block are left out.")])
        .answers(object([("name", text().about("The folder, below `snapshots`."))]))
        .refuses(&[400, 500]),
        Endpoint::post("/write", "remoteWrite", write::write)
            .about(Tag::Remote, "Takes samples by remote write")
            .takes_body("application/x-protobuf", bytes)
            .answers_with(204, Content::Nothing)
            .refuses_with(&[400, 404, 413, 415, 500, 503], &TEXT),
    ]
}
