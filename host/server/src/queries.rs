//! Journals of queries: which ones run, and which ones were answered.

mod active;
mod log;

use narthex_promql::{QueryObserver, QueryRecord};

pub(crate) use self::active::ActiveQueries;
pub(crate) use self::log::{PreparedLog, QueryLog};

/// Both journals, as the engine sees them.
#[derive(Debug)]
pub(crate) struct Journals {
    pub(crate) active: ActiveQueries,
    pub(crate) log: QueryLog,
}

impl QueryObserver for Journals {
    fn began(&self, query: &str) -> u64 {
        self.active.began(query)
    }

    fn ended(&self, ticket: u64) {
        self.active.ended(ticket);
    }

    fn answered(&self, record: &QueryRecord<'_>) {
        self.log.write(record);
    }
}
