//! How long queries took, where the plugin of MariaDB or Percona that counts it is there and switched on.

use narthex_sdk::{Error, Histogram, Metrics};

use crate::client::Client;

/// Where the numbers are; those of reads and of writes are Percona's.
const TABLES: [(&str, &str, &str); 3] = [
    ("QUERY_RESPONSE_TIME", "query_response_time_seconds", "How long queries took."),
    ("QUERY_RESPONSE_TIME_READ", "read_query_response_time_seconds", "How long reads took."),
    ("QUERY_RESPONSE_TIME_WRITE", "write_query_response_time_seconds", "How long writes took."),
];

pub(super) fn collect(client: &mut Client, metrics: &mut Metrics) -> Result<(), Error> {
    // A server without the plugin does not know the variable.
    let Ok(switch) = client.query("SELECT @@query_response_time_stats") else { return Ok(()) };
    if !switch.texts().any(|[switch]| switch.parse().is_ok_and(|switch: u64| switch > 0)) {
        return Ok(());
    }
    for (number, (table, metric, help)) in TABLES.iter().enumerate() {
        let question = format!("SELECT TIME, COUNT, TOTAL FROM INFORMATION_SCHEMA.{table}");
        let rows = match client.query(&question) {
            Ok(rows) => rows,
            Err(error) if number == 0 => return Err(error),
            Err(_) => continue,
        };
        // The last row, TOO LONG, has no bound and no time.
        let number = |text: &str| text.trim().parse::<f64>().ok();
        let bounds: Vec<f64> = rows.texts().filter_map(|[bound]| number(bound)).collect();
        let mut histogram = Histogram::new(&bounds);
        for [bound, count, total] in rows.texts() {
            histogram
                .add(number(bound).unwrap_or(f64::INFINITY), count.parse().unwrap_or_default());
            histogram.add_sum(number(total).unwrap_or_default());
        }
        metrics.histogram(&format!("mysql_info_schema_{metric}"), help).histogram(&[], &histogram);
    }
    Ok(())
}
