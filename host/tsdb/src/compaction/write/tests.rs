//! Random sets of blocks against a model that knows nothing of chunks.

use std::collections::BTreeMap;

use narthex_model::{Matcher, Timestamp};
use narthex_platform::SimulatedDisk;
use narthex_storage::{Columns, TimeRange};
use proptest::prelude::*;
use ulid::Ulid;

use super::*;
use crate::budget::ReadBudget;
use crate::compaction::meta::merged;
use crate::encoding::encode;

/// Samples by series and time.
type Samples = BTreeMap<(u8, i64), f64>;

#[derive(Clone, Debug)]
struct Given {
    samples: Samples,
    /// Series, first and last time.
    deletions: Vec<(u8, i64, i64)>,
}

fn given() -> impl Strategy<Value = Given> {
    let start = (0_i64..4).prop_map(|block| block * 300);
    let samples = prop::collection::btree_map((0_u8..5, 0_i64..500), -1e3..1e3, 0..400);
    let deletions = prop::collection::vec((0_u8..5, 0_i64..1500, 0_i64..400), 0..4);
    (start, samples, deletions).prop_map(|(start, samples, deletions)| Given {
        samples: samples.into_iter().map(|((id, at), value)| ((id, start + at), value)).collect(),
        deletions: deletions.into_iter().map(|(id, from, len)| (id, from, from + len)).collect(),
    })
}

fn labels(id: u8) -> Labels {
    let shared = if id.is_multiple_of(2) { "even" } else { "odd" };
    Labels::from_pairs([("__name__", "m"), ("id", id.to_string().as_str()), ("kind", shared)])
}

fn symbols(samples: &Samples) -> Vec<String> {
    let mut symbols: Vec<String> = samples
        .keys()
        .flat_map(|(id, _)| {
            let labels = labels(*id);
            let pairs = labels.iter().flat_map(|(name, value)| [name, value]);
            pairs.map(str::to_owned).collect::<Vec<_>>()
        })
        .chain([String::new()])
        .collect();
    symbols.sort();
    symbols.dedup();
    symbols
}

const FOLDER: &str = "/data";

fn write(disk: &Arc<dyn Disk>, id: u128, samples: &Samples) -> Option<Block> {
    let times = samples.keys().map(|(_, at)| *at);
    let (min, max) = (times.clone().min()?, times.max()? + 1);
    let folder = Utf8Path::new(FOLDER);
    let mut writer = BlockWriter::create(disk, folder, Ulid(id), symbols(samples)).unwrap();
    for series in 0..5 {
        let own = samples.range((series, i64::MIN)..=(series, i64::MAX));
        let (times, values): (Vec<i64>, Vec<f64>) =
            own.map(|((_, at), value)| (*at, *value)).unzip();
        let mut chunks = Vec::new();
        encode(&Columns::from_floats(times, values), FloatEncoding::Xor, &mut chunks);
        if !chunks.is_empty() {
            writer.push(&labels(series), &chunks).unwrap();
        }
    }
    let meta = writer.finish(BlockMeta::new(Ulid(id), min, max)).unwrap();
    Some(Block::open(disk, &folder.join(meta.ulid.to_string())).unwrap())
}

fn read(block: &Block) -> Samples {
    let mut samples = Samples::new();
    let querier = block.querier(TimeRange::ALL, &ReadBudget::unlimited());
    let mut last: Option<Labels> = None;
    for series in querier.select(&[]).unwrap() {
        assert!(last.as_ref().is_none_or(|last| last < series.labels()), "series ascend");
        last = Some(series.labels().clone());
        let mut columns = Columns::default();
        series.read(TimeRange::ALL, &mut columns).unwrap();
        assert!(columns.times.is_sorted_by(|a, b| a < b), "samples ascend");
        let id = series.labels().get("id").unwrap().parse().unwrap();
        let all = columns.times.iter().zip(&columns.values);
        samples.extend(all.map(|(at, value)| ((id, *at), *value)));
    }
    samples
}

fn check(given: &[Given], floats: FloatEncoding) {
    let simulated = SimulatedDisk::new(1);
    let disk = simulated.shared();
    disk.create_folder(Utf8Path::new(FOLDER)).unwrap();
    let (mut blocks, mut model) = (Vec::new(), Samples::new());
    for (given, number) in given.iter().zip(1..) {
        let Some(block) = write(&disk, number, &given.samples) else { continue };
        let mut kept = given.samples.clone();
        for (id, from, to) in &given.deletions {
            let matcher = Matcher::equal("id", id.to_string());
            let range = TimeRange {
                start: Timestamp::from_millis(*from),
                end: Timestamp::from_millis(*to),
            };
            block.delete(&[matcher], range).unwrap();
            kept.retain(|(series, at), _| series != id || !(from..=to).contains(&at));
        }
        for (place, value) in kept {
            model.entry(place).or_insert(value);
        }
        blocks.push(block);
    }
    if blocks.is_empty() {
        return;
    }
    let metas: Vec<&BlockMeta> = blocks.iter().map(Block::meta).collect();
    let meta = merged(Ulid(100), &metas);
    let interrupt = Interrupt::default();
    let folder = Utf8Path::new(FOLDER);
    let (interrupt, is_for_others) = (&interrupt, false);
    let output =
        Output { disk: &disk, folder, floats, is_for_others, segment_bytes: None, interrupt };
    let Some(meta) = output.write_blocks(&blocks, meta).unwrap() else {
        assert!(model.is_empty(), "no block is written only when nothing is left");
        return;
    };
    assert_eq!(meta.stats.num_samples, model.len() as u64);
    let folder = Utf8Path::new(FOLDER).join(meta.ulid.to_string());
    let block = Block::open(&disk, &folder).unwrap();
    assert_eq!(read(&block), model);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn blocks_become_one_as_a_map_would(given in prop::collection::vec(given(), 1..5)) {
        check(&given, FloatEncoding::Xor);
    }

    #[test]
    fn the_encoding_changes_no_sample(given in prop::collection::vec(given(), 1..3)) {
        check(&given, FloatEncoding::Dense);
        check(&given, FloatEncoding::Xor2);
    }
}

#[test]
fn an_interrupted_compaction_leaves_nothing() {
    let simulated = SimulatedDisk::new(1);
    let disk = simulated.shared();
    disk.create_folder(Utf8Path::new(FOLDER)).unwrap();
    let block = write(&disk, 1, &Samples::from([((1, 5), 1.0)])).unwrap();
    let interrupt = Interrupt::default();
    interrupt.set();
    let (folder, floats) = (Utf8Path::new(FOLDER), FloatEncoding::Xor);
    let (interrupt, is_for_others) = (&interrupt, false);
    let output =
        Output { disk: &disk, folder, floats, is_for_others, segment_bytes: None, interrupt };
    let meta = merged(Ulid(2), &[block.meta()]);
    assert!(matches!(output.write_blocks(&[block], meta), Err(CompactError::Stopped)));
    let names: Vec<String> = disk.list(folder).unwrap().into_iter().map(|file| file.name).collect();
    assert_eq!(names, [Ulid(1).to_string()]);
}
