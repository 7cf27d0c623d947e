//! The settings that a reload may change.

use std::time::Duration;

use narthex_model::{Labels, Matcher};

use super::InvalidConfig;
use crate::encoding::FloatEncoding;

/// What a reload may change, with values that cannot be wrong.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    retention: Retention,
    rules: Vec<RetentionRule>,
    out_of_order_window: Duration,
    floats: FloatEncoding,
    exemplars_max: usize,
    query_bytes_max: u64,
}

/// What is kept. Of two limits whichever is reached first counts; `None`: no such limit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Retention {
    /// How long.
    pub time: Option<Duration>,
    /// How many bytes, the log included.
    pub bytes: Option<u64>,
    /// How many bytes as a share of the disk, in percent; goes before `bytes`.
    pub percentage: Option<f64>,
}

/// How long certain series are kept.
#[derive(Clone, Debug, PartialEq)]
pub struct RetentionRule {
    /// All of these must match.
    pub matchers: Vec<Matcher>,
    /// How long; shorter or longer than all others.
    pub time: Duration,
}

impl Retention {
    /// Samples are kept this long, as in Prometheus.
    pub const TIME_DEFAULT: Duration = Duration::from_secs(15 * 24 * 3600);
}

impl Default for Retention {
    fn default() -> Self {
        Self { time: Some(Self::TIME_DEFAULT), bytes: None, percentage: None }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            retention: Retention::default(),
            rules: Vec::new(),
            out_of_order_window: Duration::ZERO,
            floats: FloatEncoding::Xor,
            exemplars_max: Self::EXEMPLARS_DEFAULT,
            query_bytes_max: Self::QUERY_BYTES_DEFAULT,
        }
    }
}

impl Settings {
    /// As in Prometheus: some 20 MB.
    pub const EXEMPLARS_DEFAULT: usize = 100_000;
    /// Twenty queries at a time with 100 MB each.
    pub const QUERY_BYTES_DEFAULT: u64 = 2 << 30;
    /// Each rule costs a look at the index of every block in every round.
    pub const RULES_MAX: usize = 1_000;

    /// What is kept.
    ///
    /// # Errors
    /// A time below a minute or above a hundred years, or a share that is none.
    pub fn with_retention(mut self, retention: Retention) -> Result<Self, InvalidConfig> {
        retention.time.map_or(Ok(()), check_time)?;
        if let Some(percentage) = retention.percentage
            && !(0.0..=100.0).contains(&percentage)
        {
            return Err(InvalidConfig::Percentage(percentage));
        }
        self.retention = retention;
        Ok(self)
    }

    /// How long certain series are kept: of the rules that match a series the first counts.
    ///
    /// # Errors
    /// Too many rules, or a time below a minute or above a hundred years.
    pub fn with_retention_rules(
        mut self,
        rules: Vec<RetentionRule>,
    ) -> Result<Self, InvalidConfig> {
        if rules.len() > Self::RULES_MAX {
            return Err(InvalidConfig::TooManyRules(rules.len()));
        }
        rules.iter().try_for_each(RetentionRule::check)?;
        self.rules = rules;
        Ok(self)
    }

    /// How much older than the newest sample of its series a sample may be. Zero: not at all.
    ///
    /// # Errors
    /// Above a hundred years.
    pub fn with_out_of_order_window(mut self, window: Duration) -> Result<Self, InvalidConfig> {
        if window > TIME_MAX {
            return Err(InvalidConfig::OutOfOrderWindow(window));
        }
        self.out_of_order_window = window;
        Ok(self)
    }

    /// How floats are coded in chunks.
    #[must_use]
    pub fn with_floats(mut self, floats: FloatEncoding) -> Self {
        self.floats = floats;
        self
    }

    /// How many exemplars are kept, of all series together; 0: none.
    ///
    /// # Errors
    /// More than 10 million.
    pub fn with_exemplars_max(mut self, exemplars: usize) -> Result<Self, InvalidConfig> {
        if exemplars > 10_000_000 {
            return Err(InvalidConfig::TooManyExemplars(exemplars));
        }
        self.exemplars_max = exemplars;
        Ok(self)
    }

    /// How many bytes of samples all queries together may hold decoded.
    #[must_use]
    pub fn with_query_bytes_max(mut self, bytes: u64) -> Self {
        self.query_bytes_max = bytes;
        self
    }

