//! Range vectors, and what is computed of them.

use super::{Exact, Maker, Shape};

/// Functions of a range whose values are exact where the range's are.
const JUMPING: &[&str] = &[
    "changes",
    "resets",
    "idelta",
    "count_over_time",
    "last_over_time",
    "max_over_time",
    "min_over_time",
    "present_over_time",
    "sum_over_time",
];
/// Those that round.
const SMOOTH: &[&str] = &["rate", "rate", "increase", "irate", "delta", "deriv", "avg_over_time"];
/// Those that are all error where the range's values have one.
const STEEP: &[&str] = &["stddev_over_time", "stdvar_over_time"];

impl Maker<'_> {
    /// A range vector of any shape.
    pub(super) fn matrix(&mut self, depth: u32, exact: Exact) -> String {
        let shape = self.shape();
        self.matrix_of(depth, shape, exact)
    }

    fn matrix_of(&mut self, depth: u32, shape: Shape, exact: Exact) -> String {
        if depth > 0 && self.chance.once_in(4) {
            let of = self.vector(depth - 1, shape, exact);
            let range = self.word(&["5m", "3m", "2m30s", "10m", "61s"]);
            let step = self.word(&["1m", "30s", "", "17s", "15s"]);
            return format!("({of})[{range}:{step}]{}", self.time_shift());
        }
        let selection = self.selection(shape, exact);
        let range = self.length();
        format!("{selection}[{range}]{}", self.time_shift())
    }

    /// A function of a range vector.
    pub(super) fn over_range(&mut self, depth: u32, shape: Shape, exact: Exact) -> String {
        let smooth = exact == Exact::No;
        match self.chance.below(if smooth { 16 } else { 6 }) {
            1 if self.dialect.recent => {
                format!("first_over_time({})", self.matrix_of(depth, shape, Exact::Yes))
            }
            2..=5 => {
                let name = self.word(JUMPING);
                format!("{name}({})", self.matrix_of(depth, shape, Exact::Yes))
            }
            6 => {
                let q = self.quantile();
                format!("quantile_over_time({q}, {})", self.matrix_of(depth, shape, exact))
            }
            7 => {
                let ahead = self.constant();
                format!("predict_linear({}, {ahead})", self.matrix_of(depth, shape, exact))
            }
            8 if self.dialect.experimental => {
                format!("mad_over_time({})", self.matrix_of(depth, shape, exact))
            }
            9 if self.dialect.experimental => {
                let name = "double_exponential_smoothing";
                format!("{name}({}, 0.5, 0.25)", self.matrix_of(depth, shape, exact))
            }
            10 if self.dialect.experimental => {
                let name = self.word(&[
                    "ts_of_first_over_time",
                    "ts_of_last_over_time",
                    "ts_of_max_over_time",
                    "ts_of_min_over_time",
                ]);
                let name = if self.dialect.recent { name } else { "ts_of_last_over_time" };
                format!("{name}({})", self.matrix_of(depth, shape, Exact::Yes))
            }
            11 => {
                let name = self.word(STEEP);
                format!("{name}({})", self.matrix_of(depth, shape, Exact::Yes))
            }
            _ if smooth => {
                let name = self.word(SMOOTH);
                // Counters are asked mostly, as people do.
                format!("{name}({})", self.matrix_of(depth, shape, Exact::No))
            }
            _ => format!("last_over_time({})", self.matrix_of(depth, shape, exact)),
        }
    }

    pub(super) fn quantile(&mut self) -> &'static str {
        self.word(&["0.5", "0.9", "0", "1", "0.25", "0.99", "1.5", "-1", "NaN"])
    }
}
