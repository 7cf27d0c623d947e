//! A small HTTP server for fakes: it records every request and answers as the test last said.

use std::io::{self, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::http;
use crate::script::Script;

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
    /// When it was read to its end.
    pub arrived: Instant,
    /// What it was answered with; none while it waits.
    pub status: Option<u16>,
}

impl Request {
    /// From the first line and what follows it.
    pub(crate) fn new(first: &str, headers: Vec<(String, String)>, body: Vec<u8>) -> Self {
        let mut words = first.split(' ').map(str::to_owned);
        let method = words.next().unwrap_or_default();
        let path = words.next().unwrap_or_default();
        Self { method, path, headers, body, arrived: Instant::now(), status: None }
    }

    /// The value of a header field.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        http::header(&self.headers, name)
    }

    /// The first parameter of the query with this name, as it was sent.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<&str> {
        let (_, query) = self.path.split_once('?')?;
        let mut params = query.split('&').map(|param| param.split_once('=').unwrap_or((param, "")));
        params.find(|(own, _)| *own == name).map(|(_, value)| value)
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

/// A listening fake; its place is free again and its thread ends on drop.
#[derive(Debug)]
pub(crate) struct Server {
    place: Place,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

/// Where a fake listens.
#[derive(Debug)]
enum Place {
    Address(SocketAddr),
    Socket(PathBuf),
}

#[derive(Debug)]
struct Shared {
    script: Script,
    requests: Mutex<Vec<Request>>,
    /// Connections whose client still waits; dropping the fake closes them.
    hanging: Mutex<Vec<Box<dyn Connection>>>,
    stopped: AtomicBool,
}

/// A connection of TCP or of a unix socket.
trait Connection: Read + Write + Send + std::fmt::Debug {
    /// The same connection once more, with a bound on how long a read takes.
    fn reader(&self) -> io::Result<Box<dyn Read>>;
}

impl Connection for TcpStream {
    fn reader(&self) -> io::Result<Box<dyn Read>> {
        self.set_read_timeout(Some(READ_TIMEOUT))?;
        Ok(Box::new(self.try_clone()?))
    }
}

impl Connection for UnixStream {
    fn reader(&self) -> io::Result<Box<dyn Read>> {
        self.set_read_timeout(Some(READ_TIMEOUT))?;
        Ok(Box::new(self.try_clone()?))
    }
}

impl Server {
    /// Listens on a free port; every path is answered alike until told otherwise.
    #[track_caller]
    pub(crate) fn start(answer: Answer) -> Self {
        let listener =
            TcpListener::bind("127.0.0.1:0").expect("the loopback interface has a free port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let next = move || Ok(Box::new(listener.accept()?.0) as Box<dyn Connection>);
        Self::listen(Place::Address(address), answer, next)
    }

    /// Listens on a unix socket.
    #[track_caller]
    pub(crate) fn on_socket(path: &Path, answer: Answer) -> Self {
        let listener = UnixListener::bind(path).expect("a temporary folder takes a socket");
        let next = move || Ok(Box::new(listener.accept()?.0) as Box<dyn Connection>);
        Self::listen(Place::Socket(path.to_owned()), answer, next)
    }

    fn listen(
        place: Place,
        answer: Answer,
        next: impl FnMut() -> io::Result<Box<dyn Connection>> + Send + 'static,
    ) -> Self {
        let shared = Arc::new(Shared {
            script: Script::new(answer),
            requests: Mutex::default(),
            hanging: Mutex::default(),
            stopped: AtomicBool::new(false),
        });
        let for_thread = Arc::clone(&shared);
        let acceptor = std::thread::spawn(move || accept(next, &for_thread));
        Self { place, shared, acceptor: Some(acceptor) }
    }

    /// Of a fake that listens on a port.
    #[track_caller]
    pub(crate) fn address(&self) -> SocketAddr {
        match &self.place {
            Place::Address(address) => *address,
            Place::Socket(path) => panic!("a fake on {} has no address", path.display()),
        }
    }

    /// Says what is answered, from now on.
    pub(crate) fn script(&self) -> &Script {
        &self.shared.script
    }

    pub(crate) fn answer_with(&self, answer: Answer) {
        self.shared.script.otherwise(answer);
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        lock(&self.shared.requests).clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        self.shared.script.end();
        lock(&self.shared.hanging).clear();
        // Wakes the acceptor, which then sees that it is stopped.
        match &self.place {
            Place::Address(address) => drop(TcpStream::connect(address)),
            Place::Socket(path) => drop(UnixStream::connect(path)),
        }
        drop(self.acceptor.take().map(JoinHandle::join));
    }
}

fn accept(mut next: impl FnMut() -> io::Result<Box<dyn Connection>>, shared: &Arc<Shared>) {
    loop {
        let connection = next();
        if shared.stopped.load(Ordering::SeqCst) {
            return;
        }
        let Ok(connection) = connection else { continue };
        let shared = Arc::clone(shared);
        // A connection's thread ends with its one request, at the latest after the read timeout.
        std::thread::spawn(move || {
            // A client that breaks off is no error of the fake.
            drop(serve(connection, &shared));
        });
    }
}

fn serve(mut connection: Box<dyn Connection>, shared: &Shared) -> io::Result<()> {
    let mut reader = BufReader::new(connection.reader()?);
    let Some((first, headers)) = http::read_head(&mut reader)? else { return Ok(()) };
    if http::header(&headers, "expect").is_some() {
        connection.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
    }
    let body = http::read_body(&mut reader, &headers)?;
    let request = Request::new(&first, headers, body);
    let place = {
        let mut requests = lock(&shared.requests);
        requests.push(request.clone());
        requests.len() - 1
    };
    let answer = shared.script.answer(&request);
    if let Some(request) = lock(&shared.requests).get_mut(place).filter(|_| !answer.hangs) {
        request.status = Some(answer.status);
    }
    if answer.hangs {
        lock(&shared.hanging).push(connection);
        return Ok(());
    }
    let mut head = format!("HTTP/1.1 {} Answer\r\nConnection: close\r\n", answer.status);
    for (name, value) in &answer.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!("Content-Length: {}\r\n\r\n", answer.body.len()));
    connection.write_all(head.as_bytes())?;
    connection.write_all(&answer.body)
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
