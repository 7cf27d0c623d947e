//! Random queries about the [`World`]: well typed, of bounded depth, and mostly ones that have an
//! answer.
//!
//! Invariant: whatever jumps (`floor`, `==`, `topk`, `changes`, …) is applied to `Exact` operands
//! only, whose values do not depend on the order of additions or on the last bit of a logarithm.
//! Two right implementations therefore agree, save for rounding.

mod leaf;
mod over_range;
mod vector;

use crate::Chance;

use super::World;

/// Which parts of the language are used beside those that have always been there.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a part of the language of its own")]
pub struct Dialect {
    /// `promql-experimental-functions`
    pub experimental: bool,
    /// Metrics of native histograms, and what is asked about them.
    pub native: bool,
    /// `fill`, `fill_left`, `fill_right`
    pub fill: bool,
    /// Computed durations.
    pub length_expressions: bool,
    /// What came after Prometheus 3.5.
    pub recent: bool,
}

impl Dialect {
    /// All of it.
    pub const ALL: Self = Self {
        experimental: true,
        native: true,
        fill: true,
        length_expressions: true,
        recent: true,
    };
}

/// A query and when it is asked.
#[derive(Clone, Debug)]
pub struct Query {
    /// Its text.
    pub text: String,
    /// When.
    pub when: When,
}

/// When a query is asked; milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Once.
    Instant(i64),
    /// From start to end.
    Range {
        /// The first step.
        start: i64,
        /// No step is later.
        end: i64,
        /// Between steps.
        step: i64,
    },
}

/// Whether an expression's values are free of rounding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Exact {
    Yes,
    No,
}

/// The labels that tell series of an expression apart, whatever their metric names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// `code`, `instance`, `job`, `path`
    Path,
    /// `instance`, `job`
    Instance,
    /// `job`
    Job,
    /// There is at most one.
    One,
}

impl Shape {
    const fn labels(self) -> &'static [&'static str] {
        match self {
            Self::Path => &["code", "instance", "job", "path"],
            Self::Instance => &["instance", "job"],
            Self::Job => &["job"],
            Self::One => &[],
        }
    }

    fn list(self) -> String {
        self.labels().join(", ")
    }

    /// The shapes that have more labels.
    const fn wider(self) -> &'static [Self] {
        match self {
            Self::Path => &[],
            Self::Instance => &[Self::Path],
            Self::Job => &[Self::Path, Self::Instance],
            Self::One => &[Self::Path, Self::Instance, Self::Job],
        }
    }
}

/// Makes one query.
struct Maker<'a> {
    chance: &'a mut Chance,
    dialect: Dialect,
    /// Only counts and sums of histograms matter. Prometheus does not look at buckets then, so
    /// that it misses resets of gauges, which nobody should take for counters.
    is_about_totals: bool,
}

/// A query out of this dialect.
pub fn query(dialect: Dialect, chance: &mut Chance) -> Query {
    let when = when(chance);
    let mut maker = Maker { chance, dialect, is_about_totals: false };
    let text = maker.root(matches!(when, When::Instant(_)));
    Query { text, when }
}

fn when(chance: &mut Chance) -> When {
    // Some begin before the first sample, and some end after the last.
    let mut at = World::START + chance.between(-60_000, World::LENGTH + 400_000);
    if chance.once_in(2) {
        at = at.div_euclid(15_000) * 15_000;
    }
    if chance.once_in(2) {
        return When::Instant(at);
    }
    let step = *chance.pick(&[1_000, 15_000, 15_000, 17_000, 30_000, 60_000, 60_000, 120_000]);
    let end = at + step * chance.between(0, 25) + chance.between(0, 900);
    When::Range { start: at, end, step }
}

