//! Compaction: which blocks become one, and how.

pub(crate) mod plan;
