//! What people and programs see of alerting.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};

use narthex_model::{Alert, Labels, Timestamp, fingerprint};
use narthex_platform::{Family, FamilyKind, MetricsSource, Point, PointValue};

use crate::config::Muted;
use crate::dispatch::{Dispatcher, Group, GroupId};
use crate::inhibit::Inhibitor;
use crate::receivers::LastNotification;
use crate::route::Routes;
use crate::service::{Alerting, Shared};
use crate::silences::{SilenceState, Silencer};

/// One group.
#[derive(Clone, Debug)]
pub struct GroupView {
    /// Its identity, as notifications carry it.
    pub key: String,
    /// The receiver it is told to.
    pub receiver: String,
    /// The labels by which it is grouped.
    pub labels: Labels,
    /// Its alerts.
    pub alerts: Vec<AlertView>,
    /// When it is looked at next.
    pub flush_at: Timestamp,
    /// Whether a delivery is under way.
    pub is_delivering: bool,
    /// Time intervals because of which it is not notified of.
    pub muted_by: Vec<String>,
    /// Labels of its route.
    pub route_labels: BTreeMap<String, String>,
}

/// One alert.
#[derive(Clone, Debug)]
pub struct AlertView {
    /// The alert itself.
    pub alert: Arc<Alert>,
    /// Whether it is over.
    pub is_resolved: bool,
    /// The fingerprint of another alert that keeps it quiet, 16 hexadecimal digits.
    pub inhibited_by: Option<String>,
    /// The ids of the silences that hold for it, ascending.
    pub silenced_by: Vec<String>,
    /// The receivers it goes to, in the order of the routes.
    pub receivers: Vec<String>,
}

impl AlertView {
    /// Whether it is kept quiet.
    #[must_use]
    pub fn is_suppressed(&self) -> bool {
        self.inhibited_by.is_some() || !self.silenced_by.is_empty()
    }
}

/// One receiver.
#[derive(Clone, Debug)]
pub struct ReceiverView {
    /// Its name.
    pub name: String,
    /// Labels of its own.
    pub labels: BTreeMap<String, String>,
    /// The ways to it.
    pub integrations: Vec<IntegrationView>,
}

/// One way to a receiver.
#[derive(Clone, Debug)]
pub struct IntegrationView {
    /// The notifier.
    pub plugin: String,
    /// Its place in the receiver's list for this notifier, from 0.
    pub index: usize,
    /// Whether it is told when alerts are over.
    pub send_resolved: bool,
    /// What became of the last notification.
    pub last: LastNotification,
}

/// What is known of all alerts at one moment.
struct Viewer<'a> {
    now: Timestamp,
    routes: &'a Routes,
    inhibitor: Inhibitor<'a>,
    silencer: Silencer,
}

impl Viewer<'_> {
    fn alert(&self, alert: &Arc<Alert>) -> AlertView {
        let mut receivers: Vec<String> = Vec::new();
        for index in self.routes.matching(&alert.labels) {
            let Some(route) = self.routes.get(index) else { continue };
            if !receivers.contains(&route.receiver) {
                receivers.push(route.receiver.clone());
            }
        }
        let inhibited_by = self.inhibitor.inhibited_by(&alert.labels);
        AlertView {
            alert: Arc::clone(alert),
            is_resolved: alert.is_resolved_at(self.now),
            inhibited_by: inhibited_by.map(|source| format!("{:016x}", fingerprint(source))),
            silenced_by: self.silencer.silenced_by(&alert.labels),
            receivers,
        }
    }
}

