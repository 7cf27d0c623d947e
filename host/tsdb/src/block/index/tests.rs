use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use narthex_model::Labels;
use narthex_platform::SimulatedDisk;
use proptest::prelude::*;

use super::super::chunks::ChunkPlace;
use super::*;

/// The answer does not matter, only that there is one.
fn ran<T>(_answer: T) {}

mod v1;

type Series = BTreeMap<Labels, Vec<ChunkPlace>>;

fn symbols(series: &Series) -> BTreeSet<String> {
    let labels = series.keys().flat_map(|labels| labels.iter());
    labels.flat_map(|(name, value)| [name.to_owned(), value.to_owned()]).collect()
}

fn write(series: &Series, pass_references: u64) -> FileBytes {
    let disk: Arc<dyn Disk> = SimulatedDisk::new(1).shared();
    disk.create_folder("/b".into()).unwrap();
    let mut writer = IndexWriter::create(&disk, "/b".into(), symbols(series))
        .unwrap()
        .with_pass_references(pass_references);
    for (labels, chunks) in series {
        writer.push(labels, chunks).unwrap();
    }
    let len = writer.finish().unwrap();
    let bytes = disk.map("/b/index".into()).unwrap();
    assert_eq!(bytes.len() as u64, len);
    bytes
}

fn open(bytes: FileBytes) -> Result<Index, Fault> {
    Index::new(bytes)
}

fn chunks() -> impl Strategy<Value = Vec<ChunkPlace>> {
    let chunk = (1_i64..1_000, 0_i64..1_000, any::<u32>());
    let start = prop_oneof![Just(i64::MIN), -1_000_i64..1_000, Just(1_700_000_000_000)];
    (start, prop::collection::vec(chunk, 0..5)).prop_map(|(start, chunks)| {
        let mut last = start;
        let place = |(gap, len, reference): (i64, i64, u32)| {
            let first_at = last + gap;
            last = first_at + len;
            ChunkPlace { reference: u64::from(reference), first_at, last_at: last }
        };
        chunks.into_iter().map(place).collect()
    })
}

