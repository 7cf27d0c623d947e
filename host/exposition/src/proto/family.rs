//! `MetricFamily`.

use narthex_model::MetricType;
use narthex_model::protobuf::Fields;
use xxhash_rust::xxh3::xxh3_128;

use super::{Step, text};
use crate::entry::Entry;
use crate::error::InvalidMessage;
use crate::options::Options;
use crate::series::Context;
use crate::text::shortened;

/// A family with at least one metric.
#[derive(Clone, Debug)]
pub(super) struct Family<'a> {
    pub(super) name: &'a str,
    /// Of the name.
    pub(super) hash: u128,
    pub(super) context: Context<'a>,
    help: &'a str,
    unit: &'a str,
    /// The walk to the next metric.
    metrics: Fields<'a>,
    said: Said,
}

/// What of the metadata was given out last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Said {
    Nothing,
    Help,
    Unit,
    Type,
}

impl<'a> Family<'a> {
    /// The family of a message; `None`: it has no metrics.
    pub(super) fn read(message: &'a [u8], options: Options) -> Step<Option<Self>> {
        let (mut name, mut help, mut unit): (&[u8], &[u8], &[u8]) = (&[], &[], &[]);
        let (mut code, mut has_metrics) = (0, false);
        let mut fields = Fields::new(message);
        while let Some((field, content)) = fields.next()? {
            match field {
                1 => name = content.bytes(field)?,
                2 => help = content.bytes(field)?,
                3 => code = content.varint(field)?,
                4 => has_metrics |= content.bytes(field).map(|_| true)?,
                5 => unit = content.bytes(field)?,
                _ => {}
            }
        }
        if !has_metrics {
            return Ok(None);
        }
        let name = text(name, "the name of a metric family")?;
        if name.is_empty() {
            return Err(InvalidMessage::NoName);
        }
        let help = text(help, "the help of a metric family")?;
        let unit = text(unit, "the unit of a metric family")?;
        let metric_type = match code {
            0 => MetricType::Counter,
            1 => MetricType::Gauge,
            2 => MetricType::Summary,
            3 => MetricType::Unknown,
            4 => MetricType::Histogram,
            5 => MetricType::GaugeHistogram,
            _ => return Err(InvalidMessage::UnknownType { family: shortened(name), code }),
        };
        let context = Context::new(metric_type, options.type_and_unit.then_some(unit));
        let (metrics, said) = (Fields::new(message), Said::Nothing);
        let hash = xxh3_128(name.as_bytes());
        Ok(Some(Self { name, hash, context, help, unit, metrics, said }))
    }

    /// What the family says of itself, one thing after the other.
    pub(super) fn metadata(&mut self) -> Option<Entry<'a>> {
        let family = self.name.into();
        match self.said {
            Said::Nothing => {
                self.said = Said::Help;
                Some(Entry::Help { family, help: self.help.into() })
            }
            Said::Help if !self.unit.is_empty() => {
                self.said = Said::Unit;
                Some(Entry::Unit { family, unit: self.unit })
            }
            Said::Help | Said::Unit => {
                self.said = Said::Type;
                Some(Entry::Type { family, metric_type: self.context.metric_type })
            }
            Said::Type => None,
        }
    }

    /// The next metric's message.
    pub(super) fn next_metric(&mut self) -> Step<Option<&'a [u8]>> {
        while let Some((field, content)) = self.metrics.next()? {
            if field == 4 {
                return Ok(Some(content.bytes(field)?));
            }
        }
        Ok(None)
    }
}
