//! Every corpus is replayed, and mutated a few thousand times. `NARTHEX_MUTATIONS` says how often.
#![expect(clippy::disallowed_methods, reason = "the corpora are files of the checkout")]

use std::fmt::Write as _;

use narthex_fuzz::{corpus, find, most_taken};
use narthex_oracles::Chance;
use narthex_oracles::formats::{Target, mutate};

/// Mutations of a target when nothing else is said.
const MUTATIONS_DEFAULT: u64 = 3000;
/// Inputs made by the target's generator, beside the corpus.
const GENERATED: u64 = 20;
/// What any check may take, whatever its input: stores, indexes and read windows.
const MEMORY_BASE_BYTES: usize = 24 << 20;
/// What it may take for each byte of input: a byte may stand for many samples, each of them bounded.
const MEMORY_PER_BYTE: usize = 4096;

/// What loading a component may take besides: the engine makes room for as many imports and exports as it
/// says that it has before it reads them, for a million of each at most.
const MEMORY_ENGINE_BYTES: usize = 512 << 20;

/// Names the input when its check fails.
struct Input<'a> {
    target: &'a Target,
    bytes: &'a [u8],
    origin: String,
}

impl Drop for Input<'_> {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            return;
        }
        let mut hex = String::new();
        for byte in self.bytes {
            write!(hex, "{byte:02x}").expect("a string takes everything");
        }
        let (name, origin) = (self.target.name, &self.origin);
        panic_free_print(&format!(
            "{name} fails on {origin}; alone: echo {hex} | xxd -r -p | cargo run -p narthex-fuzz --bin {name}"
        ));
    }
}

#[expect(clippy::print_stderr, reason = "says how to run the input alone")]
fn panic_free_print(text: &str) {
    eprintln!("{text}");
}

fn check(target: &Target, bytes: &[u8], origin: String) {
    let input = Input { target, bytes, origin };
    let most = most_taken(|| (target.check)(bytes));
    let engine = if target.name == "plugin_loader" { MEMORY_ENGINE_BYTES } else { 0 };
    let bound = MEMORY_BASE_BYTES + engine + MEMORY_PER_BYTE * bytes.len();
    assert!(most <= bound, "{} bytes of input took {most} bytes of memory", bytes.len());
    drop(input);
}

fn replay(name: &str) {
    let target = find(name);
    let folder = corpus(name);
    let files = std::fs::read_dir(&folder).expect("a corpus for every target");
    let mut files: Vec<_> = files.map(|file| file.expect("a file").path()).collect();
    files.sort();
    assert!(!files.is_empty(), "{} holds nothing", folder.display());
    let mut inputs = Vec::new();
    for file in files {
        let bytes = std::fs::read(&file).expect("a file of the corpus");
        check(target, &bytes, file.display().to_string());
        inputs.push(bytes);
    }
    let mut chance = Chance::new(0x0f02);
    for round in 0..GENERATED {
        let bytes = (target.generate)(&mut chance);
        check(target, &bytes, format!("generated input {round}"));
        inputs.push(bytes);
    }
    let mutations = std::env::var_os("NARTHEX_MUTATIONS");
    let mutations = mutations.map_or(MUTATIONS_DEFAULT, |text| {
        text.to_str().and_then(|text| text.parse().ok()).expect("NARTHEX_MUTATIONS is a number")
    });
    for round in 0..mutations {
        let bytes = mutate(&inputs, &mut chance);
        check(target, &bytes, format!("mutation {round}"));
    }
}

#[test]
fn log_segments_are_read_whatever_they_hold() {
    replay("log_segment");
}

#[test]
fn records_of_the_log_are_read_whatever_they_hold() {
    replay("log_records");
}

#[test]
fn records_of_checkpoints_are_read_whatever_they_hold() {
    replay("checkpoint_records");
}

#[test]
fn chunks_of_every_encoding_are_read_whatever_they_hold() {
    replay("chunks");
}

#[test]
fn indexes_of_blocks_are_read_whatever_they_hold() {
    replay("block_index");
}

#[test]
fn files_of_chunks_are_read_whatever_they_hold() {
    replay("block_chunks");
}

#[test]
fn tombstones_are_read_whatever_they_hold() {
    replay("block_tombstones");
}

#[test]
fn documents_of_blocks_are_read_whatever_they_hold() {
    replay("block_meta");
}

#[test]
fn requests_of_remote_write_are_read_whatever_they_hold() {
    replay("remote_write");
}

#[test]
fn text_expositions_are_read_whatever_they_hold() {
    replay("exposition_text");
}

#[test]
fn openmetrics_expositions_are_read_whatever_they_hold() {
    replay("exposition_openmetrics");
}

#[test]
fn protobuf_expositions_are_read_whatever_they_hold() {
    replay("exposition_protobuf");
}

#[test]
fn headers_of_expositions_are_read_whatever_they_hold() {
    replay("exposition_headers");
}

#[test]
fn files_of_settings_are_read_whatever_they_hold() {
    replay("settings_yaml");
}

#[test]
fn durations_and_sizes_are_read_whatever_they_hold() {
    replay("settings_durations");
}

#[test]
fn relabel_rules_do_what_they_say_whatever_they_hold() {
    replay("relabel_rules");
}

#[test]
fn matchers_of_alerts_are_read_whatever_they_hold() {
    replay("alert_matchers");
}

#[test]
fn templates_of_alerts_end_whatever_they_hold() {
    replay("alert_templates");
}

#[test]
fn rule_files_are_read_whatever_they_hold() {
    replay("rule_files");
}

#[test]
fn components_are_loaded_or_refused_whatever_they_hold() {
    replay("plugin_loader");
}

#[test]
fn queries_are_read_whatever_they_hold() {
    replay("promql_parse");
}

#[test]
fn queries_are_answered_as_the_reference_answers_them() {
    replay("promql_eval");
}

#[test]
fn every_target_has_a_corpus_and_every_corpus_a_target() {
    let folder = corpus("");
    let folders = std::fs::read_dir(&folder).expect("corpora");
    let mut found: Vec<String> = folders
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    found.sort();
    let mut names: Vec<&str> =
        narthex_oracles::formats::TARGETS.iter().map(|target| target.name).collect();
    names.sort_unstable();
    assert_eq!(found, names);
}
