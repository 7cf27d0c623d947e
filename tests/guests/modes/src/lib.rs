//! A guest that misbehaves as its configuration says: `{"mode":"panic"}`, `{"mode":"oversized","bytes":1000000}`.
//!
//! Enters: a mode. Leaves: what a host must survive, or an answer that says that it was let through. What always holds:
//! with the mode `well` it is an exporter like any other. Open this file, then `misuse.rs`.
//!
//! ```
//! use narthex_sdk::testing::FakeHost;
//!
//! let answer = FakeHost::new().collect::<modes::Modes>(r#"{"mode":"well"}"#).unwrap();
//! assert!(answer.text().contains("guest_ok 1\n"));
//! ```

use std::{hint::black_box, time::Duration};

use narthex_sdk::{
    Error, Exporter, Exposition, Info, Metrics, Target, clock, dns, files,
    http::{self, Request},
    kv, log,
    tcp::Connection,
};
use serde::Deserialize;

mod misuse;

pub use misuse::Misuse;

/// The guest.
pub struct Modes;

/// What to do, and what it needs to know for that.
#[derive(Deserialize)]
#[serde(tag = "mode", rename_all = "snake_case", deny_unknown_fields)]
pub enum Config {
    /// Answers `guest_ok 1`.
    Well,
    /// Panics with a message.
    Panic,
    /// Computes for ever.
    EndlessLoop,
    /// Calls the host for ever.
    EndlessCalls,
    /// Allocates until it is stopped.
    MemoryBomb,
    /// Recurses until the stack ends.
    DeepRecursion,
    /// Reads beyond its memory.
    WildRead,
    /// Answers a body of so many bytes, all of it one valid comment.
    Oversized {
        /// The length of the body.
        bytes: usize,
    },
    /// Answers what is no exposition, under a content type that says that it is.
    Lying,
    /// Answers a format that does not exist.
    UnknownFormat,
    /// Answers so many series.
    ManySeries {
        /// How many.
        count: u32,
    },
    /// Answers an error with a message of so many bytes and as many details as fit.
    LongError {
        /// The length of the message.
        bytes: usize,
    },
    /// Fails as it is told.
    Failing {
        /// The message.
        message: String,
    },
    /// Sleeps, then answers.
    Slow {
        /// How long, in milliseconds.
        ms: u64,
    },
    /// Fetches a URL and answers its status.
    Net {
        /// The URL.
        url: String,
    },
    /// Fetches a URL several times at once.
    NetMany {
        /// The URL.
        url: String,
        /// How many times.
        count: usize,
        /// How many at a time.
        in_flight: u32,
    },
    /// Writes a line to a TCP address and answers the length of what came back.
    Tcp {
        /// The name or address.
        host: String,
        /// The port.
        port: u16,
        /// The profile to speak TLS by, once connected.
        #[serde(default)]
        tls: Option<String>,
    },
    /// Watches one request and answers its status; an error tells how far it came.
    Probe {
        /// The URL.
        url: String,
        /// The options.
        #[serde(default)]
        options: Vec<(String, String)>,
        /// The profile to speak TLS by.
        #[serde(default)]
        tls: Option<String>,
    },
    /// Sends bytes to a nameserver and answers the length of what came back.
    Ask {
        /// The name or address.
        host: String,
        /// The port.
        port: u16,
        /// The message.
        query: Vec<u8>,
    },
    /// Reads a file and answers its length.
    File {
        /// The root.
        root: String,
        /// The path beneath it.
        path: String,
    },
    /// Asks how full a file system is and answers its size.
    Usage {
        /// The root.
        root: String,
        /// The path beneath it.
        path: String,
    },
    /// Looks a name up and answers the number of records.
    Dns {
        /// The name.
        name: String,
        /// The type of record.
        kind: String,
    },
    /// Counts its calls in its store and answers the count.
    Kv,
    /// Writes so many lines to the log.
    Chatty {
        /// How many.
        lines: u32,
    },
    /// What several capabilities are misused by.
    Misuse(Misuse),
}

