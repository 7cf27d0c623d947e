//! The answer, piece by piece.

use narthex_exposition::Protocol;
use narthex_exposition::{Answer, FamilyHead, Measured, MeasuredValue, Writer};
use narthex_model::{CounterReset, METRIC_NAME, MetricType, NativeHistogram, Timestamp, is_stale};
use narthex_platform::Counter;
use narthex_storage::{Columns, ReadError, Series, TimeRange};

use super::Added;

/// A piece leaves when it is larger: enough for a few packets, little beside all that are under way.
const PIECE_BYTES: usize = 64 << 10;

/// An answer under way.
pub struct Federated {
    series: std::vec::IntoIter<Box<dyn Series>>,
    range: TimeRange,
    answer: Answer,
    /// Gone once the answer has ended.
    writer: Option<Writer>,
    /// The family whose metrics are written, as [`Told::family`] has it.
    family: Option<(String, MetricType)>,
    added: Added,
    errors: Counter,
    columns: Columns,
}

impl std::fmt::Debug for Federated {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Federated").field("left", &self.series.len()).finish_non_exhaustive()
    }
}

/// What is told of a series.
enum Told {
    Number(f64),
    /// With fractional counts, as Prometheus tells it.
    Histogram(NativeHistogram),
}

impl Told {
    /// Stored series do not know their type, but histograms are what they are.
    const fn metric_type(&self) -> MetricType {
        match self {
            Self::Number(_) => MetricType::Unknown,
            Self::Histogram(histogram) => match histogram.reset() {
                CounterReset::Gauge => MetricType::GaugeHistogram,
                CounterReset::Unknown | CounterReset::Reset | CounterReset::NotReset => {
                    MetricType::Histogram
                }
            },
        }
    }
}

impl Federated {
    pub(super) fn new(
        series: Vec<Box<dyn Series>>,
        range: TimeRange,
        answer: Answer,
        added: Added,
        errors: Counter,
    ) -> Self {
        let (series, writer) = (series.into_iter(), Some(Writer::new(answer)));
        let columns = Columns::default();
        Self { series, range, answer, writer, family: None, added, errors, columns }
    }

    /// The `Content-Type` of the answer.
    #[must_use]
    pub fn content_type(&self) -> String {
        self.answer.content_type()
    }

    /// The next piece; `None` at the end. Blocks.
    ///
    /// # Errors
    /// When the store cannot be read; the answer must then not look whole.
    pub fn next_piece(&mut self) -> Result<Option<Vec<u8>>, ReadError> {
        let Some(mut writer) = self.writer.take() else { return Ok(None) };
        while let Some(series) = self.series.next() {
            let told = self.newest(&*series).inspect_err(|_| self.errors.increment())?;
            if let Some((told, at)) = told {
                self.write(&*series, &told, at, &mut writer);
            }
            if writer.complete_bytes() >= PIECE_BYTES {
                let piece = writer.take_complete();
                self.writer = Some(writer);
                return Ok(Some(piece));
            }
        }
        Ok(Some(writer.finish()).filter(|piece| !piece.is_empty()))
    }

    /// The newest sample of a series, unless it says that the series has ended.
    fn newest(&mut self, series: &dyn Series) -> Result<Option<(Told, Timestamp)>, ReadError> {
        self.columns.clear();
        series.read(self.range, &mut self.columns)?;
        let float = self.columns.times.last().zip(self.columns.values.last());
        let (float_at, value) = float.map_or((i64::MIN, f64::NAN), |(at, value)| (*at, *value));
        if let Some(newest) = self.columns.histograms.last().filter(|one| one.at > float_at) {
            let histogram = &newest.histogram;
            let told = Told::Histogram(NativeHistogram::Float(histogram.to_float()));
            let at = Timestamp::from_millis(newest.at);
            return Ok((!histogram.is_stale()).then_some((told, at)));
        }
        let is_told = float.is_some() && !is_stale(value);
        Ok(is_told.then_some((Told::Number(value), Timestamp::from_millis(float_at))))
    }

    fn write(&mut self, series: &dyn Series, told: &Told, at: Timestamp, writer: &mut Writer) {
        let labels = series.labels();
        let Some(name) = labels.metric_name() else {
            tracing::debug!(%labels, "a series without a name cannot be federated");
            return;
        };
        let value = match told {
            Told::Number(value) => MeasuredValue::Number { value: *value, exemplar: None },
            // In text an exponential histogram would be a count and a sum that nobody asked for.
            Told::Histogram(histogram)
                if self.answer.protocol != Protocol::PrometheusProto
                    && !histogram.layout().is_custom() =>
            {
                return;
            }
            Told::Histogram(histogram) => MeasuredValue::Native { histogram, exemplars: &[] },
        };
        let metric_type = told.metric_type();
        let goes_on = self
            .family
            .as_ref()
            .is_some_and(|(known, known_type)| known == name && *known_type == metric_type);
        if !goes_on {
            writer.family(FamilyHead { name, help: None, unit: "", metric_type });
            self.family = Some((name.to_owned(), metric_type));
        }
        let own = labels.iter().filter(|(label, _)| *label != METRIC_NAME);
        let added = self.added.iter().map(|(label, value)| (label.as_str(), value.as_str()));
        let added = added.filter(|(label, _)| labels.get(label).is_none());
        writer.metric(own.chain(added), Measured { value, at: Some(at), start: None });
    }
}
