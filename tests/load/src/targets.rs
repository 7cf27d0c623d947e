//! Targets as one cheap process: each has an address of its own on the loopback network, all the same port.
//!
//! `127.1.x.y` needs no set-up on Linux, and gives every target its own instance and its own connection, as in life.

use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use flate2::Compression;
use flate2::write::GzEncoder;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::body::{Format, Lines};
use crate::shape::Shape;

/// Counters have counted for a while when the load begins.
const FIRST_STEP: u64 = 20_000;
/// Addresses used of each `127.1.x.0/24`.
const ADDRESSES_A_NET: usize = 250;
/// A request's head is shorter, or is refused.
const HEAD_BYTES_MAX: usize = 16 << 10;

/// What is served.
#[derive(Debug, Clone, Copy)]
pub struct Serve {
    /// How many targets.
    pub targets: usize,
    /// Series of each.
    pub series: usize,
    /// How often values move on.
    pub interval: Duration,
    /// The port on every address.
    pub port: u16,
    /// The only format there is; `None`: the one that is asked for.
    pub format: Option<Format>,
    /// Bodies are compressed for those who say that they take it.
    pub gzip: bool,
}

impl Serve {
    /// Where target `index` listens.
    ///
    /// # Errors
    /// When there are more targets than addresses.
    pub fn address(&self, index: usize) -> anyhow::Result<SocketAddrV4> {
        let net = u8::try_from(index / ADDRESSES_A_NET).context("at most 64 000 targets")?;
        let host = u8::try_from(index % ADDRESSES_A_NET + 1).context("an address in its net")?;
        Ok(SocketAddrV4::new(Ipv4Addr::new(127, 1, net, host), self.port))
    }
}

#[derive(Debug)]
struct Site {
    lines: Lines,
    began: Instant,
    serve: Serve,
}

/// What a request wants.
#[derive(Debug, Default, PartialEq, Eq)]
struct Wishes {
    accept: String,
    takes_gzip: bool,
}

impl Site {
    fn step(&self) -> u64 {
        let passed = self.began.elapsed().as_millis() / self.serve.interval.as_millis().max(1);
        FIRST_STEP + u64::try_from(passed).unwrap_or(u64::MAX)
    }
}

/// Serves until the process ends; calls `ready` when every target listens.
///
/// # Errors
/// When an address cannot be listened on.
pub fn serve(serve: Serve, ready: impl FnOnce()) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let lines = Lines::new(Shape::new(serve.series));
    let site = Arc::new(Site { lines, began: Instant::now(), serve });
    runtime.block_on(async {
        for target in 0..serve.targets {
            let address = serve.address(target)?;
            let listener =
                TcpListener::bind(address).await.with_context(|| format!("listen on {address}"))?;
            tokio::spawn(accept(Arc::clone(&site), listener, u64::try_from(target)?));
        }
        ready();
        std::future::pending().await
    })
}

async fn accept(site: Arc<Site>, listener: TcpListener, target: u64) {
    while let Ok((stream, _)) = listener.accept().await {
        let site = Arc::clone(&site);
        tokio::spawn(async move {
            // A server that goes away in the middle is killed on purpose.
            drop(answer(&site, stream, target).await);
        });
    }
}

async fn answer(site: &Site, mut stream: TcpStream, target: u64) -> anyhow::Result<()> {
    stream.set_nodelay(true)?;
    let mut head = Vec::new();
    loop {
        let Some(end) = end_of_head(&head) else {
            anyhow::ensure!(head.len() < HEAD_BYTES_MAX, "the head of a request is too long");
            if stream.read_buf(&mut head).await? == 0 {
                return Ok(());
            }
            continue;
        };
        let wishes = wishes(head.get(..end).unwrap_or_default());
        head.drain(..end);
        let format = site.serve.format.unwrap_or_else(|| Format::accepted(&wishes.accept));
        // One buffer a request: a thousand idle connections hold nothing.
        let mut body = Vec::with_capacity(site.lines.shape().series() * 160);
        site.lines.write(target, site.step(), format, &mut body);
        let mut encoding = "";
        if site.serve.gzip && wishes.takes_gzip {
            encoding = "Content-Encoding: gzip\r\n";
            let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
            gzip.write_all(&body)?;
            body = gzip.finish()?;
        }
        let top = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: {}\r\n{encoding}Content-Length: {}\r\n\r\n",
            format.content_type(),
            body.len()
        );
        stream.write_all(top.as_bytes()).await?;
        stream.write_all(&body).await?;
    }
}

fn end_of_head(head: &[u8]) -> Option<usize> {
    head.windows(4).position(|bytes| bytes == b"\r\n\r\n").map(|at| at + 4)
}

fn wishes(head: &[u8]) -> Wishes {
    let text = String::from_utf8_lossy(head);
    let header = |wanted: &str| {
        let mut lines = text.lines().filter_map(|line| line.split_once(':'));
        let found = lines.find(|(name, _)| name.eq_ignore_ascii_case(wanted));
        found.map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
    };
    Wishes { accept: header("accept"), takes_gzip: header("accept-encoding").contains("gzip") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_has_an_address_of_its_own() {
        let serve = Serve {
            targets: 1000,
            series: 1,
            interval: Duration::from_secs(1),
            port: 9500,
            format: None,
            gzip: false,
        };
        let address = |index| serve.address(index).unwrap().to_string();
        assert_eq!(address(0), "127.1.0.1:9500");
        assert_eq!(address(249), "127.1.0.250:9500");
        assert_eq!(address(250), "127.1.1.1:9500");
        assert!(serve.address(70_000).is_err());
    }

    #[test]
    fn the_wish_for_a_format_is_read() {
        let head = b"GET /metrics HTTP/1.1\r\nhost: a\r\naccept: text/plain\r\n\r\nGET";
        let end = end_of_head(head).unwrap();
        assert_eq!(&head[end..], b"GET");
        let accept = "text/plain".to_owned();
        assert_eq!(wishes(&head[..end]), Wishes { accept, takes_gzip: false });
        assert!(wishes(b"GET / HTTP/1.1\r\nAccept-Encoding: gzip\r\n").takes_gzip);
    }
}
