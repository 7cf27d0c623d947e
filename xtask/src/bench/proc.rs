//! What the kernel counted for a process.

use anyhow::Context as _;

/// `USER_HZ`, the unit of times under /proc: 100 on every Linux that this benchmark meets.
const TICKS_A_SECOND: f64 = 100.0;

/// One reading of a process.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Reading {
    /// User and system time of all threads, in seconds.
    pub(crate) cpu: f64,
    /// Anonymous memory that is resident, in bytes.
    pub(crate) anonymous: u64,
    /// All memory that is resident, in bytes.
    pub(crate) resident: u64,
    /// The most that was ever resident, in bytes.
    pub(crate) peak: u64,
    /// Bytes that were sent to the disk, less what was taken back before it got there.
    pub(crate) written: u64,
}

impl Reading {
    pub(crate) fn of(pid: u32) -> anyhow::Result<Self> {
        let file = |name: &str| {
            let path = format!("/proc/{pid}/{name}");
            std::fs::read_to_string(&path).with_context(|| format!("read {path}"))
        };
        let status = file("status")?;
        let kib = |key| {
            value(&status, key).map(|kib| kib * 1024).with_context(|| format!("{key} of {pid}"))
        };
        Ok(Self {
            cpu: cpu(&file("stat")?).with_context(|| format!("times of {pid}"))?,
            anonymous: kib("RssAnon")?,
            resident: kib("VmRSS")?,
            peak: kib("VmHWM")?,
            written: written(&file("io")?).with_context(|| format!("bytes written by {pid}"))?,
        })
    }
}

/// The first number behind `key:` at the start of a line.
fn value(text: &str, key: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'))?;
    line.split_whitespace().next()?.parse().ok()
}

/// The command in parentheses may hold anything, so fields count from the last parenthesis.
fn cpu(stat: &str) -> Option<f64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut times = fields.split_whitespace().skip(11);
    let user: f64 = times.next()?.parse().ok()?;
    let system: f64 = times.next()?.parse().ok()?;
    Some((user + system) / TICKS_A_SECOND)
}

fn written(io: &str) -> Option<u64> {
    Some(value(io, "write_bytes")?.saturating_sub(value(io, "cancelled_write_bytes")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_stand_behind_the_command() {
        let stat = "17 (a) b (c) S 1 17 17 0 -1 4194560 9 0 0 0 250 50 7 8 20 0 9 0 1234 99 11";
        assert_eq!(cpu(stat), Some(3.0));
        assert_eq!(cpu("17 (cut) S 1 17"), None);
    }

    #[test]
    fn memory_and_bytes_are_found_by_name() {
        let status = "Name:\tx\nVmHWM:\t  300 kB\nVmRSS:\t  200 kB\nRssAnon:\t     120 kB\n";
        assert_eq!(value(status, "RssAnon"), Some(120));
        assert_eq!(value(status, "Rss"), None);
        assert_eq!(
            written("wchar: 9\nwrite_bytes: 8192\ncancelled_write_bytes: 4096\n"),
            Some(4096)
        );
    }

    #[test]
    fn this_process_can_be_read() {
        let reading = Reading::of(std::process::id()).unwrap();
        assert!(reading.anonymous > 0 && reading.peak >= reading.anonymous);
    }
}
