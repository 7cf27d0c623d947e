//! The host under test: the real binary on a free port, with a folder of its own.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::Duration;

use serde_json::Value;

use crate::http::{self, Response};
use crate::logs;
use crate::process::Process;
use crate::{TempFolder, free_port, wait_for};

/// A debug build on a busy machine compiles its plugins at the first start.
const START_WITHIN: Duration = Duration::from_secs(60);

/// A clean stop: queues drain and the log is synced.
const STOP_WITHIN: Duration = Duration::from_secs(30);

/// The path of the binary: `NARTHEX_BIN`, or where cargo puts it beside this test.
///
/// # Panics
/// When it is not built.
#[must_use]
#[track_caller]
pub fn binary() -> PathBuf {
    if let Some(path) = std::env::var_os("NARTHEX_BIN") {
        return path.into();
    }
    let test = std::env::current_exe().expect("a test knows its own executable");
    let found =
        test.ancestors().skip(1).map(|folder| folder.join("narthex")).find(|file| file.is_file());
    match found {
        Some(path) => path,
        None => panic!("no binary narthex above {}: run `cargo build -p narthex`", test.display()),
    }
}

/// A running host. Dropping it kills it and fails the test if it logged a WARN or ERROR that nobody expected.
#[derive(Debug)]
pub struct Host {
    process: Process,
    builder: HostBuilder,
    folder: TempFolder,
    port: u16,
}

/// A host to be started.
#[derive(Debug, Clone, Default)]
pub struct HostBuilder {
    config: String,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
    files: Vec<(String, Vec<u8>)>,
    expected_logs: Vec<String>,
    under: Vec<String>,
}

/// One series of an instant vector.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// All labels, `__name__` among them.
    pub labels: BTreeMap<String, String>,
    /// The sample's value.
    pub value: f64,
}

impl Series {
    /// The value of a label, empty if it has none.
    #[must_use]
    pub fn label(&self, name: &str) -> &str {
        self.labels.get(name).map_or("", String::as_str)
    }
}

impl HostBuilder {
    /// Puts a file beside the configuration file: rules, secrets, plugins.
    #[must_use]
    pub fn file(mut self, name: &str, content: impl Into<Vec<u8>>) -> Self {
        self.files.push((name.to_owned(), content.into()));
        self
    }

    /// Copies a file beside the configuration file.
    ///
    /// # Panics
    /// When it cannot be read.
    #[must_use]
    #[track_caller]
    pub fn copy(self, name: &str, from: &Path) -> Self {
        match std::fs::read(from) {
            Ok(content) => self.file(name, content),
            Err(error) => panic!("read {}: {error}", from.display()),
        }
    }

    /// Adds a flag.
    #[must_use]
    pub fn flag(mut self, flag: &str) -> Self {
        self.arguments.push(flag.to_owned());
        self
    }

    /// Sets a variable of the environment.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Runs the host by another program, which is to become the host: it gets these arguments, then
    /// the host's path and arguments.
    #[must_use]
    pub fn under(mut self, program: &[&str]) -> Self {
        self.under = program.iter().map(|&part| part.to_owned()).collect();
        self
    }

    /// WARN and ERROR lines that contain `text` belong to the test.
    #[must_use]
    pub fn expect_log(mut self, text: &str) -> Self {
        self.expected_logs.push(text.to_owned());
        self
    }

    /// Starts the host and waits until it is ready.
    ///
    /// # Panics
    /// When it ends or is not ready in time; the message holds its output.
    #[must_use]
    #[track_caller]
    pub fn start(self) -> Host {
        let folder = TempFolder::new();
        for (name, content) in &self.files {
            folder.write(name, content);
        }
        folder.write("narthex.yml", &self.config);
        let port = free_port();
        let mut host = Host { process: self.spawn(&folder, port), builder: self, folder, port };
        host.wait_until_ready();
        host
    }

