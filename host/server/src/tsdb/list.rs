//! `list`: the blocks of a folder as a table.

use anyhow::Context as _;
use camino::{Utf8Path, Utf8PathBuf};
use narthex_platform::{Disk, RealDisk};
use narthex_tsdb::block::{BlockMeta, is_block_name};

use super::arguments::List;
use super::notation;
use super::output::Output;
use super::table::table;

/// `narthex tsdb list`.
pub(crate) fn list(arguments: &List) -> anyhow::Result<()> {
    let disk = RealDisk::shared();
    let mut rows = vec![header()];
    for (folder, meta) in blocks(&*disk, &arguments.folder.path)? {
        let bytes = folder_bytes(&*disk, &folder)?;
        rows.push(row(&meta, bytes, arguments.human_readable));
    }
    let mut out = Output::new();
    out.text(&table(&rows))?;
    out.finish()
}

/// The blocks of a data folder, ascending by time.
pub(crate) fn blocks(
    disk: &dyn Disk,
    path: &Utf8Path,
) -> anyhow::Result<Vec<(Utf8PathBuf, BlockMeta)>> {
    let infos = disk.list(path).with_context(|| format!("read data folder {path}"))?;
    let mut found = Vec::new();
    for info in infos.iter().filter(|info| info.is_folder && is_block_name(&info.name)) {
        let folder = path.join(&info.name);
        let (meta, _) = BlockMeta::read(disk, &folder)?;
        found.push((folder, meta));
    }
    found.sort_by_key(|(_, meta)| (meta.min_time, meta.ulid));
    Ok(found)
}

/// What the columns are.
pub(crate) fn header() -> Vec<String> {
    let names = [
        "BLOCK ULID",
        "MIN TIME",
        "MAX TIME",
        "DURATION",
        "NUM SAMPLES",
        "NUM CHUNKS",
        "NUM SERIES",
        "SIZE",
    ];
    names.map(str::to_owned).to_vec()
}

/// A block as a row.
pub(crate) fn row(meta: &BlockMeta, bytes: u64, for_people: bool) -> Vec<String> {
    let time = |millis: i64| if for_people { date(millis) } else { millis.to_string() };
    vec![
        meta.ulid.to_string(),
        time(meta.min_time),
        time(meta.max_time),
        notation::duration(meta.max_time.saturating_sub(meta.min_time)),
        meta.stats.num_samples.to_string(),
        meta.stats.num_chunks.to_string(),
        meta.stats.num_series.to_string(),
        if for_people { notation::bytes(bytes) } else { bytes.to_string() },
    ]
}

/// The second that holds the time, as `2024-01-31 00:00:00 +0000 UTC`.
fn date(millis: i64) -> String {
    match jiff::Timestamp::from_second(millis.div_euclid(1000)) {
        Ok(at) => format!("{} +0000 UTC", at.strftime("%Y-%m-%d %H:%M:%S")),
        Err(_) => millis.to_string(),
    }
}

/// Bytes of all files in a block's folder.
pub(crate) fn folder_bytes(disk: &dyn Disk, folder: &Utf8Path) -> anyhow::Result<u64> {
    let mut bytes = 0;
    for info in disk.list(folder).with_context(|| format!("list {folder}"))? {
        let inside = folder.join(&info.name);
        bytes += if info.is_folder { folder_bytes(disk, &inside)? } else { info.len };
    }
    Ok(bytes)
}
