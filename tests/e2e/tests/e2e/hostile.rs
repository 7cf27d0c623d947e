//! Targets that mean harm, beside one that does not: each is down for its own reason, takes no more memory than it is
//! allowed, and costs its neighbor no slot.
//!
//! Time decides nothing here: the memory is the system's own record of the most there ever was, and slots are counted
//! by the times of their samples, not by the time that passes.

use std::io::{self, Write as _};

use flate2::Compression;
use flate2::write::GzEncoder;
use narthex_harness::{FakeTarget, Host, Outgoing, SECONDS, StreamTarget, wait_for, wait_until};
use serde_json::Value;

use crate::support::config;

const MIB: u64 = 1 << 20;

/// What the program takes besides bodies: its own rooms, the queries of the test, and what the allocator holds back.
const REST_MIB: u64 = 96;

/// The bound of a body where the job says none.
const BODY_MIB: u64 = 256;

/// A body grows by doubling, so that for a moment it is there twice.
const TWICE: u64 = 2;

/// What it takes to count five million series: a table of eight million places, beside one of half as many.
const COUNT_MIB: u64 = 128;

/// The neighbor's interval. Only a machine that stands still for so long makes it miss a slot.
const INTERVAL_MILLIS: i64 = 2000;

const NEIGHBOR: &str = "scrape_interval: 2s, scrape_timeout: 2s";

/// For a target whose answer is to arrive within its timeout also on a busy machine.
const PATIENT: &str = "scrape_interval: 20s, scrape_timeout: 20s";

/// For a target that is to run into its timeout.
const IMPATIENT: &str = "scrape_interval: 2s, scrape_timeout: 2s";

/// The most memory that the process ever had.
#[track_caller]
fn peak_bytes(host: &mut Host) -> u64 {
    let path = format!("/proc/{}/status", host.process().id());
    let status = std::fs::read_to_string(path).expect("a running process has a status");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("it has a peak");
    let kib: u64 = peak.trim().trim_end_matches("kB").trim().parse().expect("a number of kB");
    kib * 1024
}

fn active_targets(host: &Host) -> Vec<Value> {
    let answer = host.json("/api/v1/targets?state=active");
    answer["data"]["activeTargets"].as_array().cloned().unwrap_or_default()
}

/// Why the targets of a job are down; `None` while one of them is not.
fn reasons(host: &Host, job: &str) -> Option<Vec<String>> {
    let targets = active_targets(host);
    let own = targets.iter().filter(|target| target["labels"]["job"] == job);
    own.map(|target| {
        let is_down = target["health"] == "down";
        is_down.then(|| target["lastError"].as_str().unwrap_or_default().to_owned())
    })
    .collect()
}

/// The neighbor was asked once in each slot, and answered.
#[track_caller]
fn check_slots(host: &Host, neighbor: &FakeTarget, slots_min: usize) {
    let before = neighbor.requests().len();
    let answer = host.json("/api/v1/query?query=up%7Bjob%3D%22good%22%7D%5B1h%5D");
    let after = neighbor.requests().len();
    let samples = answer["data"]["result"][0]["values"].as_array().cloned().unwrap_or_default();
    // One request may be on its way: its sample comes later.
    assert!(before <= samples.len() + 1 && samples.len() <= after, "{before}, {after}: {answer}");
    assert!(samples.len() >= slots_min, "{answer}");
    assert!(samples.iter().all(|sample| sample[1] == "1"), "it was up all the time: {answer}");
    let times: Vec<i64> = samples.iter().map(|sample| millis(&sample[0])).collect();
    // Slots begin at the same place of each interval: that of the scrape that began the least late.
    let is_next = |pair: &[i64]| pair[1] == pair[0] + 1;
    let has_all_from = |place: i64| {
        let slot = |time: &i64| (time - place).div_euclid(INTERVAL_MILLIS);
        times.iter().map(slot).collect::<Vec<_>>().windows(2).all(is_next)
    };
    assert!(times.iter().any(|time| has_all_from(*time)), "each slot has one scrape: {times:?}");
}

#[expect(clippy::cast_possible_truncation, reason = "a time of this century in milliseconds")]
fn millis(time: &Value) -> i64 {
    (time.as_f64().expect("a sample has a time") * 1000.0).round() as i64
}

/// A target that answers so is down for this reason; the program grows by so much and no more.
#[track_caller]
fn check(
    keys: &str,
    answer: impl Fn(&mut Outgoing) -> io::Result<()> + Send + Sync + 'static,
    reason: &str,
    growth_mib_max: u64,
) {
    let (target, neighbor) = (StreamTarget::start(answer), FakeTarget::start());
    neighbor.serve("x 1\n");
    let jobs = format!(
        "scrape_configs:\n- {{ job_name: good, {NEIGHBOR}, static_configs: [{{ targets: ['{}'] }}] }}\n\
         - {{ job_name: harm, {keys}, static_configs: [{{ targets: ['{}'] }}] }}\n",
        neighbor.address(),
        target.address(),
    );
    let mut host = Host::with_config(&config(&jobs)).file("plugins/.keep", "").start();
    let peak_before = peak_bytes(&mut host);
    let up = host.wait_for_query("up{job='harm'}", 120 * SECONDS, |up| up.len() == 1);
    assert!(up[0].value == 0.0, "{up:?}");
    // Shown behind the sample.
    let told = wait_for("it is shown as down", 60 * SECONDS, || reasons(&host, "harm").ok_or(""));
    assert!(told.iter().any(|told| told.contains(reason)), "{told:?}");
    wait_until("the neighbor was asked some times", 60 * SECONDS, || {
        neighbor.requests().len() >= 4
    });
    check_slots(&host, &neighbor, 3);
    let growth = peak_bytes(&mut host).saturating_sub(peak_before) / MIB;
    assert!(growth <= growth_mib_max, "it grew by {growth} MiB of {growth_mib_max}");
    host.stop();
}