    /// Starts the host and waits until it has ended by itself, as it does over a bad configuration.
    ///
    /// # Panics
    /// When it still runs after the deadline for a start.
    #[track_caller]
    pub fn run_to_end(self) -> (ExitStatus, String) {
        let folder = TempFolder::new();
        for (name, content) in &self.files {
            folder.write(name, content);
        }
        folder.write("narthex.yml", &self.config);
        let mut process = self.spawn(&folder, free_port());
        let status = process.wait(START_WITHIN);
        (status, process.output())
    }

    #[track_caller]
    fn spawn(&self, folder: &TempFolder, port: u16) -> Process {
        let mut command = match self.under.split_first() {
            Some((program, arguments)) => {
                let mut command = Command::new(program);
                command.args(arguments).arg(binary());
                command
            }
            None => Command::new(binary()),
        };
        command
            .current_dir(folder.path())
            .arg(format!("--config.file={}", folder.path().join("narthex.yml").display()))
            .arg(format!("--storage.tsdb.path={}", folder.path().join("data").display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .args(&self.arguments)
            .env("NO_COLOR", "1")
            .envs(self.environment.iter().map(|(name, value)| (name, value)));
        Process::spawn(&mut command)
    }
}

impl Host {
    /// A host with this configuration.
    #[must_use]
    pub fn with_config(config: &str) -> HostBuilder {
        HostBuilder { config: config.to_owned(), ..HostBuilder::default() }
    }

    /// `127.0.0.1:<port>`.
    #[must_use]
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The address of a page or endpoint.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address())
    }

    /// Its folder: `narthex.yml`, `data/`, and the files of the builder.
    #[must_use]
    pub fn folder(&self) -> &TempFolder {
        &self.folder
    }

    /// The process behind it.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// GET.
    ///
    /// # Panics
    /// When nobody answers.
    #[must_use]
    #[track_caller]
    pub fn get(&self, path: &str) -> Response {
        http::get(&self.url(path))
    }

    /// GET, as JSON; the status must be 2xx.
    ///
    /// # Panics
    /// When nobody answers, or with an error.
    #[must_use]
    #[track_caller]
    pub fn json(&self, path: &str) -> Value {
        self.get(path).expect_success().json()
    }

    /// The answer to an instant query, as an instant vector.
    ///
    /// # Panics
    /// When the query is refused or answers no vector.
    #[must_use]
    #[track_caller]
    pub fn query(&self, expression: &str) -> Vec<Series> {
        let answer = self.json(&format!("/api/v1/query?query={}", http::encode(expression)));
        match series_of(&answer) {
            Some(series) => series,
            None => panic!("`{expression}` answers no instant vector: {answer}"),
        }
    }

    /// Asks again and again until the answer satisfies `wanted`.
    ///
    /// # Panics
    /// When it does not `within`; the message holds the last answer.
    #[track_caller]
    pub fn wait_for_query(
        &self,
        expression: &str,
        within: Duration,
        wanted: impl Fn(&[Series]) -> bool,
    ) -> Vec<Series> {
        wait_for(&format!("`{expression}` is as wanted"), within, || {
            let series = self.query(expression);
            if wanted(&series) { Ok(series) } else { Err(format!("it is {series:?}")) }
        })
    }

    /// Waits until all that was stored before the start is there.
    ///
    /// # Panics
    /// When it is not in time.
    #[track_caller]
    pub fn wait_until_replayed(&self) {
        wait_for("the log is replayed", START_WITHIN, || {
            let answer = self.json("/api/v1/status/walreplay");
            let state = answer.pointer("/data/state").and_then(Value::as_str);
            if state == Some("done") { Ok(()) } else { Err(format!("it says {answer}")) }
        });
    }

    /// Replaces the configuration file and reloads over HTTP; the answer may be a refusal.
    ///
    /// # Panics
    /// When nobody answers.
    #[track_caller]
    pub fn reload_with(&self, config: &str) -> Response {
        self.folder.write("narthex.yml", config);
        http::post(&self.url("/-/reload"), "text/plain", b"")
    }

