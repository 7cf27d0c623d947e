//! An answer, log lines and what a call spent, for people.

use std::time::Duration;

use narthex_plugins::{CallError, GuestErrorKind, Heard, Reply, Report, Workbench};

use crate::case;
use crate::console::{Console, Tone, Verdict};

/// Shows how a call went.
pub(crate) fn report(console: Console, bench: &Workbench, report: &Report) -> Verdict {
    let verdict = match &report.reply {
        Ok(reply) => {
            console.say(answer(console, reply).trim_end());
            Verdict::Good
        }
        Err(error) => {
            console.complain(&console.paint(Tone::Bad, &failure(error)));
            Verdict::Bad
        }
    };
    heard(console, bench, &report.heard);
    verdict
}

/// Shows what was heard beside the answer.
pub(crate) fn heard(console: Console, bench: &Workbench, heard: &Heard) {
    for line in &heard.lines {
        let level = console.paint(Tone::Aside, &format!("{:5}", line.level));
        console.complain(&format!("{level} {}", line.text));
    }
    console.complain(&console.paint(Tone::Aside, &spent(bench, heard)));
}

/// What a call spent of what it may.
fn spent(bench: &Workbench, heard: &Heard) -> String {
    let (spent, limits) = (&heard.spent, bench.limits());
    format!(
        "cpu {} of {}, memory {} of {}, time {} of {}, {} requests, {} sent, {} received",
        time(spent.cpu),
        time(limits.cpu),
        size(spent.memory_bytes),
        size(limits.memory_bytes),
        time(spent.wall),
        time(limits.wall),
        spent.requests,
        size(spent.bytes_out),
        size(spent.bytes_in),
    )
}

pub(crate) fn failure(error: &CallError) -> String {
    let CallError::Refused(refused) = error else { return format!("error: {error}") };
    let kind = match refused.kind {
        GuestErrorKind::Config => "config",
        GuestErrorKind::Denied => "denied",
        GuestErrorKind::Unreachable => "unreachable",
        GuestErrorKind::Timeout => "timeout",
        GuestErrorKind::Protocol => "protocol",
        GuestErrorKind::RateLimited => "rate-limited",
        GuestErrorKind::Exhausted => "exhausted",
        GuestErrorKind::Cancelled => "cancelled",
        GuestErrorKind::Internal => "internal",
    };
    let retry = if refused.is_retryable { ", worth trying again" } else { "" };
    let details = refused.details.iter().map(|(name, value)| format!("\n  {name}: {value}"));
    format!("error ({kind}{retry}): {}{}", refused.message, details.collect::<String>())
}

fn answer(console: Console, reply: &Reply) -> String {
    if let Reply::Collected(exposition) = reply
        && let Ok(text) = std::str::from_utf8(&exposition.body)
    {
        return exposed(console, text);
    }
    // Only keys that are texts were put into it.
    let value = case::answer(&Ok(reply.clone()));
    serde_json::to_string_pretty(&value).unwrap_or_default()
}

/// Metrics with the values of a family below one another.
fn exposed(console: Console, text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let mut shown = String::new();
    for block in lines.chunk_by(|a, b| a.starts_with('#') == b.starts_with('#')) {
        let widest = block.iter().filter_map(|line| split(line)).map(|(name, _)| name.len()).max();
        // A label as long as a line pushes no value out of sight.
        let width = widest.unwrap_or(0).min(100);
        for line in block {
            let line = match split(line) {
                None => console.paint(Tone::Aside, line),
                Some((series, value)) => format!(
                    "{} {}",
                    console.paint(Tone::Name, &format!("{series:width$}")),
                    console.paint(Tone::Value, value)
                ),
            };
            shown.push_str(&line);
            shown.push('\n');
        }
    }
    shown
}

/// A sample's series, and the rest of its line.
fn split(line: &str) -> Option<(&str, &str)> {
    if line.starts_with('#') {
        return None;
    }
    let braces = line.rfind("} ").map(|at| at + 1);
    let at = braces.or_else(|| line.find(' '))?;
    line.split_at_checked(at).map(|(series, value)| (series, value.trim_start()))
}

pub(crate) fn time(time: Duration) -> String {
    let micros = time.as_micros();
    match micros {
        0..1_000 => format!("{micros} µs"),
        1_000..1_000_000 => format!("{:.1} ms", time.as_secs_f64() * 1e3),
        _ => format!("{:.1} s", time.as_secs_f64()),
    }
}

pub(crate) fn size(bytes: u64) -> String {
    match bytes {
        0..1_024 => format!("{bytes} B"),
        1_024..1_048_576 => format!("{} KiB", bytes / 1_024),
        _ => format!("{}.{} MiB", bytes >> 20, ((bytes & 0xf_ffff) * 10) >> 20),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Console = Console { say: |_| (), complain: |_| (), is_colored: false };

    #[test]
    fn values_of_a_block_stand_below_one_another() {
        let text = "# TYPE up gauge\nup 1\nup{a=\"} b\"} 2\n";
        assert_eq!(exposed(PLAIN, text), "# TYPE up gauge\nup          1\nup{a=\"} b\"} 2\n");
    }

    #[test]
    fn times_and_sizes_have_units() {
        assert_eq!(time(Duration::from_micros(15)), "15 µs");
        assert_eq!(time(Duration::from_micros(1_500)), "1.5 ms");
        assert_eq!(
            (size(5), size(2048), size(3 << 19)),
            ("5 B".into(), "2 KiB".into(), "1.5 MiB".into())
        );
    }
}
