//! What a discovery plugin told so far, answer by answer.
//!
//! Invariant: only whole sets are in [`Found::groups`]; an answer that is refused changes nothing in them.

mod groups;

use std::sync::{Arc, Weak};
use std::time::Duration;

use self::groups::Groups;
use crate::answer::{Change, Refreshed};
use crate::loader::Loaded;

/// When to ask again, unless the plugin says; as Prometheus' DNS discovery.
const REFRESH_EVERY: Duration = Duration::from_secs(30);

/// A plugin that asks to be called at once still waits this long, unless it waited for news itself.
pub(super) const REFRESH_EVERY_MIN: Duration = Duration::from_millis(100);

/// The longest cursor.
const CURSOR_BYTES_MAX: usize = 64 * 1024;

/// Parts of one set: at some MiB each, more than any cluster has.
const PARTS_MAX: u32 = 256;

/// What the plugin told so far.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// The last whole set.
    pub(super) groups: Groups,
    /// A set that is not whole yet.
    parts: Option<Parts>,
    pub(super) cursor: Option<String>,
    /// The next answers belong to what was told last: they are not waited for.
    pub(super) is_behind: bool,
    /// The version that told the cursor.
    version: Weak<Loaded>,
    /// Failures in a row.
    pub(super) failures: u32,
}

/// A set of which only a part is known.
#[derive(Debug, Default)]
struct Parts {
    groups: Groups,
    count: u32,
    /// Why a part of the source failed while they were told.
    failing: Option<String>,
}

/// What an answer did.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Taken {
    /// When to ask next.
    pub(super) next_in: Duration,
    /// What is to be told of it.
    pub(super) news: News,
}

/// What an answer says of the whole set.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum News {
    /// Nothing yet: it is a part.
    Part,
    /// The set is as it was.
    Same { failing: Option<String> },
    /// The set may be another one.
    Other { failing: Option<String> },
}

impl Found {
    /// Has a new version of the plugin begin afresh: what an old one meant by its cursor is its own
    /// affair. The groups stay until there are new ones.
    pub(super) fn of_version(&mut self, loaded: &Arc<Loaded>) {
        let version = Arc::downgrade(loaded);
        if !self.version.ptr_eq(&version) {
            self.version = version;
            self.begin_afresh();
        }
    }

    fn begin_afresh(&mut self) {
        (self.cursor, self.parts, self.is_behind) = (None, None, false);
    }

    /// Takes an answer in.
    pub(crate) fn take(&mut self, answer: Refreshed) -> Result<Taken, String> {
        let taken = self.try_to_take(answer);
        if taken.is_err() {
            // Without a cursor the next answer is whole again.
            self.begin_afresh();
        }
        taken
    }

    fn try_to_take(&mut self, answer: Refreshed) -> Result<Taken, String> {
        let Refreshed { change, cursor, next_in, is_part, failing } = answer;
        if let Some(reason) = self.refusal(&change, cursor.as_ref(), is_part) {
            return Err(reason);
        }
        let next_in = match is_part {
            true => REFRESH_EVERY_MIN,
            false => next_in.unwrap_or(REFRESH_EVERY).max(REFRESH_EVERY_MIN),
        };
        (self.cursor, self.is_behind) = (cursor, is_part);
        let is_whole = matches!(change, Change::Full(_));
        let is_unchanged = matches!(change, Change::Unchanged);
        if is_whole {
            self.parts = None;
        }
        if !is_part && self.parts.is_none() {
            self.groups.apply(change, failing.is_some())?;
            let news = if is_unchanged { News::Same { failing } } else { News::Other { failing } };
            return Ok(Taken { next_in, news });
        }
        if !is_whole && self.parts.is_none() {
            // Differences to a whole set make another whole one, however many answers they take.
            self.groups.apply(change, failing.is_some())?;
            return Ok(Taken { next_in, news: News::Other { failing } });
        }
        let parts = self.parts.get_or_insert_default();
        parts.groups.apply(change, false)?;
        parts.count += 1;
        parts.failing = failing.or(parts.failing.take());
        if is_part {
            return Ok(Taken { next_in, news: News::Part });
        }
        let Parts { groups, failing, .. } = self.parts.take().unwrap_or_default();
        self.groups.become_that(groups, failing.is_some())?;
        Ok(Taken { next_in, news: News::Other { failing } })
    }

    /// Why an answer is not taken.
    fn refusal(&self, change: &Change, cursor: Option<&String>, is_part: bool) -> Option<String> {
        let is_whole = matches!(change, Change::Full(_));
        let count = self.parts.as_ref().filter(|_| !is_whole).map_or(0, |parts| parts.count);
        if cursor.is_some_and(|cursor| cursor.len() > CURSOR_BYTES_MAX) {
            Some(format!("its cursor has more than {CURSOR_BYTES_MAX} bytes"))
        } else if !is_whole && self.cursor.is_none() {
            Some("it told differences although it was asked for everything".to_owned())
        } else if is_part && cursor.is_none() {
            Some("it told a part of its targets without a cursor for the next one".to_owned())
        } else if is_part && count >= PARTS_MAX {
            Some(format!("it told its targets in more than {PARTS_MAX} parts"))
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests;
