//! A target that writes its answers as a test does: endless, slow, or larger than could be held.

use std::collections::HashMap;
use std::io::{self, BufReader, Read as _, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::http;
use crate::server::{Request, lock};

/// A target on the loopback interface whose answers are written while they go out. Dropping it ends every connection.
///
/// ```
/// use std::io::Write as _;
/// use narthex_harness::{StreamTarget, http};
///
/// let target = StreamTarget::start(|answer| {
///     answer.head("text/plain", &[])?;
///     (0..3).try_for_each(|line| writeln!(answer, "x{{n=\"{line}\"}} 1"))
/// });
/// assert_eq!(http::get(&format!("http://{}/", target.address())).text().lines().count(), 3);
/// ```
#[derive(Debug)]
pub struct StreamTarget {
    address: SocketAddr,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

/// An answer on its way. What is written goes out at once; it ends with the connection.
#[derive(Debug)]
pub struct Outgoing {
    request: Request,
    stream: TcpStream,
}

#[derive(Debug, Default)]
struct Shared {
    /// Those that are open, so that the end of the target ends them.
    open: Mutex<HashMap<u64, TcpStream>>,
    requests: AtomicU64,
    stopped: AtomicBool,
}

impl StreamTarget {
    /// Listens on a free port. Each request is answered on a thread of its own; an error ends the connection, as it
    /// does when the client leaves.
    ///
    /// # Panics
    /// When no port is free.
    #[must_use]
    #[track_caller]
    pub fn start(answer: impl Fn(&mut Outgoing) -> io::Result<()> + Send + Sync + 'static) -> Self {
        let listener =
            TcpListener::bind("127.0.0.1:0").expect("the loopback interface has a free port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let shared = Arc::new(Shared::default());
        let (for_thread, answer) = (Arc::clone(&shared), Arc::new(answer));
        let acceptor = std::thread::spawn(move || {
            for (number, stream) in (0..).zip(listener.incoming()) {
                if for_thread.stopped.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(stream) = stream else { continue };
                let (shared, answer) = (Arc::clone(&for_thread), Arc::clone(&answer));
                std::thread::spawn(move || {
                    // A client that breaks off is no error of the target.
                    drop(serve(stream, number, &shared, &*answer));
                    lock(&shared.open).remove(&number);
                });
            }
        });
        Self { address, shared, acceptor: Some(acceptor) }
    }

    /// `127.0.0.1:<port>`, as it stands in a configuration.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many requests arrived so far.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.shared.requests.load(Ordering::SeqCst)
    }
}

impl Drop for StreamTarget {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        // Wakes the acceptor, which then sees that it is stopped.
        drop(TcpStream::connect(self.address));
        drop(self.acceptor.take().map(JoinHandle::join));
        for stream in lock(&self.shared.open).values() {
            // Errors mean that it has ended already.
            drop(stream.shutdown(Shutdown::Both));
        }
    }
}

fn serve(
    stream: TcpStream,
    number: u64,
    shared: &Shared,
    answer: &dyn Fn(&mut Outgoing) -> io::Result<()>,
) -> io::Result<()> {
    lock(&shared.open).insert(number, stream.try_clone()?);
    // A request with a body has it read here, so that what comes later is that the client leaves.
    let mut reader = BufReader::new(&stream);
    let Some((first, headers)) = http::read_head(&mut reader)? else { return Ok(()) };
    let body = http::read_body(&mut reader, &headers)?;
    let request = Request::new(&first, headers, body);
    shared.requests.fetch_add(1, Ordering::SeqCst);
    answer(&mut Outgoing { request, stream })
}

impl Outgoing {
    /// What is answered.
    #[must_use]
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// Begins an answer with the status 200, this type and these header fields.
    ///
    /// # Errors
    /// When the client has left.
    pub fn head(&mut self, content_type: &str, headers: &[(&str, &str)]) -> io::Result<()> {
        let mut head =
            format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: {content_type}\r\n");
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        self.write_all(head.as_bytes())
    }

    /// Lets time pass while the client waits.
    ///
    /// # Errors
    /// When the client left meanwhile.
    pub fn pause(&mut self, pause: Duration) -> io::Result<()> {
        self.stream.set_read_timeout(Some(pause))?;
        match self.stream.read(&mut [0]) {
            Ok(_) => Err(io::ErrorKind::ConnectionAborted.into()),
            Err(error)
                if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) =>
            {
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// Says nothing more until the client leaves.
    ///
    /// # Errors
    /// Always, as the client has left.
    pub fn hold(&mut self) -> io::Result<()> {
        loop {
            self.pause(Duration::from_secs(1))?;
        }
    }
}

impl Write for Outgoing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SECONDS;

    #[test]
    fn an_endless_answer_ends_with_its_target() {
        let target = StreamTarget::start(|answer| {
            answer.head("text/plain", &[])?;
            answer.write_all(b"x")?;
            answer.hold()
        });
        let url = format!("http://{}/", target.address());
        let client = std::thread::spawn(move || http::get(&url));
        crate::wait_until("it is asked", 10 * SECONDS, || target.requests() == 1);
        drop(target);
        assert_eq!(client.join().unwrap().text(), "x");
    }

    #[test]
    fn it_notices_that_its_client_leaves() {
        let (left, noticed) = std::sync::mpsc::channel();
        let target = StreamTarget::start(move |answer| {
            let result = answer.hold();
            left.send(result.is_err()).map_err(io::Error::other)?;
            result
        });
        let mut stream = TcpStream::connect(target.address()).unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
        crate::wait_until("it is asked", 10 * SECONDS, || target.requests() == 1);
        drop(stream);
        assert!(noticed.recv().unwrap());
    }
}
