//! InnoDB's compressed pages, by their size.

use narthex_sdk::{Error, Metrics};

use crate::client::Client;

/// A column, the metric it becomes without the prefix, its help, and its unit in that of the metric.
type Column = (&'static str, &'static str, &'static str, f64);

const COMPRESSION: [Column; 5] = [
    ("compress_ops", "compress_ops_total", "Pages that were compressed.", 1.0),
    ("compress_ops_ok", "compress_ops_ok_total", "Pages that became small enough.", 1.0),
    ("compress_time", "compress_time_seconds_total", "Time spent compressing.", 1.0),
    ("uncompress_ops", "uncompress_ops_total", "Pages that were unpacked.", 1.0),
    ("uncompress_time", "uncompress_time_seconds_total", "Time spent unpacking.", 1.0),
];

const MEMORY: [Column; 4] = [
    ("pages_used", "pages_used_total", "Blocks in use.", 1.0),
    ("pages_free", "pages_free_total", "Blocks that are free.", 1.0),
    ("relocation_ops", "relocation_ops_total", "Blocks that were moved.", 1.0),
    // As mysqld_exporter has it, although the column is in microseconds.
    ("relocation_time", "relocation_time_seconds_total", "Time spent moving.", 1000.0),
];

pub(super) fn compression(client: &mut Client, metrics: &mut Metrics) -> Result<(), Error> {
    let columns = COMPRESSION.map(|(column, ..)| column).join(", ");
    let from = "information_schema.innodb_cmp";
    let table = client.query(&format!("SELECT page_size, {columns} FROM {from}"))?;
    for [size, values @ ..] in table.texts::<6>() {
        add("innodb_cmp", &[("page_size", size)], &COMPRESSION, &values, metrics);
    }
    Ok(())
}

pub(super) fn compressed_memory(client: &mut Client, metrics: &mut Metrics) -> Result<(), Error> {
    let columns = MEMORY.map(|(column, ..)| column).join(", ");
    let from = "information_schema.innodb_cmpmem";
    let question = format!("SELECT page_size, buffer_pool_instance, {columns} FROM {from}");
    let table = client.query(&question)?;
    for [size, pool, values @ ..] in table.texts::<6>() {
        let labels = [("page_size", size), ("buffer_pool", pool)];
        add("innodb_cmpmem", &labels, &MEMORY, &values, metrics);
    }
    Ok(())
}

fn add(
    table: &str,
    labels: &[(&str, &str)],
    columns: &[Column],
    values: &[&str],
    metrics: &mut Metrics,
) {
    for ((_, metric, help, scale), value) in columns.iter().zip(values) {
        if let Ok(value) = value.parse::<f64>() {
            metrics
                .counter(&format!("mysql_info_schema_{table}_{metric}"), help)
                .sample(labels, value / scale);
        }
    }
}
