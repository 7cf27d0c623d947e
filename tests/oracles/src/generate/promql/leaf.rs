//! Selectors.

use super::{Exact, Maker, Shape};

impl Maker<'_> {
    /// A metric with its matchers, without time.
    pub(super) fn selection(&mut self, shape: Shape, exact: Exact) -> String {
        let is_native = self.dialect.native && exact == Exact::No && self.chance.once_in(4);
        let name = match shape {
            Shape::Path => self.word(&["requests_total", "errors_total"]),
            Shape::Instance if is_native && self.dialect.recent && self.seldom() => "web_changing",
            Shape::Instance if is_native => self.native_metric(),
            Shape::Instance => {
                self.word(&["memory_bytes", "limit_bytes", "up", "gappy", "odd", "requests_count"])
            }
            Shape::Job => "job_weight",
            Shape::One => "grand_total",
        };
        self.matched(name, shape)
    }

    pub(super) fn native_metric(&mut self) -> &'static str {
        let metrics = ["latency", "size", "web_seconds", "mixed", "queue"];
        let count = if self.is_about_totals { 4 } else { 5 };
        self.word(metrics.get(..count).unwrap_or_default())
    }

    fn matched(&mut self, name: &str, shape: Shape) -> String {
        let mut matchers = Vec::new();
        for label in shape.labels() {
            if self.seldom() {
                let (value, other) = match *label {
                    "job" => ("api", "db"),
                    "instance" => ("a:1", "b:2"),
                    "code" => ("200", "500"),
                    _ => ("/", "/x"),
                };
                matchers.push(match self.chance.below(6) {
                    0 => format!("{label}=\"{value}\""),
                    1 => format!("{label}!=\"{value}\""),
                    2 => format!("{label}=~\"{value}|{other}\""),
                    3 => format!("{label}!~\"{other}.*\""),
                    4 => format!("{label}=~\".+\""),
                    _ => "nowhere=\"\"".to_owned(),
                });
            }
        }
        match self.chance.below(12) {
            0 => {
                matchers.push(format!("__name__=\"{name}\""));
                format!("{{{}}}", matchers.join(", "))
            }
            1 => {
                matchers.insert(0, format!("\"{name}\""));
                format!("{{{}}}", matchers.join(", "))
            }
            _ if matchers.is_empty() => name.to_owned(),
            _ => format!("{name}{{{}}}", matchers.join(", ")),
        }
    }

    /// A selector whose values are hardly ever the same in two series.
    pub(super) fn distinct(&mut self) -> String {
        let selection = self.matched("memory_bytes", Shape::Instance);
        let shift = self.time_shift();
        match self.chance.below(4) {
            0 => format!("{selection}{shift} * 2"),
            1 => format!("-{selection}{shift}"),
            _ => format!("{selection}{shift}"),
        }
    }

    /// A selector that chooses series of several shapes, or none.
    pub(super) fn wild(&mut self) -> String {
        let selection = self.word(&[
            "{job=\"api\"}",
            "{__name__=~\"up|limit_bytes\"}",
            "{__name__=~\"req.*\", job!=\"db\"}",
            "target_info",
            "build_info",
            "wait_seconds_bucket",
            "wait_seconds_sum",
            "lone",
            "nothing{job=\"x\", instance=~\"y\"}",
            "nothing",
        ]);
        let native = self.dialect.native && self.chance.once_in(5);
        let selection = if native { "{__name__=~\"up|latency|web_seconds\"}" } else { selection };
        format!("{selection}{}", self.time_shift())
    }
}
