//! Flags of alerts on their way to other Alertmanagers.

use clap::Args;
use narthex_notify::Settings;

/// `--alertmanager.*`
#[derive(Clone, Debug, Args)]
pub(crate) struct AlertingFlags {
    /// Alerts that may wait for one Alertmanager.
    #[arg(
        long = "alertmanager.notification-queue-capacity",
        default_value_t = Settings::default().queue_capacity,
        value_parser = at_least_one,
        value_name = "N"
    )]
    queue_capacity: usize,

    /// Alerts that are sent to an Alertmanager in one request.
    #[arg(
        long = "alertmanager.notification-batch-size",
        default_value_t = Settings::default().batch_max,
        value_parser = at_least_one,
        value_name = "N"
    )]
    batch_max: usize,

    /// Send alerts that wait for Alertmanagers before the end of the program.
    #[arg(
        long = "alertmanager.drain-notification-queue-on-shutdown",
        conflicts_with = "no_drain",
        hide = true
    )]
    drain: bool,

    /// Leave alerts that wait for Alertmanagers unsent at the end of the program.
    #[arg(long = "no-alertmanager.drain-notification-queue-on-shutdown")]
    no_drain: bool,
}

fn at_least_one(text: &str) -> Result<usize, String> {
    let number: usize = text.parse().map_err(|_| format!("{text:?} is no number"))?;
    if number == 0 { Err("must be at least 1".to_owned()) } else { Ok(number) }
}

impl AlertingFlags {
    pub(crate) fn settings(&self) -> Settings {
        Settings {
            queue_capacity: self.queue_capacity,
            batch_max: self.batch_max,
            drains: !self.no_drain,
        }
    }

    pub(crate) fn shown(&self) -> Vec<(&'static str, String)> {
        let drains = !self.no_drain;
        vec![
            ("alertmanager.notification-queue-capacity", self.queue_capacity.to_string()),
            ("alertmanager.notification-batch-size", self.batch_max.to_string()),
            ("alertmanager.drain-notification-queue-on-shutdown", drains.to_string()),
        ]
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use crate::flags::Cli;

    #[test]
    fn a_queue_has_room_for_an_alert() {
        let parse = |flag: &str| Cli::try_parse_from(["narthex", flag]);
        let settings = parse("--no-alertmanager.drain-notification-queue-on-shutdown").unwrap();
        assert!(!settings.serve.alerting.settings().drains);
        for flag in ["queue-capacity", "batch-size"] {
            let error = parse(&format!("--alertmanager.notification-{flag}=0")).unwrap_err();
            assert!(error.to_string().contains("must be at least 1"), "{error}");
        }
    }
}
