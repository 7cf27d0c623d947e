//! `cargo xtask bench alerting`: what many alerts cost that are grouped, inhibited and notified of, beside Debian's
//! Alertmanager.
//!
//! Always holds: both get the same routing file and the same alerts from the same generator, one after the other, on
//! fresh folders; while alerts come in, groups are flushed, notified of and repeated, and somebody looks at all alerts
//! each second. Nothing here decides a test.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use super::load::free_port;
use super::proc::Reading;
use super::report::{aligned, figure};
use super::{STEP, fresh, http, report};
use crate::process::Tool;
use crate::workspace::Workspace;
use crate::{peers, plugins, steps};

/// Ours may take this part of the peer's.
const GOAL: f64 = 1.0;

/// How long a server may take until it answers.
const START_MAX: Duration = Duration::from_secs(60);

#[derive(Debug, Clone, Copy)]
struct Options {
    alerts: usize,
    groups: usize,
    rules: usize,
    seconds: u64,
    is_built: bool,
}

impl Options {
    fn read(words: &[String]) -> anyhow::Result<Self> {
        let mut options =
            Self { alerts: 10_000, groups: 1000, rules: 500, seconds: 60, is_built: false };
        for word in words {
            match word.as_str() {
                "--quick" => options.seconds = 20,
                "--no-build" => options.is_built = true,
                _ => bail!("no option `{word}`; there are --quick and --no-build"),
            }
        }
        Ok(options)
    }

    /// Every second group is critical and inhibits its neighbor, by a rule for each pair. All rules have
    /// the same targets, as people write them.
    fn routing(&self, receiver: u16) -> String {
        let rules = (0..self.rules).map(|pair| {
            format!(
                "  - {{ source_matchers: ['alertname=\"Alert{}\"', severity=critical], \
                 target_matchers: [severity=warning], equal: [cluster] }}\n",
                2 * pair
            )
        });
        format!(
            "route:\n  receiver: hook\n  group_by: [alertname]\n  group_wait: 1s\n  \
             group_interval: 5s\n  repeat_interval: 10s\n\
             receivers:\n  - name: hook\n    webhook_configs: [{{ url: 'http://127.0.0.1:{receiver}/' }}]\n\
             inhibit_rules:\n{}",
            rules.collect::<String>()
        )
    }
}

pub(super) fn run(workspace: &Workspace, words: &[String]) -> anyhow::Result<ExitCode> {
    let options = Options::read(words)?;
    plugins::ensure(workspace)?;
    if !options.is_built {
        super::build(workspace)?;
    }
    let folder = workspace.target.join("bench");
    let bench = Bench { workspace, options, folder };
    let timed = |name: &str, server: &dyn Fn(u16) -> anyhow::Result<Server>| {
        let told = format!("{name} is sent {} alerts", options.alerts);
        workspace.steps.timed(STEP, told, || bench.measure(server)).with_context(|| name.to_owned())
    };
    let ours = timed("narthex", &|receiver| bench.narthex(receiver))?;
    let peer = match peers::benched(workspace, "prometheus-alertmanager")? {
        Some(program) => timed("alertmanager", &|receiver| bench.alertmanager(&program, receiver))?,
        None => {
            workspace.steps.say(STEP, "prometheus-alertmanager cannot be had here");
            Value::Null
        }
    };
    let figures = json!({
        "machine": report::machine(workspace),
        "alerts": options.alerts, "groups": options.groups, "inhibit_rules": options.rules,
        "narthex": ours, "alertmanager": peer,
    });
    steps::answer(&table(&figures));
    let file = bench.folder.join("alerting.json");
    std::fs::write(&file, format!("{figures:#}\n"))
        .with_context(|| format!("write {}", file.display()))?;
    workspace.steps.say(STEP, format_args!("figures are in {}", file.display()));
    Ok(ExitCode::SUCCESS)
}

struct Bench<'a> {
    workspace: &'a Workspace,
    options: Options,
    folder: PathBuf,
}

/// A server that runs; it is killed when this value ends.
struct Server {
    child: Child,
    port: u16,
}

