//! The figures of queries as two tables: one line a query, and the list as a whole.

use super::super::report::{aligned, figure};
use super::{Column, Mixed};

/// The value below which so many of a hundred lie; of ascending ones.
pub(super) fn quantile(ascending: &[f64], percent: usize) -> Option<f64> {
    let place = (ascending.len() * percent / 100).min(ascending.len().checked_sub(1)?);
    ascending.get(place).copied()
}

/// Latency, memory and processor time of each query; ours divided by the best peer's median.
pub(super) fn queries(names: &[String], columns: &[Column]) -> String {
    let mut heads = vec!["query".to_owned()];
    heads.extend(columns.iter().map(|column| format!("{} p50 / p99 ms", column.name)));
    heads.push("ours/best".to_owned());
    heads.push("CPU ms".to_owned());
    heads.push("more MiB".to_owned());
    heads.push("same result".to_owned());
    let mut lines = vec![heads];
    for (place, name) in names.iter().enumerate() {
        let asked: Vec<_> = columns.iter().filter_map(|column| column.asked.get(place)).collect();
        let medians: Vec<_> = asked.iter().map(|asked| quantile(&asked.millis, 50)).collect();
        let mut line = vec![name.clone()];
        line.extend(asked.iter().zip(&medians).map(|(asked, median)| {
            format!("{} / {}", figure(*median), figure(quantile(&asked.millis, 99)))
        }));
        line.push(figure(ratio(&medians)));
        let all = |of: &dyn Fn(usize) -> Option<f64>| {
            (0..asked.len()).map(|server| figure(of(server))).collect::<Vec<_>>().join(" / ")
        };
        line.push(all(&|server| asked.get(server).map(|asked| asked.cpu_millis)));
        line.push(all(&|server| asked.get(server).map(|asked| asked.more_mib)));
        let same = asked.iter().skip(1).map(|asked| match asked.comparison.as_str() {
            "Agrees" => "yes",
            "Differs" => "no",
            _ => "empty",
        });
        line.push(same.collect::<Vec<_>>().join(" / "));
        lines.push(line);
    }
    aligned(&lines)
}

/// Ours divided by the best of the others.
fn ratio(figures: &[Option<f64>]) -> Option<f64> {
    let (ours, peers) = figures.split_first()?;
    let best = peers.iter().copied().flatten().reduce(f64::min)?;
    Some((*ours)? / best).filter(|ratio| ratio.is_finite())
}

/// What is told of the list as a whole.
struct Row {
    title: &'static str,
    clients: usize,
    of: fn(&Mixed) -> Option<f64>,
    goal: &'static str,
}

const ROWS: &[Row] = &[
    Row { title: "p50, ms", clients: 1, of: |mixed| quantile(&mixed.millis, 50), goal: "<= 5" },
    Row { title: "p90, ms", clients: 1, of: |mixed| quantile(&mixed.millis, 90), goal: "<= 20" },
    Row { title: "p99, ms", clients: 1, of: |mixed| quantile(&mixed.millis, 99), goal: "<= 80" },
    Row {
        title: "queries a second",
        clients: 1,
        of: |mixed| Some(mixed.queries_a_second),
        goal: ">= 100",
    },
    Row { title: "CPU ms a query", clients: 1, of: |mixed| Some(mixed.cpu_millis), goal: "<= 12" },
    Row { title: "peak RSS, MiB", clients: 1, of: |mixed| Some(mixed.peak_mib), goal: "" },
    Row {
        title: "queries a second, 4 clients",
        clients: 4,
        of: |mixed| Some(mixed.queries_a_second),
        goal: "",
    },
    Row {
        title: "p99, ms, 4 clients",
        clients: 4,
        of: |mixed| quantile(&mixed.millis, 99),
        goal: "",
    },
    Row {
        title: "peak RSS, MiB, 4 clients",
        clients: 4,
        of: |mixed| Some(mixed.peak_mib),
        goal: "",
    },
];

/// The list as a whole.
pub(super) fn mix(columns: &[Column]) -> String {
    let mut heads = vec!["all queries in turn".to_owned()];
    heads.extend(columns.iter().map(|column| format!("{} {}", column.name, column.version)));
    heads.push("goal".to_owned());
    let mut lines = vec![heads];
    for row in ROWS {
        let of = |column: &Column| {
            let mixed = column.mixed.iter().find(|mixed| mixed.clients == row.clients);
            figure(mixed.and_then(row.of))
        };
        let mut line = vec![row.title.to_owned()];
        line.extend(columns.iter().map(of));
        line.push(row.goal.to_owned());
        lines.push(line);
    }
    let mut line = vec!["RSS before the first query, MiB".to_owned()];
    line.extend(columns.iter().map(|column| figure(Some(column.idle_mib))));
    line.push(String::new());
    lines.push(line);
    aligned(&lines)
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::super::Asked;
    use super::*;

    fn column(name: &'static str, millis: f64) -> Column {
        let asked = Asked {
            millis: vec![millis, millis * 2.0],
            cpu_millis: millis,
            more_mib: 1.5,
            comparison: "Agrees".to_owned(),
        };
        let mixed = |clients| Mixed {
            clients,
            millis: vec![millis],
            queries_a_second: 1000.0 / millis,
            cpu_millis: millis,
            peak_mib: 100.0,
        };
        let (asked, mixed) = (vec![asked], vec![mixed(1), mixed(4)]);
        Column { name, version: "1.2".to_owned(), idle_mib: 50.0, asked, mixed }
    }

    #[test]
    fn ours_is_divided_by_the_faster_peer() {
        let columns = [column("narthex", 1.0), column("prometheus", 4.0), column("vm", 2.0)];
        expect![[r#"
            | query | narthex p50 / p99 ms | prometheus p50 / p99 ms | vm p50 / p99 ms | ours/best |             CPU ms |           more MiB | same result |
            | ----- | -------------------- | ----------------------- | --------------- | --------- | ------------------ | ------------------ | ----------- |
            | raw   |          2.00 / 2.00 |             8.00 / 8.00 |     4.00 / 4.00 |     0.500 | 1.00 / 4.00 / 2.00 | 1.50 / 1.50 / 1.50 |   yes / yes |
        "#]]
        .assert_eq(&format!("{}\n", queries(&["raw".to_owned()], &columns)));
        assert!(mix(&columns).contains("| >= 100 |"));
    }

    #[test]
    fn quantiles_are_of_what_is_there() {
        let all: Vec<f64> = (1..=100).map(f64::from).collect();
        assert_eq!((quantile(&all, 50), quantile(&all, 99)), (Some(51.0), Some(100.0)));
        assert_eq!((quantile(&[7.0], 99), quantile(&[], 50)), (Some(7.0), None));
    }
}
