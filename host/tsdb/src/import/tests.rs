use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use narthex_model::{
    BucketLayout, IntegerHistogram, MetricType, NativeHistogram, STALE_NAN_BITS, Span, Timestamp,
};
use narthex_platform::{SimulatedClock, SimulatedDisk};
use narthex_storage::{Columns, Queryable, TimeRange};

use super::compression::Compression;
use super::record::tests::write;
use super::record::{Marker as MmapMarker, Sample, Tombstone, Value};
use super::*;
use crate::block::{Block, BlockMeta, BlockWriter};
use crate::encoding::{Chunk, FloatEncoding, encode};
use crate::{ImportProgress, ReadBudget};

const HOUR: i64 = 3_600_000;
/// The beginning of a block.
const START: i64 = 1_000 * BLOCK_MILLIS;

/// A data folder that Prometheus left behind.
struct Folder {
    simulated: SimulatedDisk,
    disk: Arc<dyn Disk>,
    clock: Clock,
}

fn up(job: &str) -> Labels {
    Labels::from_pairs([("__name__", "up"), ("job", job)])
}

fn float(series: u64, at: i64, value: f64) -> Sample {
    Sample { series, at, start: 0, value: Value::Float(value) }
}

fn floats(list: &[(u64, i64, f64)]) -> Vec<u8> {
    let list: Vec<Sample> = list.iter().map(|(s, at, value)| float(*s, *at, *value)).collect();
    write::samples(2, &list)
}

fn chunk(times: &[i64], value: f64) -> Chunk {
    let columns = Columns::from_floats(times.to_vec(), vec![value; times.len()]);
    let mut chunks = Vec::new();
    encode(&columns, FloatEncoding::Xor, &mut chunks);
    assert_eq!(chunks.len(), 1);
    chunks.remove(0)
}

impl Folder {
    fn new() -> Self {
        let simulated = SimulatedDisk::new(1);
        let disk = simulated.shared();
        for folder in ["/data", "/data/log", "/data/wal", "/data/wbl", "/data/chunks_head"] {
            disk.create_folder(Utf8Path::new(folder)).unwrap();
        }
        Self { simulated, disk, clock: SimulatedClock::at(START + 9 * HOUR).clock() }
    }

    fn put(&self, path: &str, bytes: &[u8]) {
        let path = Utf8PathBuf::from(format!("/data/{path}"));
        self.disk.create_folder(path.parent().unwrap()).unwrap();
        self.disk.remove(&path).ok();
        self.disk.create(&path).unwrap().append(bytes).unwrap();
    }

    fn log(&self, path: &str, records: &[Vec<u8>]) {
        let mut writer = frames::tests::Writer::default();
        for (index, record) in records.iter().enumerate() {
            let all = [Compression::None, Compression::Snappy, Compression::Zstd];
            writer.push(record, all[index % all.len()]);
        }
        self.put(path, &writer.bytes);
    }

    /// Chunks of one head chunk file; answers the places that markers name.
    fn chunks(&self, number: u64, chunks: &[(u64, bool, Chunk)]) -> Vec<u64> {
        let mut writer = chunk_files::tests::Writer::default();
        let places = chunks.iter().map(|(series, is_out_of_order, chunk)| {
            let encoding = chunk.encoding.number() | if *is_out_of_order { 0x80 } else { 0 };
            let place =
                writer.push(*series, (chunk.first_at, chunk.last_at), encoding, &chunk.bytes);
            number << 32 | place as u64
        });
        let places = places.collect();
        self.put(&format!("chunks_head/{number:06}"), &writer.bytes);
        places
    }

    fn pending(&self) -> Option<Pending> {
        pending(&*self.disk, Utf8Path::new("/data")).unwrap()
    }

    fn import(&self) -> Imported {
        let pending = self.pending().expect("something is to be imported");
        let progress = Progress::default();
        let total = pending.bytes();
        let mut imported = self.run(pending, &progress).unwrap();
        assert_eq!(progress.bytes_done.load(Ordering::Relaxed), total);
        finish(&*self.disk, Utf8Path::new("/data"), &mut imported).unwrap();
        imported
    }

