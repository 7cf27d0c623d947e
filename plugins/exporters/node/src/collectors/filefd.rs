//! Open files of the whole machine, from `/proc/sys/fs/file-nr`.

use narthex_sdk::{Error, Metrics};

use crate::source::{Scrape, number, proc};

const FILE: &str = "sys/fs/file-nr";

pub(super) fn collect(_scrape: &Scrape<'_>, metrics: &mut Metrics) -> Result<(), Error> {
    let text = proc(FILE)?;
    // The second column is always zero.
    for (column, name) in [(0, "allocated"), (2, "maximum")] {
        let value = number(FILE, text.split_ascii_whitespace().nth(column))?;
        metrics
            .gauge(&format!("node_filefd_{name}"), &format!("File descriptor statistics: {name}."))
            .set(value);
    }
    Ok(())
}
