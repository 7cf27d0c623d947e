//! What certificates say, and the metrics of a connection with TLS.

use std::fmt::Write as _;

use narthex_sdk::{Label, facts};
use sha2::{Digest as _, Sha256};

use crate::{
    der::{INTEGER, Part, Parts},
    probe::Probe,
};

/// What is told of a certificate.
#[derive(Debug, PartialEq, Eq)]
struct Certificate {
    serial: String,
    issuer: String,
    subject: String,
    names: Vec<String>,
    /// The end of its validity, in seconds since the Unix epoch.
    ends: i64,
}

/// Attributes of names that have a letter: the last byte of their identifiers 2.5.4.x, in the order in which Go's library,
/// and so blackbox_exporter, tells them.
const NAMED: [(u8, &str); 9] = [
    (5, "SERIALNUMBER"),
    (3, "CN"),
    (17, "POSTALCODE"),
    (9, "STREET"),
    (8, "ST"),
    (7, "L"),
    (11, "OU"),
    (10, "O"),
    (6, "C"),
];

impl Certificate {
    fn read(der: &[u8]) -> Option<Self> {
        let mut body = Parts(der).next()?.sequence()?.next()?.sequence()?;
        let mut part = body.next()?;
        if part.tag == 0xa0 {
            // The version.
            part = body.next()?;
        }
        if part.tag != INTEGER {
            return None;
        }
        let serial = part.content.iter().skip_while(|byte| **byte == 0);
        let serial = hexadecimal(serial);
        body.next()?;
        let issuer = name(body.next()?)?;
        let ends = body.next()?.sequence()?.nth(1)?;
        let ends = ends.moment()?;
        let subject = name(body.next()?)?;
        let extensions = body.find(|part| part.tag == 0xa3);
        let names = extensions.and_then(alternative_names).unwrap_or_default();
        Some(Self { serial, issuer, subject, names, ends })
    }
}

/// The names of hosts in the extension for alternative names.
fn alternative_names(extensions: Part<'_>) -> Option<Vec<String>> {
    const IDENTIFIER: [u8; 3] = [0x55, 0x1d, 0x11];
    const OCTETS: u8 = 0x04;
    const HOST: u8 = 0x82;
    let mut all = extensions.parts().next()?.sequence()?;
    let of_names = |part: &Part<'_>| {
        part.parts().next().is_some_and(|identifier| identifier.content == IDENTIFIER)
    };
    let octets = all.find(of_names)?.parts().find(|part| part.tag == OCTETS)?;
    let hosts = octets.parts().next()?.sequence()?.filter(|part| part.tag == HOST);
    Some(hosts.map(|part| String::from_utf8_lossy(part.content).into_owned()).collect())
}

/// A name in the form of RFC 2253.
fn name(part: Part<'_>) -> Option<String> {
    let mut found: Vec<(&[u8], Part<'_>)> = Vec::new();
    for set in part.sequence()? {
        for attribute in set.parts() {
            let mut attribute = attribute.sequence()?;
            found.push((attribute.next()?.content, attribute.next()?));
        }
    }
    let known = NAMED.iter().filter_map(|(last, letters)| {
        let identifier = [0x55, 0x04, *last];
        let same = found.iter().filter(|(own, _)| *own == identifier);
        let same: Vec<String> = same
            .map(|(_, value)| {
                format!("{letters}={}", escaped(&String::from_utf8_lossy(value.content)))
            })
            .collect();
        // What there may be one of is told once, the last; others stand together.
        let is_single = matches!(last, 3 | 5);
        let last_of_all = same.last().cloned().filter(|_| is_single);
        (!same.is_empty()).then(|| last_of_all.unwrap_or_else(|| same.join("+")))
    });
    let is_named =
        |identifier: &[u8]| NAMED.iter().any(|(last, _)| identifier == [0x55, 0x04, *last]);
    let others = found.iter().rev().filter(|(identifier, _)| !is_named(identifier));
    let others = others.map(|(identifier, value)| {
        format!("{}=#{}", dotted(identifier), hexadecimal(value.whole.iter()))
    });
    Some(known.chain(others).collect::<Vec<_>>().join(","))
}

/// An object identifier as numbers with dots.
fn dotted(identifier: &[u8]) -> String {
    let mut numbers: Vec<u64> = Vec::new();
    let mut number = 0_u64;
    for byte in identifier {
        number = number << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            if numbers.is_empty() {
                let first = (number / 40).min(2);
                numbers.push(first);
                number -= first * 40;
            }
            numbers.push(std::mem::take(&mut number));
        }
    }
    numbers.iter().map(u64::to_string).collect::<Vec<_>>().join(".")
}

fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    let last = text.chars().count().saturating_sub(1);
    for (place, character) in text.chars().enumerate() {
        let is_at_edge = match character {
            ' ' => place == 0 || place == last,
            '#' => place == 0,
            _ => false,
        };
        if is_at_edge || matches!(character, ',' | '+' | '"' | '\\' | '<' | '>' | ';') {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

fn hexadecimal<'a>(bytes: impl Iterator<Item = &'a u8>) -> String {
    bytes.fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _infallible = write!(text, "{byte:02x}");
        text
    })
}

/// Adds what is known of TLS; nothing where there was none.
pub(crate) fn add(probe: &mut Probe, facts: &[Label], chain: &[Vec<u8>], with_cipher: bool) {
    let Some(version) = facts::text(facts, "tls-version") else { return };
    let metrics = &mut probe.metrics;
    metrics
        .gauge("probe_tls_version_info", "The version of TLS.")
        .sample(&[("version", version)], 1);
    if with_cipher && let Some(cipher) = facts::text(facts, "tls-cipher") {
        metrics
            .gauge("probe_tls_cipher_info", "The cipher of TLS.")
            .sample(&[("cipher", cipher)], 1);
    }
    let read: Vec<Certificate> = chain.iter().filter_map(|der| Certificate::read(der)).collect();
    if let Some(ends) = read.iter().map(|certificate| certificate.ends).min() {
        for (name, help) in [
            ("probe_ssl_earliest_cert_expiry", "When the first of the certificates ends."),
            (
                "probe_ssl_last_chain_expiry_timestamp_seconds",
                "When the chain that was shown ends.",
            ),
        ] {
            metrics.gauge(name, help).set(ends);
        }
    }
    let (Some(own), Some(der)) = (read.first(), chain.first()) else { return };
    let fingerprint = hexadecimal(Sha256::digest(der).iter());
    metrics.gauge("probe_ssl_last_chain_info", "The certificate of who was probed.").sample(
        &[
            ("fingerprint_sha256", &fingerprint),
            ("subject", &own.subject),
            ("issuer", &own.issuer),
            ("subjectalternative", &own.names.join(",")),
            ("serialnumber", &own.serial),
        ],
        1,
    );
}

#[cfg(test)]
mod tests;
