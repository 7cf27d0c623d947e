//! Tasks that hung, from `/proc/sys/kernel/hung_task_detect_count`. Kernels before 6.13 do not count them.

use narthex_sdk::{Error, Metrics};

use crate::source::{Scrape, no_data, number, proc_if_there};

const FILE: &str = "sys/kernel/hung_task_detect_count";

pub(super) fn collect(_scrape: &Scrape<'_>, metrics: &mut Metrics) -> Result<(), Error> {
    let count = proc_if_there(FILE)?.ok_or_else(|| no_data("count of hung tasks"))?;
    metrics
        .counter(
            "node_kernel_hung_tasks_total",
            "Total number of tasks that have been detected as hung since the system booted.",
        )
        .set(number(FILE, Some(count.trim()))?);
    Ok(())
}
