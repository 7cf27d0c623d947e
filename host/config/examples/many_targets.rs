//! What a file with many static targets takes to be loaded: seconds, and the highest memory of the process.
//!
//! ```sh
//! cargo run --release -p narthex-config --example many_targets -- 100000
//! ```
//!
//! Each shape of file wants a process of its own, as the highest memory only rises: give `together` as the
//! second word for one group of all targets, else each target has a group with three labels.
#![expect(clippy::print_stdout, reason = "it is there to print")]

use std::fmt::Write as _;
use std::process::ExitCode;

use narthex_config::Source;
use narthex_platform::{Clock, RealDisk, SimulatedDisk, read_to_string, replace};

/// Bytes of a status file of the kernel.
const STATUS_BYTES_MAX: u64 = 64 << 10;

fn text(targets: usize, together: bool) -> String {
    let mut text = String::from("scrape_configs:\n- job_name: many\n  static_configs:\n");
    if together {
        text.push_str("  - targets:\n");
    }
    for target in 0..targets {
        let (x, y) = (target / 250, target % 250);
        let line = if together {
            writeln!(text, "    - 10.{}.{}.{y}:9100", x / 250, x % 250)
        } else {
            let (host, rack) = (format!("10.{}.{}.{y}:9100", x / 250, x % 250), target / 40);
            writeln!(
                text,
                "  - targets: ['{host}']\n    labels:\n      rack: r{rack}\n      zone: z{}\n      role: storage",
                target % 3
            )
        };
        line.expect("writing to a string cannot fail");
    }
    text
}

/// The highest memory of the process so far, in MiB.
fn highest() -> Option<u64> {
    let status = read_to_string(&RealDisk, "/proc/self/status".into(), STATUS_BYTES_MAX).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kib| kib / 1024)
}

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let targets = words.next().and_then(|word| word.parse().ok()).unwrap_or(100_000);
    let together = words.next().as_deref() == Some("together");
    let disk = SimulatedDisk::new(0);
    let file = text(targets, together);
    let bytes = file.len();
    let written = replace(&disk, "prometheus.yml".into(), file.as_bytes());
    drop(file);
    if written.is_err() {
        return ExitCode::FAILURE;
    }
    let before = highest().unwrap_or(0);
    let clock = Clock::real();
    let start = clock.monotonic();
    let path = "prometheus.yml".into();
    let source = Source { disk: &disk, path, variable: &|_| None, expands_env: false };
    let loaded = match narthex_config::load(&source) {
        Ok(loaded) => loaded,
        Err(error) => {
            println!("{error}");
            return ExitCode::FAILURE;
        }
    };
    let seconds = (clock.monotonic() - start).as_secs_f64();
    let found: usize = loaded
        .jobs
        .iter()
        .flat_map(|job| &job.discovery.static_configs)
        .map(|group| group.targets.len())
        .sum();
    let after = highest().unwrap_or(0);
    println!(
        "{found} targets, {bytes} bytes: {seconds:.3} s, {before} MiB before, {after} at most"
    );
    ExitCode::SUCCESS
}
