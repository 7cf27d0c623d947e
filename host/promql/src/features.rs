//! The parts of the language that Prometheus guards by `--enable-feature`.

/// Which guarded parts of the language are on. All are off by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own, named as its flag")]
pub struct Features {
    /// `promql-experimental-functions`
    pub experimental_functions: bool,
    /// `promql-extended-range-selectors`: `anchored` and `smoothed`
    pub extended_range_selectors: bool,
    /// `promql-binop-fill-modifiers`: `fill`, `fill_left`, `fill_right`
    pub binop_fill_modifiers: bool,
    /// `promql-delayed-name-removal`: metric names are dropped at the end of the query
    pub delayed_name_removal: bool,
    /// `use-start-timestamps`: `rate` and its relatives know resets by start times
    pub start_timestamps: bool,
    /// `type-and-unit-labels`: what a metric is stands in the label `__type__`
    pub type_and_unit_labels: bool,
    /// `promql-per-step-stats`: the samples of each step are counted for who asks
    pub per_step_stats: bool,
}

impl Features {
    /// All that change the language.
    pub const ALL: Self = Self {
        experimental_functions: true,
        extended_range_selectors: true,
        binop_fill_modifiers: true,
        delayed_name_removal: true,
        start_timestamps: true,
        type_and_unit_labels: false,
        per_step_stats: false,
    };
}
