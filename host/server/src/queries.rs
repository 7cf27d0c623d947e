//! Journals of queries: which ones run, which ones were answered, and what they cost.

mod active;
mod log;
mod tally;

use narthex_promql::{QueryObserver, QueryRecord};

pub(crate) use self::active::ActiveQueries;
pub(crate) use self::log::{PreparedLog, QueryLog};
pub(crate) use self::tally::Tally;

/// All of them, as the engine sees them.
#[derive(Debug)]
pub(crate) struct Journals {
    pub(crate) active: ActiveQueries,
    pub(crate) log: QueryLog,
    pub(crate) tally: Tally,
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
        self.tally.add(record);
    }
}

/// The beginning of a text, cut between characters.
fn cut(text: &str, bytes_max: usize) -> &str {
    text.get(..text.floor_char_boundary(bytes_max)).unwrap_or("")
}
