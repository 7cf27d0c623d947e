//! Flags of rules.

use std::time::Duration;

use clap::Args;
use narthex_model::{format_duration, parse_duration};
use narthex_rules::RulesConfig;

/// `--rules.*`
#[derive(Clone, Debug, Args)]
pub(crate) struct RulesFlags {
    /// How long the server may have been away for alerts to be restored.
    #[arg(
        long = "rules.alert.for-outage-tolerance",
        default_value = "1h",
        value_parser = parse_duration,
        value_name = "DURATION"
    )]
    outage_tolerance: Duration,

    /// How long an alert that was pending before a restart waits at least before it fires; the time of
    /// alerts with a shorter `for` begins anew.
    #[arg(
        long = "rules.alert.for-grace-period",
        default_value = "10m",
        value_parser = parse_duration,
        value_name = "DURATION"
    )]
    grace_period: Duration,

    /// How long a firing alert waits before it is sent again.
    #[arg(
        long = "rules.alert.resend-delay",
        default_value = "1m",
        value_parser = parse_duration,
        value_name = "DURATION"
    )]
    resend_delay: Duration,

    /// Rules of all groups that are evaluated beside others of their groups, on threads of their own.
    #[arg(long = "rules.max-concurrent-evals", default_value_t = 4, value_name = "N")]
    pub(crate) concurrent_rules_max: usize,
}

impl RulesFlags {
    /// What the command line says of what all rules need to know.
    pub(crate) fn config(&self) -> RulesConfig {
        RulesConfig {
            outage_tolerance: self.outage_tolerance,
            grace_period: self.grace_period,
            resend_delay: self.resend_delay,
            ..RulesConfig::default()
        }
    }

    /// Names and values, for /api/v1/status/flags.
    pub(crate) fn shown(&self) -> [(&'static str, String); 4] {
        [
            ("rules.alert.for-outage-tolerance", format_duration(self.outage_tolerance)),
            ("rules.alert.for-grace-period", format_duration(self.grace_period)),
            ("rules.alert.resend-delay", format_duration(self.resend_delay)),
            ("rules.max-concurrent-evals", self.concurrent_rules_max.to_string()),
        ]
    }
}
