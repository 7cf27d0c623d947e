//! File systems: which are mounted, from `/proc/1/mountinfo`, and how full they are, by `usage`.
//!
//! Invariant: a mount whose server does not answer costs the scrape neither its other mounts nor its other collectors.

use std::{collections::BTreeSet, time::Duration};

use narthex_sdk::{
    Error, ErrorKind, Metrics,
    clock::{self, Stopwatch},
    files::{self, FsUsage},
};

use crate::source::{ROOT, Scrape, is_not_granted, proc};

/// Types that hold no data of their own.
const TYPES_EXCLUDED: [&str; 25] = [
    "autofs",
    "binfmt_misc",
    "bpf",
    "cgroup",
    "cgroup2",
    "configfs",
    "debugfs",
    "devpts",
    "devtmpfs",
    "erofs",
    "fusectl",
    "hugetlbfs",
    "iso9660",
    "mqueue",
    "nsfs",
    "overlay",
    "proc",
    "procfs",
    "pstore",
    "rpc_pipefs",
    "securityfs",
    "selinuxfs",
    "squashfs",
    "sysfs",
    "tracefs",
];

/// Directories that are excluded with everything below them: node_exporter's list as Debian ships it, which adds removable
/// and temporary mounts.
const TREES_EXCLUDED: [&str; 6] = ["/dev", "/media", "/mnt", "/proc", "/run", "/sys"];

/// Directories that are not excluded themselves, but everything below them is.
const INSIDES_EXCLUDED: [&str; 2] = ["/var/lib/docker/", "/var/lib/containers/storage/"];

/// A line of `mountinfo`.
struct Mount<'a> {
    device: &'a str,
    mountpoint: String,
    fstype: &'a str,
    major: &'a str,
    minor: &'a str,
    is_readonly: bool,
}

pub(super) fn collect(scrape: &Scrape<'_>, metrics: &mut Metrics) -> Result<(), Error> {
    let config = &scrape.config.filesystem;
    let (points, types) = (config.mount_points(is_excluded), config.types(is_type_excluded));
    // The host lets no question hang for long, and answers at once for a mount that hung before. What is left of the time
    // goes to the mounts that answer, and half of it to the other collectors.
    let patience = Patience {
        watch: Stopwatch::start(),
        limit: config.mount_timeout.min(clock::deadline() / 2),
    };
    // Where processes are hidden from each other, our own mounts are what there is.
    let mountinfo = proc("1/mountinfo").or_else(|_| proc("self/mountinfo"))?;
    let mut seen = BTreeSet::new();
    for line in mountinfo.lines() {
        let mount = parse(line)
            .ok_or_else(|| Error::protocol(format!("mountinfo has the line {line:?}")))?;
        if points.hides(&mount.mountpoint) || types.hides(mount.fstype) {
            continue;
        }
        if seen.insert((
            mount.device,
            mount.mountpoint.clone(),
            mount.fstype,
            mount.major,
            mount.minor,
        )) {
            add(metrics, &mount, &patience)?;
        }
    }
    Ok(())
}

/// How long the mounts of a scrape may keep us waiting, together.
struct Patience {
    watch: Stopwatch,
    limit: Duration,
}

impl Patience {
    /// The usage of a mount; an error of kind `timeout` when the others have taken all the time.
    fn usage(&self, mount: &Mount<'_>) -> Result<FsUsage, Error> {
        if self.watch.elapsed() >= self.limit {
            return Err(Error::timeout("the mounts before it took all the time"));
        }
        files::usage(ROOT, mount.mountpoint.trim_start_matches('/'))
    }
}

/// `36 35 98:0 /root /mount/point rw,noatime master:1 - ext3 /dev/sda1 rw,errors=continue`.
fn parse(line: &str) -> Option<Mount<'_>> {
    let (mount, superblock) = line.split_once(" - ")?;
    let mut mount = mount.split(' ').skip(2);
    let (major, minor) = mount.next()?.split_once(':')?;
    let (_root, mountpoint, options) = (mount.next()?, mount.next()?, mount.next()?);
    let mut superblock = superblock.split(' ');
    let (fstype, device) = (superblock.next()?, superblock.next()?);
    let super_options = superblock.next().unwrap_or_default();
    let has = |options: &str, wanted: &str| options.split(',').any(|option| option == wanted);
    Some(Mount {
        device,
        mountpoint: mountpoint.replace("\\040", " ").replace("\\011", "\t"),
        fstype,
        major,
        minor,
        is_readonly: has(options, "ro")
            || has(super_options, "ro")
            || has(super_options, "emergency_ro"),
    })
}

