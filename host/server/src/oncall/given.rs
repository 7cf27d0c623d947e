//! What flags are, by the command line or else by amtool's configuration files.

use std::time::Duration;

use anyhow::Context as _;
use camino::{Utf8Path, Utf8PathBuf};
use narthex_oncall::{Alertmanager, DATE_LAYOUT, Defaults, Form, Style, parse_any_duration};
use narthex_platform::{RealDisk, read_to_string};

use super::arguments::ServerArguments;
use crate::outbound;

/// Our own address; amtool has none by default.
const URL: &str = "http://127.0.0.1:9090";
/// amtool's `--timeout`.
const TIMEOUT: Duration = Duration::from_secs(30);
/// These files are written by hand.
const FILE_BYTES_MAX: u64 = 1 << 20;

pub(super) struct Given<'a> {
    server: &'a ServerArguments,
    defaults: Defaults,
}

impl<'a> Given<'a> {
    pub(super) fn new(server: &'a ServerArguments) -> anyhow::Result<Self> {
        let mut defaults = Defaults::default();
        let disk = RealDisk::shared();
        for path in default_files() {
            match read_to_string(&*disk, &path, FILE_BYTES_MAX) {
                Ok(text) => defaults.add(path.as_str(), &text)?,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(error).with_context(|| format!("read {path}")),
            }
        }
        Ok(Self { server, defaults })
    }

    pub(super) fn text(&self, flag: &str, given: Option<&String>) -> Option<String> {
        given.cloned().or_else(|| self.defaults.get(flag).map(str::to_owned))
    }

    pub(super) fn is_on(&self, flag: &str, given: bool) -> bool {
        given || self.defaults.is_on(flag) == Some(true)
    }

    /// Of a switch that is on where nothing is said.
    pub(super) fn is_required(&self, flag: &str, given: Option<bool>) -> bool {
        given.or_else(|| self.defaults.is_on(flag)).unwrap_or(true)
    }

    pub(super) fn duration(
        &self,
        flag: &str,
        given: Option<&String>,
    ) -> anyhow::Result<Option<Duration>> {
        let text = self.text(flag, given);
        let read = |text: String| parse_any_duration(&text).with_context(|| format!("--{flag}"));
        text.map(read).transpose()
    }

    pub(super) fn number(&self, flag: &str) -> anyhow::Result<Option<usize>> {
        let read = |text: &str| text.parse().with_context(|| format!("--{flag}: {text:?}"));
        self.defaults.get(flag).map(read).transpose()
    }

    /// Whether anything but the default says which server is meant.
    pub(super) fn names_server(&self) -> bool {
        self.text("alertmanager.url", self.server.url.as_ref()).is_some()
    }

    pub(super) fn server(&self) -> anyhow::Result<Alertmanager> {
        let url = self.text("alertmanager.url", self.server.url.as_ref());
        let url = outbound::base_url(url.as_deref().unwrap_or(URL));
        let http_config = self.text("http.config.file", self.server.http_config.as_ref());
        let has_user = url
            .split_once("://")
            .and_then(|(_, rest)| rest.split('/').next())
            .is_some_and(|host| host.contains('@'));
        if has_user && http_config.is_some() {
            anyhow::bail!("give a user in --alertmanager.url or --http.config.file, not both");
        }
        let timeout = self.duration("timeout", self.server.timeout.as_ref())?.unwrap_or(TIMEOUT);
        let client =
            outbound::client(&RealDisk::shared(), http_config.as_deref().map(Utf8Path::new))?;
        Ok(Alertmanager::new(client, &url, timeout))
    }

    pub(super) fn style(&self) -> anyhow::Result<Style> {
        let form = self.text("output", self.server.output.as_ref());
        let form = form.map(|text| text.parse().map_err(anyhow::Error::msg).context("--output"));
        let layout = self.text("date.format", self.server.date_format.as_ref());
        Ok(Style {
            form: form.transpose()?.unwrap_or(Form::Simple),
            date_layout: layout.unwrap_or_else(|| DATE_LAYOUT.to_owned()),
        })
    }
}

#[expect(clippy::disallowed_methods, reason = "the composition root reads the environment")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Of whoever runs the program, then of the system; where amtool has them, and where Debian's has.
fn default_files() -> Vec<Utf8PathBuf> {
    let home = variable("HOME").map(|home| Utf8PathBuf::from(home).join(".config"));
    let folders = home.into_iter().chain([Utf8PathBuf::from("/etc")]);
    let files = folders
        .map(|folder| ["amtool/config.yml", "prometheus/amtool.yml"].map(|file| folder.join(file)));
    files.flatten().collect()
}

/// The name of whoever runs the program, by the system's list of users; where that does not have
/// it, by the environment.
pub(super) fn user_name() -> String {
    let id = rustix::process::getuid().as_raw().to_string();
    let users = read_to_string(&*RealDisk::shared(), Utf8Path::new("/etc/passwd"), FILE_BYTES_MAX);
    let found = users.ok().and_then(|users| {
        let named = users.lines().find(|line| line.split(':').nth(2) == Some(id.as_str()));
        named.and_then(|line| line.split(':').next()).map(str::to_owned)
    });
    found.or_else(|| variable("USER")).unwrap_or_default()
}
