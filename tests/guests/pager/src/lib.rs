//! A notifier in two versions: built as it is, it posts the group's key and calls itself 1.0.0; with the feature `v2` it
//! is 2.0.0 and does what its configuration says of the second version. The crate `pager_v2` is this file with that feature.
//!
//! Enters: a group of alerts. Leaves: a POST of two steps, the first of which asks for a ticket. What always holds: the
//! first version does the same whatever the configuration says. Open this file; there is no other.
//!
//! ```
//! use narthex_sdk::{AlertGroup, AlertStatus, testing::FakeHost};
//!
//! let group = AlertGroup {
//!     group_key: "{}:{}".into(),
//!     receiver: "team".into(),
//!     status: AlertStatus::Firing,
//!     group_labels: vec![],
//!     common_labels: vec![],
//!     common_annotations: vec![],
//!     alerts: vec![],
//!     truncated_alerts: 0,
//!     external_url: "http://narthex.example".into(),
//!     attempt: 1,
//!     idempotency_key: "1".into(),
//! };
//! let host = FakeHost::new().http_status("http://pager.example/", 200, "");
//! host.notify::<pager::Pager>(r#"{"url":"http://pager.example","second":"other-words"}"#, &group).unwrap();
//! assert_eq!(host.requests()[1].method, "POST");
//! ```

use narthex_sdk::http::{Request, Response};
use narthex_sdk::{AlertGroup, Error, Info, Notifier, Receipt, kv};
use serde::Deserialize;

/// Whether this is the second version.
const IS_SECOND: bool = cfg!(feature = "v2");

/// The guest.
pub struct Pager;

/// What the test may set.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where the pager is.
    url: String,
    /// What the second version does.
    second: Second,
}

/// How the second version is another one.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Second {
    /// It says the same in other words.
    OtherWords,
    /// It asks for something that the first one does not ask for.
    OtherPlace,
    /// It forgets to send.
    Silence,
    /// It panics once it has a ticket.
    Panic,
    /// It fails once it has a ticket.
    Defect,
}

impl Notifier for Pager {
    type Config = Config;

    fn describe() -> Info {
        let version = if IS_SECOND { "2.0.0" } else { "1.0.0" };
        Info::new("pager", version, "Posts the key of a group.").schema(
            r#"{
                "$schema": "https://json-schema.org/draft/2020-12/schema",
                "type": "object",
                "additionalProperties": false,
                "required": ["url", "second"],
                "properties": {
                    "url": { "type": "string", "x-secret": true },
                    "second": { "enum": ["other-words", "other-place", "silence", "panic", "defect"] }
                }
            }"#,
        )
    }

    fn validate(_: &Config) -> Result<Vec<String>, Error> {
        Ok(Vec::new())
    }

    fn notify(config: Config, group: &AlertGroup) -> Result<Receipt, Error> {
        let second = IS_SECOND.then_some(config.second);
        let receipt = |note: &str| Receipt { remote_id: None, note: note.into() };
        if second == Some(Second::Silence) {
            return Ok(receipt("nothing to say"));
        }
        let ticket = if second == Some(Second::OtherPlace) { "number" } else { "ticket" };
        let ticket = done(&Request::get(&format!("{}/{ticket}", config.url)))?;
        kv::set("ticket", ticket.body.as_slice())?;
        match second {
            Some(Second::Panic) => panic!("this version cannot read a ticket"),
            Some(Second::Defect) => return Err(Error::internal("this version forgot the ticket")),
            _ => {}
        }
        let words = if IS_SECOND { "in other words: " } else { "" };
        let body = format!("{words}{} {}", ticket.text(), group.group_key);
        done(&Request::post(&format!("{}/page", config.url)).body(body))?;
        Ok(receipt("paged"))
    }
}

fn done(request: &Request) -> Result<Response, Error> {
    let answer = request.send()?;
    if answer.is_success() { Ok(answer) } else { Err(Error::protocol("the pager refuses")) }
}

narthex_sdk::notifier!(Pager);
