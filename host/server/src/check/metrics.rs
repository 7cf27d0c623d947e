//! `narthex check metrics`.

use std::io::Read as _;

use narthex_exposition::{Cardinality, lint};

use super::{Verdict, complain, say};

/// A body that a scrape would take.
const BODY_BYTES_MAX: u64 = 256 << 20;

/// Judges standard input.
pub(super) fn check(extended: bool, lints: &str) -> anyhow::Result<Verdict> {
    let judges = lints != "none";
    if !judges && !extended {
        complain("error: at least one of --extended or linting must be enabled");
        complain(
            "Use --extended for cardinality analysis, or remove --lint=none to enable linting",
        );
        return Ok(Verdict::Bad);
    }
    let mut body = Vec::new();
    std::io::stdin().take(BODY_BYTES_MAX).read_to_end(&mut body)?;
    let linted = match lint(&body) {
        Ok(linted) => linted,
        Err(error) => {
            complain(&format!("error while linting: {}", narthex_settings::error_chain(&error)));
            return Ok(Verdict::Bad);
        }
    };
    if extended {
        say(&table(&linted.cardinalities));
    }
    if !judges || linted.problems.is_empty() {
        return Ok(Verdict::Good);
    }
    for problem in &linted.problems {
        complain(&format!("{} {}", problem.metric, problem.text));
    }
    Ok(Verdict::Lint)
}

/// Families with their series, and all of them.
fn table(cardinalities: &[Cardinality]) -> String {
    let total: u64 = cardinalities.iter().map(|found| found.series).sum();
    let mut rows = vec![["Metric", "Cardinality", "Percentage"].map(str::to_owned)];
    #[expect(clippy::cast_precision_loss, reason = "a share, for people")]
    let share = |part: u64| 100.0 * part as f64 / total.max(1) as f64;
    rows.extend(cardinalities.iter().map(|found| {
        let share = format!("{:.2}%", share(found.series));
        [found.metric.clone(), found.series.to_string(), share]
    }));
    rows.push(["Total".to_owned(), total.to_string(), "100%".to_owned()]);
    // Four spaces behind the widest cell of each column.
    let widths = [0, 1, 2].map(|column| {
        let cells = rows.iter().filter_map(|row: &[String; 3]| row.get(column));
        cells.map(|cell| cell.chars().count() + 4).max().unwrap_or(0)
    });
    let line = |row: &[String; 3]| {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        cells.collect::<String>()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_stand_below_each_other() {
        let found = |metric: &str, series| Cardinality { metric: metric.to_owned(), series };
        let text = table(&[found("long_name", 3), found("b", 1)]);
        let expected = "Metric       Cardinality    Percentage    \n\
                        long_name    3              75.00%        \n\
                        b            1              25.00%        \n\
                        Total        4              100%          ";
        assert_eq!(text, expected);
    }
}
