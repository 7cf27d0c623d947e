//! Blocks beside the real promtool.

mod blocks;
mod indices;
mod support;
