//! `export`: blocks for others, every chunk in an encoding that all tools read.

use anyhow::{Context as _, bail};
use narthex_platform::RealDisk;
use narthex_tsdb::block::Block;
use narthex_tsdb::export_block;

use super::arguments::Export;
use super::list;
use super::output::progress;

/// `narthex tsdb export`.
pub(crate) fn export(arguments: &Export) -> anyhow::Result<()> {
    let disk = RealDisk::shared();
    let output = &arguments.output;
    disk.create_folder(output).with_context(|| format!("make {output}"))?;
    let mut blocks = list::blocks(&*disk, &arguments.path)?;
    for wanted in &arguments.blocks {
        if !blocks.iter().any(|(_, meta)| meta.ulid.to_string() == *wanted) {
            bail!("{} holds no block {wanted}", arguments.path);
        }
    }
    if !arguments.blocks.is_empty() {
        blocks.retain(|(_, meta)| arguments.blocks.contains(&meta.ulid.to_string()));
    }
    for (folder, meta) in blocks {
        if disk.list(&output.join(meta.ulid.to_string())).is_ok() {
            progress(&format!("block {} is there already", meta.ulid));
            continue;
        }
        let block = Block::open(&disk, &folder)?;
        let copied = export_block(&disk, &block, output)
            .with_context(|| format!("copy block {folder} to {output}"))?;
        let (changed, all) = (copied.transcoded, copied.meta.stats.num_chunks);
        progress(&format!("copied block {}: {changed} of {all} chunks rewritten", meta.ulid));
    }
    Ok(())
}
