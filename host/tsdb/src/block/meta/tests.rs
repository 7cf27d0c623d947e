use narthex_platform::SimulatedDisk;

use super::*;

fn read(text: &str) -> Result<BlockMeta, BlockError> {
    let disk = SimulatedDisk::new(1);
    disk.shared().create_folder("/b".into()).unwrap();
    replace(&*disk.shared(), "/b/meta.json".into(), text.as_bytes()).unwrap();
    BlockMeta::read(&*disk.shared(), "/b".into()).map(|(meta, _)| meta)
}

/// As a compacting Thanos leaves it.
const FOREIGN: &str = r#"{
	"ulid": "01BKGV7JBM69T2G1BGBGM6KB12",
	"minTime": 1494000000000,
	"maxTime": 1494007200000,
	"stats": {
		"numSamples": 10,
		"numSeries": 2,
		"numChunks": 3,
		"numOther": 4
	},
	"compaction": {
		"level": 2,
		"sources": [
			"01BKGTZQ1SYQJTR4PB43C8PD98",
			"01BKGTZQ1HHWHV8FBJXW1Y3W0K"
		],
		"parents": [
			{
				"ulid": "01BKGTZQ1SYQJTR4PB43C8PD98",
				"minTime": 1494000000000,
				"maxTime": 1494003600000
			}
		],
		"hints": [
			"from-out-of-order"
		]
	},
	"version": 1,
	"thanos": {
		"downsample": {
			"resolution": 0
		},
		"labels": {
			"replica": "a"
		}
	}
}"#;

#[test]
fn sections_of_other_programs_survive() {
    let meta = read(FOREIGN).unwrap();
    assert_eq!(String::from_utf8(meta.to_bytes()).unwrap(), FOREIGN);
    assert!(meta.is_from_out_of_order());
    assert_eq!(meta.thanos().unwrap()["labels"]["replica"], "a");
    assert_eq!(meta.compaction.sources[1].to_string(), "01BKGTZQ1HHWHV8FBJXW1Y3W0K");
}

#[test]
fn absent_and_null_lists_are_empty() {
    let meta = read(
        r#"{"ulid":"01BKGV7JBM69T2G1BGBGM6KB12","minTime":-5,"maxTime":7,"version":1,
            "compaction":{"level":1,"sources":null,"parents":null,"hints":null}}"#,
    )
    .unwrap();
    assert_eq!((meta.min_time, meta.max_time), (-5, 7));
    assert_eq!(meta.compaction, CompactionMeta { level: 1, ..CompactionMeta::default() });
}

#[test]
fn what_is_no_meta_of_a_block_is_refused() {
    for (text, expected) in [
        ("{", "parse /b/meta.json"),
        ("{}", "parse /b/meta.json"),
        (
            r#"{"ulid":"01BKGV7JBM69T2G1BGBGM6KB12","minTime":0,"maxTime":0,"version":2}"#,
            "/b/meta.json has version 2, which is not known here",
        ),
        (r#"{"ulid":"no","minTime":0,"maxTime":0,"version":1}"#, "parse /b/meta.json"),
    ] {
        assert_eq!(read(text).unwrap_err().to_string(), expected, "{text}");
    }
}

#[test]
fn a_name_sorts_by_time_and_takes_the_callers_randomness() {
    let (early, late) = (block_id(1_000, u128::MAX), block_id(1_001, 0));
    assert!(early < late && early.to_string() < late.to_string());
    assert_eq!(block_id(1_000, 5), block_id(1_000, 5));
    assert_eq!(block_id(1_000, 5).timestamp_ms(), 1_000);
}

#[test]
fn a_name_is_written_in_one_way_only() {
    assert!(is_block_name("01ARZ3NDEKTSV4RRFFQ69G5FAV"));
    assert!(!is_block_name("01arz3ndektsv4rrffq69g5fav"));
    assert!(!is_block_name("01ARZ3NDEKTSV4RRFFQ69G5FAV.tmp"));
}