impl Exporter for Modes {
    type Config = Config;

    fn describe() -> Info {
        Info::new("modes", env!("CARGO_PKG_VERSION"), "Misbehaves as its configuration says.")
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the rest ask the host for something")]
    fn collect(config: Config, _: &Target) -> Result<Exposition, Error> {
        match config {
            Config::Well => Ok(answer("guest_ok", 1.0)),
            Config::Panic => panic!("this guest was told to panic"),
            Config::EndlessLoop => endless_loop(),
            Config::EndlessCalls => endless_calls(),
            Config::MemoryBomb => memory_bomb(),
            Config::DeepRecursion => Ok(answer("guest_depth", recurse(0))),
            Config::WildRead => Ok(answer("guest_byte", wild_read().into())),
            Config::Oversized { bytes } => Ok(oversized(bytes)),
            Config::Lying => Ok(text("guest_ok{ 1\nnot an exposition at all\n")),
            Config::UnknownFormat => Ok(Exposition {
                content_type: "application/x-unheard-of".into(),
                body: b"guest_ok 1\n".to_vec(),
            }),
            Config::ManySeries { count } => Ok(many_series(count)),
            Config::LongError { bytes } => Err((0..100)
                .fold(Error::internal("x".repeat(bytes)), |error, index| {
                    error.detail("index", index.to_string())
                })),
            Config::Failing { message } => Err(Error::unreachable(message)),
            Config::Slow { ms } => {
                clock::sleep(Duration::from_millis(ms));
                Ok(answer("guest_ok", 1.0))
            }
            asking => ask(asking),
        }
    }
}

narthex_sdk::exporter!(Modes);

/// The modes that use a capability.
#[expect(clippy::wildcard_enum_match_arm, reason = "the other modes never come here")]
fn ask(config: Config) -> Result<Exposition, Error> {
    const TIMEOUT: Duration = Duration::from_secs(5);
    let value = match config {
        Config::Net { url } => f64::from(Request::get(&url).send()?.status),
        Config::NetMany { url, count, in_flight } => {
            let answers = http::send_all(&vec![Request::get(&url); count], in_flight);
            answers.into_iter().collect::<Result<Vec<_>, _>>()?.len() as f64
        }
        Config::Tcp { host, port, tls } => {
            let connection = Connection::open(&host, port, TIMEOUT)?;
            if let Some(profile) = tls {
                connection.start_tls(&profile, None)?;
            }
            connection.write_all(b"hello\n")?;
            connection.read_to_end(1 << 20)?.len() as f64
        }
        Config::Probe { url, options, tls } => {
            let options: Vec<_> = options.iter().map(|(name, value)| (&**name, &**value)).collect();
            let request = Request { auth: tls, ..Request::get(&url) };
            f64::from(request.probe(&options)?.response.status)
        }
        Config::Ask { host, port, query } => {
            dns::exchange(&host, port, &query, &[], TIMEOUT)?.message.len() as f64
        }
        Config::File { root, path } => files::read(&root, &path)?.len() as f64,
        Config::Usage { root, path } => {
            let usage = files::usage(&root, &path)?;
            usage.blocks as f64 * usage.block_size as f64
        }
        Config::Dns { name, kind } => dns::lookup(&name, &kind, TIMEOUT)?.len() as f64,
        Config::Kv => count_calls()?,
        Config::Misuse(misuse) => return misuse.run(),
        Config::Chatty { lines } => {
            (0..lines).for_each(|line| log::info("chatty", &[("line", &line)]));
            f64::from(lines)
        }
        _ => 0.0,
    };
    Ok(answer("guest_value", value))
}

fn answer(name: &str, value: f64) -> Exposition {
    let mut metrics = Metrics::new();
    metrics.gauge(name, "What the guest was asked for.").set(value);
    metrics.text()
}

fn text(body: &str) -> Exposition {
    Exposition { content_type: "text/plain; version=0.0.4".into(), body: body.into() }
}

fn endless_loop() -> ! {
    let mut turns = 0_u64;
    loop {
        turns = black_box(turns.wrapping_add(1));
    }
}

fn endless_calls() -> ! {
    loop {
        black_box(clock::now_ms());
    }
}

fn memory_bomb() -> ! {
    let mut hoard = Vec::new();
    loop {
        hoard.push(black_box(vec![1_u8; 1 << 20]));
    }
}

/// Each turn needs its own frame: the result is used after the call.
#[expect(unconditional_recursion, reason = "this is the attack")]
fn recurse(depth: u32) -> f64 {
    let frame = black_box([f64::from(depth); 32]);
    recurse(depth.wrapping_add(1)) + frame.iter().sum::<f64>()
}

#[expect(unsafe_code, reason = "this is the attack")]
fn wild_read() -> u8 {
    let beyond = black_box(0xffff_0000_usize) as *const u8;
    // SAFETY: in a sandbox the address is outside of the guest's memory, which traps. It never runs elsewhere.
    unsafe { beyond.read_volatile() }
}

fn oversized(bytes: usize) -> Exposition {
    let mut body = b"# ".to_vec();
    body.resize(bytes.saturating_sub(1), b'x');
    body.push(b'\n');
    Exposition { content_type: "text/plain; version=0.0.4".into(), body }
}

fn many_series(count: u32) -> Exposition {
    let mut metrics = Metrics::new();
    let family = metrics.gauge("guest_series", "One of many.");
    for index in 0..count {
        family.sample(&[("index", &index.to_string())], index);
    }
    metrics.text()
}

fn count_calls() -> Result<f64, Error> {
    loop {
        let old = kv::get("calls")?;
        let count = old
            .as_deref()
            .and_then(|bytes| std::str::from_utf8(bytes).ok()?.parse::<u32>().ok())
            .unwrap_or(0)
            + 1;
        if kv::compare_and_set("calls", old.as_deref(), Some(count.to_string().as_bytes()))? {
            return Ok(f64::from(count));
        }
    }
}

#[cfg(test)]
mod tests {
    use narthex_sdk::testing::FakeHost;

