use std::time::Duration;

use narthex_sdk::testing::FakeHost;

use super::*;

/// Made by openssl: `/C=DE/O=Narthex, Tests/OU=One/OU=Two/CN=probe.test/emailAddress=a@b.test`, for the hosts
/// `probe.test` and `localhost` and an address.
const DER: &[u8] = include_bytes!("probe.test.der");
const ENDS: i64 = 2_111_076_353;
const UNTIL: &[u8] = b"361123180553Z";
const SERIAL: &str = "62d160b76437855c872deedef31383591cd4640a";
const FINGERPRINT: &str = "ab1264d9f818264e9031c3c4a90f771f11bd5b23d09bf5b803f40cc6ed6bce4c";

#[test]
fn a_certificate_is_read() {
    let read = Certificate::read(DER).unwrap();
    let name =
        "CN=probe.test,OU=One+OU=Two,O=Narthex\\, Tests,C=DE,1.2.840.113549.1.9.1=#1608614062";
    assert!(read.subject.starts_with(name), "{}", read.subject);
    assert_eq!(
        (&read.issuer, read.names),
        (&read.subject, vec!["probe.test".into(), "localhost".into()])
    );
    assert_eq!(read.ends, ENDS);
    assert_eq!(read.serial, SERIAL);
}

#[test]
fn damage_is_no_certificate() {
    for len in 0..DER.len() {
        // Only the front counts; the signature is the host's to judge.
        let _may_be_none = Certificate::read(&DER[..len]);
        let mut damaged = DER.to_vec();
        damaged[len] ^= 0xff;
        let _may_be_none = Certificate::read(&damaged);
    }
    assert_eq!(Certificate::read(&DER[..100]), None);
}

#[test]
fn the_first_to_end_of_a_chain_is_told() {
    let text = FakeHost::new().run(|| {
        let mut probe = Probe::start(Duration::from_secs(1));
        let facts = [Label::new("tls-version", "TLS 1.2"), Label::new("tls-cipher", "TLS_X")];
        // The second ends in 2000, before the first.
        let mut other = DER.to_vec();
        let place = DER.windows(13).position(|bytes| bytes == UNTIL).unwrap();
        other[place..place + 2].copy_from_slice(b"00");
        add(&mut probe, &facts, &[DER.to_vec(), other], true);
        probe.finish(true).text()
    });
    for sample in [
        "probe_tls_version_info{version=\"TLS 1.2\"} 1",
        "probe_tls_cipher_info{cipher=\"TLS_X\"} 1",
        &format!("fingerprint_sha256=\"{FINGERPRINT}\""),
        "subjectalternative=\"probe.test,localhost\"",
    ] {
        assert!(text.contains(sample), "{sample} is not in {text}");
    }
    let ends = text.lines().find_map(|line| line.strip_prefix("probe_ssl_earliest_cert_expiry "));
    assert!(ends.unwrap().parse::<f64>().unwrap() < 978_307_200.0, "in 2000: {text}");
}
