//! What the measuring programs write: series like those of monitored services, with 8 labels, a mix
//! of histograms' buckets, counters and gauges, of which a quarter stands still.

use narthex_model::Labels;
use narthex_platform::Disk;

pub(crate) fn labels(target: usize, index: usize) -> Labels {
    let family = index / 12;
    Labels::from_pairs([
        ("__name__", format!("service_request_duration_{family}_bucket")),
        ("cluster", "eu-west-1".to_owned()),
        ("instance", format!("10.0.{}.{}:9100", target / 250, target % 250)),
        ("job", format!("service-{}", target % 10)),
        ("le", format!("{}", (index % 12) as f64 / 10.0)),
        ("method", ["GET", "PUT", "POST"].get(family % 3).copied().unwrap_or("").to_owned()),
        ("namespace", format!("team-{}", target % 7)),
        ("path", format!("/api/v1/resource/{}", family % 20)),
    ])
}

/// Pure function of series and round: 40 % counters of buckets, 35 % counters of which a third
/// stands still, 25 % gauges with two decimals of which half stand still; 6 % are full floats.
pub(crate) fn value(target: usize, index: usize, round: usize) -> f64 {
    let noise = |round: usize| {
        let mut mixed = (target * 1_000_003 + index * 7_919 + round) as u64;
        mixed = (mixed ^ (mixed >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
        (mixed ^ (mixed >> 33)) % 1_000
    };
    let sum = (round as u64 + 1) * 40 + noise(round) % 40;
    match index % 100 {
        0..40 => (sum + index as u64 * 1_000) as f64,
        40..52 => 12_345.0,
        52..75 => (sum * 3) as f64,
        75..87 => 0.25,
        87..94 => noise(round) as f64 / 100.0,
        _ => (noise(round) as f64 + 0.5).sqrt() * 1e3,
    }
}

/// Anonymous memory of this process.
pub(crate) fn resident_bytes(disk: &dyn Disk) -> u64 {
    let status = disk.read("/proc/self/status".into(), 1 << 16).unwrap_or_default();
    let status = String::from_utf8_lossy(&status).into_owned();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or(0) * 1024
}
