//! `SHOW GLOBAL VARIABLES`: the settings that are numbers or switches, and the version.

use narthex_sdk::{Error, Metrics};

use super::lower;
use crate::{client::Client, value};

pub(super) fn collect(client: &mut Client, metrics: &mut Metrics) -> Result<(), Error> {
    let table = client.query("SHOW GLOBAL VARIABLES")?;
    for [name, text] in table.texts() {
        if let Some(value) = value::number(text) {
            let name = format!("mysql_global_variables_{}", lower(name));
            metrics.gauge(&name, "From SHOW GLOBAL VARIABLES.").set(value);
        }
    }
    // A text that is a number was told as such.
    let text = |name: &str| {
        let found = table.texts().find(|[own, _]| own.eq_ignore_ascii_case(name));
        found.map(|[_, text]| text).filter(|text| value::number(text).is_none()).unwrap_or_default()
    };
    let labels = ["innodb_version", "version", "version_comment"].map(|name| (name, text(name)));
    metrics.gauge("mysql_version_info", "The server's version.").sample(&labels, 1);
    let cluster = text("wsrep_cluster_name");
    if !cluster.is_empty() {
        metrics
            .gauge("mysql_galera_variables_info", "How Galera is set.")
            .sample(&[("wsrep_cluster_name", cluster)], 1);
    }
    let provider = text("wsrep_provider_options");
    if !provider.is_empty() {
        metrics
            .gauge("mysql_galera_gcache_size_bytes", "The size of the cache of write sets.")
            .set(cache_bytes(provider).unwrap_or_default());
    }
    let level = [text("transaction_isolation"), text("tx_isolation")];
    if let Some(level) = level.into_iter().find(|level| !level.is_empty()) {
        metrics
            .gauge("mysql_transaction_isolation", "The isolation of transactions.")
            .sample(&[("level", level)], 1);
    }
    Ok(())
}

/// `…; gcache.size = 128M; …`
fn cache_bytes(options: &str) -> Option<f64> {
    let (_, rest) = options.split_once("gcache.size = ")?;
    let (size, _) = rest.split_once(';')?;
    let (number, unit) = match size.strip_suffix(['M', 'G']) {
        Some(number) if size.ends_with('M') => (number, 1024.0 * 1024.0),
        Some(number) => (number, 1024.0 * 1024.0 * 1024.0),
        None => (size, 1.0),
    };
    Some(number.parse::<f64>().ok()? * unit)
}
