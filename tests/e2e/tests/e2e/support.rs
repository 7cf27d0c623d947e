//! What several stories share.

use std::path::PathBuf;

use narthex_harness::repository;

/// A first-party plugin, as `cargo xtask plugins` leaves it.
#[track_caller]
pub(crate) fn plugin(name: &str) -> PathBuf {
    let path = repository().join("plugins/dist").join(format!("{name}.wasm"));
    assert!(path.is_file(), "{} is not there: run `cargo xtask plugins`", path.display());
    path
}

/// A guest made for tests, as `cargo xtask test` leaves it.
#[track_caller]
pub(crate) fn guest(name: &str) -> PathBuf {
    let path = guests().join(format!("{name}.wasm"));
    assert!(path.is_file(), "{} is not there: run `cargo xtask test`", path.display());
    path
}

/// A configuration that scrapes fast and has its plugins beside it.
pub(crate) fn config(rest: &str) -> String {
    format!(
        "global: {{ scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s }}\n\
         plugins: {{ dir: plugins }}\n{rest}"
    )
}

/// The same with the TLS profile `own` for a plugin: it believes `ca.pem` and expects `named.test`, as [`certificate`]s
/// have it.
pub(crate) fn with_profile(plugin: &str, jobs: &str) -> String {
    config("").replace(
        "dir: plugins",
        &format!(
            "dir: plugins, allow: {{ {plugin}: {{ tls: {{ own: {{ ca_file: ca.pem, server_name: named.test }} }} }} }}"
        ),
    ) + "scrape_configs:\n"
        + jobs
}

/// A certificate or key made for tests: `server.pem` of `named.test` is signed by `authority_a.pem`.
pub(crate) fn certificate(name: &str) -> PathBuf {
    repository().join("host/client/src/client/tests").join(name)
}

/// `NARTHEX_GUESTS`, or where xtask puts them: `guests/` in cargo's target folder.
fn guests() -> PathBuf {
    if let Some(folder) = std::env::var_os("NARTHEX_GUESTS") {
        return folder.into();
    }
    let test = std::env::current_exe().expect("a test knows its own executable");
    let target = test.ancestors().nth(3).expect("an executable lies in target/<profile>/deps");
    target.join("guests")
}
