//! Blocks beside the real promtool, templates beside the real amtool.

mod blocks;
mod indices;
mod support;
mod templates;
