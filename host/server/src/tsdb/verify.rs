//! `verify`: every checksum of blocks, log and mapped chunks.

use anyhow::{Context as _, bail};
use narthex_platform::RealDisk;
use narthex_tsdb::block::{Block, BlockError, is_block_name};

use super::arguments::Folder;
use super::open;
use super::output::{Output, error_chain};

/// `narthex tsdb verify`.
pub(crate) fn verify(arguments: &Folder) -> anyhow::Result<()> {
    let (disk, path) = (RealDisk::shared(), &arguments.path);
    let mut out = Output::new();
    let mut faults = 0_u64;
    for info in disk.list(path).with_context(|| format!("read data folder {path}"))? {
        if !info.is_folder || !is_block_name(&info.name) {
            continue;
        }
        let mut lines = Vec::new();
        let mut report = |error: BlockError| lines.push(error_chain(&error));
        let checked = match Block::open(&disk, &path.join(&info.name)) {
            Ok(block) => Some(block.verify(&mut report)),
            Err(error) => {
                report(error);
                None
            }
        };
        faults += lines.len() as u64;
        for line in &lines {
            out.line(line)?;
        }
        if let Some(checked) = checked {
            let (series, chunks, samples) = (checked.series, checked.chunks, checked.samples);
            let found = if lines.is_empty() { "no damage" } else { "damaged" };
            out.line(&format!(
                "block {}: {series} series, {chunks} chunks, {samples} samples: {found}",
                info.name
            ))?;
        }
    }
    let head = open::read_only(path, None)?;
    for damaged in head.store.damaged() {
        // A torn tail is what every crash leaves: nothing that counted was in it.
        let weight = if damaged.is_torn_tail { "torn" } else { "damaged" };
        faults += u64::from(!damaged.is_torn_tail);
        let (file, offset, what) = (&damaged.path, damaged.offset, &damaged.what);
        out.line(&format!("{file} is {weight} at byte {offset}: {what}"))?;
    }
    let samples = head.store.replay_progress().samples;
    if faults == 0 {
        out.line(&format!("log: {samples} samples"))?;
        out.line("no damage")?;
        return out.finish();
    }
    out.finish()?;
    bail!("{faults} places are damaged");
}
