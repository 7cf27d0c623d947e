//! One request to a server on this machine, as HTTP/1.0: the answer ends with the connection, and is never in chunks.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

use anyhow::{Context as _, bail};
use serde_json::Value;

const TIMEOUT: Duration = Duration::from_secs(120);

/// The body of an answer with status 2xx.
pub(crate) fn request(port: u16, method: &str, path: &str) -> anyhow::Result<String> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).context("connect")?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    write!(
        stream,
        "{method} {path} HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\nContent-Length: 0\r\n\r\n"
    )?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).context("read an answer")?;
    let text = String::from_utf8(bytes).context("an answer in UTF-8")?;
    let (head, body) = text.split_once("\r\n\r\n").context("an answer has a head")?;
    match head.split(' ').nth(1) {
        Some(status) if status.starts_with('2') => Ok(body.to_owned()),
        status => bail!("{path}: status {}", status.unwrap_or("missing")),
    }
}

pub(crate) fn get(port: u16, path: &str) -> anyhow::Result<String> {
    request(port, "GET", path)
}

/// The one number that a query answers; `None` while it answers nothing.
pub(crate) fn number(port: u16, query: &str, at: f64) -> Option<f64> {
    let path = format!("/api/v1/query?nocache=1&time={at}&query={}", escaped(query));
    let answer: Value = serde_json::from_str(&get(port, &path).ok()?).ok()?;
    answer.pointer("/data/result/0/value/1")?.as_str()?.parse().ok()
}

/// The sum of a metric's series whose line begins with `start`, of the server's own metrics.
pub(crate) fn metric(port: u16, start: &str) -> anyhow::Result<f64> {
    let text = get(port, "/metrics")?;
    sum(&text, start).with_context(|| format!("no {start} among the server's metrics"))
}

fn sum(text: &str, start: &str) -> Option<f64> {
    let lines = text.lines().filter(|line| {
        let rest = line.strip_prefix(start);
        rest.is_some_and(|rest| rest.starts_with(['{', ' ', ',', '}']))
    });
    let numbers = lines.filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok());
    numbers.fold(None, |sum, number| Some(sum.unwrap_or(0.0) + number))
}

fn escaped(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || byte == b'_' {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_of_a_metric_are_summed() {
        let text = "# TYPE a counter\na{type=\"float\"} 5\na{type=\"histogram\"} 1e3\nab 7\nvm{type=\"x\"} 4\n";
        assert_eq!(sum(text, "a"), Some(1005.0));
        assert_eq!(sum(text, "a{type=\"float\""), Some(5.0));
        assert_eq!(sum(text, "b"), None);
    }

    #[test]
    fn a_query_is_escaped() {
        assert_eq!(escaped("count(a[10m])"), "count%28a%5B10m%5D%29");
    }
}
