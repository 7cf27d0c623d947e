//! What a fake answers: by path, and by one answer for all other paths. A path's answer may have an index, as Consul and
//! Nomad give them; a request that names this index then waits until the answer is another.

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex};
use std::time::{Duration, Instant};

use crate::server::{Answer, Request, lock};

/// Answers that can be changed while requests wait for them.
#[derive(Debug)]
pub(crate) struct Script {
    lines: Mutex<Lines>,
    changed: Condvar,
}

#[derive(Debug)]
struct Lines {
    otherwise: Answer,
    /// By path, without the query.
    by_path: BTreeMap<String, Line>,
    /// Nobody waits any more.
    is_over: bool,
}

#[derive(Debug, Clone)]
struct Line {
    answer: Answer,
    index: Option<u64>,
}

impl Script {
    /// The same for all paths.
    pub(crate) fn new(otherwise: Answer) -> Self {
        let lines = Lines { otherwise, by_path: BTreeMap::new(), is_over: false };
        Self { lines: Mutex::new(lines), changed: Condvar::new() }
    }

    /// For paths that have no answer of their own.
    pub(crate) fn otherwise(&self, answer: Answer) {
        self.change(|lines| lines.otherwise = answer);
    }

    /// For one path.
    pub(crate) fn set(&self, path: &str, answer: Answer, index: Option<u64>) {
        self.change(|lines| {
            lines.by_path.insert(path.to_owned(), Line { answer, index });
        });
    }

    /// Lets everybody go who waits.
    pub(crate) fn end(&self) {
        self.change(|lines| lines.is_over = true);
    }

    fn change(&self, change: impl FnOnce(&mut Lines)) {
        change(&mut lock(&self.lines));
        self.changed.notify_all();
    }

    /// The answer to a request, which may be long in coming.
    pub(crate) fn answer(&self, request: &Request) -> Answer {
        let path = request.path.split('?').next().unwrap_or_default();
        let index = request.param("index").and_then(|index| index.parse::<u64>().ok());
        let deadline = Instant::now() + request.param("wait").and_then(wait).unwrap_or_default();
        let mut lines = lock(&self.lines);
        loop {
            let Some(line) = lines.by_path.get(path) else { return lines.otherwise.clone() };
            let left = deadline.saturating_duration_since(Instant::now());
            if index.is_none() || line.index != index || left.is_zero() || lines.is_over {
                return line.answer.clone();
            }
            lines = match self.changed.wait_timeout(lines, left) {
                Ok((lines, _)) => lines,
                Err(poisoned) => poisoned.into_inner().0,
            };
        }
    }
}

/// `1500ms` or `30s`.
fn wait(text: &str) -> Option<Duration> {
    match text.strip_suffix("ms") {
        Some(millis) => millis.parse().ok().map(Duration::from_millis),
        None => text.strip_suffix('s')?.parse().ok().map(Duration::from_secs),
    }
}
