//! Misuse of what a guest is given: more of it than it may have, or in a way that it was not meant.

use std::{hint::black_box, time::Duration};

use narthex_sdk::{
    Error, Exposition, clock, files,
    http::{self, Request},
    kv, log,
    tcp::Connection,
};
use serde::Deserialize;

use crate::{answer, text};

/// As `{"mode":"misuse","what":"exit","status":3}`.
#[derive(Deserialize)]
#[serde(tag = "what", rename_all = "snake_case", deny_unknown_fields)]
pub enum Misuse {
    /// Ends its own process.
    Exit {
        /// The exit status.
        status: i32,
    },
    /// Prints so many bytes.
    Print {
        /// How many.
        bytes: usize,
    },
    /// Logs this as an error, and ends without another word.
    Forge {
        /// The message.
        message: String,
    },
    /// Panics while a connection is open and a key is half changed.
    PanicHolding {
        /// The host to connect to.
        host: String,
        /// Its port.
        port: u16,
    },
    /// Keeps so many keys with values of so many bytes.
    Keep {
        /// How many keys.
        keys: u32,
        /// The length of a key, at least.
        key_bytes: usize,
        /// The length of a value.
        value_bytes: usize,
    },
    /// Opens so many connections and closes none.
    Hoard {
        /// The host to connect to.
        host: String,
        /// Its port.
        port: u16,
        /// How many connections.
        count: usize,
    },
    /// Sends a request with a header, a body and credentials, and answers what came back.
    Send {
        /// Where to.
        url: String,
        /// The header's name.
        #[serde(default)]
        name: String,
        /// The header's value.
        #[serde(default)]
        value: String,
        /// A JSON body.
        #[serde(default)]
        body: String,
        /// The password of the user `me`; empty for none.
        #[serde(default)]
        password: String,
    },
    /// Asks for so many answers at once and takes the first.
    FetchFirst {
        /// Where to.
        url: String,
        /// How many.
        count: usize,
    },
    /// Writes this to a TCP address, with a profile also encrypted then, and answers what came back.
    Write {
        /// The host to connect to.
        host: String,
        /// Its port.
        port: u16,
        /// What to write.
        words: String,
        /// The profile of TLS.
        tls: Option<String>,
    },
    /// Lists a folder and answers the number of entries.
    List {
        /// The root.
        root: String,
        /// The path beneath it.
        path: String,
    },
    /// Answers what it was told, as a comment.
    Tell {
        /// What it was told.
        words: String,
    },
    /// Sleeps again and again, whatever is left of its time.
    SleepOn,
    /// Holds so many bytes of memory to the end of its time.
    HoldOn {
        /// How many.
        bytes: usize,
    },
}

impl Misuse {
    /// Does it. What comes back is an answer only where the host let it through.
    pub fn run(self) -> Result<Exposition, Error> {
        const TIMEOUT: Duration = Duration::from_secs(5);
        let value = match self {
            Self::Exit { status } => std::process::exit(status),
            Self::Print { bytes } => {
                print(bytes);
                bytes as f64
            }
            Self::Forge { message } => {
                log::error(&message, &[("field", &message)]);
                std::process::abort();
            }
            Self::PanicHolding { host, port } => {
                let _connection = Connection::open(&host, port, TIMEOUT)?;
                kv::set("half", b"done")?;
                panic!("this guest holds a connection");
            }
            Self::Keep { keys, key_bytes, value_bytes } => {
                for key in 0..keys {
                    kv::set(&format!("{key:0>key_bytes$}"), &vec![0; value_bytes])?;
                }
                f64::from(keys)
            }
            Self::Hoard { host, port, count } => {
                let opened: Result<Vec<_>, _> =
                    (0..count).map(|_| Connection::open(&host, port, TIMEOUT)).collect();
                opened?.len() as f64
            }
            Self::Send { url, name, value, body, password } => {
                return send(&url, (&name, &value), body, &password);
            }
            Self::FetchFirst { url, count } => {
                let requests = vec![Request::get(&url); count];
                let first = http::send_first(&requests).into_iter().flatten().next();
                f64::from(first.ok_or_else(|| Error::internal("nothing came"))??.status)
            }
            Self::Write { host, port, words, tls } => {
                let connection = Connection::open(&host, port, TIMEOUT)?;
                connection.write_all(words.as_bytes())?;
                if let Some(profile) = tls {
                    connection.start_tls(&profile, None)?;
                    connection.write_all(words.as_bytes())?;
                }
                let back = connection.read_to_end(1 << 20)?;
                return Ok(text(&format!("# {}\n", String::from_utf8_lossy(&back))));
            }
            Self::List { root, path } => files::list(&root, &path)?.len() as f64,
            Self::Tell { words } => return Ok(text(&format!("# {words}\n"))),
            Self::SleepOn => sleep_on(),
            Self::HoldOn { bytes } => {
                let _held = black_box(Vec::<u8>::with_capacity(bytes));
                sleep_on()
            }
        };
        Ok(answer("guest_value", value))
    }
}

fn sleep_on() -> ! {
    loop {
        clock::sleep(Duration::from_secs(3600));
    }
}

#[expect(clippy::print_stdout, reason = "this is the attack")]
fn print(bytes: usize) {
    println!("{}", "x".repeat(bytes));
}

fn send(
    url: &str,
    header: (&str, &str),
    body: String,
    password: &str,
) -> Result<Exposition, Error> {
    let mut request = Request::post(url);
    if !header.0.is_empty() {
        request = request.header(header.0, header.1);
    }
    if !body.is_empty() {
        request = request.header("content-type", "application/json").body(body);
    }
    if !password.is_empty() {
        request = request.basic_auth("me", password);
    }
    let back = request.send()?;
    let headers: Vec<String> =
        back.headers.iter().map(|header| format!("{}={}", header.name, header.value)).collect();
    let told = format!("{} {} {}", back.status, headers.join(" "), back.text());
    Ok(text(&format!("# {}\n", told.replace(['\n', '\r'], " "))))
}
