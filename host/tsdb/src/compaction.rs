//! Compaction: which blocks become one ([`plan`]), how ([`write`], [`unite`], [`adapt`], [`meta`]),
//! and which are beyond what is kept ([`retain`]).
//!
//! Enters: open blocks, or series of the head. Leaves: one new block, complete and durable under its
//! name; the blocks it was made of are left to the caller, which removes them after.

pub(crate) mod adapt;
pub(crate) mod meta;
pub(crate) mod plan;
pub(crate) mod retain;
pub(crate) mod unite;
pub(crate) mod write;
