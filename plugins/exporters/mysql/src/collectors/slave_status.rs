//! What a replica says of each connection to a source. Its columns differ by version and fork, so each that is a number
//! becomes a metric under its own name.

use narthex_sdk::{Error, Metrics};

use super::lower;
use crate::{client::Client, value};

/// The first that the server knows is taken: MariaDB's for all connections, MySQL's up to 8.3 and after.
const QUESTIONS: [&str; 3] = ["SHOW ALL SLAVES STATUS", "SHOW SLAVE STATUS", "SHOW REPLICA STATUS"];

/// MariaDB's positions, which are lists of `domain-server-sequence`.
const POSITIONS: [&str; 2] = ["Gtid_IO_Pos", "Gtid_Slave_Pos"];

pub(super) fn collect(client: &mut Client, metrics: &mut Metrics) -> Result<(), Error> {
    let mut asked = Err(Error::internal("no question was asked"));
    for question in QUESTIONS {
        asked = client.query(question);
        if asked.is_ok() {
            break;
        }
    }
    let table = asked?;
    for row in &table.rows {
        let values = || table.columns.iter().map(String::as_str).zip(row.iter());
        let text = |names: &[&str]| {
            let found = names.iter().filter_map(|name| values().find(|(own, _)| own == name));
            let mut texts = found.filter_map(|(_, value)| value.as_deref());
            texts.find(|text| !text.is_empty()).unwrap_or_default()
        };
        let labels = [
            ("master_host", text(&["Master_Host", "Source_Host"])),
            ("master_uuid", text(&["Master_UUID", "Source_UUID"])),
            ("channel_name", text(&["Channel_Name"])),
            ("connection_name", text(&["Connection_name"])),
        ];
        for (column, value) in values() {
            if let Some(number) = value.as_deref().and_then(value::number) {
                metrics
                    .untyped(
                        &format!("mysql_slave_status_{}", lower(column)),
                        "From SHOW SLAVE STATUS.",
                    )
                    .sample(&labels, number);
            }
        }
        for name in POSITIONS {
            for position in text(&[name]).split(',') {
                add_position(name, position, &labels, metrics);
            }
        }
    }
    Ok(())
}

fn add_position(name: &str, position: &str, labels: &[(&str, &str); 4], metrics: &mut Metrics) {
    let parts: Vec<&str> = position.split('-').collect();
    let [domain, server, sequence] = parts.as_slice() else { return };
    let Ok(sequence) = sequence.parse::<u64>() else { return };
    let [host, uuid, channel, connection] = *labels;
    let labels = [host, uuid, channel, connection, ("domain_id", *domain), ("server_id", *server)];
    metrics
        .gauge(&format!("mysql_slave_status_{}", lower(name)), "How far a replica has come.")
        .sample(&labels, sequence);
}
