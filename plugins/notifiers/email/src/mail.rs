//! The mail: headers, and the text in one or two forms.

use std::fmt::Write as _;

use narthex_sdk::{AlertGroup, Error, alertmanager, time::rfc3339};

use crate::{address, config::Config, quoted};

const WEEKDAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Headers of addresses.
const ADDRESSES: [&str; 6] = ["From", "To", "Cc", "Bcc", "Reply-To", "Sender"];

/// Of the digits of a hash in an id.
const ID_DIGITS: usize = 16;

/// A mail that is ready to be sent.
pub(crate) struct Mail {
    pub(crate) from: String,
    pub(crate) to: Vec<String>,
    pub(crate) id: String,
    /// Lines end in CR LF, the last one too.
    pub(crate) text: String,
}

impl Mail {
    /// All attempts at one notification have the same id, so that a server may drop what it has already.
    pub(crate) fn new(config: &Config, group: &AlertGroup, now_ms: i64) -> Result<Self, Error> {
        let senders = address::parse("from", &config.from)?;
        let [from] = <[String; 1]>::try_from(senders).map_err(|many| {
            Error::key("from", format!("{} addresses; one may stand there", many.len()))
        })?;
        let to = address::parse("to", &config.to)?;
        let headers = config.headers()?;
        let told = format!("{}\n{}\n{}", group.receiver, config.to, group.idempotency_key);
        let hash = alertmanager::hashed(&told);
        let domain = from.rsplit_once('@').map_or("localhost", |(_, domain)| domain);
        let id = match headers.get("Message-Id") {
            Some(own) => (*own).to_owned(),
            None => format!("<{}@{domain}>", hash.get(..2 * ID_DIGITS).unwrap_or(&hash)),
        };
        let mut text = String::new();
        for (name, value) in headers.iter().filter(|(name, _)| *name != "Message-Id") {
            let holds_addresses = ADDRESSES.contains(&name.as_str());
            let encode = if holds_addresses { address::header } else { quoted::header };
            line(&mut text, name, &encode(value));
        }
        line(&mut text, "Message-Id", &quoted::header(&id));
        if config.threading.enabled {
            let root = thread(config, group, now_ms);
            line(&mut text, "References", &root);
            line(&mut text, "In-Reply-To", &root);
        }
        line(&mut text, "Date", &date(now_ms));
        // `=_` stands in no quoted-printable text.
        let boundary = format!("=_{}", hash.get(..ID_DIGITS).unwrap_or(&hash));
        let kind = format!("multipart/alternative; boundary=\"{boundary}\"");
        line(&mut text, "Content-Type", &kind);
        line(&mut text, "MIME-Version", "1.0");
        text.push_str("\r\n");
        // The form that is preferred comes last.
        for (kind, body) in [("text/plain", &config.text), ("text/html", &config.html)] {
            let is_only = kind == "text/plain" && config.html.is_empty();
            if body.is_empty() && !is_only {
                continue;
            }
            let body = quoted::printable(body);
            write!(
                text,
                "--{boundary}\r\nContent-Transfer-Encoding: quoted-printable\r\n\
                 Content-Type: {kind}; charset=UTF-8\r\n\r\n{body}\r\n"
            )
            .expect("a text takes all that is written");
        }
        text.push_str(&format!("--{boundary}--\r\n"));
        Ok(Self { from, to, id, text })
    }
}

fn line(text: &mut String, name: &str, value: &str) {
    text.push_str(&format!("{name}: {value}\r\n"));
}

/// What all mails of a group answer to: Alertmanager's, so that threads go on where one takes the place of the other.
fn thread(config: &Config, group: &AlertGroup, now_ms: i64) -> String {
    let key = alertmanager::hashed(&group.group_key);
    let key = key.get(..ID_DIGITS).unwrap_or(&key);
    let now = rfc3339(now_ms);
    let day =
        if config.threading.thread_by_date == "none" { "" } else { now.get(..10).unwrap_or("") };
    format!("<alert-{key}-{day}@alertmanager>")
}

/// `Fri, 27 Nov 2026 02:56:23 +0000`
fn date(now_ms: i64) -> String {
    let now = rfc3339(now_ms);
    let part = |from: usize, to: usize| now.get(from..to).unwrap_or_default();
    let weekday = usize::try_from(now_ms.div_euclid(86_400_000).rem_euclid(7)).unwrap_or_default();
    let month =
        part(5, 7).parse::<usize>().ok().and_then(|month| MONTHS.get(month.checked_sub(1)?));
    format!(
        "{}, {} {} {} {} +0000",
        WEEKDAYS.get(weekday).unwrap_or(&""),
        part(8, 10),
        month.unwrap_or(&""),
        part(0, 4),
        part(11, 19)
    )
}

#[cfg(test)]
mod tests {
    use super::date;

    #[test]
    fn dates_are_written_as_rfc_5322_says() {
        assert_eq!(date(0), "Thu, 01 Jan 1970 00:00:00 +0000");
        assert_eq!(date(1_795_748_183_288), "Fri, 27 Nov 2026 02:56:23 +0000");
        assert_eq!(date(951_868_799_000), "Tue, 29 Feb 2000 23:59:59 +0000");
    }
}
