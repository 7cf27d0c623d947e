//! `cargo xtask bench scrape`: what taking in a sample costs, by format, beside current peers, and how fast bodies are read.
//!
//! Always holds: every server scrapes the same targets at the same interval on a fresh folder, one server at a time, with
//! its default flags but for native histograms; targets answer with one format whatever is asked for. The load is large
//! enough that a server is awake most of the time: what an idle machine's waking up costs is none of the formats'.
//! Nothing here decides a test.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use serde_json::{Value, json};

use super::load::{Load, Targets, Window, free_port, to_f64};
use super::options::Options;
use super::report::{aligned, figure};
use super::server::{Kind, Program};
use super::{STEP, report};
use crate::process::Tool;
use crate::steps;
use crate::workspace::Workspace;

/// CPU seconds for a million samples of the text format that ours should at most take.
const GOAL: f64 = 0.6;

/// One line of the table.
struct Format {
    title: &'static str,
    load: Load,
    /// VictoriaMetrics reads text alone.
    is_text: bool,
    is_native: bool,
}

const fn text(title: &'static str, format: &'static str, gzip: bool) -> Format {
    Format { title, load: Load { format: Some(format), gzip }, is_text: true, is_native: false }
}

const fn messages(title: &'static str, format: &'static str, is_native: bool) -> Format {
    let load = Load { format: Some(format), gzip: false };
    Format { title, load, is_text: false, is_native }
}

const FORMATS: [Format; 5] = [
    text("text", "text", false),
    text("text, gzip", "text", true),
    text("OpenMetrics", "openmetrics", false),
    messages("protobuf", "protobuf", false),
    messages("protobuf, native histograms", "native", true),
];

/// What a server takes for a format.
struct Cost {
    server: &'static str,
    /// Seconds a million samples.
    cpu: f64,
    /// Of the samples that were offered.
    taken_percent: f64,
}

