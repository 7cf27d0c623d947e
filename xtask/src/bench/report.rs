//! The figures as a table for people and as JSON for programs.

use serde_json::{Map, Value, json};

use super::Column;
use super::measures::{ROWS, Row};
use super::options::Options;
use crate::process::Tool;
use crate::workspace::Workspace;

/// One row a figure, one column a server, then ours against the best peer and the goal.
pub(crate) fn table(columns: &[Column]) -> String {
    let mut lines = vec![heads(columns)];
    for row in ROWS
        .iter()
        .filter(|row| columns.iter().any(|column| column.measures.get(row.key).is_some()))
    {
        let mut cells = vec![row.title.to_owned()];
        cells.extend(columns.iter().map(|column| figure(column.measures.get(row.key))));
        cells.push(figure(ratio(row, columns)));
        cells.push(goal(row, columns));
        lines.push(cells);
    }
    aligned(&lines)
}

fn heads(columns: &[Column]) -> Vec<String> {
    let mut heads = vec![String::new()];
    heads.extend(columns.iter().map(|column| format!("{} {}", column.name, column.version)));
    heads.extend(["ours/best peer".to_owned(), "goal".to_owned()]);
    heads
}

/// Ours divided by the best of the others.
fn ratio(row: &Row, columns: &[Column]) -> Option<f64> {
    let (ours, peers) = columns.split_first()?;
    let best = peers.iter().filter_map(|peer| peer.measures.get(row.key)).reduce(f64::min)?;
    Some(ours.measures.get(row.key)? / best).filter(|ratio| row.compared && ratio.is_finite())
}

fn goal(row: &Row, columns: &[Column]) -> String {
    let Some(goal) = row.goal else { return String::new() };
    let ours = columns.first().and_then(|ours| ours.measures.get(row.key));
    let verdict = match ours {
        Some(ours) if ours <= goal => ", met",
        Some(_) => ", missed",
        None => "",
    };
    format!("<= {goal}{verdict}")
}

/// Three digits that count.
pub(super) fn figure(value: Option<f64>) -> String {
    match value {
        None => "-".to_owned(),
        Some(value) if value.abs() >= 100.0 => format!("{value:.0}"),
        Some(value) if value.abs() >= 10.0 => format!("{value:.1}"),
        Some(value) if value.abs() >= 1.0 => format!("{value:.2}"),
        Some(value) => format!("{value:.3}"),
    }
}

pub(super) fn aligned(lines: &[Vec<String>]) -> String {
    let columns = lines.iter().map(Vec::len).max().unwrap_or(0);
    let width = |place: usize| {
        lines
            .iter()
            .filter_map(|line| line.get(place))
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for (number, line) in lines.iter().enumerate() {
        for (place, (cell, width)) in line.iter().zip(&widths).enumerate() {
            text.push_str(&if place == 0 {
                format!("| {cell:<width$} |")
            } else {
                format!(" {cell:>width$} |")
            });
        }
        text.push('\n');
        if number == 0 {
            for (place, width) in widths.iter().enumerate() {
                let line = "-".repeat(*width);
                text.push_str(&if place == 0 {
                    format!("| {line} |")
                } else {
                    format!(" {line} |")
                });
            }
            text.push('\n');
        }
    }
    text.trim_end().to_owned()
}

/// Everything, for later comparison.
pub(crate) fn json(options: &Options, machine: &Value, columns: &[Column]) -> Value {
    let servers: Vec<Value> = columns
        .iter()
        .map(|column| {
            let figures = column.measures.iter().map(|(key, value)| (key.to_owned(), json!(value)));
            let figures: Map<String, Value> = figures.collect();
            json!({ "name": column.name, "version": column.version, "figures": figures })
        })
        .collect();
    json!({
        "machine": machine,
        "load": {
            "targets": options.targets,
            "series_a_target": options.series,
            "interval_seconds": options.interval,
            "warm_up_seconds": options.warm_up.as_secs(),
            "window_seconds": options.window.as_secs(),
            "backfill_targets": options.backfill_targets,
            "backfill_steps": options.backfill_steps,
        },
        "servers": servers,
    })
}

/// What a figure must be told with.
pub(crate) fn machine(workspace: &Workspace) -> Value {
    let read = |path| std::fs::read_to_string(path).unwrap_or_default();
    let cpus = read("/proc/cpuinfo");
    let model = cpus.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let memory = read("/proc/meminfo");
    let memory =
        memory.lines().next().and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
    let commit =
        Tool::new("git").args(["rev-parse", "--short", "HEAD"]).within(&workspace.root).capture();
    json!({
        "cpu": model.map(|(_, name)| name),
        "cpus": cpus.lines().filter(|line| line.starts_with("processor")).count(),
        "memory_mib": memory.map(|kib| kib / 1024),
        "kernel": read("/proc/sys/kernel/osrelease").trim(),
        "load_average": read("/proc/loadavg").split_whitespace().next(),
        "commit": commit.ok().map(|text| text.trim().to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::bench::measures::Measures;

    fn column(name: &'static str, figures: &[(&'static str, f64)]) -> Column {
        let mut measures = Measures::default();
        for (key, value) in figures {
            measures.set(key, *value);
        }
        Column { name, version: "1.2".to_owned(), measures }
    }

    #[test]
    fn ours_is_divided_by_the_best_peer() {
        let columns = [
            column(
                "narthex",
                &[("scrape_cpu", 0.5), ("written_a_sample", 4.0), ("ingested_percent", 100.0)],
            ),
            column(
                "prometheus",
                &[("scrape_cpu", 3.456), ("written_a_sample", 8.5), ("ingested_percent", 99.96)],
            ),
            column("victoria-metrics", &[("scrape_cpu", 2.0)]),
        ];
        expect![[r#"
            |                                   | narthex 1.2 | prometheus 1.2 | victoria-metrics 1.2 | ours/best peer |         goal |
            | --------------------------------- | ----------- | -------------- | -------------------- | -------------- | ------------ |
            | samples taken of those offered, % |         100 |          100.0 |                    - |              - |              |
            | scrape, CPU s per M samples       |       0.500 |           3.46 |                 2.00 |          0.250 |  <= 0.6, met |
            | written while scraping, B/sample  |        4.00 |           8.50 |                    - |          0.471 | <= 3, missed |
        "#]]
        .assert_eq(&format!("{}\n", table(&columns)));
    }

    #[test]
    fn without_peers_there_is_no_ratio() {
        let text = table(&[column("narthex", &[("restart_s", 0.123)])]);
        assert!(text.contains("0.123 |") && text.contains("<= 0.2, met"), "{text}");
    }
}
