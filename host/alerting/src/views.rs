//! What people and programs see of alerting.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};

use narthex_model::{Alert, Labels, Timestamp};
use narthex_platform::{Family, FamilyKind, MetricsSource, Point, PointValue};

use crate::alerts::{Acknowledgement, Kept};
use crate::config::{Config, Muted};
use crate::dispatch::{Group, GroupId};
use crate::notifiers::AlertGroup;
use crate::order::alert_order;
use crate::receivers::LastNotification;
use crate::route::Route;
use crate::service::{Alerting, Shared};
use crate::silences::SilenceState;
use crate::words;

/// One group.
#[derive(Clone, Debug)]
pub struct GroupView {
    /// Its identity, as notifications carry it.
    pub key: String,
    /// The receiver it is told to.
    pub receiver: String,
    /// The id of the route that made it, as [`crate::Routes::id`] gives it.
    pub route: String,
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
    /// Labels of its route, rendered about it; those that cannot be are left out.
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
    /// Who cares for it.
    pub acknowledgement: Option<Arc<Acknowledgement>>,
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

/// Alerts about which one question is asked while alerts that come in wait.
const ASKED_MAX: usize = 1024;

impl Alerting {
    /// How alerts look now. What is asked of the state of all of them is asked in parts.
    pub(crate) fn view(&self, alerts: Vec<Arc<Kept>>) -> Vec<AlertView> {
        let now = self.now();
        let inhibited = self.inhibited(&alerts, now);
        let silencer = self.0.silences.silencer(now);
        let config = Arc::clone(&self.0.state.lock().dispatcher.config);
        let view = |(kept, inhibited_by): (Arc<Kept>, Option<u64>)| {
            let alert = Arc::clone(&kept.alert);
            let mut receivers: Vec<String> = Vec::new();
            for index in config.routes.matching(&alert.labels) {
                let Some(route) = config.routes.get(index) else { continue };
                if !receivers.contains(&route.receiver) {
                    receivers.push(route.receiver.clone());
                }
            }
            AlertView {
                is_resolved: alert.is_resolved_at(now),
                inhibited_by: inhibited_by.map(|source| format!("{source:016x}")),
                silenced_by: silencer.silenced_by(&alert.labels),
                acknowledgement: kept.acknowledgement(now).cloned(),
                receivers,
                alert,
            }
        };
        alerts.into_iter().zip(inhibited).map(view).collect()
    }

    /// By which alert each is kept quiet.
    fn inhibited(&self, alerts: &[Arc<Kept>], now: Timestamp) -> Vec<Option<u64>> {
        let mut inhibited = Vec::with_capacity(alerts.len());
        for part in alerts.chunks(ASKED_MAX) {
            let state = self.0.state.lock();
            let known = &state.dispatcher.alerts;
            inhibited.extend(part.iter().map(|kept| known.inhibited_by(&kept.alert.labels, now)));
        }
        inhibited
    }

    /// All groups, in the order of routes and labels.
    #[must_use]
    pub fn groups(&self) -> Vec<GroupView> {
        let now = self.now();
        type Found = (GroupId, String, Timestamp, bool, Vec<Arc<Kept>>);
        let found = |(id, group): (&GroupId, &Group)| -> Found {
            let alerts = group.alerts.values().cloned().collect();
            (id.clone(), group.key.clone(), group.flush_at, group.is_delivering, alerts)
        };
        let (config, found): (_, Vec<Found>) = {
            let state = self.0.state.lock();
            let dispatcher = &state.dispatcher;
            (Arc::clone(&dispatcher.config), dispatcher.groups.iter().map(found).collect())
        };
        let shown =
            found.into_iter().filter_map(|(id, key, flush_at, is_delivering, mut alerts)| {
                alerts.sort_by(|one, two| alert_order(&one.alert.labels, &two.alert.labels));
                let route = config.routes.get(id.route)?;
                let view = GroupView {
                    route_labels: self.route_labels(&config, route, &id.labels, &alerts),
                    key,
                    receiver: route.receiver.clone(),
                    route: config.routes.id(id.route),
                    labels: id.labels,
                    alerts: Vec::new(),
                    flush_at,
                    is_delivering,
                    muted_by: config.muted(route, now).map(Muted::into_names).unwrap_or_default(),
                };
                Some((view, alerts))
            });
        let groups: Vec<(GroupView, Vec<Arc<Kept>>)> = shown.collect();
        let alerts: Vec<Arc<Kept>> =
            groups.iter().flat_map(|(_, alerts)| alerts).cloned().collect();
        let mut views = self.view(alerts).into_iter();
        let filled = groups.into_iter().map(|(mut group, alerts)| {
            group.alerts = views.by_ref().take(alerts.len()).collect();
            group
        });
        filled.collect()
    }

    /// Their values are templates about the group.
    fn route_labels(
        &self,
        config: &Config,
        route: &Route,
        labels: &Labels,
        alerts: &[Arc<Kept>],
    ) -> BTreeMap<String, String> {
        if !route.labels.values().any(|value| value.contains("{{")) {
            return route.labels.clone();
        }
        let alerts: Vec<&Alert> = alerts.iter().map(|kept| kept.alert.as_ref()).collect();
        let group = AlertGroup {
            receiver: route.receiver.clone(),
            external_url: self.0.courier.external_url.clone(),
            ..AlertGroup::of(labels, &alerts, self.now())
        };
        let values = route.labels.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        words::route_labels(&group, &config.library, Labels::from_pairs(values), self.now())
    }

    /// All alerts that are kept, ascending by labels.
    #[must_use]
    pub fn alerts(&self) -> Vec<AlertView> {
        self.view(self.kept())
    }

    pub(crate) fn kept(&self) -> Vec<Arc<Kept>> {
        self.0.state.lock().dispatcher.alerts.iter().cloned().collect()
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
        let mut alerts = alerting.kept();
        alerts.retain(|kept| !kept.alert.is_resolved_at(now));
        let (inhibited, silencer) =
            (alerting.inhibited(&alerts, now), alerting.silences().silencer(now));
        let is_suppressed = |(kept, inhibited_by): &(&Arc<Kept>, &Option<u64>)| {
            inhibited_by.is_some() || silencer.silences(&kept.alert.labels)
        };
        let suppressed = alerts.iter().zip(&inhibited).filter(is_suppressed).count();
        let acknowledged = alerts.iter().filter(|kept| kept.acknowledgement(now).is_some()).count();
        let active = alerts.len() - suppressed;
        let states = [("active", active), ("suppressed", suppressed)];
        vec![
            Family {
                name: "alertmanager_alerts".to_owned(),
                help: "How many alerts by state.".to_owned(),
                kind: FamilyKind::Gauge,
                points: states.map(|(state, count)| point(&[("state", state)], count)).to_vec(),
            },
            Family {
                name: "narthex_alerts_acknowledged".to_owned(),
                help: "How many alerts fire that somebody cares for.".to_owned(),
                kind: FamilyKind::Gauge,
                points: vec![point(&[], acknowledged)],
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