    fn run(&self, pending: Pending, progress: &Progress) -> Result<Imported, ImportError> {
        run(&self.disk, &self.clock, Utf8Path::new("/data"), pending, progress)
    }

    fn blocks(&self) -> Vec<Block> {
        let listed = self.disk.list(Utf8Path::new("/data")).unwrap();
        let names = listed.iter().filter(|info| Ulid::from_string(&info.name).is_ok());
        let folders = names.map(|info| Utf8PathBuf::from(format!("/data/{}", info.name)));
        folders.map(|folder| Block::open(&self.disk, &folder).unwrap()).collect()
    }

    /// What all blocks hold: series, then time since the start and value, histograms as sums.
    fn dump(&self) -> Vec<String> {
        let mut all: BTreeMap<String, Vec<(i64, String)>> = BTreeMap::new();
        for block in self.blocks() {
            let querier = block.querier(TimeRange::ALL, &ReadBudget::unlimited());
            for series in querier.select(&[]).unwrap() {
                let mut columns = Columns::default();
                series.read(TimeRange::ALL, &mut columns).unwrap();
                let samples = all.entry(series.labels().to_string()).or_default();
                let floats = columns.times.iter().zip(&columns.values).enumerate();
                samples.extend(floats.map(|(index, (at, value))| {
                    let start = columns.starts.get(index).filter(|start| **start != 0);
                    let start = start.map_or(String::new(), |start| format!("^{}", start - START));
                    (*at, format!("{value}{start}"))
                }));
                samples.extend(columns.histograms.iter().map(|point| {
                    let kind = match &*point.histogram {
                        NativeHistogram::Integer(_) => "H",
                        NativeHistogram::Float(_) => "F",
                    };
                    (point.at, format!("{kind}{}", point.histogram.sum()))
                }));
            }
        }
        let lines = all.into_iter().map(|(labels, mut samples)| {
            samples.sort_by_key(|(at, _)| *at);
            let samples = samples.iter().map(|(at, value)| format!(" {}={value}", at - START));
            format!("{labels}{}", samples.collect::<String>())
        });
        lines.collect()
    }
}

#[track_caller]
fn check(folder: &Folder, wanted: &[&str]) -> Imported {
    let imported = folder.import();
    assert_eq!(folder.dump(), wanted);
    assert!(folder.pending().is_none(), "nothing is left to import");
    imported
}

