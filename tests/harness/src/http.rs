//! A small HTTP/1.1 client: one request a connection, plain text, bounded answers.

use std::fmt;
use std::io::{self, BufRead, BufReader, Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::time::Duration;

use serde_json::Value;

/// No answer that a test asks for is larger.
const BODY_BYTES_MAX: u64 = 64 << 20;

/// Longer than any handler may take; a test that measures time sets its own deadline.
const TIMEOUT: Duration = Duration::from_secs(30);

/// An answer, read to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// Header fields in order, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, with the transfer coding removed.
    pub body: Vec<u8>,
}

impl Response {
    /// The value of a header field.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// When it is not JSON; the message shows it.
    #[must_use]
    #[track_caller]
    pub fn json(&self) -> Value {
        match serde_json::from_slice(&self.body) {
            Ok(value) => value,
            Err(error) => panic!("{error} in answer {self}"),
        }
    }

    /// Itself, if the status is 2xx.
    ///
    /// # Panics
    /// When the status is another; the message shows the body.
    #[track_caller]
    pub fn expect_success(self) -> Self {
        assert!((200..300).contains(&self.status), "unexpected answer {self}");
        self
    }
}

impl fmt::Display for Response {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.status, self.text())
    }
}

/// GET.
///
/// # Panics
/// When nobody answers; use [`send`] where that is a result.
#[must_use]
#[track_caller]
pub fn get(url: &str) -> Response {
    expect(url, send("GET", url, &[], b""))
}

/// POST with a body of this type.
///
/// # Panics
/// When nobody answers; use [`send`] where that is a result.
#[track_caller]
pub fn post(url: &str, content_type: &str, body: &[u8]) -> Response {
    expect(url, send("POST", url, &[("Content-Type", content_type)], body))
}

#[track_caller]
fn expect(url: &str, result: io::Result<Response>) -> Response {
    match result {
        Ok(response) => response,
        Err(error) => panic!("ask {url}: {error}"),
    }
}

/// Sends any request and reads the answer to its end.
///
/// # Errors
/// When the address does not resolve, nobody listens, or the answer is not HTTP or too large.
pub fn send(
    method: &str,
    url: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> io::Result<Response> {
    let rest = url
        .strip_prefix("http://")
        .ok_or_else(|| invalid("the address must start with http://"))?;
    let (host, path) = rest.find('/').map_or((rest, "/"), |slash| rest.split_at(slash));
    let address =
        host.to_socket_addrs()?.next().ok_or_else(|| invalid("the host has no address"))?;
    let mut stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!("Content-Length: {}\r\n\r\n", body.len()));
    stream.write_all(head.as_bytes())?;
    stream.write_all(body)?;
    read_response(&mut BufReader::new(stream))
}

fn read_response(reader: &mut impl BufRead) -> io::Result<Response> {
    let (first, headers) = read_head(reader)?.ok_or_else(|| invalid("no answer"))?;
    let status = first.split(' ').nth(1).and_then(|code| code.parse().ok());
    let status = status.ok_or_else(|| invalid("no status in the answer"))?;
    let mut body = Vec::new();
    if is_chunked(&headers) || header(&headers, "content-length").is_some() {
        body = read_body(reader, &headers)?;
    } else {
        reader.take(BODY_BYTES_MAX).read_to_end(&mut body)?;
    }
    Ok(Response { status, headers, body })
}

/// First line and header fields; `None` when the connection ended before.
pub(crate) type Head = (String, Vec<(String, String)>);

/// Reads up to the empty line.
pub(crate) fn read_head(reader: &mut impl BufRead) -> io::Result<Option<Head>> {
    let first = read_line(reader)?;
    if first.is_empty() {
        return Ok(None);
    }
    let mut headers = Vec::new();
    loop {
        let line = read_line(reader)?;
        let Some((name, value)) = line.split_once(':') else { break };
        headers.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
    }
    Ok(Some((first, headers)))
}

/// Reads a body that states its length or comes in chunks; without either there is none.
pub(crate) fn read_body(
    reader: &mut impl BufRead,
    headers: &[(String, String)],
) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    if !is_chunked(headers) {
        let length = header(headers, "content-length").map_or(Ok(0), str::parse);
        take(reader, length.map_err(|_| invalid("content-length is no number"))?, &mut body)?;
        return Ok(body);
    }
    loop {
        let line = read_line(reader)?;
        let size = line.split(';').next().unwrap_or_default().trim();
        let size = u64::from_str_radix(size, 16).map_err(|_| invalid("chunk size is no number"))?;
        take(reader, size, &mut body)?;
        read_line(reader)?;
        if size == 0 {
            return Ok(body);
        }
    }
}

fn take(reader: &mut impl BufRead, length: u64, body: &mut Vec<u8>) -> io::Result<()> {
    let room = BODY_BYTES_MAX.saturating_sub(body.len().try_into().unwrap_or(BODY_BYTES_MAX));
    if length > room {
        return Err(invalid("the body is too large"));
    }
    let read = reader.take(length).read_to_end(body)?;
    if u64::try_from(read).is_ok_and(|read| read == length) {
        Ok(())
    } else {
        Err(io::ErrorKind::UnexpectedEof.into())
    }
}

fn read_line(reader: &mut impl BufRead) -> io::Result<String> {
    let mut line = Vec::new();
    reader.take(64 << 10).read_until(b'\n', &mut line)?;
    Ok(String::from_utf8_lossy(&line).trim_end().to_owned())
}

fn is_chunked(headers: &[(String, String)]) -> bool {
    header(headers, "transfer-encoding")
        .is_some_and(|coding| coding.eq_ignore_ascii_case("chunked"))
}

/// The value of a header field.
pub(crate) fn header<'head>(headers: &'head [(String, String)], name: &str) -> Option<&'head str> {
    headers.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

fn invalid(reason: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}

/// Encodes text for a query string.
#[must_use]
pub fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                encoded.push(byte.into());
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(answer: &str, status: u16, body: &str) {
        let response = read_response(&mut answer.as_bytes()).unwrap();
        assert_eq!((response.status, response.text().as_str()), (status, body));
    }

    #[test]
    fn bodies_end_by_length_by_chunks_or_with_the_connection() {
        check("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nup and more", 200, "up");
        check(
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nup \r\na;x=y\r\n0123456789\r\n0\r\n\r\n",
            200,
            "up 0123456789",
        );
        check("HTTP/1.0 503 Busy\r\n\r\nall of it", 503, "all of it");
    }

    #[test]
    fn a_cut_body_is_an_error() {
        assert!(
            read_response(&mut &b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nup"[..]).is_err()
        );
    }

    #[test]
    fn queries_are_encoded() {
        assert_eq!(encode("up{a=\"b\"} + 1"), "up%7Ba%3D%22b%22%7D%20%2B%201");
    }
}
