//! What the API asks of the program as a whole; implemented by the composition root.

use std::time::Duration;

use futures_util::future::BoxFuture;
use narthex_model::Timestamp;
use narthex_scrape::JobConfig;

/// The program as the API sees it.
pub trait ServerControl: Send + Sync {
    /// The configuration in force, secrets hidden.
    fn config_text(&self) -> String;

    /// The part of it that routes alerts, as a whole alertmanager.yml, secrets hidden.
    fn alertmanager_text(&self) -> String;

    /// What is in force of one job, as YAML, secrets hidden; `None`: the configuration has no such job.
    /// Blocks: its file is read again.
    fn pool_text(&self, job: &JobConfig) -> Option<String>;

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

    /// The name of the machine.
    fn host_name(&self) -> String;

    /// The working directory.
    fn working_directory(&self) -> String;

    /// How long samples are kept, as text.
    fn retention(&self) -> String;

    /// The queries that are evaluated now, the oldest first.
    fn running_queries(&self) -> Vec<RunningQuery>;

    /// What queries cost since the start, those that cost most first, `limit` at most.
    fn top_queries(&self, order: QueryOrder, limit: usize) -> TopQueries;
}

/// A query that is evaluated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunningQuery {
    /// The beginning of its text.
    pub query: String,
    /// Since when.
    pub since: Timestamp,
}

/// By which cost queries are sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueryOrder {
    /// The time of all evaluations together.
    Duration,
    /// The time of the slowest evaluation.
    Slowest,
    /// How often the query was asked.
    Count,
    /// The samples that all evaluations read.
    Samples,
}

/// The queries that cost most.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopQueries {
    /// Since when costs are added up.
    pub since: Timestamp,
    /// Different queries that are known.
    pub kept: usize,
    /// Different queries that are not known any more.
    pub forgotten: u64,
    /// The first of those that are known.
    pub queries: Vec<QueryCost>,
}

/// What a query cost, by all its evaluations. Waiting for other queries is no cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryCost {
    /// Its text, or the beginning of a long one.
    pub query: String,
    /// Evaluations.
    pub count: u64,
    /// Evaluations without an answer.
    pub failed: u64,
    /// Time of all evaluations.
    pub duration_sum: Duration,
    /// Time of the slowest one.
    pub duration_max: Duration,
    /// Samples that all evaluations read from the store.
    pub samples_sum: u64,
    /// The most that one read.
    pub samples_max: u64,
    /// When the last one ended.
    pub last: Timestamp,
}

/// Why a reload changed nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReloadError {
    /// The reason: file, line, key and what would be right.
    pub message: String,
}