pub(super) fn run(workspace: &Workspace, words: &[String]) -> anyhow::Result<ExitCode> {
    let options = Options::of_scrape(words)?;
    if !options.is_built {
        super::build(workspace)?;
    }
    let programs = super::programs(workspace, &options.peers)?;
    let folder = workspace.target.join("bench");
    std::fs::create_dir_all(&folder).with_context(|| format!("create {}", folder.display()))?;
    let load = workspace.target.join("release/narthex-load");
    let parsed = workspace.steps.timed(STEP, "bodies are read", || parsed(&load, &options))?;
    let run = Run { options, load, folder };
    let mut costs = Vec::new();
    for format in &FORMATS {
        let mut of_format = Vec::new();
        for program in programs.iter().filter(|program| format.is_for(program.kind)) {
            let name = program.kind.name();
            let what = format!("{name}, {}", format.title);
            let cost = workspace.steps.timed(STEP, &what, || {
                run.cost(format, program).with_context(|| format!("scrape by {what}"))
            })?;
            of_format.push(cost);
        }
        costs.push(of_format);
    }
    let versions: Vec<String> = programs.iter().map(Program::version).collect();
    steps::answer(&reading_table(&parsed));
    steps::answer("");
    steps::answer(&cost_table(&programs, &versions, &costs));
    let file = run.folder.join("scrape.json");
    let json = json!({
        "machine": report::machine(workspace),
        "load": {
            "targets": run.options.targets,
            "series_a_target": run.options.series,
            "interval_seconds": run.options.interval,
            "warm_up_seconds": run.options.warm_up.as_secs(),
            "window_seconds": run.options.window.as_secs(),
        },
        "parsing": parsed,
        "servers": versions,
        "formats": FORMATS.iter().zip(&costs).map(|(format, costs)| json!({
            "name": format.title,
            "servers": costs.iter().map(Cost::json).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
    });
    std::fs::write(&file, format!("{json:#}\n"))
        .with_context(|| format!("write {}", file.display()))?;
    workspace.steps.say(STEP, format_args!("figures are in {}", file.display()));
    Ok(ExitCode::SUCCESS)
}

struct Run {
    options: Options,
    load: PathBuf,
    folder: PathBuf,
}

impl Run {
    fn cost(&self, format: &Format, program: &Program) -> anyhow::Result<Cost> {
        let targets = Targets::start(&self.load, &self.options, format.load)?;
        let server = program.kind.name();
        let folder = super::fresh(&self.folder, server)?;
        let (global, flags): (_, &[&str]) = match (format.is_native, program.kind) {
            (true, Kind::Narthex) => ("  scrape_native_histograms: true\n", &[]),
            (true, _) => ("", &["--enable-feature=native-histograms"]),
            (false, _) => ("", &[]),
        };
        let config = targets.config(global);
        let mut server = program.start(&folder, &config, free_port()?, flags)?;
        server.wait_ready()?;
        std::thread::sleep(self.options.warm_up);
        let window = Window::measure(&server, self.options.window)?;
        let offered = format.samples(&self.options)? / to_f64(self.options.interval);
        Ok(Cost {
            server: program.kind.name(),
            cpu: window.cpu / window.samples * 1e6,
            taken_percent: window.samples / window.seconds / offered * 100.0,
        })
    }
}

impl Format {
    fn is_for(&self, kind: Kind) -> bool {
        self.is_text || kind != Kind::VictoriaMetrics
    }

    /// Samples of one round of scrapes.
    fn samples(&self, options: &Options) -> anyhow::Result<f64> {
        /// As `tests/load/src/shape.rs` deals them: a native histogram stands for fourteen series.
        const HISTOGRAM_SERIES: usize = 14;
        let histograms = options.series * 40 / 100 / HISTOGRAM_SERIES;
        let spared = if self.is_native { histograms * (HISTOGRAM_SERIES - 1) } else { 0 };
        Ok(to_f64(u64::try_from(options.targets * (options.series - spared))?))
    }
}

impl Cost {
    fn json(&self) -> Value {
        let Self { server, cpu, taken_percent } = self;
        json!({ "name": server, "scrape_cpu": cpu, "ingested_percent": taken_percent })
    }
}

/// What reading costs, as the generator's `parse` measures it.
fn parsed(load: &Path, options: &Options) -> anyhow::Result<Vec<Value>> {
    let series = options.series.to_string();
    let text = Tool::new(load).args(["parse", "--series", &series]).capture()?;
    serde_json::from_str(&text).context("read what narthex-load answers")
}

fn reading_table(parsed: &[Value]) -> String {
    let heads = ["reading, one core", "MB/s", "M samples/s", "ns a sample"];
    let mut lines = vec![heads.map(str::to_owned).to_vec()];
    for row in parsed {
        let number = |key: &str| row.get(key).and_then(Value::as_f64).unwrap_or_default();
        let (bytes, samples, nanos) = (number("bytes"), number("samples"), number("nanos"));
        let name = row.get("name").and_then(Value::as_str).unwrap_or_default();
        let figures = [bytes / nanos * 1e3, samples / nanos * 1e3, nanos / samples];
        let mut line = vec![name.to_owned()];
        line.extend(figures.map(|value| figure(Some(value))));
        lines.push(line);
    }
    aligned(&lines)
}

fn cost_table(programs: &[Program], versions: &[String], costs: &[Vec<Cost>]) -> String {
    let mut heads = vec!["CPU s per M samples".to_owned()];
    let named = programs.iter().zip(versions);
    heads.extend(named.map(|(program, version)| format!("{} {version}", program.kind.name())));
    heads.extend(["ours/best peer".to_owned(), "goal".to_owned(), "taken, %".to_owned()]);
    let mut lines = vec![heads];
    for (format, costs) in FORMATS.iter().zip(costs) {
        let of = |program: &Program| costs.iter().find(|cost| cost.server == program.kind.name());
        let cpu = |program: &Program| of(program).map(|cost| cost.cpu);
        let mut line = vec![format.title.to_owned()];
        line.extend(programs.iter().map(|program| figure(cpu(program))));
        let (ours, peers) = programs.split_at(programs.len().min(1));
        let ours = ours.first().and_then(cpu);
        let best = peers.iter().filter_map(cpu).reduce(f64::min);
        line.push(figure(ours.zip(best).map(|(ours, best)| ours / best)));
        line.push(match ours {
            Some(ours) if ours <= GOAL => format!("<= {GOAL}, met"),
            _ => format!("<= {GOAL}, missed"),
        });
        let taken =
            programs.iter().map(|program| figure(of(program).map(|cost| cost.taken_percent)));
        line.push(taken.collect::<Vec<_>>().join(" / "));
        lines.push(line);
    }
    aligned(&lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_that_a_server_cannot_read_stays_empty() {
        let program = |kind| Program { kind, path: PathBuf::new() };
        let programs =
            [program(Kind::Narthex), program(Kind::Prometheus), program(Kind::VictoriaMetrics)];
        let versions = ["1", "2", "3"].map(str::to_owned);
        let cost = |server, cpu| Cost { server, cpu, taken_percent: 100.0 };
        let costs: Vec<Vec<Cost>> = FORMATS
            .iter()
            .map(|format| {
                let mut costs = vec![cost("narthex", 0.5), cost("prometheus", 2.5)];
                if format.is_for(Kind::VictoriaMetrics) {
                    costs.push(cost("victoria-metrics", 2.0));
                }
                costs
            })
            .collect();
        let table = cost_table(&programs, &versions, &costs);
        let cells = |title: &str| {
            let mut rows = table.lines().map(|line| line.split('|').map(str::trim));
            let row = rows.find(|cells| cells.clone().nth(1) == Some(title)).unwrap();
            row.map(str::to_owned).collect::<Vec<_>>()
        };
        let taken = "100 / 100 / 100";
        let expected = ["", "text", "0.500", "2.50", "2.00", "0.250", "<= 0.6, met", taken, ""];
        assert_eq!(cells("text"), expected);
        let taken = "100 / 100 / -";
        let expected = ["", "protobuf", "0.500", "2.50", "-", "0.200", "<= 0.6, met", taken, ""];
        assert_eq!(cells("protobuf"), expected);
    }

    #[test]
    fn reading_is_told_by_the_second_and_by_the_sample() {
        let row = json!({ "name": "text", "bytes": 134_000, "samples": 1000, "nanos": 67_000.0 });
        assert!(
            reading_table(&[row])
                .ends_with("| text              | 2000 |        14.9 |        67.0 |")
        );
    }
}
