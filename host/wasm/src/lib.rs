//! The sandbox: engine, linker, grants, limits, lifecycle.
