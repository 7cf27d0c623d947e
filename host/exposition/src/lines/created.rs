//! Since when a series of OpenMetrics counts: a line of its own says it, behind the others.
//!
//! Always holds: each line is looked at once while looking ahead, so that the whole costs no more
//! than the length of the body, however many series there are; each family begins anew.

use std::borrow::Cow;

use narthex_model::{BUCKET_LABEL, MetricType, QUANTILE_LABEL, Timestamp};
use xxhash_rust::xxh3::xxh3_128;

use crate::number::parse_float_prefix;
use crate::parts::{Kind, Part, Parts, Syntax, add_identity, plain_name, scan};
use crate::series::CREATED;

/// What looking ahead found.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Created {
    /// Through here the next start is known.
    known_until: usize,
    next: Option<Start>,
    /// The one that was found last: other lines of its series may follow.
    last: Option<Start>,
}

#[derive(Clone, Copy, Debug)]
struct Start {
    identity: u128,
    at: Timestamp,
}

impl Created {
    /// The start of a series whose line ends at `at`.
    pub(super) fn start(
        &mut self,
        series: &[u8],
        (family, metric_type): (&str, MetricType),
        body: &[u8],
        at: usize,
    ) -> Option<Timestamp> {
        if !has_start(metric_type) {
            return None;
        }
        if at > self.known_until {
            self.look_ahead(family, metric_type, body, at);
        }
        if self.next.is_none() && self.last.is_none() {
            return None;
        }
        let (name, identity) = identity(series, family, metric_type);
        if !name.is_some_and(|name| name.starts_with(family)) {
            return None;
        }
        let of_this = |start: &Option<Start>| start.filter(|start| start.identity == identity);
        if let Some(next) = of_this(&self.next) {
            self.last = Some(next);
        }
        of_this(&self.last).map(|start| start.at)
    }

    /// Finds the next line that says a start, within the family.
    fn look_ahead(&mut self, family: &str, metric_type: MetricType, body: &[u8], at: usize) {
        self.next = None;
        self.known_until = at;
        loop {
            let rest = body.get(self.known_until..).unwrap_or(&[]);
            if matches!(rest.first(), None | Some(b'#' | b'\n')) {
                return;
            }
            let len = memchr::memchr(b'\n', rest).map_or(rest.len(), |newline| newline + 1);
            let line = rest.get(..len).unwrap_or(&[]);
            if ends_in_created(line) {
                self.next = start(line, family, metric_type);
                return;
            }
            self.known_until += len;
        }
    }
}

/// Whether a series says the start of others.
pub(super) fn says_start(series: &[u8], metric_type: MetricType) -> bool {
    has_start(metric_type) && ends_in_created(series)
}

const fn has_start(metric_type: MetricType) -> bool {
    matches!(metric_type, MetricType::Counter | MetricType::Summary | MetricType::Histogram)
}

fn ends_in_created(line: &[u8]) -> bool {
    let plain = plain_name(line);
    if !plain.is_empty() {
        return plain.ends_with(CREATED);
    }
    let mut parts = Parts::new(line, Syntax::OpenMetrics, Kind::Series);
    while let Ok(Some(part)) = parts.next() {
        if let Part::Name(name) = part {
            return name.ends_with(CREATED);
        }
    }
    false
}

fn start(line: &[u8], family: &str, metric_type: MetricType) -> Option<Start> {
    let len = scan(line, Syntax::OpenMetrics, Kind::Series).ok()?;
    let (name, identity) = identity(line.get(..len)?, family, metric_type);
    if name?.strip_suffix(CREATED) != Some(family) {
        return None;
    }
    let (seconds, _) = parse_float_prefix(line.get(len + 1..)?)?;
    #[expect(clippy::cast_possible_truncation, reason = "a float cast saturates, which is wanted")]
    let millis = (seconds * 1000.0) as i64;
    (millis != 0).then_some(Start { identity, at: Timestamp::from_millis(millis) })
}

/// The name, and what stands for the labels that the lines of one metric share, in any order.
fn identity<'a>(
    series: &'a [u8],
    family: &str,
    metric_type: MetricType,
) -> (Option<Cow<'a, str>>, u128) {
    let own = match metric_type {
        MetricType::Histogram => BUCKET_LABEL,
        MetricType::Summary => QUANTILE_LABEL,
        MetricType::Counter
        | MetricType::Gauge
        | MetricType::GaugeHistogram
        | MetricType::Info
        | MetricType::StateSet
        | MetricType::Unknown => "",
    };
    let mut parts = Parts::new(series, Syntax::OpenMetrics, Kind::Series);
    let (mut found, mut sum) = (None, xxh3_128(family.as_bytes()));
    while let Ok(Some(part)) = parts.next() {
        match part {
            Part::Name(name) => found = Some(name),
            Part::Label { name, .. } if name == own => {}
            Part::Label { name, value } => {
                sum = add_identity(sum, &name, &value);
            }
        }
    }
    (found, sum)
}