fn series() -> impl Strategy<Value = Series> {
    let name = prop_oneof![Just("__name__"), Just("job"), Just("instance"), Just("é")];
    let value = prop_oneof![(0..80_u32).prop_map(|n| format!("v{n}")), "[a-zé]{1,3}"];
    let labels = prop::collection::btree_map(name, value, 1..4).prop_map(Labels::from_pairs);
    prop::collection::btree_map(labels, chunks(), 0..120)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn an_index_is_a_map_of_series(series in series()) {
        let index = open(write(&series, u64::MAX)).unwrap();
        let all = index.all().unwrap().to_vec();
        prop_assert_eq!(all.len(), series.len());
        let mut texts = Texts::default();
        let mut by_label: BTreeMap<(&str, &str), Vec<u32>> = BTreeMap::new();
        for (id, (labels, chunks)) in all.iter().zip(&series) {
            prop_assert_eq!(&index.series(*id).unwrap().labels(&mut texts).unwrap(), labels);
            let mut found = Vec::new();
            index.series(*id).unwrap().chunks(&mut found).unwrap();
            prop_assert_eq!(&found, chunks);
            for pair in labels {
                by_label.entry(pair).or_default().push(*id);
            }
        }
        for ((name, value), ids) in &by_label {
            prop_assert_eq!(&index.postings(name, value).unwrap().to_vec(), ids);
        }
        for absent in ["", "a", "v5", "v999", "zzzz"] {
            let expected = by_label.get(&("job", absent)).cloned().unwrap_or_default();
            prop_assert_eq!(index.postings("job", absent).unwrap().to_vec(), expected);
            let values = index.table().values_from(index.bytes(), "job", absent).unwrap();
            let values: Vec<&str> = values.map(|line| line.unwrap().0).collect();
            let expected: Vec<&str> = by_label
                .keys()
                .filter(|(name, value)| *name == "job" && *value >= absent)
                .map(|(_, value)| *value)
                .collect();
            prop_assert_eq!(values, expected);
        }
        let texts: BTreeSet<String> =
            index.symbol_texts().map(|text| text.unwrap().to_owned()).collect();
        prop_assert_eq!(&texts, &symbols(&series));
        for text in texts {
            let symbol = index.symbol(&text).unwrap().unwrap();
            prop_assert_eq!(index.text(symbol).unwrap(), text);
        }
        prop_assert_eq!(index.symbol("not there").unwrap(), None);
    }

    #[test]
    fn passes_change_no_byte(series in series()) {
        prop_assert_eq!(&*write(&series, 0), &*write(&series, u64::MAX));
    }

    /// Checksums hide most damage from what lies behind them, so they are made right again.
    #[test]
    fn a_damaged_index_is_read_or_refused(
        series in series(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in any::<prop::sample::Index>(),
        is_cut: bool,
    ) {
        let mut bytes = write(&series, u64::MAX).to_vec();
        for (place, change) in changes {
            let place = place.index(bytes.len());
            bytes[place] = change;
        }
        repair_sums(&mut bytes);
        if is_cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        read_all(bytes);
    }

    #[test]
    fn an_index_of_anything_is_read_or_refused(mut bytes: Vec<u8>, version in 0_u8..5) {
        bytes.splice(0..0, [0xba, 0xaa, 0xd7, 0, version]);
        repair_sums(&mut bytes);
        read_all(bytes);
    }
}

/// Everything that can be asked.
fn read_all(bytes: Vec<u8>) {
    let Ok(index) = open(FileBytes::from_bytes(bytes)) else { return };
    let mut ids: Vec<u32> = index.all().map(|all| all.to_vec()).unwrap_or_default();
    ids.truncate(300);
    ids.extend([0, 1, u32::MAX]);
    for id in ids {
        let Ok(series) = index.series(id) else { continue };
        ran(series.labels(&mut Texts::default()));
        ran(series.chunks(&mut Vec::new()));
    }
    for name in index.table().names() {
        let Ok(values) = index.table().values_from(index.bytes(), name, "v3") else { continue };
        for (_, postings) in values.flatten() {
            ran(index.postings_at(postings));
        }
        ran(index.symbol(name));
        ran(index.postings(name, "v1"));
    }
    ran(index.symbol_texts().count());
}

/// Writes right checksums behind whatever sections the table of contents leads to.
fn repair_sums(bytes: &mut [u8]) {
    let Some(start) = bytes.len().checked_sub(toc::TOC_BYTES) else { return };
    let toc_end = bytes.len() - 4;
    let sum = crc32c::crc32c(&bytes[start..toc_end]);
    bytes[toc_end..].copy_from_slice(&sum.to_be_bytes());
    for place in [0, 5] {
        let offset = &bytes[start + place * 8..][..8];
        let offset = u64::from_be_bytes(offset.try_into().unwrap());
        let Ok(offset) = usize::try_from(offset) else { continue };
        let Some(len) = offset.checked_add(4).and_then(|end| bytes.get(offset..end)) else {
            continue;
        };
        let len = u32::from_be_bytes(len.try_into().unwrap()) as usize;
        let content = offset + 4..offset + 4 + len;
        let Some(sum) = bytes.get(content.clone()).map(crc32c::crc32c) else { continue };
        if let Some(place) = bytes.get_mut(content.end..content.end + 4) {
            place.copy_from_slice(&sum.to_be_bytes());
        }
    }
}

#[test]
fn order_and_symbols_are_demanded() {
    use super::super::error::BlockWriteError;
    let disk: Arc<dyn Disk> = SimulatedDisk::new(1).shared();
    disk.create_folder("/b".into()).unwrap();
    let wrong = IndexWriter::create(&disk, "/b".into(), ["b", "a"]).err().unwrap();
    assert_eq!(wrong.to_string(), r#"symbol "a" does not ascend"#);
    let mut writer = IndexWriter::create(&disk, "/b".into(), ["a", "b"]).unwrap();
    let labels = |value: &str| Labels::from_pairs([("a", value)]);
    writer.push(&labels("b"), &[]).unwrap();
    for (wrong, chunk_times) in
        [(labels("a"), vec![]), (labels("c"), vec![]), (labels("b"), vec![])]
    {
        assert!(writer.push(&wrong, &chunk_times).is_err(), "{wrong}");
    }
    let overlap = [
        ChunkPlace { reference: 8, first_at: 0, last_at: 5 },
        ChunkPlace { reference: 9, first_at: 5, last_at: 6 },
    ];
    let above = Labels::from_pairs([("b", "a")]);
    let error = writer.push(&above, &overlap).unwrap_err();
    assert!(matches!(error, BlockWriteError::Chunk { .. }), "{error}");
}
