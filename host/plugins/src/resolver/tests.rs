use std::net::{TcpListener, UdpSocket as StdUdpSocket};

use super::*;

const WITHIN: Duration = Duration::from_secs(10);

/// What a nameserver does with a question.
type Behavior = fn(&mut Vec<u8>);

/// Turns a question into an answer with a code and these records (as bytes after the name).
fn answer(message: &mut Vec<u8>, code: u8, records: &[&[u8]]) {
    message[2] |= 0x80;
    message[3] = code;
    message[7] = u8::try_from(records.len()).unwrap();
    for record in records {
        message.extend_from_slice(&[0xc0, 12]);
        message.extend_from_slice(record);
    }
}

/// Type A, class IN, 60 s, 192.0.2.1.
const A_RECORD: &[u8] = &[0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 1];

/// A nameserver that answers over UDP with the first and over TCP with the second behavior.
fn serve(by_datagram: impl Fn(&mut Vec<u8>) + Send + 'static, by_stream: Behavior) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let socket = StdUdpSocket::bind(address).unwrap();
    std::thread::spawn(move || {
        let mut buffer = [0; 512];
        while let Ok((count, peer)) = socket.recv_from(&mut buffer) {
            let mut message = buffer[..count].to_vec();
            by_datagram(&mut message);
            socket.send_to(&message, peer).ok();
        }
    });
    std::thread::spawn(move || {
        use std::io::{Read, Write};
        while let Ok((mut stream, _)) = listener.accept() {
            let mut len = [0; 2];
            stream.read_exact(&mut len).unwrap();
            let mut message = vec![0; usize::from(u16::from_be_bytes(len))];
            stream.read_exact(&mut message).unwrap();
            by_stream(&mut message);
            let len = u16::try_from(message.len()).unwrap();
            stream.write_all(&[&len.to_be_bytes(), message.as_slice()].concat()).unwrap();
        }
    });
    address
}

fn silent() -> (StdUdpSocket, SocketAddr) {
    let socket = StdUdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    (socket, address)
}

async fn look_up(server: SocketAddr, name: &str, kind: Kind) -> Result<Vec<String>, String> {
    let records = Resolver::new(vec![server]).look_up(name, kind, WITHIN).await;
    let data = |records: Vec<Record>| records.into_iter().map(|record| record.data).collect();
    records.map(data).map_err(|error| error.to_string())
}

