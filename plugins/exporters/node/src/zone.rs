//! The machine's time zone: `/etc/localtime` names it, and its file (RFC 8536) says the offset.
//!
//! A sandbox has no time zone of its own. Reading the link needs the root `root`, reading the file the root `zoneinfo`;
//! without either, and without the link, the zone is UTC, as it is for any program on a machine that has none set.

mod rule;

use narthex_sdk::files;

use self::rule::Rule;
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

/// Looks the moment up in the second part of the file, whose times have 64 bits. After the last transition the rule at the
/// end of the file holds; where there is none, the last type stays in force.
fn at(file: &[u8], now: i64) -> Option<Zone> {
    let (first, rest) = header(file)?;
    let rest = rest.get(first.data_bytes(4)..)?;
    let (second, data) = header(rest)?;
    let rule = data.get(second.data_bytes(8)..).and_then(rule);
    let (times, data) = data.split_at_checked(second.transitions * 8)?;
    let (indexes, data) = data.split_at_checked(second.transitions)?;
    let (types, data) = data.split_at_checked(second.types * 6)?;
    let names = data.get(..second.name_bytes)?;

    let (times, _) = times.as_chunks::<8>();
    let passed = times.partition_point(|time| i64::from_be_bytes(*time) <= now);
    if let Some(rule) = rule.filter(|_| passed == second.transitions) {
        return Some(rule.at(now));
    }
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

/// The rule, between two ends of lines.
fn rule(footer: &[u8]) -> Option<Rule> {
    let footer = footer.strip_prefix(b"\n")?.split(|byte| *byte == b'\n').next()?;
    Rule::parse(std::str::from_utf8(footer).ok()?)
}

fn header(file: &[u8]) -> Option<(Header, &[u8])> {
    let rest = file.strip_prefix(b"TZif")?;
    let (counts, rest) = rest.get(16..)?.split_at_checked(24)?;
    let (counts, _) = counts.as_chunks::<4>();
    // Nothing that is counted has less than a byte.
    let count = |index: usize| {
        let count = usize::try_from(u32::from_be_bytes(*counts.get(index)?)).ok();
        count.filter(|count| *count <= rest.len())
    };
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
    use super::{Zone, at, rule::Rule};

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

    /// After the last transition the rule at the end holds, and without transitions always.
    #[test]
    fn a_slim_file_ends_in_a_rule() {
        let rule = b"\nEST5EDT,M3.2.0,M11.1.0\n";
        let with_rule = [file().as_slice(), rule].concat();
        assert_eq!(at(&with_rule, 999).unwrap().name, "CET");
        assert_eq!(at(&with_rule, 1_836_457_200).unwrap().name, "EDT");
        let mut bare = [header(0, 0, 0), header(0, 1, 4)].concat();
        bare.extend([0; 6]);
        bare.extend(b"LMT\0");
        let with_rule = [bare.as_slice(), rule].concat();
        assert_eq!(at(&with_rule, 1_836_457_199).unwrap().offset_seconds, -5 * 3600);
        let damaged = [bare.as_slice(), b"\nEST5EDT,M13.2.0\n"].concat();
        for without_rule in [bare, damaged] {
            assert_eq!(at(&without_rule, 1_836_457_199).unwrap().name, "LMT");
        }
    }

    /// The expected zones were computed by other programs.
    #[test]
    fn rules_are_those_of_posix() {
        for (rule, at, name, offset) in [
            ("CET-1CEST,M3.5.0,M10.5.0/3", 1_837_645_199, "CET", 3600),
            ("CET-1CEST,M3.5.0,M10.5.0/3", 1_837_645_200, "CEST", 7200),
            ("CET-1CEST,M3.5.0,M10.5.0/3", 1_856_393_999, "CEST", 7200),
            ("CET-1CEST,M3.5.0,M10.5.0/3", 1_856_394_000, "CET", 3600),
            ("EST5EDT,M3.2.0,M11.1.0", 1_857_016_799, "EDT", -14_400),
            ("EST5EDT,M3.2.0,M11.1.0", 1_857_016_800, "EST", -18_000),
            ("<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", 1_838_213_999, "+11", 39_600),
            ("<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", 1_838_214_000, "+1030", 37_800),
            ("<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", 1_853_940_600, "+11", 39_600),
            ("IST-1GMT0,M10.5.0,M3.5.0/1", 1_837_645_199, "GMT", 0),
            ("IST-1GMT0,M10.5.0,M3.5.0/1", 1_837_645_200, "IST", 3600),
            ("<-02>2<-01>,M3.5.0/-1,M10.5.0/0", 1_837_645_199, "-02", -7200),
            ("<-02>2<-01>,M3.5.0/-1,M10.5.0/0", 1_837_645_200, "-01", -3600),
            ("EET-2EEST,M3.4.4/50,M10.4.4/50", 1_837_555_199, "EET", 7200),
            ("EET-2EEST,M3.4.4/50,M10.4.4/50", 1_837_555_200, "EEST", 10_800),
            ("AAA3BBB,J60/0,J365", 1_835_492_399, "AAA", -10_800),
            ("AAA3BBB,J60/0,J365", 1_835_492_400, "BBB", -7200),
            ("AAA3BBB,59/0,300/12:30:15", 1_835_405_999, "AAA", -10_800),
            ("AAA3BBB,59/0,300/12:30:15", 1_835_406_000, "BBB", -7200),
            ("AAA3BBB,59/0,300/12:30:15", 1_856_269_814, "BBB", -7200),
            ("AAA3BBB,59/0,300/12:30:15", 1_856_269_815, "AAA", -10_800),
            ("XXX3EDT4,0/0,J365/23", 1_830_297_600, "EDT", -14_400),
            ("<+0545>-5:45", 0, "+0545", 20_700),
        ] {
            let zone = Rule::parse(rule).unwrap().at(at);
            assert_eq!(zone, Zone { name: name.into(), offset_seconds: offset }, "{rule} {at}");
        }
        for wrong in [
            "",
            "5",
            "CET",
            "CET-1CEST",
            "CET-25",
            "CET-1CEST,M3.5.0",
            "CET-1CEST,M3.6.0,M1.1.1",
            "CET-1CEST,J0,J5",
            "CET-1CEST,5,366",
            "<CET-1",
            "CET-1CEST,1,2,3",
            "CET-1:60",
        ] {
            assert_eq!(Rule::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_damaged_file_is_no_zone() {
        for length in 0..file().len() - 1 {
            assert_eq!(at(&file()[..length], 999), None, "{length}");
        }
        assert_eq!(at(&[0xff; 200], 0), None);
    }
}
