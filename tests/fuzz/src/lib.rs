//! Thin fuzz targets over `narthex_oracles::formats`, and what replays their corpora.
//!
//! Enters: bytes, from a fuzzing engine, from a file, or from a corpus. Leaves: nothing, or a
//! panic of the oracle.
//!
//! Always holds: a target has a folder of its name in `corpus/`, whose files are replayed by an
//! ordinary test, with some thousand mutations of each; no check takes more memory than its bound.
//!
//! Open `targets/` for the programs, `memory.rs` for the bound.

mod memory;

use std::io::{self, Read};
use std::path::PathBuf;

use narthex_oracles::formats::Target;

pub use self::memory::most_taken;

/// The target of this name.
///
/// # Panics
/// When there is none.
#[must_use]
pub fn find(name: &str) -> &'static Target {
    let found = narthex_oracles::formats::TARGETS.iter().find(|target| target.name == name);
    found.unwrap_or_else(|| panic!("no target {name}"))
}

/// The folder of a target's corpus.
#[must_use]
pub fn corpus(name: &str) -> PathBuf {
    // While running: what one checkout built may run in another one.
    let here = std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    here.join("corpus").join(name)
}

/// Checks the files that the command line names, or standard input: what a found case is run with,
/// and what engines other than libFuzzer drive.
///
/// # Errors
/// When a file cannot be read.
#[expect(clippy::disallowed_methods, reason = "a tool on the machine's own files")]
pub fn replay(name: &str) -> io::Result<()> {
    let target = find(name);
    let files: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    if files.is_empty() {
        let mut bytes = Vec::new();
        io::stdin().take(INPUT_BYTES_MAX).read_to_end(&mut bytes)?;
        (target.check)(&bytes);
    }
    for file in files {
        (target.check)(&std::fs::read(file)?);
    }
    Ok(())
}

/// More than any engine sends.
const INPUT_BYTES_MAX: u64 = 64 << 20;

/// A whole program: under `cargo fuzz` libFuzzer's, else one that [`replay`]s.
#[macro_export]
macro_rules! target {
    ($name:literal) => {
        #[cfg(fuzzing)]
        libfuzzer_sys::fuzz_target!(|bytes: &[u8]| ($crate::find($name).check)(bytes));

        #[cfg(not(fuzzing))]
        fn main() -> std::io::Result<()> {
            $crate::replay($name)
        }
    };
}
