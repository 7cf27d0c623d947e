//! How a server that alerts runs: by which configuration, and beside whom.

use std::fmt::Write as _;
use std::net::SocketAddr;

use crate::server::{Alertmanager, ServerError};
use crate::show::{Form, Style, json};
use crate::table::table;
use crate::wire::{Cluster, Status};

/// The text by which a server routes, as far as it shows it.
///
/// # Errors
/// When it does not answer.
pub async fn show_config(server: &Alertmanager, style: &Style) -> Result<String, ServerError> {
    Ok(style.config(&server.status().await?))
}

/// The cluster of a server.
///
/// # Errors
/// When it does not answer.
pub async fn show_cluster(server: &Alertmanager, style: &Style) -> Result<String, ServerError> {
    Ok(style.cluster(server.status().await?.cluster))
}

impl Style {
    fn config(&self, status: &Status) -> String {
        let text = &status.config.original;
        match self.form {
            Form::Json => json(status),
            Form::Simple => format!("{text}\n"),
            Form::Extended => {
                let build = &status.version_info;
                let mut lines = format!("{text}\n");
                for (name, value) in [
                    ("buildUser", &build.build_user),
                    ("goVersion", &build.go_version),
                    ("revision", &build.revision),
                    ("version", &build.version),
                    ("branch", &build.branch),
                    ("buildDate", &build.build_date),
                    ("uptime", &status.uptime),
                ] {
                    // Writing to a string cannot fail.
                    writeln!(lines, "{name} {value}").ok();
                }
                lines
            }
        }
    }

    fn cluster(&self, mut cluster: Cluster) -> String {
        let (status, name) = (&cluster.status, &cluster.name);
        let mut lines = format!("Cluster Status:\t{status}\nNode Name:\t{name}\n");
        match self.form {
            Form::Json => return json(&cluster),
            Form::Simple => {}
            Form::Extended => {
                lines.push_str("\nAddress\tName\n");
                // What is no address stands first, as in amtool.
                cluster.peers.sort_by_key(|peer| peer.address.parse::<SocketAddr>().ok());
                for peer in &cluster.peers {
                    writeln!(lines, "{}\t{}\t", peer.address, peer.name).ok();
                }
            }
        }
        table(&lines)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peers_are_shown_by_their_addresses() {
        let cluster = || {
            serde_json::from_value(serde_json::json!({
                "name": "01A", "status": "ready", "peers": [
                    { "address": "10.0.0.10:9094", "name": "c" },
                    { "address": "10.0.0.9:10094", "name": "b" },
                    { "address": "10.0.0.9:9094", "name": "01A" },
                ],
            }))
            .unwrap()
        };
        let shown = |form| Style { form, ..Style::default() }.cluster(cluster());
        assert_eq!(shown(Form::Simple), "Cluster Status:  ready\nNode Name:       01A\n");
        assert_eq!(
            shown(Form::Extended),
            "Cluster Status:  ready\nNode Name:       01A\n\nAddress         Name\n\
             10.0.0.9:9094   01A  \n10.0.0.9:10094  b    \n10.0.0.10:9094  c    \n"
        );
        let json = shown(Form::Json);
        assert!(json.starts_with("{\"name\":\"01A\",\"peers\":[{\"address\":"), "{json}");
    }
}
