//! The collectors that `mysqld_exporter` runs by default, one file each. A collector asks and adds; an error is the
//! collector's alone.

mod global_status;
mod global_variables;
mod innodb;
mod query_response_time;
mod slave_status;

use narthex_sdk::{Error, Metrics};

use crate::client::Client;

/// A part of what the server says.
pub(crate) struct Collector {
    /// Its name in configuration, and after `collect.` in `mysql_exporter_collector_success`.
    pub(crate) name: &'static str,
    /// Asks and adds.
    pub(crate) collect: fn(&mut Client, &mut Metrics) -> Result<(), Error>,
}

/// All of them.
pub(crate) const COLLECTORS: [Collector; 6] = [
    Collector { name: "global_status", collect: global_status::collect },
    Collector { name: "global_variables", collect: global_variables::collect },
    Collector { name: "slave_status", collect: slave_status::collect },
    Collector { name: "info_schema.innodb_cmp", collect: innodb::compression },
    Collector { name: "info_schema.innodb_cmpmem", collect: innodb::compressed_memory },
    Collector { name: "info_schema.query_response_time", collect: query_response_time::collect },
];

/// A name of the server's as it stands in the name of a metric. What else may not stand there the SDK replaces.
fn lower(name: &str) -> String {
    name.to_ascii_lowercase()
}