impl Bench<'_> {
    fn measure(&self, start: &dyn Fn(u16) -> anyhow::Result<Server>) -> anyhow::Result<Value> {
        let receiver = free_port()?;
        let server = start(receiver)?;
        let before = Reading::of(server.child.id())?;
        let options = &self.options;
        let text = Tool::new(self.workspace.target.join("release/narthex-load"))
            .args(["alerts", "--url", &format!("http://127.0.0.1:{}", server.port)])
            .args(["--receiver", &receiver.to_string()])
            .args(["--alerts", &options.alerts.to_string()])
            .args(["--groups", &options.groups.to_string()])
            .args(["--interval", "5", "--seconds", &options.seconds.to_string()])
            .capture()?;
        let after = Reading::of(server.child.id())?;
        let seen: Value = serde_json::from_str(&text).context("read what narthex-load answers")?;
        Ok(json!({
            "seen": seen,
            "cpu_seconds": after.cpu - before.cpu,
            "peak_bytes": after.peak,
            "written_bytes": after.written.saturating_sub(before.written),
        }))
    }

    fn narthex(&self, receiver: u16) -> anyhow::Result<Server> {
        let folder = fresh(&self.folder, "alerting-narthex")?;
        let plugins = self.workspace.root.join("plugins/dist");
        let config = format!(
            "plugins: {{ dir: {} }}\nalertmanager_config_file: alertmanager.yml\n",
            plugins.display()
        );
        write(&folder.join("narthex.yml"), &config)?;
        write(&folder.join("alertmanager.yml"), &self.options.routing(receiver))?;
        let port = free_port()?;
        let mut command = Command::new(self.workspace.target.join("release/narthex"));
        command
            .arg(format!("--config.file={}", folder.join("narthex.yml").display()))
            .arg(format!("--storage.tsdb.path={}", folder.join("data").display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"));
        Server::start(command, port, &folder)
    }

    fn alertmanager(&self, program: &Path, receiver: u16) -> anyhow::Result<Server> {
        let folder = fresh(&self.folder, "alerting-alertmanager")?;
        let file = folder.join("alertmanager.yml");
        write(&file, &self.options.routing(receiver))?;
        let port = free_port()?;
        // Debian's build reads its default templates from /usr/share, and a fetched one has them beside it.
        let share = program.ancestors().nth(2).context("a program lies in usr/bin")?.join("share");
        let script =
            "mount -t overlay overlay -o lowerdir=\"$0\":/usr/share /usr/share && exec \"$@\"";
        let mut command = Command::new("unshare");
        command
            .args(["--map-root-user", "--mount", "sh", "-c", script])
            .arg(share)
            .arg(program)
            .arg(format!("--config.file={}", file.display()))
            .arg(format!("--storage.path={}", folder.join("data").display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .arg("--cluster.listen-address=");
        Server::start(command, port, &folder)
    }
}

fn write(file: &Path, text: &str) -> anyhow::Result<()> {
    std::fs::write(file, text).with_context(|| format!("write {}", file.display()))
}

impl Server {
    fn start(mut command: Command, port: u16, folder: &Path) -> anyhow::Result<Self> {
        let log = File::create(folder.join("log.txt")).context("create the server's log")?;
        command.stdin(Stdio::null()).stdout(log.try_clone().context("share the log")?).stderr(log);
        let child = command.spawn().with_context(|| format!("start {command:?}"))?;
        let server = Self { child, port };
        let began = Instant::now();
        while http::get(port, "/-/ready").is_err() {
            if began.elapsed() > START_MAX {
                bail!("it does not answer; {} says why", folder.join("log.txt").display());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill().and_then(|()| self.child.wait()));
    }
}

/// The figures for people: a row each, ours, the peer's, and what part of the peer's ours are.
fn table(figures: &Value) -> String {
    let mebibyte = f64::from(1 << 20);
    let rows: [(&str, &str, f64, bool); 10] = [
        ("processor time, s", "/cpu_seconds", 1.0, true),
        ("most memory, MiB", "/peak_bytes", mebibyte, true),
        ("256 alerts are taken, p50, ms", "/seen/post_ms/p50", 1.0, true),
        ("256 alerts are taken, p99, ms", "/seen/post_ms/p99", 1.0, true),
        ("256 alerts are taken, longest, ms", "/seen/post_ms/max", 1.0, true),
        ("all alerts are shown, p50, ms", "/seen/alerts_ms/p50", 1.0, true),
        ("all alerts are shown, longest, ms", "/seen/alerts_ms/max", 1.0, true),
        ("metrics are shown, p50, ms", "/seen/metrics_ms/p50", 1.0, true),
        ("notifications", "/seen/notifications", 1.0, false),
        ("written to disk, MiB", "/written_bytes", mebibyte, false),
    ];
    let heads = ["alerting", "narthex", "alertmanager", "ours / peer", "goal"];
    let mut lines = vec![heads.map(str::to_owned).to_vec()];
    for (title, place, unit, is_compared) in rows {
        let at = |of: &str| {
            figures.pointer(&format!("/{of}{place}")).and_then(Value::as_f64).map(|it| it / unit)
        };
        let (ours, theirs) = (at("narthex"), at("alertmanager"));
        let ratio = ours.zip(theirs).map(|(ours, theirs)| ours / theirs).filter(|_| is_compared);
        let goal = match ratio {
            Some(ratio) if ratio <= GOAL => format!("<= {GOAL}, met"),
            Some(_) => format!("<= {GOAL}, missed"),
            None => String::new(),
        };
        let ratio = if is_compared { figure(ratio) } else { String::new() };
        lines.push(vec![title.to_owned(), figure(ours), figure(theirs), ratio, goal]);
    }
    aligned(&lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ours_is_told_as_a_part_of_the_peers() {
        let figures = json!({
            "narthex": { "cpu_seconds": 1.0, "seen": { "notifications": 5 } },
            "alertmanager": { "cpu_seconds": 4.0, "seen": { "notifications": 5 } },
        });
        let table = table(&figures);
        let row = |title: &str| {
            let line = table.lines().find(|line| line.contains(title)).unwrap();
            line.split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>()
        };
        let cpu = "processor time, s";
        assert_eq!(row(cpu), ["", cpu, "1.00", "4.00", "0.250", "<= 1, met", ""]);
        assert_eq!(row("notifications"), ["", "notifications", "5.00", "5.00", "", "", ""]);
        let missing = "most memory, MiB";
        assert_eq!(row(missing), ["", missing, "-", "-", "-", "", ""]);
    }

    #[test]
    fn options_are_named_and_every_pair_has_a_rule() {
        let read = |words: &[&str]| {
            Options::read(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>())
        };
        let options = read(&["--quick"]).unwrap();
        let routing = options.routing(9);
        assert_eq!(routing.matches("source_matchers").count(), options.rules);
        assert!(routing.contains("Alert998"), "the last group is inhibited");
        assert!(read(&["--what"]).unwrap_err().to_string().contains("no option `--what`"));
    }
}
