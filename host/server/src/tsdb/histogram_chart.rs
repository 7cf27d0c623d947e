//! A bar chart of counts for a terminal, as `promtool tsdb analyze --extended` draws it.

use std::fmt::Write as _;

/// Draws how `values` spread; bars are percentages of `total`.
pub(crate) fn chart(what: &str, mut values: Vec<u64>, total: u64) -> String {
    values.sort_unstable();
    let (Some(least), Some(most)) = (values.first().copied(), values.last().copied()) else {
        return format!("{what}: N/A\n\n");
    };
    let step = step(least, most);
    let start = least - least % step;
    let end = most - most % step + step;
    let bars = usize::try_from((end - start) / step + 1).unwrap_or(1);
    let mut counts = vec![0_u64; bars];
    for value in &values {
        let place = usize::try_from((value - start) / step).unwrap_or(0);
        if let Some(count) = counts.get_mut(place) {
            *count += 1;
        }
    }
    let average = values.iter().sum::<u64>() / values.len() as u64;
    let mut text = format!("{what} (min/avg/max): {least}/{average}/{most}\n");
    let left = end.to_string().len();
    let right = (end + step).to_string().len();
    let wide = counts.iter().max().copied().unwrap_or(0).to_string().len();
    for (place, count) in (0_u64..).zip(counts) {
        let (from, to) = (place * step + start + 1, (place + 1) * step + start);
        let bar = "#".repeat(usize::try_from(100 * count / total.max(1)).unwrap_or(0));
        writeln!(text, "[{from:>left$}, {to:>right$}]: {count:>wide$} {bar}")
            .expect("a string takes all");
    }
    text.push('\n');
    text
}

/// A power of ten, ten at least, that makes about ten bars.
fn step(least: u64, most: u64) -> u64 {
    let tenth = (most - least) / 10;
    let mut step = 10;
    while step < tenth && step <= 10_000 {
        step *= 10;
    }
    step
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_shares_of_the_total() {
        let text = chart("samples per chunk", vec![5, 7, 12, 31], 8);
        let expected = "\
samples per chunk (min/avg/max): 5/13/31
[ 1, 10]: 2 #########################
[11, 20]: 1 ############
[21, 30]: 0 
[31, 40]: 1 ############
[41, 50]: 0 

";
        assert_eq!(text, expected);
        assert_eq!(chart("none", Vec::new(), 0), "none: N/A\n\n");
    }
}
