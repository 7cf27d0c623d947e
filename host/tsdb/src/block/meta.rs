//! `meta.json`: what a block says of itself.
//!
//! Invariant: keys that are not known here (Thanos' and Mimir's sections) are kept as they are.

use camino::Utf8Path;
use narthex_platform::{Disk, replace};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};
use ulid::Ulid;

use super::error::{BlockError, Fault};

/// The file's name within the block's folder.
pub(crate) const META_FILE: &str = "meta.json";
/// The one version there is.
const VERSION: u32 = 1;
/// A block made of a hundred thousand others says so in some ten megabytes.
const META_BYTES_MAX: u64 = 64 << 20;

/// `compaction.hints` of a block that was made of out-of-order samples.
pub const FROM_OUT_OF_ORDER: &str = "from-out-of-order";

/// What a block says of itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BlockMeta {
    /// Its name; sorts by time of making.
    #[serde(serialize_with = "write_ulid", deserialize_with = "read_ulid")]
    pub ulid: Ulid,
    /// Milliseconds of the first sample, or the start of the range it was cut for.
    pub min_time: i64,
    /// Milliseconds after the last sample: it does not belong to the block.
    pub max_time: i64,
    /// What is in it.
    #[serde(default)]
    pub stats: BlockStats,
    /// What it was made of.
    #[serde(default)]
    pub compaction: CompactionMeta,
    /// Of this document.
    pub version: u32,
    /// Sections of other programs.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// How much is in a block.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct BlockStats {
    /// Samples of all kinds.
    #[serde(skip_serializing_if = "is_zero")]
    pub num_samples: u64,
    /// Of these floats.
    #[serde(skip_serializing_if = "is_zero")]
    pub num_float_samples: u64,
    /// Of these histograms.
    #[serde(skip_serializing_if = "is_zero")]
    pub num_histogram_samples: u64,
    /// Series.
    #[serde(skip_serializing_if = "is_zero")]
    pub num_series: u64,
    /// Chunks.
    #[serde(skip_serializing_if = "is_zero")]
    pub num_chunks: u64,
    /// Deleted intervals.
    #[serde(skip_serializing_if = "is_zero")]
    pub num_tombstones: u64,
    /// Numbers of other programs.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// What a block was made of.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CompactionMeta {
    /// 1: of the head; else one more than the highest of its parents.
    pub level: u32,
    /// The blocks of level 1 that went into it.
    #[serde(
        skip_serializing_if = "Vec::is_empty",
        serialize_with = "write_ulids",
        deserialize_with = "read_ulids"
    )]
    pub sources: Vec<Ulid>,
    /// Nothing is in it; it may go.
    #[serde(skip_serializing_if = "is_false")]
    pub deletable: bool,
    /// The blocks it was made of directly.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "null_is_empty")]
    pub parents: Vec<BlockParent>,
    /// Its compaction failed; it is left out of the next ones.
    #[serde(skip_serializing_if = "is_false")]
    pub failed: bool,
    /// For example [`FROM_OUT_OF_ORDER`]; ascending.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "null_is_empty")]
    pub hints: Vec<String>,
    /// What other programs say here.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// A block that went into another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BlockParent {
    /// Its name.
    #[serde(serialize_with = "write_ulid", deserialize_with = "read_ulid")]
    pub ulid: Ulid,
    /// As in [`BlockMeta`].
    pub min_time: i64,
    /// As in [`BlockMeta`].
    pub max_time: i64,
}

impl BlockMeta {
    /// Of a block without contents.
    #[must_use]
    pub fn new(ulid: Ulid, min_time: i64, max_time: i64) -> Self {
        Self {
            ulid,
            min_time,
            max_time,
            stats: BlockStats::default(),
            compaction: CompactionMeta { level: 1, sources: vec![ulid], ..Default::default() },
            version: VERSION,
            other: Map::new(),
        }
    }

    /// As a parent of another block.
    #[must_use]
    pub fn parent(&self) -> BlockParent {
        BlockParent { ulid: self.ulid, min_time: self.min_time, max_time: self.max_time }
    }

    /// Thanos' section.
    #[must_use]
    pub fn thanos(&self) -> Option<&Value> {
        self.other.get("thanos")
    }

    /// Whether it was made of out-of-order samples.
    #[must_use]
    pub fn is_from_out_of_order(&self) -> bool {
        self.compaction.hints.iter().any(|hint| hint == FROM_OUT_OF_ORDER)
    }

    /// Reads the document of the block in `folder`; also its length.
    ///
    /// # Errors
    /// When the disk refuses or the document is none of ours.
    pub fn read(disk: &dyn Disk, folder: &Utf8Path) -> Result<(Self, u64), BlockError> {
        let path = folder.join(META_FILE);
        let bytes = disk.read(&path, META_BYTES_MAX).map_err(BlockError::io("read", &path))?;
        match serde_json::from_slice::<Self>(&bytes) {
            Ok(meta) if meta.version == VERSION && meta.min_time > meta.max_time => {
                Err(Fault::new(0, "the block ends before it begins").of(&path))
            }
            Ok(meta) if meta.version == VERSION => Ok((meta, bytes.len() as u64)),
            Ok(meta) => Err(BlockError::Version { path, version: meta.version }),
            Err(source) => Err(BlockError::Meta { path, source }),
        }
    }

    /// Replaces the document of the block in `folder`, durably.
    ///
    /// # Errors
    /// What the disk says; the old document is then still there.
    pub fn write(&self, disk: &dyn Disk, folder: &Utf8Path) -> Result<(), BlockError> {
        let path = folder.join(META_FILE);
        replace(disk, &path, &self.to_bytes()).map_err(BlockError::io("write", &path))
    }

    /// The document, indented with tabs as Prometheus does.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let formatter = serde_json::ser::PrettyFormatter::with_indent(b"\t");
        let mut serializer = serde_json::Serializer::with_formatter(&mut out, formatter);
        self.serialize(&mut serializer).expect("names and numbers are always JSON");
        out
    }
}

/// A name for a new block: the time of making and 80 bits that the caller says are unique.
#[must_use]
pub fn block_id(now_millis: i64, randomness: u128) -> Ulid {
    Ulid::from_parts(now_millis.max(0).unsigned_abs(), randomness)
}

/// Whether a folder of this name is a block.
#[must_use]
pub fn is_block_name(name: &str) -> bool {
    id_of_name(name).is_some()
}

/// The block that a folder of this name is: 26 characters as a writer writes them, no others.
pub(crate) fn id_of_name(name: &str) -> Option<Ulid> {
    let id = Ulid::from_string(name).ok()?;
    (id.to_string() == name).then_some(id)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over references")]
fn is_zero(value: &u64) -> bool {
    *value == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over references")]
fn is_false(value: &bool) -> bool {
    !*value
}

fn write_ulid<S: Serializer>(ulid: &Ulid, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(ulid)
}

fn write_ulids<S: Serializer>(ulids: &[Ulid], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(ulids.iter().map(Ulid::to_string))
}

fn read_ulid<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Ulid, D::Error> {
    parse_ulid(&String::deserialize(deserializer)?)
}

fn read_ulids<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Ulid>, D::Error> {
    let texts = Option::<Vec<String>>::deserialize(deserializer)?.unwrap_or_default();
    texts.iter().map(|text| parse_ulid(text)).collect()
}

fn parse_ulid<E: serde::de::Error>(text: &str) -> Result<Ulid, E> {
    Ulid::from_string(text).map_err(|_| E::custom(format!("{text:?} is no ULID")))
}

/// Go writes an absent list as `null` where a program says so.
fn null_is_empty<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

#[cfg(test)]
mod tests;
