//! Components by name, built when they are not there.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Once;

/// The bytes of a guest of `tests/guests`.
///
/// # Panics
/// When it cannot be built.
#[must_use]
pub fn guest(name: &str) -> Vec<u8> {
    component(&target_folder().join("guests").join(format!("{name}.wasm")))
}

/// The bytes of a plugin of `plugins/`.
///
/// # Panics
/// When it cannot be built.
#[must_use]
pub fn plugin(name: &str) -> Vec<u8> {
    component(&root().join("plugins/dist").join(format!("{name}.wasm")))
}

/// The bytes of an example of the SDKs for JavaScript and Python, where `cargo xtask langs` could make it.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "tests read their own inputs")]
pub fn example(name: &str) -> Option<Vec<u8>> {
    std::fs::read(target_folder().join("langs").join(format!("{name}.wasm"))).ok()
}

#[expect(clippy::disallowed_methods, reason = "tests read their own inputs")]
fn component(path: &Path) -> Vec<u8> {
    if !path.exists() {
        build();
    }
    match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) => panic!("read {}: {error}", path.display()),
    }
}

/// As `cargo xtask test` does beforehand; for those who run this crate's tests alone.
fn build() {
    static BUILT: Once = Once::new();
    BUILT.call_once(|| {
        let arguments = ["xtask", "plugins", "--guests"];
        let status = Command::new("cargo").args(arguments).current_dir(root()).status();
        assert!(status.is_ok_and(|status| status.success()), "cargo xtask plugins --guests");
    });
}

fn root() -> PathBuf {
    // Where cargo runs the tests of a package; a path known when this was built may be that of
    // another checkout.
    PathBuf::from("../..")
}

/// The folder that holds this test's own binary: `<target>/<profile>/deps/<binary>`.
pub(crate) fn target_folder() -> PathBuf {
    let binary = std::env::current_exe().expect("a running test has a binary");
    binary.ancestors().nth(3).expect("the binary lies in the target folder").to_owned()
}
