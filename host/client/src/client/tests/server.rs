//! Small servers for tests: each connection carries one request.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use camino::Utf8Path;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// A server that answers every request alike and tells what it was asked. It ends with its test.
pub(crate) struct Server {
    pub(crate) port: u16,
    asked: Receiver<String>,
}

impl Server {
    /// Answers every request with what `answer` makes of it.
    pub(crate) fn start(answer: impl Fn(&str) -> String + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (tell, asked) = channel();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                talk(&mut stream.unwrap(), &answer, &tell);
            }
        });
        Self { port, asked }
    }

    /// The same on a Unix socket.
    pub(crate) fn on_socket(
        path: &Utf8Path,
        answer: impl Fn(&str) -> String + Send + 'static,
    ) -> Self {
        let listener = UnixListener::bind(path).unwrap();
        let (tell, asked) = channel();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                talk(&mut stream.unwrap(), &answer, &tell);
            }
        });
        Self { port: 0, asked }
    }

    /// The same over TLS, with the certificate of `named.test`; the name that the client asked for
    /// stands before the request.
    pub(crate) fn with_tls(answer: impl Fn(&str) -> String + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (tell, asked) = channel();
        std::thread::spawn(move || {
            talk_in_tls(listener.incoming().map(Result::unwrap), &answer, &tell);
        });
        Self { port, asked }
    }

    /// The same on a Unix socket.
    pub(crate) fn with_tls_on_socket(
        path: &Utf8Path,
        answer: impl Fn(&str) -> String + Send + 'static,
    ) -> Self {
        let listener = UnixListener::bind(path).unwrap();
        let (tell, asked) = channel();
        std::thread::spawn(move || {
            talk_in_tls(listener.incoming().map(Result::unwrap), &answer, &tell);
        });
        Self { port: 0, asked }
    }

    /// What was asked next, in lower case.
    pub(crate) fn asked(&self) -> String {
        self.asked.recv().unwrap().to_ascii_lowercase()
    }

    /// How many requests came that nobody looked at.
    pub(crate) fn unseen(&self) -> usize {
        self.asked.try_iter().count()
    }
}

fn talk_in_tls<S: Read + Write>(
    streams: impl Iterator<Item = S>,
    answer: &dyn Fn(&str) -> String,
    tell: &Sender<String>,
) {
    let certificate = CertificateDer::from_pem_slice(include_bytes!("server.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("server.key.pem")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider);
    let config = config.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    let config = Arc::new(config.with_single_cert(vec![certificate], key).unwrap());
    for stream in streams {
        let connection = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
        let mut stream = rustls::StreamOwned::new(connection, stream);
        // A client that refuses the certificate ends the handshake.
        if stream.conn.complete_io(&mut stream.sock).is_err() {
            continue;
        }
        let name = stream.conn.server_name().unwrap_or("no name").to_owned();
        let (inner, told) = channel();
        talk(&mut stream, answer, &inner);
        stream.conn.send_close_notify();
        stream.flush().ok();
        let request: String = told.recv().unwrap();
        tell.send(format!("{name}\n{request}")).ok();
    }
}

/// Reads a request with its body, tells it and answers.
fn talk(stream: &mut (impl Read + Write), answer: &dyn Fn(&str) -> String, tell: &Sender<String>) {
    let mut asked = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&asked).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let lower = head.to_ascii_lowercase();
            let length = lower.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                // Told before it is answered, so that a test that has the answer finds it here.
                tell.send(text.clone()).ok();
                stream.write_all(answer(&text).as_bytes()).unwrap();
                return;
            }
        }
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return,
            Ok(read) => asked.extend_from_slice(&buffer[..read]),
        }
    }
}

/// An answer with a body.
pub(crate) fn ok(body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}")
}
