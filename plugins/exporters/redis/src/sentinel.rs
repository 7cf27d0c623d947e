//! What a sentinel says of the masters that it watches, beyond `INFO`.

use narthex_sdk::{Error, Metrics};

use crate::{client::Client, resp::Reply};

/// No sentinel watches so many; each is some ten series and three questions.
const MASTERS_MAX: usize = 1000;

/// Settings and states of a master, and the metrics that they become.
const OF_MASTER: [(&str, &str, &str, f64); 6] = [
    ("quorum", "setting_ckquorum", "Sentinels that must agree.", 1.0),
    ("failover-timeout", "setting_failover_timeout", "The setting failover-timeout, in ms.", 1.0),
    ("parallel-syncs", "setting_parallel_syncs", "The setting parallel-syncs.", 1.0),
    (
        "down-after-milliseconds",
        "setting_down_after_milliseconds",
        "The setting down-after-milliseconds.",
        1.0,
    ),
    ("config-epoch", "config_epoch", "Counts failovers.", 1.0),
    ("last-ok-ping-reply", "last_ok_ping_reply_seconds", "Time since the last good answer.", 1e3),
];

/// Asks and adds.
pub(crate) fn add(client: &mut Client, metrics: &mut Metrics) -> Result<(), Error> {
    let mut answers = client.ask(&[vec!["SENTINEL", "MASTERS"]])?;
    let masters = answers.optional("SENTINEL MASTERS");
    let masters: Vec<(&Reply, &str)> = masters
        .list()
        .iter()
        .take(MASTERS_MAX)
        .filter_map(|master| Some((master, master.value("name")?)))
        .collect();
    let questions: Vec<_> = masters
        .iter()
        .flat_map(|(_, name)| {
            ["CKQUORUM", "SENTINELS", "SLAVES"].map(|what| vec!["SENTINEL", what, name])
        })
        .collect();
    let mut answers = client.ask(&questions)?;
    for (master, name) in &masters {
        let (agrees, message) = match answers.any() {
            Reply::Text(message) => (true, message),
            Reply::Refused(message) => (false, message),
            Reply::Number(_) | Reply::List(_) | Reply::Nothing => (false, String::new()),
        };
        metrics
            .gauge("redis_sentinel_master_ckquorum_status", "Whether enough sentinels are there.")
            .sample(&[("master_name", name), ("message", &message)], agrees);
        let address = format!(
            "{}:{}",
            master.value("ip").unwrap_or_default(),
            master.value("port").unwrap_or_default()
        );
        let labels = [("master_name", *name), ("master_address", address.as_str())];
        for (own, metric, help, scale) in OF_MASTER {
            let value = master.value(own).and_then(|value| value.parse::<f64>().ok());
            metrics
                .gauge(&format!("redis_sentinel_master_{metric}"), help)
                .sample(&labels, value.unwrap_or_default() / scale);
        }
        let sentinels = answers.optional("SENTINEL SENTINELS");
        metrics
            .gauge("redis_sentinel_master_ok_sentinels", "Sentinels that are well, this one too.")
            .sample(&labels, 1 + well(&sentinels));
        let replicas = answers.optional("SENTINEL SLAVES");
        metrics
            .gauge("redis_sentinel_master_ok_slaves", "Replicas that are well.")
            .sample(&labels, well(&replicas));
    }
    Ok(())
}

/// How many of a list are not marked as down.
fn well(list: &Reply) -> usize {
    let flags = list.list().iter().filter_map(|one| one.value("flags"));
    flags.filter(|flags| !flags.contains("s_down") && !flags.contains("o_down")).count()
}
