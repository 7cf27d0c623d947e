//! What a series says at a step: a pure function, and counters never fall.
//!
//! A counter at step `s` is `floor(rate * (s + noise(s)))` with noise in `[0, 1)`: it rises by up to twice its rate a
//! step, and its value needs no earlier one.

use crate::shape::Unit;

/// Upper bounds of the buckets, none a whole number, so that every format writes them alike.
pub const BUCKETS: [&str; 12] =
    ["0.005", "0.01", "0.025", "0.05", "0.075", "0.1", "0.25", "0.5", "0.75", "2.5", "7.5", "+Inf"];

/// How many of a thousand requests end in each bucket.
const SHARES: [f64; 12] = [0.05, 0.12, 0.21, 0.18, 0.12, 0.1, 0.09, 0.06, 0.03, 0.02, 0.015, 0.005];

/// A value and how it is written.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value {
    /// Without a point.
    Whole(i64),
    /// In the shortest form that reads back the same.
    Float(f64),
}

impl Value {
    /// As a sample.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "whole values stay far below 2^53")]
    pub const fn number(self) -> f64 {
        match self {
            Self::Whole(value) => value as f64,
            Self::Float(value) => value,
        }
    }
}

/// What makes a series its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seed(u64);

impl Seed {
    /// For a member of a target.
    #[must_use]
    pub const fn new(target: u64, member: u64) -> Self {
        Self(mix(target.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ mix(member)))
    }

    const fn hash(self, salt: u64) -> u64 {
        mix(self.0 ^ salt.wrapping_mul(0xd1b5_4a32_d192_ed03))
    }

    /// In `[0, 1)`.
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
    fn unit(self, salt: u64) -> f64 {
        (self.hash(salt) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Between `low` and `low * 10^decades`, evenly over the orders of magnitude.
    fn magnitude(self, salt: u64, low: f64, decades: f64) -> f64 {
        low * 10_f64.powf(decades * self.unit(salt))
    }
}

const fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

/// Salts of what stays the same; noise takes the steps above them.
const RATE: u64 = 1;
const MEAN: u64 = 2;
const BASE: u64 = 3;
const PERIOD: u64 = 4;
const NOISE: u64 = 1 << 32;

#[expect(clippy::cast_precision_loss, reason = "steps are far below 2^53")]
fn progress(seed: Seed, salt: u64, step: u64) -> f64 {
    step as f64 + seed.unit(NOISE.wrapping_mul(salt + 1) + step)
}

/// The cumulative buckets of a histogram, then its sum.
#[must_use]
pub fn histogram(seed: Seed, step: u64) -> ([i64; 12], f64) {
    let rate = seed.magnitude(RATE, 4.0, 2.0);
    let mut total = 0;
    let mut bucket = 0;
    let counts = SHARES.map(|share| {
        bucket += 1;
        total += whole(rate * share * progress(seed, bucket, step));
        total
    });
    // Every bit of a mean is random, and of its multiples too.
    let sum = rate * (0.01 + seed.unit(MEAN)) * progress(seed, 100, step);
    (counts, sum)
}

/// A counter or gauge.
#[must_use]
pub fn single(unit: Unit, constant: bool, seed: Seed, step: u64) -> Value {
    match unit {
        Unit::Counter | Unit::Histogram if constant => {
            Value::Whole(whole(1000.0 * seed.unit(BASE)))
        }
        Unit::Counter | Unit::Histogram => {
            let rate = seed.magnitude(RATE, 2.0, 2.5);
            Value::Whole(whole(rate * progress(seed, 0, step)))
        }
        Unit::Seconds if constant => hundredths(whole(50_000.0 * seed.unit(BASE))),
        Unit::Seconds => {
            let rate = seed.magnitude(RATE, 20.0, 2.0);
            hundredths(whole(rate * progress(seed, 0, step)))
        }
        Unit::Level | Unit::Hundredths | Unit::Ratio => {
            gauge(unit, seed, if constant { 0 } else { step })
        }
    }
}

/// A slow wave with noise.
#[expect(clippy::cast_precision_loss, reason = "steps are far below 2^53")]
fn gauge(unit: Unit, seed: Seed, step: u64) -> Value {
    let period = 200.0 + 2000.0 * seed.unit(PERIOD);
    let wave = ((step as f64 / period + seed.unit(BASE)) * std::f64::consts::TAU).sin();
    let noise = seed.unit(NOISE + step);
    match unit {
        Unit::Ratio => Value::Float(0.5 + 0.3 * wave + 0.2 * (noise - 0.5)),
        Unit::Hundredths => hundredths(whole(5000.0 + 2000.0 * wave + 150.0 * noise)),
        Unit::Histogram | Unit::Counter | Unit::Seconds | Unit::Level => {
            let size = seed.magnitude(RATE, 10.0, 3.0);
            Value::Whole(whole(size * (1.5 + wave) + (3.0 + size * 0.02) * noise))
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
fn hundredths(count: i64) -> Value {
    Value::Float(count as f64 / 100.0)
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a float cast saturates, and values are far from the ends"
)]
fn whole(value: f64) -> i64 {
    value.floor() as i64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::Shape;

    #[test]
    fn counters_and_buckets_never_fall() {
        for member in 0..50 {
            let seed = Seed::new(7, member);
            for step in 20_000..20_200 {
                for unit in [Unit::Counter, Unit::Seconds] {
                    let now = single(unit, false, seed, step).number();
                    assert!(single(unit, false, seed, step + 1).number() >= now);
                }
                let ((now, sum), (next, next_sum)) =
                    (histogram(seed, step), histogram(seed, step + 1));
                assert!(now.is_sorted() && next_sum > sum);
                assert!(now.iter().zip(next).all(|(now, next)| next >= *now));
            }
        }
    }

    #[test]
    fn a_quarter_of_the_samples_repeat_the_previous_value() {
        let shape = Shape::new(1000);
        let values = |step: u64| {
            let mut all = Vec::new();
            for family in &shape.families {
                for member in &family.members {
                    let seed = Seed::new(3, member.number);
                    if family.unit == Unit::Histogram {
                        let (counts, sum) = histogram(seed, step);
                        all.extend(counts.map(|count| Value::Whole(count).number()));
                        all.extend([sum, Value::Whole(counts[11]).number()]);
                    } else {
                        all.push(single(family.unit, member.constant, seed, step).number());
                    }
                }
            }
            all
        };
        let (mut repeated, mut total) = (0, 0);
        for step in 20_000..20_050 {
            let (now, next) = (values(step), values(step + 1));
            repeated += now.iter().zip(&next).filter(|(now, next)| now == next).count();
            total += now.len();
        }
        let share = repeated * 100 / total;
        assert!((22..=28).contains(&share), "{share} %");
    }
}
