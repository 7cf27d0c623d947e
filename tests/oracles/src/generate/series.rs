//! Targets with their series, and how the values of a series go on.

use narthex_model::{Labels, stale_nan};

use crate::Chance;

/// A target: the same series again and again, until some of them are replaced.
#[derive(Clone, Debug)]
pub struct Target {
    job: String,
    instance: u64,
    /// The generation of each series: one that is replaced gets the next.
    generations: Vec<u64>,
}

impl Target {
    /// A target with `series` series.
    #[must_use]
    pub fn new(instance: u64, series: usize) -> Self {
        let job = ["node", "api", "db"];
        let job = job.get(usize::try_from(instance % 3).unwrap_or(0)).copied().unwrap_or("node");
        Self { job: job.to_owned(), instance, generations: vec![0; series] }
    }

    /// How many series it has at a time.
    #[must_use]
    pub fn len(&self) -> usize {
        self.generations.len()
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.generations.is_empty()
    }

    /// The labels of one of its series.
    #[must_use]
    pub fn labels(&self, index: usize) -> Labels {
        let generation = self.generations.get(index).copied().unwrap_or(0);
        let mut labels = vec![
            ("__name__", format!("metric_{}", index % 7)),
            ("instance", format!("host-{}:9100", self.instance)),
            ("job", self.job.clone()),
        ];
        if index >= 7 {
            labels.push(("mode", format!("m{}", index / 7)));
        }
        if generation > 0 {
            labels.push(("pod", format!("pod-{generation:x}")));
        }
        Labels::from_pairs(labels)
    }

    /// Replaces one series by a new one; answers which.
    pub fn churn(&mut self, chance: &mut Chance) -> usize {
        let index = chance.index(self.generations.len());
        if let Some(generation) = self.generations.get_mut(index) {
            *generation += 1;
        }
        index
    }
}

/// How the values of a series look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FloatKind {
    /// Whole numbers that grow and now and then begin anew.
    Counter,
    /// Two decimals, up and down.
    Decimal,
    /// The same again and again.
    Constant,
    /// All bits used.
    Noise,
    /// NaN, infinities, zero with a sign, the smallest and the largest.
    Odd,
}

impl FloatKind {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Counter, Self::Decimal, Self::Constant, Self::Noise, Self::Odd];
}

/// The values of one series, one after the other.
#[derive(Clone, Debug)]
pub struct FloatWalk {
    kind: FloatKind,
    steps: u32,
}

impl FloatWalk {
    /// A series that begins.
    #[must_use]
    pub fn new(kind: FloatKind) -> Self {
        Self { kind, steps: 0 }
    }

    /// The next value; seldom the staleness marker.
    pub fn next(&mut self, chance: &mut Chance) -> f64 {
        self.steps = self.steps.wrapping_add(1 + chance.small(4));
        if chance.once_in(60) {
            return stale_nan();
        }
        let steps = f64::from(self.steps);
        match self.kind {
            FloatKind::Counter => {
                if chance.once_in(40) {
                    self.steps = 0;
                }
                steps * 3.0
            }
            FloatKind::Decimal => (steps.sin() * 10_000.0).round() / 100.0,
            FloatKind::Constant => 42.5,
            FloatKind::Noise => (steps + chance.fraction()).sqrt(),
            FloatKind::Odd => *chance.pick(&[
                0.0,
                -0.0,
                f64::NAN,
                f64::INFINITY,
                f64::NEG_INFINITY,
                f64::MIN_POSITIVE,
                f64::MAX,
                5e-324,
                9_007_199_254_740_993.0,
                0.1,
            ]),
        }
    }
}
