//! Bytes as they lie on disk or come over a network: for each format a generator and an oracle.
//!
//! An oracle takes any bytes. It panics when reading them panics, or when what was read does not
//! survive being written and read again.

mod alerting;
mod block;
mod checksums;
mod chunks;
mod component;
mod exposition;
mod log;
mod mutation;
mod promql;
mod relabel;
mod remote_write;
mod settings;

pub use self::exposition::{CountSamples, long_expositions};
pub use self::mutation::mutate;

use crate::Chance;

/// A format under test.
#[derive(Debug)]
pub struct Target {
    /// As its program and the folder of its corpus are called.
    pub name: &'static str,
    /// Panics when a promise is broken.
    pub check: fn(&[u8]),
    /// Makes bytes that mean something.
    pub generate: fn(&mut Chance) -> Vec<u8>,
}

/// All of them.
pub const TARGETS: &[Target] = &[
    Target { name: "log_segment", check: log::check_segment, generate: log::segment },
    Target { name: "log_records", check: log::check_records, generate: log::records },
    Target {
        name: "checkpoint_records",
        check: log::check_checkpoint,
        generate: log::checkpoint_records,
    },
    Target { name: "chunks", check: chunks::check, generate: chunks::generate },
    Target { name: "block_index", check: block::check_index, generate: block::index },
    Target { name: "block_chunks", check: block::check_chunk_file, generate: block::chunk_file },
    Target {
        name: "block_tombstones",
        check: block::check_tombstones,
        generate: block::tombstones,
    },
    Target { name: "block_meta", check: block::check_meta, generate: block::meta },
    Target { name: "promql_parse", check: promql::check_text, generate: promql::text },
    Target { name: "promql_eval", check: promql::check_answer, generate: promql::seed },
    Target { name: "exposition_text", check: exposition::check_text, generate: exposition::text },
    Target {
        name: "exposition_openmetrics",
        check: exposition::check_openmetrics,
        generate: exposition::openmetrics,
    },
    Target {
        name: "exposition_protobuf",
        check: exposition::check_protobuf,
        generate: exposition::protobuf,
    },
    Target {
        name: "exposition_headers",
        check: exposition::check_headers,
        generate: exposition::headers,
    },
    Target { name: "remote_write", check: remote_write::check, generate: remote_write::generate },
    Target { name: "settings_yaml", check: settings::check_yaml, generate: settings::yaml },
    Target {
        name: "settings_durations",
        check: settings::check_durations,
        generate: settings::durations,
    },
    Target { name: "relabel_rules", check: relabel::check, generate: relabel::generate },
    Target {
        name: "alert_matchers",
        check: alerting::check_matchers,
        generate: alerting::matchers,
    },
    Target {
        name: "alert_templates",
        check: alerting::check_template,
        generate: alerting::template,
    },
    Target { name: "plugin_loader", check: component::check, generate: component::generate },
    Target { name: "rule_files", check: alerting::check_rules, generate: alerting::rules },
];
