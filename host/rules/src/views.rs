//! What people and programs see of rules: snapshots, taken after each evaluation of a rule.

use std::sync::Arc;
use std::time::Duration;

use narthex_model::{Labels, Timestamp};

use crate::active::{ActiveAlerts, AlertState};
use crate::file::{GroupSpec, RuleSpec};

/// One group.
#[derive(Clone, Debug)]
pub struct GroupView {
    /// Its name, unique in its file.
    pub name: String,
    /// The file it stands in.
    pub file: String,
    /// How often it is evaluated.
    pub interval: Duration,
    /// How far back it looks.
    pub query_offset: Duration,
    /// How many series or alerts a rule may give; 0 for any number.
    pub limit: usize,
    /// Its rules, in order.
    pub rules: Vec<Arc<RuleView>>,
    /// How long the last evaluation took.
    pub evaluation_time: Duration,
    /// When it was evaluated last.
    pub last_evaluation: Option<Timestamp>,
}

/// One rule.
#[derive(Clone, Debug)]
pub struct RuleView {
    /// The name of the alert or of the series.
    pub name: String,
    /// The expression in its canonical form.
    pub query: String,
    /// Labels it adds; templates in an alerting rule.
    pub labels: Labels,
    /// Labels that it takes away, which were written without a value.
    pub removed_labels: Vec<String>,
    /// What is particular to its kind.
    pub kind: RuleKind,
    /// How the last evaluation went.
    pub health: Health,
    /// What was wrong with it; empty when nothing was.
    pub last_error: String,
    /// How long it took.
    pub evaluation_time: Duration,
    /// When it was.
    pub last_evaluation: Option<Timestamp>,
}

/// The two kinds of rules.
#[derive(Clone, Debug)]
pub enum RuleKind {
    /// Writes series.
    Recording,
    /// Raises alerts.
    Alerting {
        /// The worst state of its alerts.
        state: AlertState,
        /// `for`.
        duration: Duration,
        /// `keep_firing_for`.
        keep_firing_for: Duration,
        /// Annotations, as templates.
        annotations: Labels,
        /// Pending and firing alerts.
        alerts: Vec<AlertView>,
    },
}

/// One pending or firing alert.
#[derive(Clone, Debug, PartialEq)]
pub struct AlertView {
    /// Its labels, `alertname` among them.
    pub labels: Labels,
    /// Its annotations, templates expanded.
    pub annotations: Labels,
    /// Whether it fires already.
    pub state: AlertState,
    /// Since when the expression is true.
    pub active_at: Timestamp,
    /// Since when it fires on although the expression is not true.
    pub keep_firing_since: Option<Timestamp>,
    /// The value of the expression.
    pub value: f64,
}

/// How an evaluation went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// There was none yet.
    Unknown,
    /// Well.
    Ok,
    /// Not well.
    Err,
}

impl Health {
    /// As the API spells it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Ok => "ok",
            Self::Err => "err",
        }
    }
}

impl GroupView {
    pub(crate) fn new(spec: &GroupSpec, interval: Duration, query_offset: Duration) -> Self {
        Self {
            name: spec.name.clone(),
            file: spec.file.clone(),
            interval,
            query_offset,
            limit: spec.limit,
            rules: spec.rules.iter().map(|rule| Arc::new(RuleView::new(rule))).collect(),
            evaluation_time: Duration::ZERO,
            last_evaluation: None,
        }
    }

    /// Shows what the group in whose place this one comes has come to, until this one is evaluated.
    pub(crate) fn inherit(&mut self, spec: &GroupSpec, before: &Self, before_spec: &GroupSpec) {
        self.evaluation_time = before.evaluation_time;
        self.last_evaluation = before.last_evaluation;
        let same = spec.same_rules(before_spec);
        for ((rule, shown), same) in spec.rules.iter().zip(&mut self.rules).zip(same) {
            let before = same
                .and_then(|index| Some((before.rules.get(index)?, before_spec.rules.get(index)?)));
            match before {
                Some((before, before_spec)) if rule == before_spec => *shown = Arc::clone(before),
                Some((before, _)) => Arc::make_mut(shown).take_alerts(before),
                None => {}
            }
        }
    }
}

impl RuleView {
    fn new(spec: &RuleSpec) -> Self {
        Self {
            name: spec.name.clone(),
            query: spec.query.clone(),
            labels: spec.labels.clone(),
            removed_labels: spec.removed.clone(),
            kind: match &spec.alert {
                None => RuleKind::Recording,
                Some(alert) => RuleKind::Alerting {
                    state: AlertState::Unknown,
                    duration: alert.hold,
                    keep_firing_for: alert.keep_firing,
                    annotations: alert.annotation_texts.clone(),
                    alerts: Vec::new(),
                },
            },
            health: Health::Unknown,
            last_error: String::new(),
            evaluation_time: Duration::ZERO,
            last_evaluation: None,
        }
    }

    /// Takes over the alerts of the same rule before it changed.
    fn take_alerts(&mut self, before: &Self) {
        if let (
            RuleKind::Alerting { state, alerts, .. },
            RuleKind::Alerting { state: state_before, alerts: alerts_before, .. },
        ) = (&mut self.kind, &before.kind)
        {
            *state = *state_before;
            alerts.clone_from(alerts_before);
        }
    }

    /// Takes over the alerts as they are now.
    pub(crate) fn show_alerts(&mut self, active: &ActiveAlerts) {
        if let RuleKind::Alerting { state, alerts, .. } = &mut self.kind {
            *state = active.state();
            let current = active.0.iter().filter(|(_, alert)| alert.resolved_at.is_none());
            *alerts = current
                .map(|(labels, alert)| AlertView {
                    labels: labels.clone(),
                    annotations: alert.annotations.clone(),
                    state: alert.state,
                    active_at: alert.active_at,
                    keep_firing_since: alert.keep_firing_since,
                    value: alert.value,
                })
                .collect();
        }
    }
}
