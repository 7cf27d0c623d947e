//! `SHOW GLOBAL STATUS`: what the server counts, and what it is doing.

use narthex_sdk::{Error, Metrics};

use super::lower;
use crate::{client::Client, value};

pub(super) fn collect(client: &mut Client, metrics: &mut Metrics) -> Result<(), Error> {
    let table = client.query("SHOW GLOBAL STATUS")?;
    for [name, text] in table.texts() {
        if let Some(value) = value::number(text) {
            add(&lower(name), value, metrics);
        }
    }
    let text = |name: &str| {
        table.texts().find(|[own, _]| own.eq_ignore_ascii_case(name)).map(|[_, text]| text)
    };
    add_galera(&text, metrics);
    Ok(())
}

/// Families of names become one metric with a label.
fn add(name: &str, value: f64, metrics: &mut Metrics) {
    if let Some(command) = name.strip_prefix("com_") {
        metrics
            .counter("mysql_global_status_commands_total", "Commands that were executed.")
            .sample(&[("command", command)], value);
    } else if let Some(handler) = name.strip_prefix("handler_") {
        metrics
            .counter("mysql_global_status_handlers_total", "Requests to storage engines.")
            .sample(&[("handler", handler)], value);
    } else if let Some(error) = name.strip_prefix("connection_errors_") {
        metrics
            .counter("mysql_global_status_connection_errors_total", "Connections that failed.")
            .sample(&[("error", error)], value);
    } else if let Some(state) = name.strip_prefix("innodb_buffer_pool_pages_") {
        add_pages(state, value, metrics);
    } else if let Some(operation) = name.strip_prefix("innodb_rows_") {
        metrics
            .counter("mysql_global_status_innodb_row_ops_total", "Operations on rows by InnoDB.")
            .sample(&[("operation", operation)], value);
    } else if let Some(instrumentation) = name.strip_prefix("performance_schema_") {
        metrics
            .counter(
                "mysql_global_status_performance_schema_lost_total",
                "Instruments that found no memory.",
            )
            .sample(&[("instrumentation", instrumentation)], value);
    } else {
        metrics
            .untyped(&format!("mysql_global_status_{name}"), "From SHOW GLOBAL STATUS.")
            .set(value);
    }
}

fn add_pages(state: &str, value: f64, metrics: &mut Metrics) {
    match state {
        "data" | "free" | "misc" | "old" => {
            metrics
                .gauge("mysql_global_status_buffer_pool_pages", "Pages of the pool by state.")
                .sample(&[("state", state)], value);
        }
        "dirty" => {
            metrics
                .gauge("mysql_global_status_buffer_pool_dirty_pages", "Pages to be written.")
                .set(value);
        }
        // The sum of the others.
        "total" => {}
        operation => {
            metrics
                .counter(
                    "mysql_global_status_buffer_pool_page_changes_total",
                    "Changes of states of pages.",
                )
                .sample(&[("operation", operation)], value);
        }
    }
}

/// What a member of a Galera cluster says in texts.
fn add_galera<'a>(text: &dyn Fn(&str) -> Option<&'a str>, metrics: &mut Metrics) {
    // A text that is a number was told as such.
    let text = |name: &str| text(name).filter(|text| value::number(text).is_none());
    let own = text("wsrep_local_state_uuid").unwrap_or_default();
    if !own.is_empty() {
        let labels = [
            ("wsrep_local_state_uuid", own),
            ("wsrep_cluster_state_uuid", text("wsrep_cluster_state_uuid").unwrap_or_default()),
            ("wsrep_provider_version", text("wsrep_provider_version").unwrap_or_default()),
        ];
        metrics.gauge("mysql_galera_status_info", "What Galera says of itself.").sample(&labels, 1);
    }
    let latency = text("wsrep_evs_repl_latency").unwrap_or_default();
    let parts: Result<Vec<f64>, _> = latency.split('/').map(str::parse).collect();
    if let Ok([min, avg, max, deviation, size]) = parts.as_deref() {
        for (name, value) in [
            ("min_seconds", min),
            ("avg_seconds", avg),
            ("max_seconds", max),
            ("stdev", deviation),
            ("sample_size", size),
        ] {
            metrics
                .gauge(
                    &format!("mysql_galera_evs_repl_latency_{name}"),
                    "Latency of messages in the Galera cluster.",
                )
                .set(*value);
        }
    }
}
