//! How records of DNS are judged: every rule, on every section, by both, on the answers of one nameserver.

use std::net::UdpSocket;

use super::judged::Judged;

const SECTIONS: [&str; 3] =
    ["validate_answer_rrs", "validate_authority_rrs", "validate_additional_rrs"];

const RULES: [&str; 4] = [
    "fail_if_matches_regexp",
    "fail_if_all_match_regexp",
    "fail_if_not_matches_regexp",
    "fail_if_none_matches_regexp",
];

/// Expressions that match both records, one of them, or none.
const EXPRESSIONS: [&str; 6] = [
    r"'\.2\.'",
    r"'\.7$'",
    r"'^other'",
    r"'\.2\.', '\.7$'",
    r"'\.7$', '^other'",
    r"'\.7$', '\.8$'",
];

/// Answers questions for `some.test` with two records in each section, and all others with none.
fn nameserver() -> u16 {
    const RECORDS: [[u8; 16]; 2] = [
        *b"\xc0\x0c\0\x01\0\x01\0\0\0\x3c\0\x04\xc0\0\x02\x07",
        *b"\xc0\x0c\0\x01\0\x01\0\0\0\x3c\0\x04\xc0\0\x02\x08",
    ];
    let socket = UdpSocket::bind("127.0.0.1:0").expect("the loopback interface has a free port");
    let port = socket.local_addr().expect("a bound socket has an address").port();
    std::thread::spawn(move || {
        let mut buffer = [0; 512];
        while let Ok((count, asks)) = socket.recv_from(&mut buffer) {
            let mut answer = buffer[..count].to_vec();
            answer[2] |= 0x80;
            if answer[12..].starts_with(b"\x04some") {
                for count in [7, 9, 11] {
                    answer[count] = 2;
                    answer.extend(RECORDS.iter().flatten());
                }
            }
            socket.send_to(&answer, asks).ok();
        }
    });
    port
}

pub(super) fn judged() -> Judged {
    let module = |name: &str, section: &str, rule: &str, expressions: &str| {
        let says = format!("{name} {section} {rule} {expressions}");
        let module = format!(
            "{{ prober: dns, dns: {{ query_name: {name}.test, query_type: A, \
             {section}: {{ {rule}: [{expressions}] }} }} }}"
        );
        (says, module)
    };
    let mut modules = Vec::new();
    for section in SECTIONS {
        for rule in RULES {
            modules.extend(EXPRESSIONS.map(|own| module("some", section, rule, own)));
            modules.push(module("none", section, rule, EXPRESSIONS[0]));
        }
    }
    Judged { kind: "records", target: format!("127.0.0.1:{}", nameserver()), modules }
}
