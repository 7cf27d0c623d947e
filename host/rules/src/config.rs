//! What rules need to know besides their files.

use std::time::Duration;

use narthex_model::Labels;

/// Settings of all groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RulesConfig {
    /// The interval of groups that name none: `global.evaluation_interval`.
    pub evaluation_interval: Duration,
    /// How far back groups look that do not say it themselves: `global.rule_query_offset`.
    pub query_offset: Duration,
    /// Labels that every alert gets on its way to alerting, unless it has them.
    pub external_labels: Labels,
    /// Where this server is reached from outside, without a slash at the end.
    pub external_url: String,
    /// How long a firing alert waits before it is sent again: `--rules.alert.resend-delay`.
    pub resend_delay: Duration,
    /// How long the server may have been away for the state of `for` to be restored:
    /// `--rules.alert.for-outage-tolerance`.
    pub outage_tolerance: Duration,
    /// How long a restored alert waits at least before it fires; alerts whose `for` is shorter are
    /// not restored: `--rules.alert.for-grace-period`.
    pub grace_period: Duration,
    /// How long after the start alerts of the process before wait at least before they end: by then
    /// each target has been scraped.
    pub settle: Duration,
}

impl Default for RulesConfig {
    /// Prometheus' defaults, and no target to wait for.
    fn default() -> Self {
        Self {
            evaluation_interval: Duration::from_secs(60),
            query_offset: Duration::ZERO,
            external_labels: Labels::empty(),
            external_url: String::new(),
            resend_delay: Duration::from_secs(60),
            outage_tolerance: Duration::from_secs(3600),
            grace_period: Duration::from_secs(600),
            settle: Duration::ZERO,
        }
    }
}
