//! The local store: log, head, chunks.
