//! What `uname(2)` says, from `/proc/sys/kernel`.

use narthex_sdk::{Error, Metrics};

use crate::source::{Scrape, proc, proc_if_there};

pub(super) fn collect(_scrape: &Scrape<'_>, metrics: &mut Metrics) -> Result<(), Error> {
    let read = |name: &str| {
        Ok::<_, Error>(proc(&format!("sys/kernel/{name}"))?.trim_end_matches('\n').to_owned())
    };
    let (sysname, release) = (read("ostype")?, read("osrelease")?);
    let (version, nodename) = (read("version")?, read("hostname")?);
    let (domainname, machine) = (read("domainname")?, machine()?);
    metrics
        .gauge(
            "node_uname_info",
            "Labeled system information as provided by the uname system call.",
        )
        .sample(
            &[
                ("domainname", &domainname),
                ("machine", &machine),
                ("nodename", &nodename),
                ("release", &release),
                ("sysname", &sysname),
                ("version", &version),
            ],
            1_u8,
        );
    Ok(())
}

/// Kernels before 6.1 have no `arch`; there `/proc/cpuinfo` tells the two common ones apart.
fn machine() -> Result<String, Error> {
    if let Some(arch) = proc_if_there("sys/kernel/arch")? {
        return Ok(arch.trim().to_owned());
    }
    let cpuinfo = proc("cpuinfo")?;
    let has = |field: &str| cpuinfo.lines().any(|line| line.starts_with(field));
    let has_long_mode = cpuinfo
        .lines()
        .any(|line| line.starts_with("flags") && line.split(' ').any(|flag| flag == "lm"));
    match (has("CPU implementer"), has_long_mode) {
        (true, _) => Ok("aarch64".into()),
        (false, true) => Ok("x86_64".into()),
        (false, false) => Err(Error::protocol(
            "neither sys/kernel/arch nor cpuinfo tells the machine's architecture",
        )),
    }
}
