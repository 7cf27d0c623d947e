//! Composition root: commands, wiring, supervision, shutdown; the binary narthex.

fn main() {}
