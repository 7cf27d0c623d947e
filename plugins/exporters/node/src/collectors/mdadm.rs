//! Arrays of disks, from `/proc/mdstat` and `/sys/block/md<n>/md`.

use narthex_sdk::{Error, Metrics};

use crate::source::{Scrape, if_there, no_data, number, proc_if_there, sys, sys_names};

/// The states that are shown, each with the word that the code below finds for it.
const STATES: [&str; 5] = ["active", "inactive", "recovering", "resync", "check"];

/// An array in `/proc/mdstat`.
#[derive(Debug, PartialEq)]
struct Array<'a> {
    name: &'a str,
    state: &'a str,
    required: f64,
    active: f64,
    failed: usize,
    spare: usize,
    blocks: f64,
    synced: f64,
}

pub(super) fn collect(_scrape: &Scrape<'_>, metrics: &mut Metrics) -> Result<(), Error> {
    let mdstat = proc_if_there("mdstat")?.ok_or_else(|| no_data("arrays of disks"))?;
    for array in arrays(&mdstat)? {
        add(metrics, &array);
    }
    for device in sys_names("block")?.iter().filter(|name| name.starts_with("md")) {
        let folder = format!("block/{device}/md");
        let Some(level) = if_there(sys(&format!("{folder}/level")))? else { continue };
        let labels = [("device", device.as_str())];
        // While it grows: `5 (4)`.
        let disks = if_there(sys(&format!("{folder}/raid_disks")))?.unwrap_or_default();
        let disks = disks.split(' ').next().and_then(|word| word.parse::<f64>().ok());
        let is_container = ["container", "imsm", "ddf", ""].contains(&level.as_str());
        metrics
            .gauge("node_md_raid_disks", "Number of raid disks on device.")
            .sample(&labels, disks.filter(|_| !is_container).unwrap_or(0.0));
        let degraded = if_there(sys(&format!("{folder}/degraded")))?;
        let degraded = degraded.map_or(Ok(0.0), |text| number("md/degraded", Some(&text)))?;
        metrics
            .gauge("node_md_degraded", "Number of degraded disks on device.")
            .sample(&labels, degraded);
    }
    Ok(())
}

fn add(metrics: &mut Metrics, array: &Array<'_>) {
    let device = ("device", array.name);
    for (name, help, value) in [
        ("node_md_disks_required", "Total number of disks of device.", array.required),
        ("node_md_blocks", "Total number of blocks on device.", array.blocks),
        ("node_md_blocks_synced", "Number of blocks synced on device.", array.synced),
    ] {
        metrics.gauge(name, help).sample(&[device], value);
    }
    let disks = metrics.gauge("node_md_disks", "Number of active/failed/spare disks of device.");
    disks
        .sample(&[device, ("state", "active")], array.active)
        .sample(&[device, ("state", "failed")], array.failed)
        .sample(&[device, ("state", "spare")], array.spare);
    let states = metrics.gauge("node_md_state", "Indicates the state of md-device.");
    for state in STATES {
        states.sample(&[device, ("state", state)], array.state == state);
    }
}

/// An array is a line with its name, a line with its size, and lines below that begin with a space.
fn arrays(mdstat: &str) -> Result<Vec<Array<'_>>, Error> {
    let mut arrays = Vec::new();
    let mut lines = mdstat.lines().peekable();
    while let Some(line) = lines.next() {
        let is_array = line.starts_with(|character: char| !character.is_whitespace())
            && !line.starts_with("Personalities")
            && !line.starts_with("unused");
        if !is_array {
            continue;
        }
        let mut below = Vec::new();
        while let Some(line) = lines.next_if(|line| line.starts_with([' ', '\t'])) {
            below.push(line);
        }
        let array = array(line, &below);
        arrays.push(array.ok_or_else(|| Error::protocol(format!("mdstat has the line {line:?}")))?);
    }
    Ok(arrays)
}

fn array<'a>(line: &'a str, below: &[&str]) -> Option<Array<'a>> {
    let mut words = line.split_ascii_whitespace();
    let (name, _colon, state) = (words.next()?, words.next()?, words.next()?);
    let status = below.first()?;
    let blocks = status.split_ascii_whitespace().next()?.parse().ok()?;
    let (required, active) = if line.contains("raid0") || line.contains("linear") {
        // These work with all of their disks or not at all.
        let disks = line.matches('[').count() as f64;
        (disks, disks)
    } else if state == "inactive" {
        (0.0, 0.0)
    } else {
        counts(status)?
    };
    let sync = below.iter().skip(1).find(|line| !line.contains("bitmap")).copied();
    let action = sync.and_then(|line| {
        let actions = [
            ("recovery", "recovering"),
            ("reshape", "reshaping"),
            ("check", "check"),
            ("resync", "resync"),
        ];
        actions.into_iter().find(|(word, _)| line.contains(word)).map(|(_, state)| state)
    });
    let synced = match (action, sync) {
        (Some(_), Some(line)) if line.contains("PENDING") || line.contains("DELAYED") => 0.0,
        (Some(_), Some(line)) => progress(line)?,
        _ => blocks,
    };
    Some(Array {
        name,
        state: action.unwrap_or(state),
        required,
        active,
        failed: line.matches("(F)").count(),
        spare: line.matches("(S)").count(),
        blocks,
        synced,
    })
}

/// `… [4/3] [UUU_]`.
fn counts(status: &str) -> Option<(f64, f64)> {
    let mut brackets = status
        .split_ascii_whitespace()
        .filter_map(|word| word.strip_prefix('[')?.strip_suffix(']'));
    let (required, active) = brackets.find_map(|inner| inner.split_once('/'))?;
    Some((required.parse().ok()?, active.parse().ok()?))
}

/// `… recovery = 8.5% (16775552/195310144) finish=…`.
fn progress(line: &str) -> Option<f64> {
    let (_, rest) = line.split_once('(')?;
    let (synced, _) = rest.split_once('/')?;
    synced.parse().ok()
}
