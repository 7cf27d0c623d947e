//! Who hears of queries: journals of what runs and of what was answered.
//!
//! The engine knows no disks. Whoever keeps journals implements [`QueryObserver`] and hands it over
//! in [`EngineConfig`](crate::EngineConfig).

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use narthex_model::Timestamp;

use crate::result::{QueryError, QueryStats};

/// Hears of every query of an engine. Its calls stand in the way of the query: they must be quick.
pub trait QueryObserver: Send + Sync + fmt::Debug {
    /// A query has got its place and begins to run. The answer is handed to `ended`.
    fn began(&self, query: &str) -> u64;

    /// The query that `began` was told of runs no more, however it ended: once for each `began`.
    fn ended(&self, ticket: u64);

    /// A query has its answer, or has none: also one that never got a place.
    fn answered(&self, record: &QueryRecord<'_>);
}

/// What is known of a query after it ended.
#[derive(Clone, Copy, Debug)]
pub struct QueryRecord<'a> {
    /// The text.
    pub query: &'a str,
    /// The first time of evaluation.
    pub start: Timestamp,
    /// The last time of evaluation, the same as the first at a single time.
    pub end: Timestamp,
    /// The distance between times of evaluation; zero at a single time.
    pub step: Duration,
    /// Who asked.
    pub origin: Option<&'a QueryOrigin>,
    /// What it cost, as far as it came.
    pub stats: &'a QueryStats,
    /// Why there is no answer.
    pub error: Option<&'a QueryError>,
}

/// Who asked a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QueryOrigin {
    /// Somebody by HTTP.
    Http {
        /// The other end's address, empty when it is not known.
        client_ip: String,
        /// The method of the request.
        method: String,
        /// The path of the request.
        path: String,
    },
    /// A group of rules.
    RuleGroup {
        /// The file that the group stands in.
        file: String,
        /// The group's name.
        name: String,
    },
}

/// Tells an observer that a query runs until it is dropped.
pub(crate) struct Running<'a> {
    observer: &'a dyn QueryObserver,
    ticket: u64,
}

impl<'a> Running<'a> {
    pub(crate) fn begin(observer: Option<&'a Arc<dyn QueryObserver>>, query: &str) -> Option<Self> {
        let observer = &**observer?;
        Some(Self { observer, ticket: observer.began(query) })
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.observer.ended(self.ticket);
    }
}

#[cfg(test)]
mod tests;
