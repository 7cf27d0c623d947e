//! That alerts are not taken: how long the next pause is, and what the log says.
//!
//! Invariant: what goes wrong in one way is said once until alerts are taken together again, or nothing
//! waits any more, and no more than [`KINDS_MAX`] ways are said until then.

use std::time::Duration;

use tracing::{debug, info, warn};

use crate::answer::Reason;

/// The first pause; it doubles up to the longest.
const PAUSE_FIRST: Duration = Duration::from_millis(500);
/// An alert that fires counts as over unless it is sent again within four minutes: a few tries must fit.
const PAUSE_MAX: Duration = Duration::from_secs(30);
/// More ways to fail than this are one and the same that has another name each time.
const KINDS_MAX: usize = 8;

#[derive(Debug, Default)]
pub(crate) struct Trouble {
    /// The last pause, unless alerts were taken after it.
    pause: Option<Duration>,
    /// The ways that were said.
    kinds: Vec<String>,
    /// Something was said, and not yet that it is over.
    is_said: bool,
}

impl Trouble {
    /// The pause before the next request.
    pub(crate) fn pause(&mut self) -> Duration {
        let longer = self.pause.map(|pause| pause.saturating_mul(2).min(PAUSE_MAX));
        *self.pause.insert(longer.unwrap_or(PAUSE_FIRST))
    }

    /// Says why alerts are not taken. Whether it is news.
    pub(crate) fn failed(&mut self, alertmanager: &str, reason: &Reason) -> bool {
        let is_news = self.kinds.len() < KINDS_MAX && !self.kinds.contains(&reason.kind);
        if is_news {
            warn!(alertmanager, %reason, "alerts cannot be sent; they are kept and sent again");
            self.kinds.push(reason.kind.clone());
            self.is_said = true;
        } else {
            debug!(alertmanager, %reason, "alerts still cannot be sent");
        }
        is_news
    }

    /// So many alerts were taken together. More than one are not only those that stand alone because
    /// they are to blame: what goes wrong from now on is news.
    pub(crate) fn taken(&mut self, alerts: usize) {
        self.pause = None;
        if alerts > 1 {
            self.kinds.clear();
        }
    }

    /// Nothing waits any more.
    pub(crate) fn over(&mut self, alertmanager: &str) {
        if self.is_said {
            info!(alertmanager, "alerts are sent again, and none waits");
        }
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_until_alerts_are_taken() {
        let mut trouble = Trouble::default();
        let pauses: Vec<u128> = (0..9).map(|_| trouble.pause().as_millis()).collect();
        assert_eq!(pauses, [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
        trouble.taken(1);
        assert_eq!(trouble.pause(), PAUSE_FIRST);
    }

    #[test]
    fn what_goes_wrong_is_said_once_until_nothing_waits() {
        let mut trouble = Trouble::default();
        let reason = |kind: usize, said: usize| Reason {
            kind: format!("status {kind}"),
            said: format!("request {said}"),
        };
        let mut said = |kind, words| trouble.failed("am", &reason(kind, words));
        assert_eq!([said(1, 1), said(1, 2), said(2, 3), said(1, 4)], [true, false, true, false]);
        assert_eq!((3..100).filter(|kind| said(*kind, 0)).count(), KINDS_MAX - 2);
        trouble.taken(1);
        assert!(!trouble.failed("am", &reason(1, 1)), "others still wait");
        trouble.over("am");
        assert!(trouble.failed("am", &reason(1, 1)));
        trouble.taken(2);
        assert!(trouble.failed("am", &reason(1, 1)), "they were taken in between");
        trouble.taken(2);
        assert!(trouble.is_said, "that it is over is still to be said");
    }
}
