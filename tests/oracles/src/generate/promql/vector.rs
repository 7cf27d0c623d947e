//! Instant vectors.

use super::{Exact, Maker, Shape};

/// Functions of a vector that jump.
const JUMPING: &[&str] = &["abs", "ceil", "floor", "round", "sgn"];
/// Functions of a vector that round, and make no more of an error than it was.
const SMOOTH: &[&str] = &["ln", "log2", "log10", "sqrt", "deg", "rad", "atan", "tanh", "asinh"];
/// Those that make a large error of a small one.
const STEEP: &[&str] =
    &["exp", "sin", "cos", "tan", "asin", "acos", "sinh", "cosh", "acosh", "atanh"];
const CALENDAR: &[&str] = &[
    "minute",
    "hour",
    "day_of_week",
    "day_of_month",
    "day_of_year",
    "days_in_month",
    "month",
    "year",
];

impl Maker<'_> {
    /// A vector whose series this shape's labels tell apart.
    pub(super) fn vector(&mut self, depth: u32, shape: Shape, exact: Exact) -> String {
        if depth == 0 {
            let selection = self.selection(shape, exact);
            return format!("{selection}{}", self.time_shift());
        }
        let less = depth - 1;
        match self.chance.below(20) {
            0..=4 => self.over_range(less, shape, exact),
            5..=8 => self.aggregation(less, shape, exact),
            9..=11 => self.join(less, shape, exact),
            12..=13 => self.with_scalar(less, shape, exact),
            14..=15 => self.mapped(less, shape, exact),
            16 => self.set_operation(less, shape, exact),
            17 => {
                let of = self.vector(less, shape, exact);
                if self.chance.once_in(2) { format!("-{of}") } else { format!("({of})") }
            }
            18 if shape == Shape::One => format!("vector({})", self.scalar(less)),
            18 => self.relabeled(less, shape, exact),
            _ => {
                let selection = self.selection(shape, exact);
                format!("{selection}{}", self.time_shift())
            }
        }
    }

    /// A vector of which nothing else is known; for the outside of a query.
    pub(super) fn any_vector(&mut self, depth: u32) -> String {
        let shape = self.shape();
        match self.chance.below(17) {
            0 => format!("absent({})", self.wild()),
            1 => format!("absent_over_time({}[5m])", self.word(&["nothing{job=\"x\"}", "up"])),
            2..=4 => self.histogram_function(depth),
            5 => {
                let op = self.word(&["topk", "bottomk"]);
                let (k, group) = (self.chance.between(0, 4), self.grouping());
                format!("{op}{group}({k}, {})", self.distinct())
            }
            6 if self.dialect.experimental => {
                let selection = self.selection(shape, Exact::Yes);
                let (k, group) = (self.chance.between(0, 4), self.grouping());
                if self.chance.once_in(3) {
                    let ratio = self.word(&["0.5", "-0.5", "0.9", "1", "-1.5", "0"]);
                    format!("limit_ratio{group}({ratio}, {selection})")
                } else {
                    format!("limitk{group}({k}, {selection})")
                }
            }
            7 => {
                let group = self.grouping();
                let of = self.vector(depth.min(1), shape, Exact::Yes);
                format!("count_values{group}(\"value\", {of})")
            }
            8 => {
                let of = if self.chance.once_in(2) { self.distinct() } else { String::new() };
                format!("{}({of})", self.word(CALENDAR))
            }
            9 => {
                let of = if self.chance.once_in(2) {
                    self.wild()
                } else {
                    self.vector(depth, shape, Exact::No)
                };
                format!("timestamp({of})")
            }
            10 if self.dialect.experimental => self.info(),
            11 if self.dialect.experimental => {
                let name = self.word(&["sort_by_label", "sort_by_label_desc"]);
                format!("{name}({}, \"instance\")", self.selection(Shape::Instance, Exact::No))
            }
            12 => {
                let (op, group) = (self.plain_aggregation(Exact::No), self.grouping());
                format!("{op}{group}({})", self.wild())
            }
            13 => self.wild(),
            14 => {
                let op = self.word(&["and", "or", "unless"]);
                let (lhs, rhs) = (self.wild(), self.vector(depth, shape, Exact::No));
                format!("{lhs} {op}{} {rhs}", self.set_matching())
            }
            _ => self.vector(depth, shape, Exact::No),
        }
    }

    fn histogram_function(&mut self, depth: u32) -> String {
        let name = self.word(&[
            "quantile",
            "quantile",
            "quantile",
            "quantiles",
            "fraction",
            "count",
            "sum",
            "avg",
            "stddev",
            "stdvar",
        ]);
        self.is_about_totals = matches!(name, "count" | "sum" | "avg");
        let of = self.histograms(depth);
        self.is_about_totals = false;
        // Where buckets are empty, a quantile jumps at the whole ranks.
        let q = if of.contains("5m") || of.contains("increase") {
            self.word(&["0.513", "0.987", "0.0137", "1", "1.5", "NaN"])
        } else {
            self.quantile()
        };
        match name {
            "quantiles" if self.dialect.recent && self.dialect.experimental => {
                format!("histogram_quantiles({of}, \"q\", 0.513, 0.987)")
            }
            "quantile" | "quantiles" => format!("histogram_quantile({q}, {of})"),
            "fraction" => {
                let low = self.word(&["-Inf", "0", "0.25", "1", "NaN", "-3"]);
                let high = self.word(&["+Inf", "1", "0.5", "100", "0", "NaN"]);
                format!("histogram_fraction({low}, {high}, {of})")
            }
            _ => format!("histogram_{name}({of})"),
        }
    }

    /// Something that functions of histograms are asked about.
    fn histograms(&mut self, depth: u32) -> String {
        let by = self.word(&["job, le", "le", "instance, job, le"]);
        match self.chance.below(7) {
            0 => format!("wait_seconds_bucket{}", self.time_shift()),
            1 => format!("sum by ({by}) (rate(wait_seconds_bucket[5m]))"),
            2 => "odd_bucket".to_owned(),
            3 if self.dialect.native => "{__name__=~\"wait_seconds_bucket|latency|up\"}".to_owned(),
            4.. if self.dialect.native => {
                let metric = self.native_metric();
                match self.chance.below(4) {
                    0 => metric.to_owned(),
                    1 => format!("rate({metric}[{}])", self.length()),
                    2 => format!("sum by (job) ({metric})"),
                    _ => self.vector(depth, Shape::Instance, Exact::No),
                }
            }
            _ => format!("sum by ({by}) (increase(wait_seconds_bucket[{}]))", self.length()),
        }
    }

    fn info(&mut self) -> String {
        let of = match self.chance.below(3) {
            0 => format!("rate({}[5m])", self.selection(Shape::Path, Exact::Yes)),
            1 => self.selection(Shape::Path, Exact::Yes),
            _ => self.selection(Shape::Instance, Exact::Yes),
        };
        let choice = self.word(&[
            "",
            "",
            ", {region=\"eu\"}",
            ", {version=~\".+\"}",
            ", {version=~\".*\"}",
            ", {__name__=\"build_info\"}",
            ", {__name__=~\".+_info\"}",
            ", {__name__=\"build_info\", build=~\"a.*\"}",
        ]);
        format!("info({of}{choice})")
    }

    /// `by (…)`, `without (…)` or nothing, whatever the operand.
    fn grouping(&mut self) -> &'static str {
        self.word(&[
            "",
            " by (job)",
            " by (job, instance)",
            " without (instance)",
            " by (code)",
            " by ()",
            " without ()",
            " by (__name__)",
            " without (job, path)",
        ])
    }

    fn plain_aggregation(&mut self, exact: Exact) -> &'static str {
        match exact {
            Exact::Yes => self.word(&["sum", "sum", "min", "max", "count", "group"]),
            Exact::No => self.word(&["sum", "sum", "avg", "min", "max", "count", "group"]),
        }
    }

    /// An aggregation whose groups have this shape.
    fn aggregation(&mut self, depth: u32, shape: Shape, exact: Exact) -> String {
        let from = if shape.wider().is_empty() || self.seldom() {
            shape
        } else {
            *self.chance.pick(shape.wider())
        };
        let is_spread = exact == Exact::No && self.seldom();
        // Small differences of large numbers are all error.
        let of = self.vector(depth, from, if is_spread { Exact::Yes } else { exact });
        let lost: Vec<&str> =
            from.labels().iter().filter(|label| !shape.labels().contains(label)).copied().collect();
        let group = match self.chance.below(4) {
            0 if from != Shape::One => format!(" without ({})", lost.join(", ")),
            _ if shape == Shape::One && self.chance.once_in(2) => String::new(),
            _ => format!(" by ({})", shape.list()),
        };
        if exact == Exact::No && self.seldom() {
            return format!("quantile{group}({}, {of})", self.quantile());
        }
        let op = if is_spread {
            self.word(&["stddev", "stdvar"])
        } else {
            self.plain_aggregation(exact)
        };
        if self.chance.once_in(4) && !group.is_empty() {
            return format!("{op}({of}){group}");
        }
        format!("{op}{group}({of})")
    }

    fn arithmetic(&mut self, exact: Exact) -> &'static str {
        match exact {
            Exact::Yes => self.word(&["+", "-", "*"]),
            Exact::No => self.word(&["+", "-", "*", "/", "/", "^", "atan2"]),
        }
    }

    /// An operator with its modifier, and whether its operands must be exact.
    fn operator(&mut self, exact: Exact) -> (String, Exact) {
        match self.chance.below(6) {
            0 => (self.comparison().to_owned(), Exact::Yes),
            1 => (format!("{} bool", self.comparison()), Exact::Yes),
            2 if self.seldom() => ("%".to_owned(), Exact::Yes),
            _ => (self.arithmetic(exact).to_owned(), exact),
        }
    }

    /// Two vectors side by side.
    fn join(&mut self, depth: u32, shape: Shape, exact: Exact) -> String {
        let (op, exact) = self.operator(exact);
        let lhs = self.vector(depth, shape, exact);
        let narrower = match shape {
            Shape::Path => Shape::Instance,
            Shape::Instance => Shape::Job,
            Shape::Job | Shape::One => Shape::One,
        };
        if narrower != shape && self.chance.once_in(3) {
            let rhs = self.vector(depth, narrower, exact);
            let on = format!("on ({})", narrower.list());
            let include = self.word(&["()", " ()", " (nowhere)"]);
            let fill = self.fill();
            return if self.chance.once_in(2) {
                format!("({lhs}) {op} {on} group_left{include}{fill} ({rhs})")
            } else {
                format!("({rhs}) {op} {on} group_right{include}{fill} ({lhs})")
            };
        }
        let rhs = self.vector(depth, shape, exact);
        let matching = match self.chance.below(6) {
            0 => format!(" on ({})", shape.list()),
            1 => " ignoring (nowhere)".to_owned(),
            2 => " ignoring ()".to_owned(),
            3 if self.seldom() => " on ()".to_owned(),
            _ => String::new(),
        };
        let fill = self.fill();
        // Without parentheses precedence decides; where nothing jumps, any order will do.
        let is_plain = |text: &str| !text.contains(['=', '<', '>', '%']);
        if matching.is_empty()
            && fill.is_empty()
            && is_plain(&format!("{lhs}{op}{rhs}"))
            && self.chance.once_in(2)
        {
            return format!("{lhs} {op} {rhs}");
        }
        format!("({lhs}) {op}{matching}{fill} ({rhs})")
    }

    fn fill(&mut self) -> &'static str {
        if self.dialect.fill && self.seldom() {
            self.word(&[
                " fill(0)",
                " fill_left(1)",
                " fill_right(-2)",
                " fill_left(1) fill_right(2)",
            ])
        } else {
            ""
        }
    }

    fn with_scalar(&mut self, depth: u32, shape: Shape, exact: Exact) -> String {
        if self.dialect.recent && self.dialect.native && exact == Exact::No && self.seldom() {
            let op = self.word(&["</", ">/"]);
            let of = self.selection(Shape::Instance, Exact::No);
            let of = format!("({of} {op} {})", self.constant());
            return if shape == Shape::Instance {
                of
            } else {
                format!("sum by ({}) ({of})", shape.list())
            };
        }
        let (op, exact) = self.operator(exact);
        let of = self.vector(depth, shape, exact);
        let scalar = match exact {
            Exact::Yes => self.constant(),
            Exact::No => self.scalar(depth.min(1)),
        };
        if self.chance.once_in(3) {
            format!("{scalar} {op} ({of})")
        } else {
            format!("({of}) {op} {scalar}")
        }
    }

    /// A function of each value.
    fn mapped(&mut self, depth: u32, shape: Shape, exact: Exact) -> String {
        match self.chance.below(if exact == Exact::No { 9 } else { 4 }) {
            0 | 1 => {
                let name = self.word(JUMPING);
                format!("{name}({})", self.vector(depth, shape, Exact::Yes))
            }
            2 => {
                let of = self.vector(depth, shape, exact);
                match self.chance.below(3) {
                    0 => format!("clamp({of}, {}, {})", self.constant(), self.constant()),
                    1 => format!("clamp_min({of}, {})", self.constant()),
                    _ => format!("clamp_max({of}, {})", self.constant()),
                }
            }
            3 => {
                let nearest = self.word(&["2", "0.5", "10", "-4"]);
                format!("round({}, {nearest})", self.vector(depth, shape, Exact::Yes))
            }
            4..=6 => {
                let name = self.word(SMOOTH);
                format!("{name}({})", self.vector(depth, shape, Exact::No))
            }
            _ => {
                let name = self.word(STEEP);
                format!("{name}({})", self.vector(depth, shape, Exact::Yes))
            }
        }
    }

    fn relabeled(&mut self, depth: u32, shape: Shape, exact: Exact) -> String {
        let of = self.vector(depth, shape, exact);
        match self.chance.below(4) {
            0 => format!("label_join({of}, \"joined\", \"-\", \"job\", \"instance\")"),
            1 => format!("label_replace({of}, \"port\", \"${{1}}\", \"instance\", \".*:(.+)\")"),
            2 => format!("label_replace({of}, \"job\", \"the-$1\", \"job\", \"(a.*)|d.\")"),
            _ => format!("label_replace({of}, \"__name__\", \"renamed\", \"job\", \".*\")"),
        }
    }

    fn set_matching(&mut self) -> &'static str {
        self.word(&["", "", " on (job)", " on ()", " ignoring (instance)"])
    }

    fn set_operation(&mut self, depth: u32, shape: Shape, exact: Exact) -> String {
        let op = self.word(&["and", "or", "unless"]);
        let (lhs, rhs) = (self.vector(depth, shape, exact), self.vector(depth, shape, exact));
        // `or` on fewer labels than the shape's may put two of the same name side by side.
        let matching = if op == "or" { "" } else { self.set_matching() };
        format!("({lhs} {op}{matching} {rhs})")
    }
}
