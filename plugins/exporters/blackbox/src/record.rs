//! Records of DNS, written as in a zone file, tabs between the fields, so that expressions for blackbox_exporter match.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::message::Reader;

pub(crate) const ANY: u16 = 255;
pub(crate) const SOA: u16 = 6;
pub(crate) const INTERNET: u16 = 1;

const KINDS: [(&str, u16); 33] = [
    ("A", 1),
    ("NS", 2),
    ("CNAME", 5),
    ("SOA", SOA),
    ("NULL", 10),
    ("PTR", 12),
    ("HINFO", 13),
    ("MX", 15),
    ("TXT", 16),
    ("RP", 17),
    ("AFSDB", 18),
    ("AAAA", 28),
    ("LOC", 29),
    ("SRV", 33),
    ("NAPTR", 35),
    ("CERT", 37),
    ("DNAME", 39),
    ("OPT", 41),
    ("DS", 43),
    ("SSHFP", 44),
    ("RRSIG", 46),
    ("NSEC", 47),
    ("DNSKEY", 48),
    ("NSEC3", 50),
    ("NSEC3PARAM", 51),
    ("TLSA", 52),
    ("CDS", 59),
    ("CDNSKEY", 60),
    ("OPENPGPKEY", 61),
    ("SVCB", 64),
    ("HTTPS", 65),
    ("ANY", ANY),
    ("CAA", 257),
];

const CLASSES: [(&str, u16); 5] =
    [("IN", INTERNET), ("CH", 3), ("HS", 4), ("NONE", 254), ("ANY", 255)];

const RCODES: [(&str, u16); 12] = [
    ("NOERROR", 0),
    ("FORMERR", 1),
    ("SERVFAIL", 2),
    ("NXDOMAIN", 3),
    ("NOTIMP", 4),
    ("REFUSED", 5),
    ("YXDOMAIN", 6),
    ("YXRRSET", 7),
    ("NXRRSET", 8),
    ("NOTAUTH", 9),
    ("NOTZONE", 10),
    ("DSOTYPENI", 11),
];

fn number(table: &[(&str, u16)], name: &str) -> Option<u16> {
    table.iter().find(|(known, _)| *known == name).map(|(_, number)| *number)
}

/// The name of a number; where it has none, the prefix and the number.
fn name(table: &[(&str, u16)], number: u16, prefix: &str) -> String {
    let known = table.iter().find(|(_, known)| *known == number);
    known.map_or_else(|| format!("{prefix}{number}"), |(name, _)| (*name).to_owned())
}

pub(crate) fn kind(name: &str) -> Option<u16> {
    number(&KINDS, name)
}

pub(crate) fn class(name: &str) -> Option<u16> {
    number(&CLASSES, name)
}

pub(crate) fn rcode(name: &str) -> Option<u16> {
    number(&RCODES, name)
}

pub(crate) fn rcode_name(rcode: u16) -> String {
    name(&RCODES, rcode, "RCODE")
}

/// One record.
#[derive(Debug)]
pub(crate) struct Record {
    /// Name, time to live, class, type, data.
    pub(crate) text: String,
    /// Of a record SOA.
    pub(crate) serial: Option<u32>,
}

impl Record {
    pub(crate) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let owner = reader.name()?;
        let (kind, class, ttl) = (reader.word()?, reader.word()?, reader.long()?);
        let len = usize::from(reader.word()?);
        let mut inside = *reader;
        let raw = reader.take(len)?;
        let mut serial = None;
        let data = data(kind, &mut inside, raw, &mut serial)
            // Names may lead elsewhere, but what is read ends where the data does.
            .filter(|_| inside.at() == reader.at());
        let data = data.unwrap_or_else(|| unknown(raw));
        let (class, kind) = (name(&CLASSES, class, "CLASS"), name(&KINDS, kind, "TYPE"));
        Some(Self { text: format!("{owner}\t{ttl}\t{class}\t{kind}\t{data}"), serial })
    }
}