    use super::Modes;

    #[track_caller]
    fn check(config: &str, expected: &str) {
        let host = FakeHost::new().file("proc", "x", "four").http_status("http://a/", 204, "");
        let text = match host.collect::<Modes>(config) {
            Ok(answer) => answer.text(),
            Err(error) => error.message,
        };
        assert!(text.contains(expected), "{config}: {text}");
    }

    #[test]
    fn modes_do_what_they_say() {
        check(r#"{"mode":"slow","ms":5}"#, "guest_ok 1\n");
        check(r#"{"mode":"file","root":"proc","path":"x"}"#, "guest_value 4\n");
        check(r#"{"mode":"file","root":"sys","path":"x"}"#, "root \"sys\" is not granted");
        check(r#"{"mode":"net","url":"http://a/x"}"#, "guest_value 204\n");
        check(
            r#"{"mode":"net_many","url":"http://a/x","count":3,"in_flight":2}"#,
            "guest_value 3\n",
        );
        check(r#"{"mode":"net","url":"http://b/"}"#, "not granted");
        check(r#"{"mode":"kv"}"#, "guest_value 1\n");
        check(r#"{"mode":"many_series","count":3}"#, "guest_series{index=\"2\"} 2\n");
        check(r#"{"mode":"failing","message":"no"}"#, "no");
        check(r#"{"mode":"sulk"}"#, "unknown variant `sulk`");
    }

    #[test]
    fn an_oversized_body_has_the_length_that_was_asked_for() {
        let answer =
            FakeHost::new().collect::<Modes>(r#"{"mode":"oversized","bytes":1000}"#).unwrap();
        assert_eq!(answer.body.len(), 1000);
    }
}