#[test]
fn checkpoint_and_segments_become_blocks_of_two_hours() {
    let folder = Folder::new();
    folder.log("wal/00000003", &[floats(&[(1, START, 9.0)])]);
    folder.log("wal/checkpoint.00000003/00000000", &[write::series(&[(1, up("a"))])]);
    folder.log(
        "wal/00000004",
        &[
            floats(&[(1, START + 1, 1.0), (1, START + 2 * HOUR - 1, 2.0)]),
            write::series(&[(2, up("b"))]),
        ],
    );
    folder
        .log("wal/00000005", &[floats(&[(2, START + 2 * HOUR, 3.0), (1, START + 2 * HOUR, 4.0)])]);
    let imported =
        check(&folder, &[r#"up{job="a"} 1=1 7199999=2 7200000=4"#, r#"up{job="b"} 7200000=3"#]);
    assert_eq!((imported.samples, imported.lost, imported.damaged), (4, 0, vec![]));
    assert_eq!(imported.blocks.len(), 2);
    let ranges = folder.blocks().into_iter();
    let mut ranges: Vec<_> = ranges
        .map(|block| (block.meta().min_time - START, block.meta().max_time - START))
        .collect();
    ranges.sort_unstable();
    assert_eq!(ranges, [(1, 2 * HOUR), (2 * HOUR, 2 * HOUR + 1)]);
}

#[test]
fn a_sample_that_is_not_newer_than_its_series_is_passed_over() {
    let folder = Folder::new();
    let later = floats(&[(1, START + 5, 8.0), (1, START + 10, 8.0), (1, START + 11, 2.0)]);
    folder.log(
        "wal/00000000",
        &[write::series(&[(1, up("a"))]), floats(&[(1, START + 10, 1.0)]), later],
    );
    check(&folder, &[r#"up{job="a"} 10=1 11=2"#]);
}

#[test]
fn what_stands_in_a_block_is_not_imported_again() {
    let folder = Folder::new();
    folder.log(
        "wal/00000000",
        &[write::series(&[(1, up("a"))]), floats(&[(1, START, 1.0), (1, START + 9, 2.0)])],
    );
    check(&folder, &[r#"up{job="a"} 0=1 9=2"#]);
    // Prometheus runs again: it begins a segment, and what it wrote before is still there.
    folder.log("wal/00000001", &[floats(&[(1, START + 10, 3.0)])]);
    let imported = check(&folder, &[r#"up{job="a"} 0=1 9=2 10=3"#]);
    assert_eq!(imported.samples, 1);
}

#[test]
fn head_chunks_stand_for_the_samples_that_they_hold() {
    let folder = Folder::new();
    let chunk = chunk(&[START, START + 10], 5.0);
    folder.chunks(1, &[(1, false, chunk)]);
    let samples = floats(&[(1, START, 1.0), (1, START + 10, 1.0), (1, START + 20, 1.0)]);
    folder.log("wal/00000000", &[write::series(&[(1, up("a"))]), samples]);
    check(&folder, &[r#"up{job="a"} 0=5 10=5 20=1"#]);
}

#[test]
fn the_log_fills_in_for_a_damaged_head_chunk() {
    let folder = Folder::new();
    folder.chunks(1, &[(1, false, chunk(&[START, START + 10], 5.0))]);
    folder.chunks(2, &[(1, false, chunk(&[START + 25, START + 35], 5.0))]);
    let times = [0, 10, 20, 30, 40].map(|at| (1, START + at, 1.0));
    folder.log("wal/00000000", &[write::series(&[(1, up("a"))]), floats(&times)]);
    folder.simulated.flip_bit(Utf8Path::new("/data/chunks_head/000001"), 40 * 8);
    let imported = check(&folder, &[r#"up{job="a"} 0=1 10=1 20=1 25=5 30=1 35=5 40=1"#]);
    let damaged: Vec<_> = imported.damaged.iter().map(|d| (d.path.as_str(), d.offset)).collect();
    assert_eq!(damaged, [("/data/chunks_head/000001", 8)]);
}

#[test]
fn out_of_order_samples_come_from_their_log_and_chunks() {
    let folder = Folder::new();
    let places = folder.chunks(1, &[(1, true, chunk(&[START + 1, START + 3], 7.0))]);
    folder.log(
        "wal/00000000",
        &[
            write::series(&[(1, up("a"))]),
            floats(&[(1, START + 20, 1.0), (1, START + 1, 9.0), (1, START + 5, 9.0)]),
        ],
    );
    let marker = MmapMarker { series: 1, chunk: places[0] };
    folder.log(
        "wbl/00000000",
        &[
            floats(&[(1, START + 1, 8.0), (1, START + 3, 8.0)]),
            write::markers(&[marker]),
            floats(&[(1, START + 5, 2.0), (1, START - 2 * HOUR, 3.0), (1, START + 5, 4.0)]),
        ],
    );
    check(&folder, &[r#"up{job="a"} -7200000=3 1=7 3=7 5=2 20=1"#]);
    assert_eq!(folder.blocks().len(), 2);
    // The log of before is not read again.
    folder.log("wal/00000001", &[]);
    folder.log("wbl/00000001", &[floats(&[(1, START + 6, 5.0)])]);
    let imported = folder.import();
    assert_eq!(imported.samples, 1);
}

#[test]
fn a_marker_takes_back_only_what_stands_in_its_chunk() {
    let folder = Folder::new();
    let places = folder.chunks(5, &[(1, true, chunk(&[START + 1, START + 3], 7.0))]);
    let in_order: Vec<_> = (0..300).map(|at| (1, START + 1_000 + at, 1.0)).collect();
    let deleted = Tombstone { series: 1, first_at: START + 1_002, last_at: START + 1_299 };
    let marker = |chunk| write::markers(&[MmapMarker { series: 1, chunk }]);
    let late: Vec<_> = (0..40).map(|at| (1, START + 100 + at, 5.0)).collect();
    folder.log(
        "wal/00000000",
        &[write::series(&[(1, up("a"))]), write::tombstones(&[deleted]), floats(&in_order)],
    );
    folder.log(
        "wbl/00000000",
        &[
            floats(&[(1, START + 9, 9.0)]),
            // It names a file that became part of a block.
            marker(4 << 32 | 8),
            floats(&late),
            // The chunk was never written.
            marker(6 << 32 | 8),
            floats(&[(1, START + 1, 8.0), (1, START + 3, 8.0)]),
            marker(places[0]),
            floats(&[(1, START + 4, 6.0)]),
        ],
    );
    let late: String = (100..140).map(|at| format!(" {at}=5")).collect();
    check(&folder, &[&format!(r#"up{{job="a"}} 1=7 3=7 4=6{late} 1000=1 1001=1"#)]);
}

#[test]
fn a_series_with_two_refs_is_one() {
    let folder = Folder::new();
    folder.chunks(1, &[(2, false, chunk(&[START + 5], 5.0))]);
    folder.log(
        "wal/00000000",
        &[
            write::series(&[(1, up("a"))]),
            floats(&[(1, START, 1.0)]),
            write::series(&[(2, up("a"))]),
            floats(&[(2, START + 5, 6.0), (2, START + 6, 6.0), (1, START + 7, 7.0)]),
            floats(&[(3, START + 8, 6.0)]),
        ],
    );
    let imported = check(&folder, &[r#"up{job="a"} 0=1 5=5 6=6 7=7"#]);
    assert_eq!(imported.lost, 1, "nobody knows series 3");
}

#[test]
fn deleted_samples_stay_deleted() {
    let folder = Folder::new();
    let tombstone = |series, first_at, last_at| Tombstone {
        series,
        first_at: START + first_at,
        last_at: START + last_at,
    };
    let moved = Tombstone { series: 2, first_at: i64::MIN, last_at: i64::MAX };
    folder.log(
        "wal/00000000",
        &[
            write::series(&[(1, up("a")), (2, up("b"))]),
            floats(&[(1, START, 1.0), (1, START + 1, 2.0), (1, START + 2, 3.0)]),
            floats(&[(2, START, 1.0)]),
            write::tombstones(&[tombstone(1, 1, 1), moved]),
            write::series(&[(3, up("b"))]),
            floats(&[(3, START + 1, 2.0)]),
        ],
    );
    check(&folder, &[r#"up{job="a"} 0=1 2=3"#, r#"up{job="b"} 1=2"#]);
}

#[test]
fn histograms_their_markers_and_start_times_are_kept() {
    let folder = Folder::new();
    let histogram = |at: i64, count: u64| {
        let layout = BucketLayout {
            positive_spans: vec![Span { offset: 0, length: 1 }],
            ..BucketLayout::default()
        };
        let histogram = IntegerHistogram {
            layout,
            count,
            sum: count as f64,
            positive_deltas: vec![count.cast_signed()],
            ..IntegerHistogram::default()
        };
        let value = Value::Histogram(Arc::new(NativeHistogram::Integer(histogram)));
        Sample { series: 1, at: START + at, start: START, value }
    };
    let stale = float(1, START + 3, f64::from_bits(STALE_NAN_BITS));
    let with_start =
        [float(2, START + 1, 1.0), Sample { start: START - 5, ..float(2, START + 2, 2.0) }];
    folder.log(
        "wal/00000000",
        &[
            write::series(&[(1, up("a")), (2, up("b"))]),
            write::samples(7, &[histogram(1, 4)]),
            write::samples_with_start(12, &[histogram(2, 6)]),
            write::samples(2, &[stale]),
            write::samples_with_start(11, &with_start),
        ],
    );
    check(&folder, &[r#"up{job="a"} 1=H4 2=H6 3=HNaN"#, r#"up{job="b"} 1=1 2=2^-5"#]);
}

#[test]
fn exemplars_and_metadata_come_along() {
    let folder = Folder::new();
    let exemplar = |at| Exemplar {
        labels: Labels::from_pairs([("trace_id", "x")]),
        value: 0.5,
        at: Timestamp::from_millis(START + at),
    };
    let metadata = |help: &str| Metadata {
        metric_type: MetricType::Counter,
        help: help.to_owned(),
        unit: "seconds".to_owned(),
    };
    folder.log(
        "wal/00000000",
        &[
            write::series(&[(1, up("a"))]),
            write::metadata(&[(1, metadata("old"))]),
            write::metadata(&[(1, metadata("new"))]),
            floats(&[(1, START, 1.0)]),
            write::exemplars(&[(1, exemplar(0)), (1, exemplar(1))]),
        ],
    );
    let imported = check(&folder, &[r#"up{job="a"} 0=1"#]);
    assert_eq!(imported.exemplars, [(up("a"), exemplar(0)), (up("a"), exemplar(1))]);
    assert_eq!(imported.metadata, [("up".to_owned(), metadata("new"))]);
}

#[test]
fn an_import_that_is_cut_off_begins_again_without_what_it_had_made() {
    for steps in 0.. {
        let folder = Folder::new();
        let mut records = vec![write::series(&[(1, up("a"))])];
        records.extend((0..3).map(|hour| floats(&[(1, START + 2 * hour * HOUR, 1.0)])));
        folder.log("wal/00000000", &records);
        folder.log("wbl/00000000", &[floats(&[(1, START + HOUR, 2.0)])]);
        for sync in ["/data/wal", "/data/wbl", "/data/log", "/data/chunks_head", "/data", "/"] {
            folder.disk.sync_folder(Utf8Path::new(sync)).unwrap();
        }
        for file in ["/data/wal/00000000", "/data/wbl/00000000"] {
            folder.disk.open(Utf8Path::new(file)).unwrap().sync().unwrap();
        }
        folder.simulated.cut_power_after(steps);
        let root = Utf8Path::new("/data");
        let ended = pending(&*folder.disk, root).and_then(|pending| {
            let pending = pending.expect("something is to be imported");
            let mut imported = folder.run(pending, &Progress::default())?;
            finish(&*folder.disk, root, &mut imported)
        });
        let was_cut = folder.simulated.is_off();
        folder.simulated.restart_after_power_cut();
        assert_eq!(ended.is_err(), was_cut, "{steps}");
        if folder.pending().is_some() {
            folder.import();
        }
        assert_eq!(folder.dump(), [r#"up{job="a"} 0=1 3600000=2 7200000=1 14400000=1"#], "{steps}");
        if !was_cut {
            assert!(steps > 20, "the cuts went through the whole import");
            break;
        }
    }
}

#[test]
fn our_own_blocks_do_not_hide_what_is_still_to_be_imported() {
    let folder = Folder::new();
    let samples = floats(&[(1, START, 1.0)]);
    folder.log("wal/00000000", &[write::series(&[(1, up("a"))]), samples]);
    folder.pending().unwrap();
    // The process ends before it comes to import, after its head made a block.
    let mut writer = BlockWriter::create(
        &folder.disk,
        Utf8Path::new("/data"),
        Ulid::from_parts(1, 1),
        ["a", "b"],
    )
    .unwrap();
    let labels = Labels::from_pairs([("a", "b")]);
    writer.push(&labels, &[chunk(&[START + 100], 1.0)]).unwrap();
    writer.finish(BlockMeta::new(Ulid::from_parts(1, 1), START + 100, START + 101)).unwrap();
    check(&folder, &[r#"up{job="a"} 0=1"#, r#"{a="b"} 100=1"#]);
}

#[test]
fn a_folder_of_ours_has_nothing_to_import() {
    let folder = Folder::new();
    assert!(folder.pending().is_none());
    folder.put("wal/00000000", &[]);
    folder.put("chunks_head/000001", &[0; 100]);
    assert!(folder.pending().is_none(), "segments without records");
}

#[test]
fn damage_is_told_with_its_place_and_the_rest_is_imported() {
    let folder = Folder::new();
    folder.log(
        "wal/00000000",
        &[
            write::series(&[(1, up("a"))]),
            floats(&[(1, START, 1.0)]),
            vec![2, 1, 2, 3],
            floats(&[(1, START + 1, 2.0)]),
            vec![200, 1],
        ],
    );
    folder.log("wal/00000002", &[floats(&[(1, START + 2, 3.0)])]);
    let imported = check(&folder, &[r#"up{job="a"} 0=1 1=2 2=3"#]);
    let damaged = imported.damaged.iter();
    let damaged: Vec<_> = damaged.map(|d| format!("{} {}", d.path, d.what)).collect();
    assert_eq!(
        damaged,
        [
            "/data/wal/00000001 a segment is missing",
            "/data/wal/00000000 a record whose content is not right"
        ]
    );
    assert_eq!(imported.unknown, 1);
}

#[test]
fn a_store_answers_with_what_it_imported() {
    let folder = Folder::new();
    let exemplar = Exemplar {
        labels: Labels::from_pairs([("trace_id", "x")]),
        value: 0.5,
        at: Timestamp::from_millis(START),
    };
    let empty = Value::Histogram(Arc::new(NativeHistogram::Integer(IntegerHistogram::default())));
    let empty = Sample { series: 2, at: START, start: 0, value: empty };
    let help = |help: &str| Metadata { help: help.to_owned(), ..Metadata::default() };
    folder.log(
        "wal/00000000",
        &[
            write::series(&[(1, up("a"))]),
            write::metadata(&[(1, help("theirs"))]),
            floats(&[(1, START, 1.0)]),
            write::series(&[(2, Labels::from_pairs([("__name__", "spread")]))]),
            write::samples(7, &[empty]),
            write::exemplars(&[(1, exemplar.clone()), (2, exemplar.clone())]),
            vec![2, 1],
        ],
    );
    let open = || {
        let config = crate::Config::new("/data");
        let disk = Arc::clone(&folder.disk);
        crate::Tsdb::open(config, disk, folder.clock.clone(), &narthex_platform::Metrics::new())
    };
    let store = open().unwrap();
    let total = store.import_progress().bytes_total;
    assert!(total > 0 && store.import_progress().bytes_done == 0);
    let held = || imported_bytes(&*folder.disk, Utf8Path::new("/data"));
    assert_eq!(held(), 0);
    store.import_now().unwrap();
    assert_eq!(held(), total);
    let done = ImportProgress { bytes_total: total, bytes_done: total, samples: 2 };
    assert_eq!(store.import_progress(), done);
    let found = store.querier(TimeRange::ALL).unwrap().select(&[]).unwrap();
    let mut columns = Columns::default();
    found.iter().for_each(|series| series.read(TimeRange::ALL, &mut columns).unwrap());
    assert_eq!((columns.times, columns.values), (vec![START], vec![1.0]));
    assert_eq!(columns.histograms.len(), 1);
    assert_eq!(store.metadata(None), [("up".to_owned(), help("theirs"))]);
    let exemplars = store.exemplars(TimeRange::ALL, &[vec![]]).unwrap();
    assert_eq!(exemplars.len(), 2);
    assert_eq!((&exemplars[1].labels, &exemplars[1].exemplars), (&up("a"), &vec![exemplar]));
    assert_eq!(store.damaged().len(), 1, "the last record");
    drop(store);
    assert_eq!(open().unwrap().import_progress().bytes_total, 0, "nothing is left");
}

#[test]
fn an_import_can_be_stopped() {
    let folder = Folder::new();
    folder.log("wal/00000000", &[write::series(&[(1, up("a"))]), floats(&[(1, START, 1.0)])]);
    let pending = folder.pending().unwrap();
    let progress = Progress::default();
    progress.stop.store(true, Ordering::Relaxed);
    assert!(matches!(folder.run(pending, &progress), Err(ImportError::Stopped)));
    check(&folder, &[r#"up{job="a"} 0=1"#]);
}
