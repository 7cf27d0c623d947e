//! `flush`: all of the head becomes blocks.

use std::collections::BTreeSet;

use anyhow::Context as _;
use narthex_platform::RealDisk;

use super::arguments::Flush;
use super::open;
use super::output::progress;

/// `narthex tsdb flush`.
pub(crate) fn flush(arguments: &Flush) -> anyhow::Result<()> {
    let folder = &arguments.folder.path;
    let disk = RealDisk::shared();
    open::expect_data(&*disk, folder)?;
    let store = open::open(folder, disk)?;
    open::tell_damage(&store);
    let before: BTreeSet<_> = store.block_metas().into_iter().map(|meta| meta.ulid).collect();
    store.flush().with_context(|| format!("make blocks of the head of {folder}"))?;
    for meta in store.block_metas().iter().filter(|meta| !before.contains(&meta.ulid)) {
        progress(&format!("made block {} of {} samples", meta.ulid, meta.stats.num_samples));
    }
    open::tell_unreadable(&store)
        .context("the head is in blocks, but prometheus would not start on this folder")?;
    progress(&format!("all samples of {folder} are in blocks: prometheus can go on with it"));
    Ok(())
}
