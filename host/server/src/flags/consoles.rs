//! Flags of pages of an operator's own.

use camino::Utf8PathBuf;
use clap::Args;
use narthex_consoles::ConsoleConfig;

/// `--web.console.*` and `--web.user-assets`
#[derive(Clone, Debug, Args)]
pub(crate) struct ConsoleFlags {
    /// The folder of console templates, which are pages under /consoles.
    #[arg(long = "web.console.templates", default_value = "consoles", value_name = "FOLDER")]
    templates: Utf8PathBuf,

    /// The folder of the libraries of console templates, *.lib.
    #[arg(
        long = "web.console.libraries",
        default_value = "console_libraries",
        value_name = "FOLDER"
    )]
    libraries: Utf8PathBuf,

    /// A folder of files that are served under /user; without it none are.
    #[arg(long = "web.user-assets", value_name = "FOLDER")]
    assets: Option<Utf8PathBuf>,
}

impl ConsoleFlags {
    pub(crate) fn config(&self, external_url: &str) -> ConsoleConfig {
        ConsoleConfig {
            templates: self.templates.clone(),
            libraries: self.libraries.clone(),
            assets: self.assets.clone().filter(|folder| !folder.as_str().is_empty()),
            external_url: external_url.to_owned(),
        }
    }

    /// Names and values, for /api/v1/status/flags.
    pub(crate) fn shown(&self) -> Vec<(&'static str, String)> {
        vec![
            ("web.console.templates", self.templates.to_string()),
            ("web.console.libraries", self.libraries.to_string()),
            ("web.user-assets", self.assets.as_ref().map(ToString::to_string).unwrap_or_default()),
        ]
    }
}