/// The data of a record of a known type.
fn data(
    kind: u16,
    reader: &mut Reader<'_>,
    raw: &[u8],
    serial: &mut Option<u32>,
) -> Option<String> {
    Some(match kind {
        1 => Ipv4Addr::from(*reader.take(4)?.first_chunk::<4>()?).to_string(),
        28 => Ipv6Addr::from(*reader.take(16)?.first_chunk::<16>()?).to_string(),
        2 | 5 | 12 | 39 => reader.name()?,
        SOA => {
            let (server, mail) = (reader.name()?, reader.name()?);
            let own = reader.long()?;
            *serial = Some(own);
            let [refresh, retry, expire, least] =
                [reader.long()?, reader.long()?, reader.long()?, reader.long()?];
            format!("{server} {mail} {own} {refresh} {retry} {expire} {least}")
        }
        15 => format!("{} {}", reader.word()?, reader.name()?),
        16 => {
            let end = reader.at() + raw.len();
            let mut texts = Vec::new();
            while reader.at() < end {
                let len = reader.byte()?;
                texts.push(quoted(reader.take(len.into())?));
            }
            texts.join(" ")
        }
        33 => {
            let [priority, weight, port] = [reader.word()?, reader.word()?, reader.word()?];
            format!("{priority} {weight} {port} {}", reader.name()?)
        }
        257 => {
            let (flags, len) = (reader.byte()?, reader.byte()?);
            let tag = String::from_utf8_lossy(reader.take(len.into())?).into_owned();
            let rest = raw.len().checked_sub(usize::from(len) + 2)?;
            format!("{flags} {tag} {}", quoted(reader.take(rest)?))
        }
        _ => return None,
    })
}

/// Data of which only the bytes are known (RFC 3597, part 5).
fn unknown(raw: &[u8]) -> String {
    let bytes: String = raw.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("\\# {} {bytes}", raw.len())
}

fn quoted(text: &[u8]) -> String {
    let mut quoted = String::from("\"");
    for byte in text {
        match byte {
            b'"' | b'\\' => quoted.extend(['\\', char::from(*byte)]),
            b' '..=b'~' => quoted.push(char::from(*byte)),
            other => quoted.push_str(&format!("\\{other:03}")),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use crate::message::Message;

    /// The text of a record of the root with this data.
    #[track_caller]
    fn check(kind: u16, data: &[u8], text: &str) {
        let mut message = b"\0\x01\x80\0\0\0\0\x01\0\0\0\0\0".to_vec();
        message.extend(kind.to_be_bytes());
        message.extend(b"\0\x01\0\0\0\x05");
        message.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
        message.extend(data);
        let read = Message::read(&message).unwrap();
        assert_eq!(read.answers[0].text, format!(".\t5\tIN\t{text}"));
    }

    #[test]
    fn records_are_written_as_in_a_zone_file() {
        check(1, &[192, 0, 2, 1], "A\t192.0.2.1");
        check(28, &[0; 16], "AAAA\t::");
        check(2, b"\x02ns\0", "NS\tns.");
        check(15, b"\0\x0a\x01m\0", "MX\t10 m.");
        check(16, b"\x03a\"b\x01c", "TXT\t\"a\\\"b\" \"c\"");
        check(33, b"\0\x01\0\x02\0\x35\x01s\0", "SRV\t1 2 53 s.");
        check(
            6,
            b"\x01n\0\x01m\0\0\0\0\x07\0\0\0\x01\0\0\0\x02\0\0\0\x03\0\0\0\x04",
            "SOA\tn. m. 7 1 2 3 4",
        );
        check(257, b"\0\x05issueca.test", "CAA\t0 issue \"ca.test\"");
        check(999, &[1, 0xab], "TYPE999\t\\# 2 01ab");
        // What is no address is shown as it is.
        check(1, &[192, 0], "A\t\\# 2 c000");
        check(2, b"\x02ns\0x", "NS\t\\# 5 026e730078");
    }
}