fn is_type_excluded(fstype: &str) -> bool {
    TYPES_EXCLUDED.contains(&fstype)
}

fn is_excluded(mountpoint: &str) -> bool {
    let is_within = |tree: &&str| {
        mountpoint.strip_prefix(*tree).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let is_inside =
        |tree: &&str| mountpoint.strip_prefix(*tree).is_some_and(|rest| !rest.is_empty());
    TREES_EXCLUDED.iter().any(is_within) || INSIDES_EXCLUDED.iter().any(is_inside)
}

fn add(metrics: &mut Metrics, mount: &Mount<'_>, patience: &Patience) -> Result<(), Error> {
    let usage = patience.usage(mount);
    // Without the root there is nothing to say of any mount; the message names the line that grants it.
    if let Err(error) = &usage
        && is_not_granted(error)
    {
        return Err(error.clone());
    }
    let device_error = usage.as_ref().err().map(reason).unwrap_or_default();
    let labels = [
        ("device", mount.device),
        ("device_error", &*device_error),
        ("fstype", mount.fstype),
        ("mountpoint", &*mount.mountpoint),
    ];
    let mut gauge = |name: &str, help: &str, value: f64| {
        metrics.gauge(&format!("node_filesystem_{name}"), help).sample(&labels, value);
    };
    gauge(
        "device_error",
        "Whether an error occurred while getting statistics for the given device.",
        f64::from(usage.is_err()),
    );
    gauge("readonly", "Filesystem read-only status.", f64::from(mount.is_readonly));
    let Ok(usage) = usage else { return Ok(()) };
    let bytes = |blocks: u64| blocks as f64 * usage.block_size as f64;
    gauge("size_bytes", "Filesystem size in bytes.", bytes(usage.blocks));
    gauge("free_bytes", "Filesystem free space in bytes.", bytes(usage.free));
    gauge(
        "avail_bytes",
        "Filesystem space available to non-root users in bytes.",
        bytes(usage.available),
    );
    gauge("files", "Filesystem total file nodes.", usage.files as f64);
    gauge("files_free", "Filesystem total free file nodes.", usage.files_free as f64);
    // node_exporter shows it on Linux too, where it is always zero.
    gauge(
        "purgeable_bytes",
        "Filesystem space available including purgeable space (MacOS specific).",
        0.0,
    );
    metrics.gauge("node_filesystem_mount_info", "Filesystem mount information.").sample(
        &[
            ("device", mount.device),
            ("major", mount.major),
            ("minor", mount.minor),
            ("mountpoint", &*mount.mountpoint),
        ],
        1_u8,
    );
    Ok(())
}

/// The system's words for the failure, as Go writes them.
fn reason(error: &Error) -> String {
    if error.kind == ErrorKind::Timeout {
        return "mountpoint timeout".into();
    }
    match error.errno() {
        Some("EACCES") => "permission denied".into(),
        Some("EPERM") => "operation not permitted".into(),
        Some("ENOENT") => "no such file or directory".into(),
        Some("ESTALE") => "stale NFS file handle".into(),
        Some("ENOTCONN") => "transport endpoint is not connected".into(),
        Some("EIO") => "input/output error".into(),
        _ => error.message.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::{is_excluded, parse};

    #[test]
    fn kernel_trees_and_the_insides_of_container_stores_are_excluded() {
        for excluded in [
            "/dev",
            "/dev/shm",
            "/proc/sys/fs/binfmt_misc",
            "/var/lib/docker/x",
            "/run/credentials/a",
            "/media/usb",
        ] {
            assert!(is_excluded(excluded), "{excluded}");
        }
        for shown in ["/", "/device", "/var/lib/docker", "/srv", "/runs"] {
            assert!(!is_excluded(shown), "{shown}");
        }
    }

    #[test]
    fn a_line_is_read_with_and_without_optional_fields() {
        let mount =
            parse(r"36 35 98:0 / /a\040b rw,noatime master:1 shared:2 - ext3 /dev/root rw,ro")
                .unwrap();
        assert_eq!(
            (mount.mountpoint.as_str(), mount.device, mount.major),
            ("/a b", "/dev/root", "98")
        );
        assert!(mount.is_readonly);
        assert!(!parse("36 35 98:0 / / rw - ext4 /dev/vda rw").unwrap().is_readonly);
        assert!(parse("36 35").is_none());
    }
}
