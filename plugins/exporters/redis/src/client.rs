//! A connection to a server: logging in, and commands that are sent together.

use narthex_sdk::{Error, clock, log, tcp::Connection};

use crate::resp::{Reader, Reply, encode};

/// Of what is left of the call, how much a server may take for an answer: the rest is for telling that it did not.
const TIME_SHARE: f64 = 0.9;

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
    pub(crate) fn log_in(&mut self, user: &str, password: &str) -> Result<(), Error> {
        if password.is_empty() {
            return Ok(());
        }
        let mut words = vec!["AUTH"];
        words.extend([user].into_iter().filter(|user| !user.is_empty()));
        words.push(password);
        let mut line = Vec::new();
        match inline(&words) {
            Some(text) => line.extend_from_slice(text.as_bytes()),
            None => encode(&words, &mut line),
        }
        self.connection.write_all(&line)?;
        match self.reader.reply(&self.connection)? {
            Reply::Refused(reason) => Err(Error::protocol(format!("log in: {reason}"))),
            Reply::Text(_) | Reply::Number(_) | Reply::List(_) | Reply::Nothing => Ok(()),
        }
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

/// A command as a line of text, which a server takes as well. It has no lengths of words: where the host puts the
/// password in place of what this side knows of it, the line stays true. None if a word cannot stand in quotes.
fn inline(words: &[&str]) -> Option<String> {
    let can_stand = |word: &&str| !word.chars().any(|c| c == '\'' || c.is_control());
    let quoted = words.iter().map(|word| can_stand(word).then(|| format!("'{word}'")));
    Some(quoted.collect::<Option<Vec<_>>>()?.join(" ") + "\r\n")
}