impl Maker<'_> {
    fn root(&mut self, is_instant: bool) -> String {
        let depth = 1 + self.chance.small(3);
        match self.chance.below(if is_instant { 24 } else { 20 }) {
            0 => self.scalar(depth),
            1..=11 => self.any_vector(depth),
            12..=19 => {
                let shape = self.shape();
                self.vector(depth, shape, Exact::No)
            }
            20 => self.matrix(depth, Exact::No),
            21 => r#""a text""#.to_owned(),
            _ => {
                let order = self.word(&["sort", "sort_desc"]);
                format!("{order}({})", self.distinct())
            }
        }
    }

    fn shape(&mut self) -> Shape {
        *self.chance.pick(&[Shape::Path, Shape::Instance, Shape::Instance, Shape::Job, Shape::One])
    }

    fn word(&mut self, of: &[&'static str]) -> &'static str {
        of.get(self.chance.index(of.len())).copied().expect("something to pick from")
    }

    /// Whether an expensive or special turn is taken.
    fn seldom(&mut self) -> bool {
        self.chance.once_in(8)
    }

    /// A number at each step.
    fn scalar(&mut self, depth: u32) -> String {
        let small = self.word(&[
            "0", "1", "2", "-1", "0.5", "3.25", "10", "1e3", "0x10", "1_000", "NaN", "Inf", "-Inf",
        ]);
        if depth == 0 {
            return small.to_owned();
        }
        match self.chance.below(10) {
            0 => "time()".to_owned(),
            1 => "pi()".to_owned(),
            2 => {
                let of = self.vector(depth - 1, Shape::One, Exact::No);
                format!("scalar({of})")
            }
            3 => {
                let op = self.word(&["+", "-", "*", "/", "%", "^", "atan2"]);
                let (lhs, rhs) = (self.scalar(depth - 1), self.constant());
                format!("({lhs} {op} {rhs})")
            }
            4 => {
                let op = self.comparison();
                let (lhs, rhs) = (self.constant(), self.constant());
                format!("({lhs} {op} bool {rhs})")
            }
            5 => format!("-({})", self.scalar(depth - 1)),
            6 if self.dialect.recent && self.dialect.experimental => self
                .word(&["start()", "end()", "step()", "range()", "min_of(2, 3)", "max_of(2, 3)"])
                .to_owned(),
            _ => small.to_owned(),
        }
    }

    /// A number that is the same at each step.
    fn constant(&mut self) -> String {
        let (whole, part) = (self.chance.between(-20, 40), self.chance.small(8));
        if part == 0 {
            whole.to_string()
        } else {
            format!("{}", whole as f64 + f64::from(part) / 8.0)
        }
    }

    fn comparison(&mut self) -> &'static str {
        self.word(&["==", "!=", ">", "<", ">=", "<="])
    }

    /// A duration.
    fn length(&mut self) -> &'static str {
        if self.dialect.length_expressions && self.seldom() {
            return self.word(&["2m + 30s", "1m * 2", "(10m / 4)", "5m - 1m", "90"]);
        }
        self.word(&[
            "1m", "45s", "90s", "2m", "2m30s", "5m", "5m", "7m13s", "10m", "20m", "15s", "30s",
            "4m1ms",
        ])
    }

    /// `offset` and `@`, or more often neither.
    fn time_shift(&mut self) -> String {
        let mut text = String::new();
        if self.seldom() {
            text.push_str(self.word(&[
                " offset 1m",
                " offset 37s",
                " offset -2m",
                " offset 5m",
                " offset 15s",
                " offset 0s",
            ]));
        }
        if self.chance.once_in(10) {
            let at = match self.chance.below(4) {
                0 => "start()".to_owned(),
                1 => "end()".to_owned(),
                _ => {
                    let at = World::START + self.chance.between(0, World::LENGTH);
                    format!("{}.{:03}", at / 1000, at % 1000)
                }
            };
            if self.chance.once_in(2) {
                text = format!("{text} @ {at}");
            } else {
                text = format!(" @ {at}{text}");
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use narthex_promql::{Features, parse_with};

    use super::*;

    #[test]
    fn every_query_is_well_typed() {
        let mut chance = Chance::new(1);
        for _ in 0..3000 {
            let query = query(Dialect::ALL, &mut chance);
            if let Err(error) = parse_with(&query.text, Features::ALL) {
                panic!("{}\n{error}", query.text);
            }
        }
    }

    #[test]
    fn every_function_and_aggregation_is_used() {
        let mut chance = Chance::new(2);
        let texts: Vec<String> =
            (0..20_000).map(|_| query(Dialect::ALL, &mut chance).text).collect();
        let uses = |name: &str| texts.iter().any(|text| text.contains(&format!("{name}(")));
        // The engine's samples know no start times, which is all that it is about.
        let functions = narthex_promql::functions()
            .map(|function| function.name)
            .filter(|name| *name != "start_timestamp");
        let missing: Vec<&str> = functions.filter(|name| !uses(name)).collect();
        assert!(missing.is_empty(), "{missing:?}");
        for word in [
            "atan2",
            "and",
            "or",
            "unless",
            "group_left",
            "group_right",
            "on (",
            "ignoring (",
            "bool",
            "by (",
            "without (",
            "offset -",
            "@ start()",
            "@ end()",
            "fill(",
            "fill_left(",
            "</",
            ">/",
            "sum",
            "limit_ratio",
            "count_values",
            "0x10",
            "[5m:",
        ] {
            assert!(texts.iter().any(|text| text.contains(word)), "{word}");
        }
    }
}
