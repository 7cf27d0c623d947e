//! What somebody on call does at a terminal: alerts are asked for, made and acknowledged; silences are asked for,
//! made, changed, ended and carried over; routes are shown and tried; templates are rendered.
//!
//! Enters: arguments as they were written, texts of files, an [`Alertmanager`] to ask, which may be
//! ours. Leaves: an [`Outcome`] to print, or why there is none. The lines are those of Alertmanager's
//! `amtool`, so that scripts can change the program's name and nothing else.
//!
//! Always holds: nothing is printed or read here; every answer of a server has a bound in time and
//! bytes; a silence that should recur holds at no other time, whatever server takes it.
//!
//! Open `server.rs` first, then `silences.rs`; `routing.rs` and `templates.rs` ask nobody.
//!
//! ```
//! let text = "route: { receiver: a, routes: [{ receiver: b, matchers: ['sev=page'] }] }\n\
//!             receivers: [{ name: a }, { name: b }]";
//! let config = narthex_oncall::read_routing("alertmanager.yml", text)?;
//! let labels = narthex_oncall::parse_labels(&["sev=page".to_owned()]).unwrap();
//! let tried = narthex_oncall::try_routes(config.routes(), &labels, Default::default());
//! assert_eq!(tried.answer, "b\n");
//! # Ok::<(), narthex_settings::SettingsError>(())
//! ```

mod acknowledgements;
mod alerts;
mod arguments;
mod defaults;
mod recurring;
mod routing;
mod server;
mod show;
mod silences;
mod status;
mod table;
mod templates;
mod wire;

pub use self::acknowledgements::{
    NewAcknowledgement, acknowledge, query_acknowledgements, unacknowledge,
};
pub use self::alerts::{AlertChoice, NewAlert, add_alert, query_alerts};
pub use self::arguments::{ArgumentError, parse_any_duration, parse_labels};
pub use self::defaults::Defaults;
pub use self::recurring::{RecurringError, parse_recurring};
pub use self::routing::{RouteTrial, read_routing, show_routes, try_routes};
pub use self::server::{Alertmanager, ServerError};
pub use self::show::{DATE_LAYOUT, Form, Style};
pub use self::silences::{
    Import, NewSilence, SilenceChange, SilenceChoice, add_silence, expire_silences,
    export_silences, import_silences, query_silences, update_silences,
};
pub use self::status::{show_cluster, show_config};
pub use self::templates::{TemplateError, render_template};

/// What a command came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// The answer, with the ends of its lines.
    pub answer: String,
    /// Lines beside the answer.
    pub aside: Vec<String>,
    /// Whether it came out otherwise than it was expected to.
    pub is_bad: bool,
}

impl From<String> for Outcome {
    fn from(answer: String) -> Self {
        Self { answer, ..Self::default() }
    }
}

/// Why a command came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// The command line.
    #[error(transparent)]
    Arguments(#[from] ArgumentError),
    /// The server.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// A file of silences.
    #[error("the silences cannot be read, are they JSON, as `silence export` writes it?")]
    Silences(#[source] serde_json::Error),
}