    /// How many bytes of samples all queries together may hold decoded.
    #[must_use]
    pub fn query_bytes_max(&self) -> u64 {
        self.query_bytes_max
    }

    /// What is kept.
    #[must_use]
    pub fn retention(&self) -> &Retention {
        &self.retention
    }

    /// How long certain series are kept.
    #[must_use]
    pub fn retention_rules(&self) -> &[RetentionRule] {
        &self.rules
    }

    /// How much older than the newest sample of its series a sample may be.
    #[must_use]
    pub fn out_of_order_window(&self) -> Duration {
        self.out_of_order_window
    }

    /// How floats are coded in chunks.
    #[must_use]
    pub fn floats(&self) -> FloatEncoding {
        self.floats
    }

    /// How many exemplars are kept, of all series together.
    #[must_use]
    pub fn exemplars_max(&self) -> usize {
        self.exemplars_max
    }

    /// The longest that any series is kept, in milliseconds; `None`: for ever.
    pub(crate) fn longest_millis(&self) -> Option<i64> {
        let rules = self.rules.iter().map(|rule| rule.time);
        self.retention.time.map(|time| millis(rules.fold(time, Duration::max)))
    }

    /// How long a series is kept, in milliseconds; `None`: for ever.
    #[cfg_attr(not(test), expect(dead_code, reason = "asked for by retention"))]
    pub(crate) fn millis_of(&self, labels: &Labels) -> Option<i64> {
        let rule = self.rules.iter().find(|rule| rule.matches(labels));
        rule.map(|rule| rule.time).or(self.retention.time).map(millis)
    }
}

impl RetentionRule {
    /// Whether the rule can be.
    ///
    /// # Errors
    /// A time below a minute or above a hundred years.
    pub fn check(&self) -> Result<(), InvalidConfig> {
        check_time(self.time)
    }

    pub(crate) fn matches(&self, labels: &Labels) -> bool {
        self.matchers
            .iter()
            .all(|matcher| matcher.matches(labels.get(matcher.name()).unwrap_or("")))
    }
}

const TIME_MAX: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

fn check_time(time: Duration) -> Result<(), InvalidConfig> {
    if time < Duration::from_secs(60) {
        return Err(InvalidConfig::RetentionTooShort(time));
    }
    if time > TIME_MAX {
        return Err(InvalidConfig::RetentionTooLong(time));
    }
    Ok(())
}

pub(super) fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use narthex_model::MatchOp;

    use super::*;

    const DAY: Duration = Duration::from_secs(24 * 3600);

    fn rule(name: &str, value: &str, time: Duration) -> RetentionRule {
        let matchers = vec![Matcher::new(MatchOp::Equal, name, value).unwrap()];
        RetentionRule { matchers, time }
    }

    #[test]
    fn of_the_rules_that_match_a_series_the_first_counts() {
        let rules = vec![
            rule("job", "debug", DAY * 2),
            rule("tier", "gold", DAY * 400),
            rule("job", "db", DAY * 30),
        ];
        let settings = Settings::default().with_retention_rules(rules).unwrap();
        let days = |labels: &[(&str, &str)]| {
            let labels = Labels::from_pairs(labels.iter().copied());
            settings.millis_of(&labels).unwrap() / 86_400_000
        };
        assert_eq!(days(&[("job", "debug"), ("tier", "gold")]), 2);
        assert_eq!(days(&[("job", "db"), ("tier", "gold")]), 400);
        assert_eq!(days(&[("job", "db")]), 30);
        assert_eq!(days(&[("job", "web")]), 15);
        assert_eq!(settings.longest_millis().unwrap() / 86_400_000, 400);
    }

    #[test]
    fn impossible_settings_are_refused() {
        let retention = |time, percentage| Retention { time, bytes: None, percentage };
        let with = |retention| Settings::default().with_retention(retention);
        assert!(with(retention(Some(Duration::from_secs(1)), None)).is_err());
        assert!(with(retention(Some(DAY * 365 * 101), None)).is_err());
        assert!(with(retention(None, Some(101.0))).is_err());
        assert!(with(retention(None, Some(f64::NAN))).is_err());
        assert!(with(retention(None, None)).is_ok());
        let rules = vec![rule("job", "db", Duration::ZERO)];
        assert!(Settings::default().with_retention_rules(rules).is_err());
    }
}
