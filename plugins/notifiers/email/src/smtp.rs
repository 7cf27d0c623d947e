//! The conversation with the smarthost: RFC 5321, with STARTTLS.
//!
//! As in Alertmanager, whatever the server refuses is tried again: a mailbox may be full for an hour.

use std::collections::BTreeMap;

use narthex_sdk::{Error, clock, log, tcp::Connection};

use crate::config::{Config, Encryption};

/// Of what is left of the call, how much the server may take for one answer.
const TIME_SHARE: f64 = 0.9;

/// All lines of one answer.
const REPLY_BYTES_MAX: usize = 64 << 10;

/// Of an answer, for errors.
const SAID_CHARS_MAX: usize = 512;

/// A connection to a server that has said hello.
#[derive(Debug)]
pub(crate) struct Client {
    connection: Connection,
    /// What was received and is not read yet.
    received: Vec<u8>,
    /// By name, with what the server says of them.
    extensions: BTreeMap<String, String>,
    pub(crate) host: String,
    pub(crate) is_encrypted: bool,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) code: u16,
    pub(crate) lines: Vec<String>,
}

/// What the server did not want.
pub(crate) fn refused(step: &str, reply: &Reply) -> Error {
    let said: String = reply.lines.join(" ").chars().take(SAID_CHARS_MAX).collect();
    Error::protocol(format!("{step}: the smarthost answered {} {said}", reply.code)).retryable(true)
}

fn broken(why: &str) -> Error {
    Error::protocol(format!("the smarthost {why}")).retryable(true)
}

impl Client {
    /// Connects, says hello, and encrypts.
    pub(crate) fn connect(config: &Config) -> Result<Self, Error> {
        let (host, port) = config.smarthost()?;
        let encryption = config.encryption(port);
        let mut options = Vec::new();
        if encryption == Encryption::FromTheBeginning {
            options.push(("tls", config.tls_profile.as_str()));
        }
        let timeout = clock::deadline().mul_f64(TIME_SHARE);
        let connection = Connection::open_with(host, port, &options, timeout)
            .map_err(|error| error.context("connect to the smarthost"))?;
        let mut client = Self {
            connection,
            received: Vec::new(),
            extensions: BTreeMap::new(),
            host: host.to_owned(),
            is_encrypted: encryption == Encryption::FromTheBeginning,
        };
        let greeting = client.reply()?;
        if greeting.code != 220 {
            return Err(refused("greeting", &greeting));
        }
        client.say_hello(&config.hello)?;
        if encryption == Encryption::StartTls {
            client.start_tls(config)?;
        }
        Ok(client)
    }

    fn say_hello(&mut self, name: &str) -> Result<(), Error> {
        let name: String = name.chars().filter(|c| c.is_ascii_graphic()).collect();
        let reply = self.ask(&format!("EHLO {name}"))?;
        if reply.code != 250 {
            self.extensions.clear();
            return self.command("HELO", &format!("HELO {name}"), 250);
        }
        let told = reply.lines.iter().skip(1).map(|line| {
            let (extension, words) = line.split_once(' ').unwrap_or((line, ""));
            (extension.to_ascii_uppercase(), words.to_owned())
        });
        self.extensions = told.collect();
        Ok(())
    }

    fn start_tls(&mut self, config: &Config) -> Result<(), Error> {
        if self.extension("STARTTLS").is_none() {
            let why = "does not offer STARTTLS, and require_tls is true (the default)";
            return Err(broken(why));
        }
        self.command("STARTTLS", "STARTTLS", 220)?;
        if !self.received.is_empty() {
            // Somebody else may have sent it.
            return Err(broken("sent more than its answer to STARTTLS"));
        }
        self.connection
            .start_tls(&config.tls_profile, None)
            .map_err(|error| error.context("STARTTLS"))?;
        self.is_encrypted = true;
        self.say_hello(&config.hello)
    }

    /// What the server says of an extension that it has.
    pub(crate) fn extension(&self, name: &str) -> Option<&str> {
        self.extensions.get(name).map(String::as_str)
    }

    /// Hands a mail over.
    pub(crate) fn send(&mut self, from: &str, to: &[String], text: &str) -> Result<(), Error> {
        let has = |client: &Self, extension: &str, words| {
            client.extension(extension).map_or("", |_| words)
        };
        let eight_bits = has(self, "8BITMIME", " BODY=8BITMIME");
        let utf8 = has(self, "SMTPUTF8", " SMTPUTF8");
        self.command("MAIL", &format!("MAIL FROM:<{from}>{eight_bits}{utf8}"), 250)?;
        for address in to {
            let reply = self.ask(&format!("RCPT TO:<{address}>"))?;
            if !matches!(reply.code, 250 | 251) {
                return Err(refused(&format!("RCPT {address}"), &reply));
            }
        }
        self.command("DATA", "DATA", 354)?;
        self.write(&(with_dots(text) + ".\r\n"))?;
        let reply = self.reply()?;
        if reply.code != 250 {
            return Err(refused("the mail", &reply));
        }
        // The server has the mail, whatever it says to this.
        if let Err(error) = self.write("QUIT\r\n") {
            log::debug("say goodbye", &[("error", &error.message)]);
        }
        Ok(())
    }

    /// Says a line and wants this answer.
    fn command(&mut self, step: &str, line: &str, code: u16) -> Result<(), Error> {
        let reply = self.ask(line)?;
        if reply.code == code { Ok(()) } else { Err(refused(step, &reply)) }
    }

    /// Says a line.
    pub(crate) fn ask(&mut self, line: &str) -> Result<Reply, Error> {
        self.write(&format!("{line}\r\n"))?;
        self.reply()
    }

    fn write(&self, text: &str) -> Result<(), Error> {
        self.connection.write_all(text.as_bytes()).map_err(|error| error.context("smarthost"))
    }

    fn reply(&mut self) -> Result<Reply, Error> {
        let mut reply = Reply { code: 0, lines: Vec::new() };
        let mut bytes = 0;
        loop {
            let line = self.line()?;
            bytes += line.len();
            if bytes > REPLY_BYTES_MAX {
                return Err(broken("answers without end"));
            }
            let code = line.get(..3).and_then(|code| code.parse().ok());
            reply.code = code.ok_or_else(|| broken("does not speak SMTP"))?;
            reply.lines.push(line.get(4..).unwrap_or_default().to_owned());
            if line.get(3..4) != Some("-") {
                return Ok(reply);
            }
        }
    }

    fn line(&mut self) -> Result<String, Error> {
        loop {
            if let Some(end) = self.received.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.received.drain(..=end).collect();
                return Ok(String::from_utf8_lossy(&line).trim_end().to_owned());
            }
            if self.received.len() > REPLY_BYTES_MAX {
                return Err(broken("answers without end"));
            }
            let piece = self.connection.read().map_err(|error| error.context("smarthost"))?;
            let piece = piece.ok_or_else(|| broken("closed the connection"))?;
            self.received.extend_from_slice(&piece);
        }
    }
}

/// A line that begins with a dot gets one more: a dot alone ends the mail.
fn with_dots(text: &str) -> String {
    let lines = text.split_inclusive('\n');
    lines.flat_map(|line| [if line.starts_with('.') { "." } else { "" }, line]).collect()
}
