//! Log lines: structured, to stderr.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::flags::LogFormat;

/// Starts logging.
///
/// # Errors
/// When the filter is malformed.
pub(crate) fn start(level: &str, format: LogFormat) -> anyhow::Result<()> {
    // The compiler and the HTTP client are chatty below warnings.
    let filter = format!("{level},wasmtime=warn,cranelift=warn,hyper=warn,reqwest=warn,sled=warn");
    let filter = EnvFilter::try_new(filter)
        .map_err(|error| anyhow::anyhow!("--log.level {level:?} is no level or filter: {error}"))?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    match format {
        LogFormat::Logfmt => builder.init(),
        LogFormat::Json => builder.json().init(),
    }
    Ok(())
}
