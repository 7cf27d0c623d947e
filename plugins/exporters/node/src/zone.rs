//! The machine's time zone: `/etc/localtime` names it, and its file (RFC 8536) says the offset.
//!
//! A sandbox has no time zone of its own. Reading the link needs the root `root`, reading the file the root `zoneinfo`;
//! without either, and without the link, the zone is UTC, as it is for any program on a machine that has none set.

use narthex_sdk::files;

use crate::source::{ROOT, ZONEINFO};

/// A zone at one moment.
#[derive(Debug, PartialEq)]
pub(crate) struct Zone {
    /// Its abbreviation: `CET`.
    pub(crate) name: String,
    /// Seconds east of Greenwich.
    pub(crate) offset_seconds: i32,
}

/// The zone at a moment in seconds since the Unix epoch.
pub(crate) fn local(now: i64) -> Zone {
    local_file()
        .and_then(|file| at(&file, now))
        .unwrap_or(Zone { name: "UTC".into(), offset_seconds: 0 })
}

fn local_file() -> Option<Vec<u8>> {
    let link = files::read_link(ROOT, "etc/localtime").ok()?;
    let (_, name) = link.split_once("zoneinfo/")?;
    files::read(ZONEINFO, name).ok()
}

/// The counts in a header, in the order in which the file has them.
struct Header {
    utc_indicators: usize,
    standard_indicators: usize,
    leap_seconds: usize,
    transitions: usize,
    types: usize,
    name_bytes: usize,
}

/// Looks the moment up in the second part of the file, whose times have 64 bits. After the last transition its type
/// stays in force: files list them until 2037.
fn at(file: &[u8], now: i64) -> Option<Zone> {
    let (first, rest) = header(file)?;
    let rest = rest.get(first.data_bytes(4)..)?;
    let (second, data) = header(rest)?;
    let (times, data) = data.split_at_checked(second.transitions * 8)?;
    let (indexes, data) = data.split_at_checked(second.transitions)?;
    let (types, data) = data.split_at_checked(second.types * 6)?;
    let names = data.get(..second.name_bytes)?;

    let (times, _) = times.as_chunks::<8>();
    let passed = times.partition_point(|time| i64::from_be_bytes(*time) <= now);
    let kind = match passed.checked_sub(1) {
        Some(last) => usize::from(*indexes.get(last)?),
        None => 0,
    };
    let (types, _) = types.as_chunks::<6>();
    let [o0, o1, o2, o3, _is_summer, name] = *types.get(kind)?;
    let name = names.get(usize::from(name)..)?.split(|byte| *byte == 0).next()?;
    Some(Zone {
        name: String::from_utf8_lossy(name).into_owned(),
        offset_seconds: i32::from_be_bytes([o0, o1, o2, o3]),
    })
}

fn header(file: &[u8]) -> Option<(Header, &[u8])> {
    let rest = file.strip_prefix(b"TZif")?;
    let (counts, rest) = rest.get(16..)?.split_at_checked(24)?;
    let (counts, _) = counts.as_chunks::<4>();
    let count = |index: usize| usize::try_from(u32::from_be_bytes(*counts.get(index)?)).ok();
    let header = Header {
        utc_indicators: count(0)?,
        standard_indicators: count(1)?,
        leap_seconds: count(2)?,
        transitions: count(3)?,
        types: count(4)?,
        name_bytes: count(5)?,
    };
    Some((header, rest))
}

impl Header {
    fn data_bytes(&self, time_bytes: usize) -> usize {
        self.transitions * (time_bytes + 1)
            + self.types * 6
            + self.name_bytes
            + self.leap_seconds * (time_bytes + 4)
            + self.standard_indicators
            + self.utc_indicators
    }
}

#[cfg(test)]
mod tests {
    use super::{Zone, at};

    /// A header with these counts: transitions, types, bytes of names.
    fn header(transitions: u32, types: u32, name_bytes: u32) -> Vec<u8> {
        let mut bytes = b"TZif2".to_vec();
        bytes.resize(20, 0);
        for count in [0, 0, 0, transitions, types, name_bytes] {
            bytes.extend_from_slice(&u32::to_be_bytes(count));
        }
        bytes
    }

    /// CET until 1000, then CEST.
    fn file() -> Vec<u8> {
        let mut bytes = header(0, 0, 0);
        bytes.extend(header(1, 2, 9));
        bytes.extend(i64::to_be_bytes(1000));
        bytes.push(1);
        bytes.extend([0, 0, 0x0e, 0x10, 0, 0]);
        bytes.extend([0, 0, 0x1c, 0x20, 1, 4]);
        bytes.extend(b"CET\0CEST\0");
        bytes
    }

    #[test]
    fn a_zone_changes_with_its_transitions() {
        assert_eq!(at(&file(), 999).unwrap(), Zone { name: "CET".into(), offset_seconds: 3600 });
        assert_eq!(at(&file(), 1000).unwrap(), Zone { name: "CEST".into(), offset_seconds: 7200 });
    }

    #[test]
    fn a_damaged_file_is_no_zone() {
        for length in 0..file().len() - 1 {
            assert_eq!(at(&file()[..length], 999), None, "{length}");
        }
        assert_eq!(at(&[0xff; 200], 0), None);
    }
}
