//! Alerts.

use std::sync::Arc;

use super::pairs::KeyValues;
use super::{EACH, Field, Record};
use crate::alertmanager::data::NotificationAlert;
use crate::functions::{FunctionError, exactly};
use crate::time::TimeValue;
use crate::value::{Object, Value};

/// The alerts of a notification.
#[derive(Clone, Debug)]
pub(super) struct Alerts {
    all: Arc<[Value]>,
    firing: Value,
    resolved: Value,
    weight: usize,
}

impl Alerts {
    pub(super) fn new(alerts: &[NotificationAlert]) -> Self {
        let records: Vec<(&str, Record)> =
            alerts.iter().map(|alert| (alert.status.as_str(), record(alert))).collect();
        let weight = records.iter().map(|(_, record)| record.weight()).sum::<usize>() + EACH;
        let values: Vec<(&str, Value)> =
            records.into_iter().map(|(status, record)| (status, Value::object(record))).collect();
        let with = |wanted: &str| {
            let wanted = values.iter().filter(|(status, _)| *status == wanted);
            Value::list(wanted.map(|(_, alert)| alert.clone()))
        };
        let (firing, resolved) = (with("firing"), with("resolved"));
        let all = values.into_iter().map(|(_, alert)| alert).collect();
        Self { all, firing, resolved, weight }
    }
}

fn record(alert: &NotificationAlert) -> Record {
    let labels = |labels: &narthex_model::Labels| Value::object(KeyValues(labels.clone()));
    let time = |at| Value::object(TimeValue::new(at));
    let fields = [
        Field::new("Status", "status", alert.status.as_str().into()),
        Field::new("Labels", "labels", labels(&alert.labels)),
        Field::new("Annotations", "annotations", labels(&alert.annotations)),
        Field::new("StartsAt", "startsAt", time(alert.starts_at)),
        Field::new("EndsAt", "endsAt", time(alert.ends_at)),
        Field::new("GeneratorURL", "generatorURL", alert.generator_url.as_str().into()),
        Field::new("Fingerprint", "fingerprint", alert.fingerprint.as_str().into()),
    ];
    Record::new(fields.into(), None)
}

impl Object for Alerts {
    fn get(&self, name: &str, arguments: &[Value]) -> Option<Result<Value, FunctionError>> {
        let some = match name {
            "Firing" => &self.firing,
            "Resolved" => &self.resolved,
            _ => return None,
        };
        Some(exactly::<0>(arguments).map(|_| some.clone()))
    }

    fn print(&self) -> String {
        Value::List(Arc::clone(&self.all)).to_string()
    }

    fn items(&self) -> Option<Value> {
        Some(Value::List(Arc::clone(&self.all)))
    }

    fn is_true(&self) -> bool {
        !self.all.is_empty()
    }

    fn weight(&self) -> usize {
        self.weight
    }
}