    /// From now on WARN and ERROR lines that contain `text` belong to the test.
    pub fn expect_log(&mut self, text: &str) {
        self.builder.expected_logs.push(text.to_owned());
    }

    /// Kills the host as `kill -9` does and starts it again on the same folder and port.
    ///
    /// # Panics
    /// When it is not ready in time, or had logged what nobody expected.
    #[track_caller]
    pub fn kill_and_restart(&mut self) {
        self.process.kill();
        self.restart();
    }

    /// Stops the host in an orderly way and starts it again on the same folder and port.
    ///
    /// # Panics
    /// When it does not stop with success or is not ready in time, or had logged what nobody expected.
    #[track_caller]
    pub fn stop_and_restart(&mut self) {
        let status = self.process.terminate(STOP_WITHIN);
        assert!(status.success(), "the host ended with {status}:\n{}", self.process.output());
        self.restart();
    }

    /// Stops the host in an orderly way.
    ///
    /// # Panics
    /// When it does not stop in time with success, or had logged what nobody expected.
    #[track_caller]
    pub fn stop(mut self) {
        let status = self.process.terminate(STOP_WITHIN);
        assert!(status.success(), "the host ended with {status}:\n{}", self.process.output());
    }

    #[track_caller]
    fn restart(&mut self) {
        self.check_logs();
        self.process = self.builder.spawn(&self.folder, self.port);
        self.wait_until_ready();
    }

    #[track_caller]
    fn wait_until_ready(&mut self) {
        let flag = |name: &str| {
            self.builder.arguments.iter().filter_map(|flag| flag.strip_prefix(name)).next_back()
        };
        let of_url = || {
            let (_, rest) = flag("--web.external-url=")?.split_once("://")?;
            rest.find('/').and_then(|slash| rest.get(slash..))
        };
        let prefix = flag("--web.route-prefix=").or_else(of_url).unwrap_or_default();
        let url = self.url(&format!("{}/-/ready", prefix.trim_end_matches('/')));
        wait_for("the host is ready", START_WITHIN, || {
            assert!(self.process.is_running(), "the host ended:\n{}", self.process.output());
            match http::send("GET", &url, &[], b"") {
                Ok(answer) if answer.status == 200 => Ok(()),
                Ok(answer) => Err(answer.to_string()),
                Err(error) => Err(error.to_string()),
            }
        });
    }

    #[track_caller]
    fn check_logs(&self) {
        let lines = self.process.lines();
        let unexpected = logs::unexpected(&lines, &self.builder.expected_logs);
        assert!(
            unexpected.is_empty(),
            "the host logged what the test does not expect (see `expect_log`):\n{}",
            unexpected.join("\n")
        );
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        if self.process.is_running() {
            self.process.kill();
        }
        self.check_logs();
    }
}

/// Reads `{"status":"success","data":{"resultType":"vector","result":[...]}}`.
fn series_of(answer: &Value) -> Option<Vec<Series>> {
    let data = answer.get("data")?;
    if data.get("resultType")?.as_str()? != "vector" {
        return None;
    }
    data.get("result")?.as_array()?.iter().map(one_series).collect()
}

fn one_series(series: &Value) -> Option<Series> {
    let labels = series.get("metric")?.as_object()?.iter();
    let labels = labels.map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
    let value = series.get("value")?.get(1)?.as_str()?;
    // The API writes infinities as `+Inf` and `-Inf`, which the standard parser takes in any case.
    Some(Series { labels: labels.collect::<Option<_>>()?, value: value.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_vector_is_read_with_all_its_numbers() {
        let answer = serde_json::json!({ "status": "success", "data": { "resultType": "vector", "result": [
            { "metric": { "__name__": "up", "job": "a" }, "value": [1.5, "1"] },
            { "metric": {}, "value": [1.5, "+Inf"] },
        ] } });
        let series = series_of(&answer).unwrap();
        assert_eq!((series[0].label("job"), series[0].value), ("a", 1.0));
        assert_eq!((series[1].label("job"), series[1].value), ("", f64::INFINITY));
    }
}
