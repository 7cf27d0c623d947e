//! What a group has to say, and who of its alerts keeps quiet.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use narthex_model::Timestamp;
use narthex_template::Library;

use super::GroupId;
use crate::alerts::Kept;
use crate::order::alert_order;
use crate::silences::Silencer;

/// What a group has to say at one moment.
#[derive(Clone, Debug)]
pub(crate) struct Flush {
    pub(crate) id: GroupId,
    pub(crate) key: String,
    pub(crate) receiver: String,
    /// Without those that are kept quiet. After [`Flush::hush`] in the order in which notifications
    /// list them.
    pub(crate) alerts: Vec<Arc<Kept>>,
    /// How many are kept quiet, and why.
    pub(crate) quiet: Vec<(QuietReason, usize)>,
    /// Why the route does not notify now.
    pub(super) muted: Option<QuietReason>,
    /// All alerts of the group that are over, quiet ones too: they leave it after the flush.
    pub(super) over: Vec<Arc<Kept>>,
    /// Whether the disk has to know that some are over before anybody is told so.
    pub(crate) has_ends: bool,
    pub(crate) now: Timestamp,
    /// When attempts end: at the next flush.
    pub(crate) deadline: Timestamp,
    pub(crate) repeat_interval: Duration,
    /// Labels of the route; their values are templates.
    pub(crate) route_labels: BTreeMap<String, String>,
    /// What templates of its receiver may use.
    pub(crate) library: Library,
    /// Which configuration the flush came of; a reload makes it old.
    pub(crate) generation: u64,
}

/// Why nobody is notified of an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum QuietReason {
    /// Another one fires that says more.
    Inhibition,
    /// Its route is outside of its active time intervals.
    ActiveTimeInterval,
    /// Its route is in a mute time interval.
    MuteTimeInterval,
    /// A silence holds for it.
    Silence,
}

impl QuietReason {
    pub(crate) const ALL: [Self; 4] =
        [Self::Inhibition, Self::ActiveTimeInterval, Self::MuteTimeInterval, Self::Silence];

    /// As metrics spell it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Inhibition => "inhibition",
            Self::ActiveTimeInterval => "active_time_interval",
            Self::MuteTimeInterval => "mute_time_interval",
            Self::Silence => "silence",
        }
    }
}

impl Flush {
    /// Leaves out what a route or a silence keeps quiet, and brings the others into their order.
    pub(crate) fn hush(&mut self, silencer: &Silencer) {
        if let Some(reason) = self.muted {
            self.keep_quiet(reason, |_| true);
        }
        self.keep_quiet(QuietReason::Silence, |kept| silencer.silences(&kept.alert.labels));
        self.alerts.sort_by(|one, two| alert_order(&one.alert.labels, &two.alert.labels));
    }

    /// Whether somebody cares for every alert that fires.
    pub(crate) fn is_acknowledged(&self) -> bool {
        let mut firing = self.alerts.iter().filter(|kept| !kept.alert.is_resolved_at(self.now));
        firing.all(|kept| kept.acknowledgement(self.now).is_some())
    }

    pub(super) fn keep_quiet(&mut self, reason: QuietReason, is_quiet: impl Fn(&Kept) -> bool) {
        let before = self.alerts.len();
        self.alerts.retain(|kept| !is_quiet(kept));
        let count = before - self.alerts.len();
        if count > 0 {
            self.quiet.push((reason, count));
        }
    }
}
