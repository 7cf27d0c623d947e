//! After a restart: since when alerts have been active, read back from `ALERTS_FOR_STATE`.

use std::collections::HashMap;
use std::time::Duration;

use narthex_model::{Labels, METRIC_NAME, Matcher, Timestamp, is_stale};
use narthex_storage::{Columns, Queryable, ReadError, TimeRange};

use crate::active::ActiveAlerts;
use crate::alerting_rule::ALERTS_FOR_STATE;

/// Moves `active_at` of the alerts back to where it was before the server went down, as far as the
/// range goes back; it ends now.
pub(crate) fn restore(
    alerts: &mut ActiveAlerts,
    name: &str,
    (hold, grace_period): (Duration, Duration),
    store: &dyn Queryable,
    range: TimeRange,
) -> Result<(), ReadError> {
    if hold < grace_period || alerts.0.is_empty() {
        return Ok(());
    }
    let before = last_samples(name, store, range)?;
    // Of those that were recalled more is known than the series say.
    for (labels, alert) in alerts.0.iter_mut().filter(|(_, alert)| !alert.is_recalled) {
        if let Some(Before { written_at, active_at }) = before.get(labels) {
            alert.active_at = restored(*active_at, *written_at, hold, grace_period, range.end);
        }
    }
    Ok(())
}

/// When the alert counts as having become active. Down time does not count as pending time, and
/// an alert that was nearly ripe waits for the grace period, so that data can come in first.
fn restored(
    active_at: Timestamp,
    down_at: Timestamp,
    hold: Duration,
    grace_period: Duration,
    now: Timestamp,
) -> Timestamp {
    let hold = i64::try_from(hold.as_millis()).unwrap_or(i64::MAX);
    let grace = i64::try_from(grace_period.as_millis()).unwrap_or(i64::MAX);
    let spent = down_at.millis().saturating_sub(active_at.millis());
    let left = hold.saturating_sub(spent);
    if left <= 0 {
        active_at // it was firing
    } else if left < grace {
        now.saturating_add(grace).saturating_sub(hold)
    } else {
        active_at.saturating_add(now.millis().saturating_sub(down_at.millis()))
    }
}

/// What the last sample of an alert says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Before {
    /// When it was written.
    pub(crate) written_at: Timestamp,
    /// Since when the alert was active.
    pub(crate) active_at: Timestamp,
}

/// What is known of each alert of this name that was not over.
pub(crate) fn last_samples(
    name: &str,
    store: &dyn Queryable,
    range: TimeRange,
) -> Result<HashMap<Labels, Before>, ReadError> {
    let matchers =
        [Matcher::equal(METRIC_NAME, ALERTS_FOR_STATE), Matcher::equal("alertname", name)];
    let querier = store.querier(range)?;
    let mut found = HashMap::new();
    let mut columns = Columns::default();
    for series in querier.select(&matchers)? {
        columns.clear();
        series.read(range, &mut columns)?;
        let (Some(at), Some(value)) = (columns.times.last(), columns.values.last()) else {
            continue;
        };
        if !is_stale(*value) {
            let (written_at, active_at) =
                (Timestamp::from_millis(*at), Timestamp::from_seconds(*value));
            let before = Before { written_at, active_at };
            found.insert(series.labels().without_metric_name(), before);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(active: i64, down: i64, now: i64, expected: i64) {
        let minutes = |n: i64| Timestamp::from_millis(n * 60_000);
        let minute = Duration::from_secs(60);
        let at = restored(minutes(active), minutes(down), minute * 30, minute * 10, minutes(now));
        assert_eq!(at, minutes(expected));
    }

    #[test]
    fn down_time_does_not_count_and_grace_is_kept() {
        check(0, 40, 50, 0); // was firing
        check(0, 10, 30, 20); // 20 minutes were left and still are
        check(0, 25, 40, 20); // 5 minutes were left: 10 now
    }
}
