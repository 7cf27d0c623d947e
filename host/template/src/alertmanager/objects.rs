//! The data of a notification as templates see it: names, methods and print forms of Alertmanager.

mod alerts;
mod pairs;

use std::sync::Arc;

use self::alerts::Alerts;
use self::pairs::KeyValues;
use super::data::NotificationData;
use crate::functions::{FunctionError, exactly};
use crate::json;
use crate::value::{Object, Value};

/// For what stands between the parts when they are printed.
const EACH: usize = 64;

impl From<&NotificationData> for Value {
    fn from(data: &NotificationData) -> Self {
        let alerts = Alerts::new(&data.alerts);
        let labels = |labels: &narthex_model::Labels| Self::object(KeyValues(labels.clone()));
        let fields = [
            Field::new("Receiver", "receiver", data.receiver.as_str().into()),
            Field::new("Status", "status", data.status.as_str().into()),
            Field::new("Alerts", "alerts", Self::object(alerts)),
            Field::new(
                "NotificationReason",
                "notification_reason",
                data.notification_reason.as_str().into(),
            ),
            Field::new("GroupLabels", "groupLabels", labels(&data.group_labels)),
            Field::new("CommonLabels", "commonLabels", labels(&data.common_labels)),
            Field::new("CommonAnnotations", "commonAnnotations", labels(&data.common_annotations)),
            Field::new("RouteLabels", "routeLabels", labels(&data.route_labels)),
            Field::new("ExternalURL", "externalURL", data.external_url.as_str().into()),
        ];
        let hidden = Some(Self::Bool(data.route_labels_rendered));
        Self::object(Record::new(fields.into(), hidden))
    }
}

/// Fields in an order of their own, as a struct of Go has them.
#[derive(Clone, Debug)]
struct Record {
    fields: Arc<[Field]>,
    /// Printed behind the fields, though templates cannot name it.
    hidden: Option<Value>,
    weight: usize,
}

impl Record {
    fn new(fields: Arc<[Field]>, hidden: Option<Value>) -> Self {
        let weights = fields.iter().map(|field| {
            // The fields are texts and objects, which know their weight.
            field.value.weight(usize::MAX, 1).unwrap_or(usize::MAX).saturating_add(EACH)
        });
        let weight = weights.fold(EACH, usize::saturating_add);
        Self { fields, hidden, weight }
    }
}

#[derive(Clone, Debug)]
struct Field {
    name: &'static str,
    json: &'static str,
    value: Value,
}

impl Field {
    fn new(name: &'static str, json: &'static str, value: Value) -> Self {
        Self { name, json, value }
    }
}

impl Object for Record {
    fn get(&self, name: &str, arguments: &[Value]) -> Option<Result<Value, FunctionError>> {
        let field = self.fields.iter().find(|field| field.name == name)?;
        Some(exactly::<0>(arguments).map(|_| field.value.clone()))
    }

    fn print(&self) -> String {
        let values = self.fields.iter().map(|field| &field.value).chain(&self.hidden);
        let printed: Vec<String> = values.map(Value::to_string).collect();
        format!("{{{}}}", printed.join(" "))
    }

    fn json(&self) -> Option<String> {
        let mut out = String::from("{");
        for (index, field) in self.fields.iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            json::quote(field.json, &mut out);
            out.push(':');
            out.push_str(&json::encode(&field.value).ok()?);
        }
        out.push('}');
        Some(out)
    }

    fn weight(&self) -> usize {
        self.weight
    }
}
