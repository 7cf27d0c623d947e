//! Whether SELinux is on, from `/sys/fs/selinux`; how it is configured, from `/etc/selinux/config` where the whole file
//! system may be read.

use narthex_sdk::{Error, Metrics, files};

use crate::source::{ROOT, Scrape, sys_if_said};

/// As node_exporter numbers them.
fn mode(word: &str) -> i32 {
    match word {
        "enforcing" => 1,
        "permissive" => 0,
        _ => -1,
    }
}

pub(super) fn collect(_scrape: &Scrape<'_>, metrics: &mut Metrics) -> Result<(), Error> {
    let enforce = sys_if_said("fs/selinux/enforce")?;
    metrics
        .gauge("node_selinux_enabled", "SELinux is enabled, 1 is true, 0 is false")
        .set(enforce.is_some());
    let Some(enforce) = enforce else { return Ok(()) };
    if let Ok(config) = files::read_string(ROOT, "etc/selinux/config") {
        let word = config.lines().find_map(|line| line.trim().strip_prefix("SELINUX="));
        metrics
            .gauge("node_selinux_config_mode", "Configured SELinux enforcement mode")
            .set(mode(word.unwrap_or("").trim()));
    }
    metrics
        .gauge("node_selinux_current_mode", "Current SELinux enforcement mode")
        .set(enforce == "1");
    Ok(())
}
