//! Delivers alerts by mail: the `email_configs` of Alertmanager.
//!
//! Enters: a group of alerts, and texts that the host made of the templates. Leaves: one mail, handed to a smarthost by SMTP.
//! What always holds: nothing is sent unencrypted where `require_tls` says so, and no text of an alert ends a header or the
//! mail. Open `smtp.rs` for the conversation, `mail.rs` for the mail.
//!
//! ```
//! use narthex_sdk::testing::{FakeHost, alert, group};
//!
//! let server = ["220 hi\r\n", "250 me\r\n", "250 ok\r\n", "250 ok\r\n", "354 go\r\n", "250 ok\r\n"];
//! let host = FakeHost::new().tcp("mx.example:25", &server.map(str::as_bytes));
//! let config = r#"{"smarthost":"mx.example:25","require_tls":false,"from":"am@x.org","to":"ops@x.org"}"#;
//! host.notify::<email::Email>(config, &group(vec![alert(&[], &[])])).unwrap();
//! assert!(host.sent().ends_with(b"\r\n.\r\nQUIT\r\n"));
//! ```

mod address;
mod auth;
mod config;
mod mail;
mod quoted;
mod smtp;

use narthex_sdk::{AlertGroup, Error, Info, Notifier, Receipt, clock};

pub use self::config::Config;
use self::{mail::Mail, smtp::Client};

/// The notifier.
pub struct Email;

impl Notifier for Email {
    type Config = Config;

    fn describe() -> Info {
        Info::new("email", env!("CARGO_PKG_VERSION"), "Sends alerts by mail, as Alertmanager does.")
            .schema(include_str!("../config.schema.json"))
    }

    fn validate(config: &Config) -> Result<Vec<String>, Error> {
        config.judge()?;
        Ok(Vec::new())
    }

    fn notify(config: Config, group: &AlertGroup) -> Result<Receipt, Error> {
        let mail = Mail::new(&config, group, clock::now_ms())?;
        let mut client = Client::connect(&config)?;
        auth::log_in(&mut client, &config)?;
        client.send(&mail.from, &mail.to, &mail.text)?;
        Ok(Receipt { remote_id: Some(mail.id), note: String::new() })
    }
}

narthex_sdk::notifier!(Email);

#[cfg(test)]
mod tests;
