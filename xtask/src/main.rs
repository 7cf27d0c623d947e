//! Set-up, run, test, checks and benches.

fn main() {}
