//! `MetricMetadata`.

use narthex_model::MetricType;

use super::{Fields, Malformed};

/// What a family says of itself; whether it is text is not looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct FamilyMetadata<'a> {
    pub(crate) family: &'a [u8],
    pub(crate) metric_type: MetricType,
    pub(crate) help: &'a [u8],
    pub(crate) unit: &'a [u8],
}

pub(crate) fn metadata(message: &[u8]) -> Result<FamilyMetadata<'_>, Malformed> {
    let mut metadata = FamilyMetadata::default();
    let mut fields = Fields::new(message);
    while let Some((field, content)) = fields.next()? {
        match field {
            1 => metadata.metric_type = metric_type(content.varint(1)?),
            2 => metadata.family = content.bytes(2)?,
            4 => metadata.help = content.bytes(4)?,
            5 => metadata.unit = content.bytes(5)?,
            _ => {}
        }
    }
    Ok(metadata)
}

fn metric_type(code: u64) -> MetricType {
    match code {
        1 => MetricType::Counter,
        2 => MetricType::Gauge,
        3 => MetricType::Histogram,
        4 => MetricType::GaugeHistogram,
        5 => MetricType::Summary,
        6 => MetricType::Info,
        7 => MetricType::StateSet,
        _ => MetricType::Unknown,
    }
}
