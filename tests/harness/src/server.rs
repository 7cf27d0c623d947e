//! A small HTTP server for fakes: it records every request and answers as the test last said.

use std::io::{self, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::Value;

use crate::http;

/// A client that stalls is dropped, so that its thread ends.
const READ_TIMEOUT: Duration = Duration::from_secs(60);

/// A request that arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// GET, POST, ...
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Header fields in order, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, with the transfer coding removed.
    pub body: Vec<u8>,
}

impl Request {
    /// The value of a header field.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        http::header(&self.headers, name)
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// When it is not JSON.
    #[must_use]
    #[track_caller]
    pub fn json(&self) -> Value {
        match serde_json::from_slice(&self.body) {
            Ok(value) => value,
            Err(error) => panic!("{error} in request {}", String::from_utf8_lossy(&self.body)),
        }
    }
}

/// What a fake answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// Header fields besides the length.
    pub headers: Vec<(String, String)>,
    /// The body as it goes over the wire.
    pub body: Vec<u8>,
    /// Accept the request and never answer, as a hung service does.
    pub hangs: bool,
}

impl Answer {
    /// 200 with a body of this type.
    #[must_use]
    pub fn ok(content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let headers = vec![("Content-Type".to_owned(), content_type.to_owned())];
        Self { status: 200, headers, body: body.into(), hangs: false }
    }

    /// A status with a text that explains it.
    #[must_use]
    pub fn status(status: u16, text: &str) -> Self {
        Self { status, ..Self::ok("text/plain", text) }
    }

    /// No answer at all until the client gives up or the fake is dropped.
    #[must_use]
    pub fn never() -> Self {
        Self { hangs: true, ..Self::status(200, "") }
    }

    /// The same with one more header field.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// A listening fake; the port closes and its thread ends on drop.
#[derive(Debug)]
pub(crate) struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    answer: Mutex<Answer>,
    requests: Mutex<Vec<Request>>,
    /// Connections whose client still waits; dropping the fake closes them.
    hanging: Mutex<Vec<TcpStream>>,
    stopped: AtomicBool,
}

impl Server {
    #[track_caller]
    pub(crate) fn start(answer: Answer) -> Self {
        let listener =
            TcpListener::bind("127.0.0.1:0").expect("the loopback interface has a free port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let shared = Arc::new(Shared {
            answer: Mutex::new(answer),
            requests: Mutex::default(),
            hanging: Mutex::default(),
            stopped: AtomicBool::new(false),
        });
        let for_thread = Arc::clone(&shared);
        let acceptor = std::thread::spawn(move || accept(&listener, &for_thread));
        Self { address, shared, acceptor: Some(acceptor) }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn answer_with(&self, answer: Answer) {
        *lock(&self.shared.answer) = answer;
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        lock(&self.shared.requests).clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        lock(&self.shared.hanging).clear();
        // Wakes the acceptor, which then sees that it is stopped.
        drop(TcpStream::connect(self.address));
        drop(self.acceptor.take().map(JoinHandle::join));
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for stream in listener.incoming() {
        if shared.stopped.load(Ordering::SeqCst) {
            return;
        }
        let Ok(stream) = stream else { continue };
        let shared = Arc::clone(shared);
        // A connection's thread ends with its one request, at the latest after the read timeout.
        std::thread::spawn(move || {
            // A client that breaks off is no error of the fake.
            drop(serve(stream, &shared));
        });
    }
}

fn serve(mut stream: TcpStream, shared: &Shared) -> io::Result<()> {
    stream.set_read_timeout(Some(READ_TIMEOUT))?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let Some((first, headers)) = http::read_head(&mut reader)? else { return Ok(()) };
    if http::header(&headers, "expect").is_some() {
        stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
    }
    let body = http::read_body(&mut reader, &headers)?;
    let mut words = first.split(' ').map(str::to_owned);
    let method = words.next().unwrap_or_default();
    let path = words.next().unwrap_or_default();
    let answer = lock(&shared.answer).clone();
    lock(&shared.requests).push(Request { method, path, headers, body });
    if answer.hangs {
        lock(&shared.hanging).push(stream);
        return Ok(());
    }
    let mut head = format!("HTTP/1.1 {} Answer\r\nConnection: close\r\n", answer.status);
    for (name, value) in &answer.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!("Content-Length: {}\r\n\r\n", answer.body.len()));
    stream.write_all(head.as_bytes())?;
    stream.write_all(&answer.body)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
