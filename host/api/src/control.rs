//! What the API asks of the program as a whole; implemented by the composition root.

use futures_util::future::BoxFuture;
use narthex_model::Timestamp;

/// The program as the API sees it.
pub trait ServerControl: Send + Sync {
    /// The configuration in force, secrets hidden.
    fn config_text(&self) -> String;

    /// The part of it that routes alerts, as a whole alertmanager.yml, secrets hidden.
    fn alertmanager_text(&self) -> String;

    /// Names and values of all command-line flags.
    fn flags(&self) -> Vec<(String, String)>;

    /// Whether the program takes requests: started, and not stopping.
    fn is_ready(&self) -> bool;

    /// Whether `POST /-/reload`, `/-/quit` and `/api/v1/plugins/<name>/…` are allowed.
    fn lifecycle_allowed(&self) -> bool;

    /// Whether the endpoints under `/api/v1/admin` are allowed.
    fn admin_allowed(&self) -> bool;

    /// Reads the configuration again. A refused one changes nothing.
    fn reload(&self) -> BoxFuture<'static, Result<(), ReloadError>>;

    /// Ends the program in order.
    fn quit(&self);

    /// When the program started.
    fn started_at(&self) -> Timestamp;

    /// When the configuration was last read, and whether it was taken.
    fn last_reload(&self) -> (Timestamp, bool);

    /// The working directory.
    fn working_directory(&self) -> String;

    /// How long samples are kept, as text.
    fn retention(&self) -> String;

    /// The queries that are evaluated now, the oldest first.
    fn running_queries(&self) -> Vec<RunningQuery>;
}

/// A query that is evaluated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunningQuery {
    /// The beginning of its text.
    pub query: String,
    /// Since when.
    pub since: Timestamp,
}

/// Why a reload changed nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReloadError {
    /// The reason: file, line, key and what would be right.
    pub message: String,
}
