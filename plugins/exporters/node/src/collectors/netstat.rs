//! Counters of protocols, from `/proc/net/netstat`, `snmp` and `snmp6`.

use narthex_sdk::{Error, Metrics};

use crate::{
    config::Fields,
    source::{Scrape, number, proc, proc_if_there},
};

pub(super) fn collect(scrape: &Scrape<'_>, metrics: &mut Metrics) -> Result<(), Error> {
    let fields = &scrape.config.netstat;
    for file in ["net/netstat", "net/snmp"] {
        let text = proc(file)?;
        // Names of a protocol in one line, their values in the next.
        let mut lines = text.lines();
        while let (Some(names), Some(values)) = (lines.next(), lines.next()) {
            let Some((protocol, names)) = names.split_once(':') else { continue };
            let values = values.split_ascii_whitespace().skip(1);
            for (name, value) in names.split_ascii_whitespace().zip(values) {
                add(metrics, fields, file, (protocol, name), value)?;
            }
        }
    }
    // Absent without IPv6.
    for line in proc_if_there("net/snmp6")?.unwrap_or_default().lines() {
        let mut words = line.split_ascii_whitespace();
        let (Some(key), Some(value)) = (words.next(), words.next()) else { continue };
        // `Icmp6InMsgs`: the protocol ends in its 6.
        let Some((protocol, name)) =
            key.find('6').and_then(|place| key.split_at_checked(place + 1))
        else {
            continue;
        };
        add(metrics, fields, "net/snmp6", (protocol, name), value)?;
    }
    Ok(())
}

fn add(
    metrics: &mut Metrics,
    fields: &Fields,
    file: &str,
    (protocol, name): (&str, &str),
    value: &str,
) -> Result<(), Error> {
    let key = format!("{protocol}_{name}");
    if fields.has(&key, is_wanted) {
        metrics
            .untyped(&format!("node_netstat_{key}"), &format!("Statistic {protocol}{name}."))
            .set(number(file, Some(value))?);
    }
    Ok(())
}

/// node_exporter's choice.
fn is_wanted(key: &str) -> bool {
    let Some((protocol, name)) = key.split_once('_') else { return false };
    if name == "InErrors" || name == "InErrs" {
        return true;
    }
    match protocol {
        "Ip" => name == "Forwarding",
        "Ip6" | "IpExt" => ["InOctets", "OutOctets"].contains(&name),
        "Icmp" | "Icmp6" => ["InMsgs", "OutMsgs"].contains(&name),
        "TcpExt" => {
            name.starts_with("Listen")
                || name.starts_with("Syncookies")
                || ["TCPSynRetrans", "TCPTimeouts", "TCPOFOQueue", "TCPRcvQDrop"].contains(&name)
        }
        "Tcp" => [
            "ActiveOpens",
            "InSegs",
            "OutSegs",
            "OutRsts",
            "PassiveOpens",
            "RetransSegs",
            "CurrEstab",
        ]
        .contains(&name),
        "Udp" | "Udp6" => {
            ["InDatagrams", "OutDatagrams", "NoPorts", "RcvbufErrors", "SndbufErrors"]
                .contains(&name)
        }
        _ => false,
    }
}
