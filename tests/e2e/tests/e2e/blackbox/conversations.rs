//! How conversations over TCP are judged: every kind of step by both, with one server.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};

use super::judged::Judged;

/// Steps of `query_response`. The server greets, answers `EHLO …` in two lines, and `BYE` in half a line.
const CONVERSATIONS: [&str; 22] = [
    "",
    "{ expect: '^220 ' }",
    "{ expect: '^221 ' }",
    "{ expect: ESMTP }, { expect: '^220' }",
    "{ expect: '^220' }, { send: 'EHLO me' }, { expect: '^250 second$' }",
    "{ expect: '^220', send: 'EHLO me' }, { expect: '^250-' }, { expect: '^250 ' }",
    "{ expect: '^220', send: 'EHLO me' }, { expect: '^250 ' }, { expect: '^250-' }",
    "{ send: 'EHLO me' }, { expect: 'me$' }",
    "{ expect: '^220 (\\S+) (?P<kind>\\S+)', send: 'EHLO ${1}' }, { expect: 'first mail\\.test$' }",
    "{ expect: '^220 (\\S+) (?P<kind>\\S+)', send: 'EHLO $kind' }, { expect: 'first ESMTP$' }",
    "{ expect: '^220 (\\S+)', send: 'EHLO $2' }, { expect: 'first $' }",
    "{ expect: '^220 (\\S+)', send: 'EHLO $$1' }, { expect: 'first \\$1$' }",
    "{ expect: '^220 (\\S+)', send: 'EHLO $1x' }, { expect: 'first $' }",
    "{ send: 'EHLO ${1}' }, { expect: 'first \\$\\{1\\}$' }",
    "{ expect: '^220 (\\S+) (?P<kind>\\S+)', labels: [{ name: server, value: '${1}' }, { name: kind, value: 'a $kind b' }] }",
    "{ expect: '^220', labels: [{ name: all, value: '$0' }] }",
    "{ expect: '^220', send: BYE }, { expect: '^221 bye$' }",
    "{ expect: '^220', send: BYE }, { expect: '^221' }, { expect: '.' }",
    "{ expect: '^220', send: BYE }, { expect: '^222' }",
    "{ expect: '^220 mail.test ESMTP ready$' }",
    "{ expect: 'ready\\s$' }",
    "{ send: \"EHLO a\\r\" }, { expect: 'first a$' }",
];

/// Says 250 in two lines to everybody who does not say `BYE`.
fn serve(stream: TcpStream) -> std::io::Result<()> {
    let mut out = stream.try_clone()?;
    out.write_all(b"220 mail.test ESMTP ready\r\n")?;
    for line in BufReader::new(stream).lines() {
        let line = line?;
        if line == "BYE" {
            return out.write_all(b"221 bye");
        }
        let said = line.strip_prefix("EHLO ").unwrap_or_default();
        out.write_all(format!("250-first {said}\r\n250 second\r\n").as_bytes())?;
    }
    Ok(())
}

fn server() -> u16 {
    let listener =
        TcpListener::bind("127.0.0.1:0").expect("the loopback interface has a free port");
    let port = listener.local_addr().expect("a bound socket has an address").port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // One that hangs up in the middle has heard enough.
            std::thread::spawn(move || serve(stream).ok());
        }
    });
    port
}

pub(super) fn judged() -> Judged {
    let module = |steps: &&str| {
        let module =
            format!("{{ prober: tcp, timeout: 2s, tcp: {{ query_response: [{steps}] }} }}");
        ((*steps).to_owned(), module)
    };
    let modules = CONVERSATIONS.iter().map(module).collect();
    Judged { kind: "conversations", target: format!("127.0.0.1:{}", server()), modules }
}
