//! A tree as text over several lines, laid out as Prometheus does it.
//!
//! A node whose canonical text is short stands in one line; a longer one puts its parts on lines of
//! their own, a step further in.

use crate::ast::{Expr, Node, NodeKind};
use crate::print::{Aggregation, Operator, Window};

/// Bytes of a line that is not split.
const LINE_BYTES_MAX: usize = 100;
const INDENT: &str = "  ";

impl Expr {
    /// The query over as many lines as it takes to read well.
    ///
    /// ```
    /// let long = "a_long_name_of_a_metric".to_owned() + &"_".repeat(60);
    /// let expr = narthex_promql::parse(&format!("sum({long}) / b"))?;
    /// assert_eq!(expr.pretty(), format!("sum({long}) / b"));
    /// let expr = narthex_promql::parse(&format!("sum({long}) / {long}"))?;
    /// assert_eq!(expr.pretty(), format!("  sum({long})\n/\n  {long}"));
    /// # Ok::<(), narthex_promql::ParseError>(())
    /// ```
    #[must_use]
    pub fn pretty(&self) -> String {
        pretty(self.root(), 0)
    }
}

fn pretty(node: &Node, level: usize) -> String {
    let indent = INDENT.repeat(level);
    let canonical = node.to_string();
    let is_long = canonical.len() > LINE_BYTES_MAX;
    match &node.kind {
        // The operand stands right behind the sign.
        NodeKind::Unary { negative, expr } => {
            let sign = if *negative { "-" } else { "+" };
            format!("{indent}{sign}{}", pretty(expr, level).trim())
        }
        // A short one is not moved in: that is how Prometheus lays it out.
        NodeKind::Subquery { .. } if !is_long => canonical,
        NodeKind::Subquery { expr, range, step, time } => {
            let window = Window { range, step: step.as_ref(), time };
            format!("{}{window}", pretty(expr, level))
        }
        NodeKind::Binary(binary) if is_long => {
            let [lhs, rhs] = [&binary.lhs, &binary.rhs].map(|side| pretty(side, level + 1));
            format!("{lhs}\n{indent}{}\n{rhs}", Operator(binary))
        }
        NodeKind::Aggregate(aggregate) if is_long => {
            let args: Vec<&Node> = aggregate.param.iter().chain([&aggregate.expr]).collect();
            let args = lines(&args, level + 1);
            format!("{indent}{}(\n{args}\n{indent})", Aggregation(aggregate))
        }
        NodeKind::Call { function, args } if is_long => {
            let args: Vec<&Node> = args.iter().collect();
            format!("{indent}{}(\n{}\n{indent})", function.name, lines(&args, level + 1))
        }
        NodeKind::Paren(expr) if is_long => {
            format!("{indent}(\n{}\n{indent})", pretty(expr, level + 1))
        }
        NodeKind::Binary(_)
        | NodeKind::Aggregate(_)
        | NodeKind::Call { .. }
        | NodeKind::Paren(_)
        | NodeKind::Number { .. }
        | NodeKind::String(_)
        | NodeKind::Selector(_)
        | NodeKind::Matrix { .. } => format!("{indent}{canonical}"),
    }
}

fn lines(nodes: &[&Node], level: usize) -> String {
    let lines: Vec<String> = nodes.iter().map(|node| pretty(node, level)).collect();
    lines.join(",\n")
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use crate::{Features, parse_with};

    #[track_caller]
    #[expect(clippy::needless_pass_by_value, reason = "an expectation is used up")]
    fn check(query: &str, expected: Expect) {
        let expr = parse_with(query, Features::ALL).unwrap_or_else(|error| panic!("{error}"));
        let pretty = expr.pretty();
        expected.assert_eq(&pretty);
        let again = parse_with(&pretty, Features::ALL).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(again.to_string(), expr.to_string());
        assert_eq!(again.pretty(), pretty);
    }

    /// A metric's name of so many bytes.
    fn long(bytes: usize) -> String {
        "m".repeat(bytes)
    }

    #[test]
    fn a_hundred_bytes_fit_a_line() {
        check(
            &format!("sum({})", long(95)),
            expect![
                "sum(mmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmm)"
            ],
        );
        check(
            &format!("sum({})", long(96)),
            expect![[r#"
            sum(
              mmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmm
            )"#]],
        );
        check("up # a comment\n+\n1", expect!["up + 1"]);
    }

    #[test]
    fn long_parts_get_lines_of_their_own() {
        let a = long(60);
        check(
            &format!(
                "topk by (job) (3, rate({a}{{job=\"a\"}}[5m])) > bool on (job) group_left (x) \
                 ({a} and {a}) or -label_replace({a}, \"dst\", \"$1\", \"src\", \"{a}\")"
            ),
            expect![[r#"
                    topk by (job) (3, rate(mmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmm{job="a"}[5m]))
                  > bool on (job) group_left (x)
                    (
                        mmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmm
                      and
                        mmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmm
                    )
                or
                  -label_replace(
                    mmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmm,
                    "dst",
                    "$1",
                    "src",
                    "mmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmm"
                  )"#]],
        );
        check(
            &format!("max_over_time(({a} + {a})[1h:5m] @ end() offset 5m)"),
            expect![[r#"
            max_over_time(
              (
                  mmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmm
                +
                  mmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmm
              )[1h:5m] @ end() offset 5m
            )"#]],
        );
        check(
            &format!("-(({a} / {a}))"),
            expect![[r#"
            -(
              (
                  mmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmm
                /
                  mmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmm
              )
            )"#]],
        );
        check(
            &format!("label_replace(max_over_time(b[1h:5m]) + {a}, \"{a}\", \"\", \"\", \"\")"),
            expect![[r#"
            label_replace(
              max_over_time(b[1h:5m]) + mmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmm,
              "mmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmm",
              "",
              "",
              ""
            )"#]],
        );
    }
}