/// Writes the same until there were so many bytes or the client has had enough.
fn repeat(answer: &mut Outgoing, part: &[u8], bytes: u64) -> io::Result<()> {
    let parts = bytes / part.len() as u64;
    (0..parts).try_for_each(|_| answer.write_all(part))
}

/// Writes as many lines, no two alike.
fn ten_million(answer: &mut Outgoing, line: impl Fn(u32) -> String) -> io::Result<()> {
    (0..10_000).try_for_each(|thousand| {
        let part: String = (0..1000).map(|one| line(thousand * 1000 + one)).collect();
        answer.write_all(part.as_bytes())
    })
}

#[test]
fn a_body_of_a_gigabyte_is_not_taken() {
    let part = "x{a=\"of a family that says the same of itself again and again\"} 1\n".repeat(1024);
    let bytes = 1024 * MIB / part.len() as u64 * part.len() as u64;
    check(
        PATIENT,
        move |answer| {
            answer.head("text/plain", &[("Content-Length", &bytes.to_string())])?;
            repeat(answer, part.as_bytes(), bytes)
        },
        "the body is larger than 268435456 bytes",
        TWICE * BODY_MIB + REST_MIB,
    );
}

#[test]
fn a_line_that_does_not_end_ends_at_the_limit() {
    check(
        &format!("{PATIENT}, body_size_limit: 16MB"),
        |answer| {
            answer.head("text/plain", &[])?;
            repeat(answer, &[b'a'; 64 << 10], u64::MAX)
        },
        "body size limit of 16777216 bytes exceeded",
        TWICE * 16 + REST_MIB,
    );
}

#[test]
fn a_small_body_that_unpacks_to_a_large_one_is_not_taken() {
    let mut packer = GzEncoder::new(Vec::new(), Compression::best());
    packer.write_all(&vec![b'\n'; 16 << 20]).expect("memory takes it");
    let part = packer.finish().expect("memory takes it");
    check(
        PATIENT,
        move |answer| {
            answer.head("text/plain", &[("Content-Encoding", "gzip")])?;
            // Ten gigabytes in ten megabytes.
            repeat(answer, &part, 640 * part.len() as u64)
        },
        "the body is larger than 268435456 bytes",
        TWICE * BODY_MIB + REST_MIB,
    );
}

#[test]
fn a_byte_a_second_is_too_slow() {
    check(
        IMPATIENT,
        |answer| {
            answer.head("text/plain", &[])?;
            loop {
                answer.write_all(b"x")?;
                answer.pause(SECONDS)?;
            }
        },
        "no complete answer within the scrape timeout of 2s",
        REST_MIB,
    );
}

#[test]
fn no_answer_is_waited_for_until_the_timeout() {
    check(
        IMPATIENT,
        Outgoing::hold,
        "no complete answer within the scrape timeout of 2s",
        REST_MIB,
    );
}

#[test]
fn ten_million_series_are_counted_before_the_store_hears_of_one() {
    check(
        PATIENT,
        |answer| {
            answer.head("text/plain", &[])?;
            ten_million(answer, |number| format!("x{{n=\"{number}\"}} 1\n"))
        },
        "series limit exceeded",
        TWICE * BODY_MIB + COUNT_MIB + REST_MIB,
    );
}

#[test]
fn ten_million_families_are_not_remembered() {
    check(
        PATIENT,
        |answer| {
            answer.head("text/plain", &[])?;
            ten_million(answer, |number| format!("# TYPE x{number} gauge\n"))?;
            answer.write_all(b"x 1\n")
        },
        "metadata of more than 100000 families",
        TWICE * BODY_MIB + REST_MIB,
    );
}

#[test]
fn bodies_that_are_held_back_leave_room_for_others() {
    let target = StreamTarget::start(|answer| {
        answer.head("text/plain", &[])?;
        repeat(answer, &[b'\n'; 64 << 10], 20 * MIB)?;
        answer.hold()
    });
    let neighbor = FakeTarget::start();
    neighbor.serve("x 1\n");
    let one =
        |number| format!("{{ targets: ['{}'], labels: {{ n: '{number}' }} }}", target.address());
    let several: Vec<String> = (0..8).map(one).collect();
    let jobs = format!(
        "scrape_configs:\n- {{ job_name: good, {NEIGHBOR}, static_configs: [{{ targets: ['{}'] }}] }}\n\
         - {{ job_name: harm, scrape_interval: 4s, scrape_timeout: 3900ms, static_configs: [{}] }}\n",
        neighbor.address(),
        several.join(", "),
    );
    let mut host = Host::with_config(&config(&jobs))
        .flag("--scrape.max-body-memory=64MiB")
        .file("plugins/.keep", "")
        .start();
    let peak_before = peak_bytes(&mut host);
    wait_until("all are down, and one found no room", 120 * SECONDS, || {
        let told = reasons(&host, "harm").unwrap_or_default();
        told.len() == 8 && told.iter().any(|reason| reason.contains("no memory is left"))
    });
    let asked = neighbor.requests().len();
    wait_until("the neighbor is asked some times more", 60 * SECONDS, || {
        neighbor.requests().len() >= asked + 4
    });
    check_slots(&host, &neighbor, asked + 3);
    let growth = peak_bytes(&mut host).saturating_sub(peak_before) / MIB;
    assert!(growth <= 64 + REST_MIB, "it grew by {growth} MiB");
    host.stop();
}
