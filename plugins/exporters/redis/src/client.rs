//! A connection to a server: logging in, and commands that are sent together.

use narthex_sdk::{Error, clock, log, tcp::Connection};

use crate::{
    Config,
    resp::{Reader, Reply, encode},
};

/// Of what is left of the call, how much a server may take for an answer: the rest is for telling that it did not.
const TIME_SHARE: f64 = 0.9;

/// What a password that stands in no line needs.
const HINT: &str = "; a password with an apostrophe, or with a space and a backslash at its end, must be known to the \
                    plugin: plugins: { allow: { redis: { reveal_secrets: true } } }";

/// A connection on which commands are answered in order.
#[derive(Debug)]
pub(crate) struct Client {
    connection: Connection,
    reader: Reader,
}

/// Answers in the order of the commands.
pub(crate) struct Answers(std::vec::IntoIter<Reply>);

impl Client {
    pub(crate) fn connect(address: &str, tls: Option<&str>) -> Result<Self, Error> {
        let connection = Connection::to(address, tls, clock::deadline().mul_f64(TIME_SHARE))?;
        Ok(Self { connection, reader: Reader::new() })
    }

    /// Logs in where there is a password.
    pub(crate) fn log_in(&mut self, config: &Config, address: &str) -> Result<(), Error> {
        if config.password.is_empty() {
            return Ok(());
        }
        let mut answer = self.auth(&config.user, &config.password, Quoted::Yes)?;
        let mut hint = "";
        if matches!(&answer, Reply::Refused(reason) if reason.contains("unbalanced quotes")) {
            // A password that the host put in may end in a backslash, which hides the quote behind it. The server has closed
            // the connection.
            *self = Self::connect(address, config.tls.as_deref())?;
            answer = self.auth(&config.user, &config.password, Quoted::No)?;
            hint = HINT;
        }
        match answer {
            Reply::Refused(reason) => Err(Error::protocol(format!("log in: {reason}{hint}"))),
            Reply::Text(_) | Reply::Number(_) | Reply::List(_) | Reply::Nothing => Ok(()),
        }
    }

    fn auth(&mut self, user: &str, password: &str, quoted: Quoted) -> Result<Reply, Error> {
        let user = Some(user).filter(|user| !user.is_empty());
        let mut bytes = Vec::new();
        match inline(user, password, quoted) {
            Some(line) => bytes.extend_from_slice(line.as_bytes()),
            None => {
                let words: Vec<&str> = ["AUTH"].into_iter().chain(user).chain([password]).collect();
                encode(&words, &mut bytes);
            }
        }
        self.connection.write_all(&bytes)?;
        self.reader.reply(&self.connection)
    }

    /// Sends all of them at once and waits for all answers.
    pub(crate) fn ask(&mut self, commands: &[Vec<&str>]) -> Result<Answers, Error> {
        let mut bytes = Vec::new();
        for command in commands {
            encode(command, &mut bytes);
        }
        self.connection.write_all(&bytes)?;
        let replies: Result<Vec<_>, _> =
            commands.iter().map(|_| self.reader.reply(&self.connection)).collect();
        Ok(Answers(replies?.into_iter()))
    }
}

impl Answers {
    /// The next answer, which may be a refusal.
    pub(crate) fn any(&mut self) -> Reply {
        self.0.next().unwrap_or(Reply::Nothing)
    }

    /// The next answer as a text; a refusal is an error.
    pub(crate) fn text(&mut self, command: &str) -> Result<String, Error> {
        self.any().text().map_err(|error| error.context(command))
    }

    /// The next answer; a refusal costs what it would have told.
    pub(crate) fn optional(&mut self, command: &str) -> Reply {
        match self.any() {
            Reply::Refused(reason) => {
                log::debug("the server refuses", &[("command", &command), ("reason", &reason)]);
                Reply::Nothing
            }
            answer @ (Reply::Text(_) | Reply::Number(_) | Reply::List(_) | Reply::Nothing) => {
                answer
            }
        }
    }
}

/// Whether a password stands between quotes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Quoted {
    Yes,
    /// A backslash is one then, but a space ends the word.
    No,
}

/// The command `AUTH` as a line of text, which a server takes as well. It has no lengths of words: where the host puts the
/// password in place of what this side knows of it, the line stays true. None if a word cannot stand in quotes.
fn inline(user: Option<&str>, password: &str, quoted: Quoted) -> Option<String> {
    let quote = |word: &str| {
        let can_stand = !word.ends_with('\\') && !word.chars().any(|c| c == '\'' || c.is_control());
        can_stand.then(|| format!("'{word}'"))
    };
    let password = match quoted {
        Quoted::Yes => quote(password)?,
        Quoted::No => password.to_owned(),
    };
    match user {
        Some(user) => Some(format!("AUTH {} {password}\r\n", quote(user)?)),
        None => Some(format!("AUTH {password}\r\n")),
    }
}