#[tokio::test]
async fn records_are_told_in_presentation_format() {
    let server = serve(|message| answer(message, 0, &[A_RECORD, A_RECORD]), |_| {});
    assert_eq!(look_up(server, "db.", Kind::A).await.unwrap(), ["192.0.2.1", "192.0.2.1"]);
    let server = serve(
        |message| {
            // Priority 10, weight 60, port 5060, target: the question's name.
            let srv = [0, 33, 0, 1, 0, 0, 0, 60, 0, 8, 0, 10, 0, 60, 0x13, 0xc4, 0xc0, 12];
            answer(message, 0, &[&srv]);
        },
        |_| {},
    );
    assert_eq!(look_up(server, "a.b.", Kind::Srv).await.unwrap(), ["10 60 5060 a.b."]);
    let server = serve(
        |message| {
            let txt = [0, 16, 0, 1, 0, 0, 0, 60, 0, 6, 2, b'h', b'"', 2, b'i', 7];
            answer(message, 0, &[&txt]);
        },
        |_| {},
    );
    assert_eq!(look_up(server, "a.", Kind::Txt).await.unwrap(), [r#""h\"" "i\007""#]);
}

#[tokio::test]
async fn a_name_that_is_not_there_has_no_records_and_a_refusal_is_an_error() {
    let server = serve(|message| answer(message, 3, &[]), |_| {});
    assert!(look_up(server, "a.", Kind::A).await.unwrap().is_empty());
    let server = serve(|message| answer(message, 2, &[]), |_| {});
    let error = look_up(server, "a.", Kind::A).await.unwrap_err();
    assert!(error.ends_with("answered SERVFAIL"), "{error}");
}

#[tokio::test]
async fn an_answer_that_does_not_fit_is_asked_for_by_stream() {
    let truncated: Behavior = |message| {
        answer(message, 0, &[]);
        message[2] |= 0x02;
    };
    let server = serve(truncated, |message| answer(message, 0, &[A_RECORD]));
    assert_eq!(look_up(server, "a.", Kind::A).await.unwrap(), ["192.0.2.1"]);
}

#[tokio::test]
async fn an_answer_to_another_question_is_not_taken() {
    let forged: Behavior = |message| {
        answer(message, 0, &[A_RECORD]);
        message[0] ^= 0xff;
    };
    let server = serve(forged, |_| {});
    let resolver = Resolver::new(vec![server]);
    let error = resolver.look_up("a.", Kind::A, Duration::from_millis(300)).await.unwrap_err();
    assert!(matches!(error, LookupError::Timeout { .. }), "{error}");
}

#[tokio::test]
async fn the_next_server_is_asked_when_one_is_silent() {
    let (_held, dead) = silent();
    let good = serve(|message| answer(message, 0, &[A_RECORD]), |_| {});
    let resolver = Resolver::new(vec![dead, good]);
    let records = resolver.look_up("a.", Kind::A, Duration::from_secs(2)).await.unwrap();
    assert_eq!(records.len(), 1);
}

/// What a search list finds of `x` at a server that knows `x.good.`, refuses what lies below `bad.` and is silent about
/// what lies below `dead.`; below `none.` the name has no such record.
async fn search(suffixes: &str) -> Result<usize, LookupError> {
    let has =
        |message: &[u8], suffix: &[u8]| message.windows(suffix.len()).any(|part| part == suffix);
    let server = serve(
        move |message| match message {
            _ if has(message, b"good") => answer(message, 0, &[A_RECORD]),
            _ if has(message, b"none") => answer(message, 0, &[]),
            _ if has(message, b"bad") => answer(message, 2, &[]),
            // What comes back as it was is no answer.
            _ if has(message, b"dead") => {}
            _ => answer(message, 3, &[]),
        },
        |_| {},
    );
    let list = Resolver::from_resolv_conf(&format!("search {suffixes}"));
    let resolver = Resolver { servers: vec![server], ..list };
    resolver.look_up("x", Kind::A, Duration::from_secs(4)).await.map(|records| records.len())
}

#[tokio::test]
async fn a_suffix_that_fails_does_not_keep_the_next_from_being_tried() {
    for (suffixes, records) in [
        ("good", 1),
        ("bad good", 1),
        ("dead good", 1),
        ("other good", 1),
        ("none good", 0),
        ("other", 0),
    ] {
        assert_eq!(search(suffixes).await.unwrap(), records, "{suffixes}");
    }
    let refused = search("bad other").await.unwrap_err().to_string();
    assert!(refused.starts_with("look up x.bad.: ") && refused.ends_with("SERVFAIL"), "{refused}");
    let silent = search("other dead").await.unwrap_err().to_string();
    assert!(silent.starts_with("look up x.dead.: no answer"), "{silent}");
}

#[test]
fn lines_of_options_add_up() {
    let ndots = |text| Resolver::from_resolv_conf(text).ndots;
    assert_eq!(ndots("options ndots:5\noptions edns0\n"), 5);
    assert_eq!(ndots("options ndots:5 timeout:1 ndots:2\noptions ndots:x"), 2);
    assert_eq!(ndots("options ndots:99"), 15);
    assert_eq!(ndots("options rotate"), 1);
}

#[test]
fn the_system_s_list_is_read() {
    let text = "# comment\nnameserver 192.0.2.1\nnameserver fd00::1\nsearch a.example b.example.\n\
                options timeout:1 ndots:2\n";
    let resolver = Resolver::from_resolv_conf(text);
    let servers: Vec<String> = resolver.servers.iter().map(ToString::to_string).collect();
    assert_eq!(servers, ["192.0.2.1:53", "[fd00::1]:53"]);
    assert_eq!(resolver.candidates("x."), ["x."]);
    assert_eq!(resolver.candidates("x.y"), ["x.y.a.example.", "x.y.b.example.", "x.y."]);
    assert_eq!(resolver.candidates("x.y.z"), ["x.y.z.", "x.y.z.a.example.", "x.y.z.b.example."]);
    assert_eq!(Resolver::from_resolv_conf("").servers[0].to_string(), "127.0.0.1:53");
}
