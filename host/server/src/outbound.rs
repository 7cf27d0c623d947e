//! Asking servers: what the commands that talk to one share.

use std::sync::Arc;

use anyhow::Context as _;
use camino::{Utf8Path, Utf8PathBuf};
use narthex_client::{Client, ClientOptions, HttpConfig, HttpKeys, ProxyEnvironment};
use narthex_platform::{Disk, read_to_string};
use narthex_plugins::Environment;
use narthex_settings::Document;

/// A file of settings is written by hand.
const FILE_BYTES_MAX: u64 = 16 << 20;

/// A client with the settings of `--http.config.file`.
pub(crate) fn client(
    disk: &Arc<dyn Disk>,
    http_config: Option<&Utf8Path>,
) -> anyhow::Result<Client> {
    // An error means that another part of the process has set the same provider already.
    rustls::crypto::ring::default_provider().install_default().ok();
    let keys = match http_config {
        Some(file) => http_keys(&**disk, file)?,
        None => HttpKeys::default(),
    };
    let config = HttpConfig::try_from(keys).context("--http.config.file")?;
    Client::new(config, options(disk)).context("--http.config.file")
}

/// The URL of a server as it is written on a command line: `http` needs no scheme.
pub(crate) fn base_url(url: &str) -> String {
    let scheme = if url.contains("://") { "" } else { "http://" };
    format!("{scheme}{}", url.trim_end_matches('/'))
}

/// What every client gets, with the proxies of the environment for configurations that ask for them.
pub(crate) fn options(disk: &Arc<dyn Disk>) -> ClientOptions {
    #[expect(
        clippy::disallowed_methods,
        reason = "the composition root hands the environment down"
    )]
    let environment = ProxyEnvironment::read(|name| std::env::var(name).ok());
    ClientOptions { disk: Arc::clone(disk), environment, ..ClientOptions::default() }
}

/// What profiles of plugins may read: they look for credentials where AWS' and Kubernetes' own tools do.
pub(crate) fn environment() -> Environment {
    #[expect(
        clippy::disallowed_methods,
        reason = "the composition root hands the environment down"
    )]
    Environment::new(|name| std::env::var(name).ok())
}

/// A folder of the user for what can be made again.
pub(crate) fn cache_folder(name: &str) -> Option<Utf8PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "the composition root reads the environment")]
    let variable = |name: &str| std::env::var(name).ok().filter(|value| value.starts_with('/'));
    let home = || variable("HOME").map(|home| Utf8PathBuf::from(home).join(".cache"));
    let root = variable("XDG_CACHE_HOME").map(Utf8PathBuf::from).or_else(home)?;
    Some(root.join("narthex").join(name))
}

fn http_keys(disk: &dyn Disk, file: &Utf8Path) -> anyhow::Result<HttpKeys> {
    let text =
        read_to_string(disk, file, FILE_BYTES_MAX).with_context(|| format!("read {file}"))?;
    Ok(Document::parse(file.as_str(), &text)?.read()?)
}

/// A time as RFC 3339 or in seconds since the epoch, in milliseconds.
pub(crate) fn time(text: &str) -> anyhow::Result<i64> {
    if let Ok(seconds) = text.parse::<f64>() {
        return Ok(from_seconds(seconds));
    }
    let parsed: jiff::Timestamp =
        text.parse().with_context(|| format!("{text:?} is neither RFC 3339 nor seconds"))?;
    Ok(parsed.as_millisecond())
}

#[expect(clippy::cast_possible_truncation, reason = "rounds; beyond the range it saturates")]
pub(crate) fn from_seconds(seconds: f64) -> i64 {
    (seconds * 1000.0).round() as i64
}