impl Alerting {
    fn view<T>(&self, look: impl FnOnce(&Dispatcher, &Viewer<'_>) -> T) -> T {
        let now = self.now();
        let silencer = self.0.silences.silencer(now);
        let state = self.0.state.lock();
        let dispatcher = &state.dispatcher;
        let (routes, inhibitor) = (&dispatcher.config.routes, dispatcher.inhibitor(now));
        look(dispatcher, &Viewer { now, routes, inhibitor, silencer })
    }

    /// All groups, in the order of routes and labels.
    #[must_use]
    pub fn groups(&self) -> Vec<GroupView> {
        self.view(|dispatcher, viewer| {
            let group = |(id, group): (&GroupId, &Group)| {
                let route = viewer.routes.get(id.route)?;
                let muted = dispatcher.config.muted(route, viewer.now);
                Some(GroupView {
                    key: group.key.clone(),
                    receiver: route.receiver.clone(),
                    labels: id.labels.clone(),
                    alerts: group.alerts.values().map(|alert| viewer.alert(alert)).collect(),
                    flush_at: group.flush_at,
                    is_delivering: group.is_delivering,
                    muted_by: muted.map(Muted::into_names).unwrap_or_default(),
                    route_labels: route.labels.clone(),
                })
            };
            dispatcher.groups.iter().filter_map(group).collect()
        })
    }

    /// All alerts that are kept, ascending by labels.
    #[must_use]
    pub fn alerts(&self) -> Vec<AlertView> {
        self.view(|dispatcher, viewer| {
            dispatcher.alerts.values().map(|alert| viewer.alert(alert)).collect()
        })
    }

    /// The labels of all receivers, by name.
    #[must_use]
    pub fn receiver_labels(&self) -> BTreeMap<String, BTreeMap<String, String>> {
        let receivers = Arc::clone(&self.0.state.lock().receivers);
        receivers.iter().map(|it| (it.name.clone(), it.labels.clone())).collect()
    }

    /// All receivers, in the order of the configuration, with the outcome of their last
    /// notification.
    #[must_use]
    pub fn receivers(&self) -> Vec<ReceiverView> {
        let receivers = Arc::clone(&self.0.state.lock().receivers);
        receivers
            .iter()
            .map(|receiver| ReceiverView {
                name: receiver.name.clone(),
                labels: receiver.labels.clone(),
                integrations: receiver
                    .integrations
                    .iter()
                    .map(|state| IntegrationView {
                        plugin: state.integration.plugin.clone(),
                        index: state.integration.index,
                        send_resolved: state.integration.send_resolved,
                        last: state.last(),
                    })
                    .collect(),
            })
            .collect()
    }
}

/// Numbers that are only known when they are asked for.
pub(crate) struct AlertCounts(pub(crate) Weak<Shared>);

impl MetricsSource for AlertCounts {
    fn families(&self) -> Vec<Family> {
        let Some(shared) = self.0.upgrade() else { return Vec::new() };
        let alerting = Alerting(shared);
        let groups = alerting.0.state.lock().dispatcher.groups.len();
        let (now, kept) = (alerting.now(), alerting.silences().all());
        let silences = [SilenceState::Active, SilenceState::Pending, SilenceState::Expired];
        let silences = silences.map(|state| {
            let count = kept.iter().filter(|silence| silence.state(now) == state).count();
            point(&[("state", state.name())], count)
        });
        let alerts = alerting.alerts();
        let firing = alerts.iter().filter(|alert| !alert.is_resolved);
        let (suppressed, active): (Vec<&AlertView>, Vec<&AlertView>) =
            firing.partition(|alert| alert.is_suppressed());
        let states = [("active", active.len()), ("suppressed", suppressed.len())];
        vec![
            Family {
                name: "alertmanager_alerts".to_owned(),
                help: "How many alerts by state.".to_owned(),
                kind: FamilyKind::Gauge,
                points: states.map(|(state, count)| point(&[("state", state)], count)).to_vec(),
            },
            Family {
                name: "alertmanager_silences".to_owned(),
                help: "How many silences by state.".to_owned(),
                kind: FamilyKind::Gauge,
                points: silences.to_vec(),
            },
            Family {
                name: "alertmanager_dispatcher_aggregation_groups".to_owned(),
                help: "Number of active aggregation groups.".to_owned(),
                kind: FamilyKind::Gauge,
                points: vec![point(&[], groups)],
            },
        ]
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts far below 2^53")]
fn point(labels: &[(&str, &str)], count: usize) -> Point {
    let labels = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Point { labels: labels.collect(), value: PointValue::Number(count as f64) }
}
