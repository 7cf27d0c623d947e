//! How well the kernel keeps the clock in step: `adjtimex(2)`.

use narthex_sdk::{Error, Metrics, clock, facts};

use crate::source::{Scrape, no_data};

/// What the call answers while no source is trusted (`TIME_ERROR`).
const NOT_SYNCHRONIZED: i64 = 5;

/// The bit of `status` that says that times are in nanoseconds and not in microseconds (`STA_NANO`).
const IN_NANOSECONDS: i64 = 0x2000;

/// Microseconds of a second.
const MICROS: f64 = 1e6;

/// Parts per million, with 16 bits behind the point.
const PARTS: f64 = 1e6 * 65_536.0;

pub(super) fn collect(_scrape: &Scrape<'_>, metrics: &mut Metrics) -> Result<(), Error> {
    let told = match clock::discipline() {
        Err(error) if matches!(error.errno(), Some("EPERM" | "ENOSYS")) => {
            return Err(no_data("clock that is ours to ask about"));
        }
        told => told?,
    };
    let number = |name: &str| {
        let value = facts::integer(&told, name);
        value.ok_or_else(|| Error::protocol(format!("the host does not tell `{name}`")))
    };
    let status = number("status")?;
    let second = if status & IN_NANOSECONDS == 0 { MICROS } else { 1e9 };
    let value = |name: &str, unit: f64| Ok::<f64, Error>(number(name)? as f64 / unit);
    let is_synchronized = number("state")? != NOT_SYNCHRONIZED;
    let gauges = [
        (
            "sync_status",
            "Is clock synchronized to a reliable server (1 = yes, 0 = no).",
            f64::from(u8::from(is_synchronized)),
        ),
        (
            "offset_seconds",
            "Time offset in between local system and reference clock.",
            value("offset", second)?,
        ),
        (
            "frequency_adjustment_ratio",
            "Local clock frequency adjustment.",
            1.0 + value("freq", PARTS)?,
        ),
        ("maxerror_seconds", "Maximum error in seconds.", value("maxerror", MICROS)?),
        ("estimated_error_seconds", "Estimated error in seconds.", value("esterror", MICROS)?),
        ("status", "Value of the status array bits.", status as f64),
        ("loop_time_constant", "Phase-locked loop time constant.", value("constant", 1.0)?),
        ("tick_seconds", "Seconds between clock ticks.", value("tick", MICROS)?),
        ("pps_frequency_hertz", "Pulse per second frequency.", value("ppsfreq", PARTS)?),
        ("pps_jitter_seconds", "Pulse per second jitter.", value("jitter", second)?),
        ("pps_shift_seconds", "Pulse per second interval duration.", value("shift", 1.0)?),
        (
            "pps_stability_hertz",
            "Pulse per second stability, average of recent frequency changes.",
            value("stabil", PARTS)?,
        ),
        ("tai_offset_seconds", "International Atomic Time (TAI) offset.", value("tai", 1.0)?),
    ];
    for (name, help, value) in gauges {
        metrics.gauge(&format!("node_timex_{name}"), help).set(value);
    }
    let counters = [
        ("jitter", "Pulse per second count of jitter limit exceeded events.", "jitcnt"),
        ("calibration", "Pulse per second count of calibration intervals.", "calcnt"),
        ("error", "Pulse per second count of calibration errors.", "errcnt"),
        (
            "stability_exceeded",
            "Pulse per second count of stability limit exceeded events.",
            "stbcnt",
        ),
    ];
    for (name, help, field) in counters {
        metrics.counter(&format!("node_timex_pps_{name}_total"), help).set(value(field, 1.0)?);
    }
    Ok(())
}
