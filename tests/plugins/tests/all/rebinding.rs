//! A name whose owner changes what it leads to, between two look-ups and within one answer.
//!
//! The test runs itself again in namespaces of its own, where the system's resolver asks a nameserver of the test and the
//! loopback interface has public addresses.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, TcpListener, UdpSocket};
use std::process::Command;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};

use narthex_harness::skip;
use narthex_plugin_tests::{Host, guest};
use narthex_plugins::{CallError, GuestErrorKind};
use serde_json::{Value, json};

/// Says to the test that it is inside.
const INSIDE: &str = "NARTHEX_REBINDING";

/// Reserved for documentation; within, it leads to this machine, and no rule of the host says so.
const PUBLIC: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const CLOUD: Ipv4Addr = Ipv4Addr::new(169, 254, 169, 254);

/// Has the resolver ask 127.0.0.1 and nobody else: neither files nor daemons, whose sockets lie under /run.
const SET_UP: &str = r#"set -e
ip link set lo up
ip address add 192.0.2.1/32 dev lo
ip address add 169.254.169.254/32 dev lo
mount -t tmpfs none /run
echo "nameserver 127.0.0.1" > /run/resolv.conf
mount --bind /run/resolv.conf /etc/resolv.conf
echo "hosts: dns" > /run/nsswitch.conf
test ! -e /etc/nsswitch.conf || mount --bind /run/nsswitch.conf /etc/nsswitch.conf
exec "$0" "$@"
"#;

fn within(program: &std::path::Path) -> Command {
    let mut command = Command::new("unshare");
    command.args(["--map-root-user", "--mount", "--net", "sh", "-c", SET_UP]).arg(program);
    command
}

#[test]
fn a_name_that_changes_its_mind_leads_nowhere_else() {
    if std::env::var_os(INSIDE).is_some() {
        return tokio::runtime::Runtime::new().unwrap().block_on(inside());
    }
    let can = within("true".as_ref()).output();
    if !can.is_ok_and(|output| output.status.success()) {
        return skip("a nameserver of its own: this machine lets nobody make namespaces");
    }
    let own = std::env::current_exe().unwrap();
    let name = std::thread::current().name().unwrap().to_owned();
    let output = within(&own).args(["--exact", &name, "--nocapture"]).env(INSIDE, "1").output();
    let output = output.unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

/// A nameserver that tells these addresses for whatever name, one answer after the other; the last one for ever.
fn nameserver() -> Arc<Mutex<VecDeque<Vec<Ipv4Addr>>>> {
    let answers = Arc::new(Mutex::new(VecDeque::from([vec![]])));
    let told = Arc::clone(&answers);
    let socket = UdpSocket::bind("127.0.0.1:53").unwrap();
    std::thread::spawn(move || {
        let mut query = [0; 512];
        while let Ok((len, from)) = socket.recv_from(&mut query) {
            let end = 12 + query[12..len].iter().position(|byte| *byte == 0).unwrap() + 5;
            let is_of_v4 = query[end - 4..end - 2] == [0, 1];
            let addresses = if is_of_v4 { next(&told) } else { Vec::new() };
            // The question again, then a pointer to its name, A, IN, no time to live, and the address.
            let mut answer = query[..end].to_vec();
            let count = u8::try_from(addresses.len()).unwrap();
            answer[2..12].copy_from_slice(&[0x81, 0x80, 0, 1, 0, count, 0, 0, 0, 0]);
            for address in addresses {
                answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4]);
                answer.extend(address.octets());
            }
            socket.send_to(&answer, from).unwrap();
        }
    });
    answers
}

fn next(answers: &Mutex<VecDeque<Vec<Ipv4Addr>>>) -> Vec<Ipv4Addr> {
    let mut answers = answers.lock().unwrap();
    if answers.len() > 1 { answers.pop_front().unwrap() } else { answers[0].clone() }
}

/// A server at every address of the machine; tells at which it was asked.
fn server() -> (u16, Receiver<IpAddr>) {
    let listener = TcpListener::bind("0.0.0.0:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (asked, requests) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            asked.send(stream.local_addr().unwrap().ip()).unwrap();
            assert!(stream.read(&mut [0; 4096]).is_ok());
            let answer = b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n";
            stream.write_all(answer).unwrap();
        }
    });
    (port, requests)
}

async fn inside() {
    let answers = nameserver();
    let (port, requests) = server();
    let yaml = format!("allow: {{ modes: {{ net: ['flips.example:{port}'] }} }}");
    let host = Host::start(&[("modes", &guest("modes"))], &yaml).await;
    let url = format!("http://flips.example:{port}/");
    let ways: [Value; 3] = [
        json!({ "mode": "net", "url": url }),
        json!({ "mode": "probe", "url": url }),
        json!({ "mode": "tcp", "host": "flips.example", "port": port }),
    ];
    for config in ways {
        for (bad, why) in
            [(Ipv4Addr::LOCALHOST, "an address of this machine"), (CLOUD, "a link-local address")]
        {
            // What is judged is what is connected to: whoever looked the name up once more would be led astray.
            *answers.lock().unwrap() = [vec![PUBLIC], vec![bad]].into();
            host.collect("modes", config.clone()).await.unwrap();
            assert_eq!(requests.try_recv(), Ok(IpAddr::V4(PUBLIC)), "{config}");
            // The next call looks it up anew, and is refused.
            let Err(CallError::Refused(error)) = host.collect("modes", config.clone()).await else {
                panic!("{config}: it was led to {bad}");
            };
            assert_eq!(error.kind, GuestErrorKind::Denied, "{error}");
            assert!(error.message.contains(why), "{error}");
            // Of two addresses in one answer only the good one is connected to.
            *answers.lock().unwrap() = [vec![bad, PUBLIC]].into();
            host.collect("modes", config.clone()).await.unwrap();
            assert_eq!(requests.try_recv(), Ok(IpAddr::V4(PUBLIC)), "{config}");
            assert!(requests.try_recv().is_err(), "{config}");
        }
    }
}
