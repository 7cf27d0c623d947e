//! Requests of remote write, without the compression: an input is a `WriteRequest`.
//!
//! Oracle: what is read, is read as the same again after it was written; the receiver takes or
//! refuses the same body without a panic, and what it takes can be read from the store.

use std::sync::Arc;

use narthex_platform::{Metrics, SimulatedClock};
use narthex_remote::encode::{Exemplar, Family, TimeSeries, compress, pairs};
use narthex_remote::{Receiver, testing};
use narthex_storage::{Columns, MemoryStore, Queryable, TimeRange};

use crate::Chance;
use crate::generate::{FloatKind, FloatWalk, HistogramKind, HistogramWalk};

const NOW: i64 = 1_767_225_600_000;

pub(super) fn check(bytes: &[u8]) {
    let decoded = testing::decode(bytes);
    if let Ok((series, families)) = &decoded {
        let written = testing::encode(series, families);
        let (series, families) = testing::decode(&written).expect("what was just written");
        assert_eq!(testing::encode(&series, &families), written, "once more is the same");
    }
    let store = MemoryStore::new();
    let clock = SimulatedClock::at(NOW).clock();
    let receiver = Receiver::new(Arc::new(store.clone()), clock, &Metrics::new());
    let taken = receiver.write_now(&compress(bytes));
    assert!(decoded.is_ok() || taken.is_err() || taken.is_ok_and(|it| it.invalid_series > 0));
    let querier = store.querier(TimeRange::ALL).expect("a store in memory answers");
    for series in querier.select(&[]).expect("a store in memory answers") {
        let mut columns = Columns::default();
        series.read(TimeRange::ALL, &mut columns).expect("a store in memory answers");
        assert!(series.labels().metric_name().is_some(), "a series has a name");
        let ascend = columns.times.windows(2).all(|pair| matches!(pair, [a, b] if a < b));
        assert!(ascend, "samples ascend");
        let valid = columns.histograms.iter().all(|point| point.histogram.validate().is_ok());
        assert!(valid, "histograms are valid");
    }
}

/// A request of a few series of all kinds.
pub(super) fn generate(chance: &mut Chance) -> Vec<u8> {
    let number = 1 + chance.index(4);
    let series: Vec<TimeSeries> = (0..number).map(|_| series(chance)).collect();
    let families = (0..chance.index(2)).map(|number| Family {
        name: format!("m{number}").into_bytes(),
        help: b"Says it.".to_vec(),
        ..Family::default()
    });
    testing::encode(&series, &families.collect::<Vec<_>>())
}

fn series(chance: &mut Chance) -> TimeSeries {
    let name = *chance.pick(&["m0", "m1", "ü", ""]);
    let job = *chance.pick(&["a", "b", ""]);
    let mut series = TimeSeries::new(&[("__name__", name), ("job", job)]);
    let mut at = NOW - 60_000;
    let mut floats = FloatWalk::new(*chance.pick(&FloatKind::ALL));
    let mut histograms = HistogramWalk::new(*chance.pick(&HistogramKind::ALL), chance);
    let is_float = !chance.once_in(3);
    for _ in 0..chance.index(6) {
        at += *chance.pick(&[1, 15_000, 0]);
        if is_float {
            series.samples.push((at, floats.next(chance)));
        } else {
            series.histograms.push((at, histograms.next(chance)));
        }
    }
    if chance.once_in(3) {
        let labels = pairs(&[("trace_id", "abc")]);
        series.exemplars.push(Exemplar { labels, value: 0.5, at });
    }
    series
}
