//! The little of HTTP that a load needs: one request, one answer, on a connection that may stay.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context as _, bail};

/// An answer larger than this is a mistake.
const BODY_BYTES_MAX: u64 = 1 << 30;
/// The slowest query of the list takes a second on a crowded machine.
const TIMEOUT: Duration = Duration::from_secs(120);

/// One connection to one server.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: BufReader<TcpStream>,
    host: String,
}

/// Host with port, and path.
pub(crate) fn split(url: &str) -> anyhow::Result<(&str, &str)> {
    let rest = url.strip_prefix("http://").with_context(|| format!("{url} begins with http://"))?;
    let at = rest.find('/').unwrap_or(rest.len());
    Ok(rest.split_at(at))
}

impl Connection {
    pub(crate) fn open(host: &str) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(host).with_context(|| format!("connect to {host}"))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        Ok(Self { stream: BufReader::new(stream), host: host.to_owned() })
    }

    pub(crate) fn get(&mut self, path: &str) -> anyhow::Result<(u16, Vec<u8>)> {
        let head = format!("GET {path} HTTP/1.1\r\nHost: {}\r\n\r\n", self.host);
        self.stream.get_mut().write_all(head.as_bytes())?;
        self.answer()
    }

    pub(crate) fn post(
        &mut self,
        path: &str,
        headers: &str,
        body: &[u8],
    ) -> anyhow::Result<(u16, Vec<u8>)> {
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: {}\r\nContent-Length: {}\r\n{headers}\r\n",
            self.host,
            body.len()
        );
        let stream = self.stream.get_mut();
        stream.write_all(head.as_bytes())?;
        stream.write_all(body)?;
        self.answer()
    }

    fn answer(&mut self) -> anyhow::Result<(u16, Vec<u8>)> {
        let status = self.line()?;
        let status: u16 =
            status.split(' ').nth(1).and_then(|code| code.parse().ok()).context("a status line")?;
        let (mut len, mut chunked) = (0, false);
        loop {
            let line = self.line()?;
            let Some((name, value)) = line.split_once(':') else { break };
            if name.eq_ignore_ascii_case("content-length") {
                len = value.trim().parse().context("the length of an answer")?;
            }
            chunked |= name.eq_ignore_ascii_case("transfer-encoding");
        }
        let mut body = Vec::new();
        if !chunked {
            self.body(len, &mut body)?;
            return Ok((status, body));
        }
        loop {
            let size = u64::from_str_radix(&self.line()?, 16).context("the size of a chunk")?;
            self.body(size, &mut body)?;
            self.line()?;
            if size == 0 {
                return Ok((status, body));
            }
        }
    }

    fn body(&mut self, len: u64, out: &mut Vec<u8>) -> anyhow::Result<()> {
        anyhow::ensure!(len <= BODY_BYTES_MAX, "an answer of {len} bytes");
        let read = (&mut self.stream).take(len).read_to_end(out)?;
        anyhow::ensure!(u64::try_from(read)? == len, "the answer ended early");
        Ok(())
    }

    fn line(&mut self) -> anyhow::Result<String> {
        let mut line = String::new();
        if self.stream.read_line(&mut line)? == 0 {
            bail!("{} closed the connection", self.host);
        }
        line.truncate(line.trim_end().len());
        Ok(line)
    }
}

/// Bytes outside the unreserved set, as `%XX`.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
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
    fn urls_are_split_and_queries_escaped() {
        assert_eq!(
            split("http://127.0.0.1:9090/api/v1/write").unwrap(),
            ("127.0.0.1:9090", "/api/v1/write")
        );
        assert_eq!(split("http://a:1").unwrap(), ("a:1", ""));
        assert!(split("https://a/").is_err());
        assert_eq!(escaped("rate(a{b=\"c\"}[5m])"), "rate%28a%7Bb%3D%22c%22%7D%5B5m%5D%29");
    }
}
