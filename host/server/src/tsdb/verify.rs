//! `verify`: every checksum of blocks, of the log, and of what Prometheus left that is not imported.
//!
//! Files of the head's chunks are not looked at: the log holds what they hold, and a start removes
//! them. Files of Prometheus that were imported are nobody's source any more.

use anyhow::{Context as _, bail};
use camino::Utf8Path;
use narthex_platform::{Disk, RealDisk};
use narthex_tsdb::block::{Block, BlockError, is_block_name};

use super::arguments::Verify;
use super::open;
use super::output::{Output, error_chain};

/// `narthex tsdb verify`.
pub(crate) fn verify(arguments: &Verify) -> anyhow::Result<()> {
    let (disk, path) = (RealDisk::shared(), &arguments.folder.path);
    let mut out = Output::new();
    let mut faults = 0_u64;
    for info in disk.list(path).with_context(|| format!("read data folder {path}"))? {
        if !info.is_folder || !is_block_name(&info.name) {
            continue;
        }
        let folder = path.join(&info.name);
        let mut lines = Vec::new();
        let mut report = |error: BlockError| lines.push(error_chain(&error));
        let checked = match Block::open(&disk, &folder) {
            Ok(block) => Some(block.verify(&mut report)),
            Err(error) => {
                report(error);
                None
            }
        };
        if !lines.is_empty() && is_gone(&*disk, &folder) {
            out.line(&format!("block {}: replaced or too old meanwhile", info.name))?;
            continue;
        }
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
    let head = open::read_only(path, arguments.sandbox_dir_root.as_deref())?;
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

/// Whether a server removed the block since it was listed.
fn is_gone(disk: &dyn Disk, folder: &Utf8Path) -> bool {
    disk.list(folder).is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound)
}
