//! `narthex promql`: queries formatted and edited, as `promtool promql` does.

use anyhow::Context as _;
use clap::{Args, Subcommand, ValueEnum};
use narthex_model::{MatchOp, Matcher};
use narthex_promql::{Expr, parse_with};

use crate::features;

/// Formats and edits queries.
#[derive(Debug, Args)]
pub(crate) struct PromqlCommand {
    /// Features of Prometheus that are off by default, separated by commas; may be repeated.
    #[arg(long = "enable-feature", global = true, value_delimiter = ',', value_name = "FEATURE")]
    features: Vec<String>,
    /// Taken as promtool takes it; nothing here needs it.
    #[arg(long, global = true, hide = true)]
    experimental: bool,
    #[command(subcommand)]
    action: Action,
}

/// What is done with a query.
#[derive(Debug, Subcommand)]
enum Action {
    /// Lays a query out over lines.
    Format {
        /// The query.
        #[arg(allow_hyphen_values = true)]
        query: String,
    },
    /// Edits the label matchers of all selectors of a query.
    #[command(name = "label-matchers", subcommand)]
    LabelMatchers(LabelMatchers),
}

/// How label matchers are edited.
#[derive(Debug, Subcommand)]
enum LabelMatchers {
    /// Sets a label matcher.
    Set {
        /// How the value is compared.
        #[arg(short = 't', long = "type", default_value = "=", value_name = "TYPE")]
        op: Comparison,
        /// The query.
        #[arg(allow_hyphen_values = true)]
        query: String,
        /// The label.
        name: String,
        /// What its value is compared with.
        #[arg(allow_hyphen_values = true)]
        value: String,
    },
    /// Deletes the label matchers of a label.
    Delete {
        /// The query.
        #[arg(allow_hyphen_values = true)]
        query: String,
        /// The label.
        name: String,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Comparison {
    #[value(name = "=")]
    Equal,
    #[value(name = "!=")]
    NotEqual,
    #[value(name = "=~")]
    Regex,
    #[value(name = "!~")]
    NotRegex,
}

impl From<Comparison> for MatchOp {
    fn from(comparison: Comparison) -> Self {
        match comparison {
            Comparison::Equal => Self::Equal,
            Comparison::NotEqual => Self::NotEqual,
            Comparison::Regex => Self::Regex,
            Comparison::NotRegex => Self::NotRegex,
        }
    }
}

/// Prints the query as it is to be.
///
/// # Errors
/// When the text is no query, or the matcher's value no regular expression.
#[expect(clippy::print_stdout, reason = "the answer to a command")]
pub(crate) fn run(command: &PromqlCommand) -> anyhow::Result<()> {
    let features = features::of_command(&command.features);
    let read = |query: &str| parse_with(query, features);
    let expr = match &command.action {
        Action::Format { query } => read(query)?,
        Action::LabelMatchers(LabelMatchers::Set { op, query, name, value }) => {
            let matcher = Matcher::new((*op).into(), name, value).context("set a label matcher")?;
            set(&read(query)?, &matcher)
        }
        Action::LabelMatchers(LabelMatchers::Delete { query, name }) => {
            read(query)?.with_matchers(|matchers| matchers.retain(|m| m.name() != name))
        }
    };
    println!("{}", expr.pretty());
    Ok(())
}

/// Each matcher of the label becomes `matcher`; a selector without one gets it.
fn set(expr: &Expr, matcher: &Matcher) -> Expr {
    expr.with_matchers(|matchers| {
        let mut found = false;
        for known in matchers.iter_mut().filter(|known| known.name() == matcher.name()) {
            *known = matcher.clone();
            found = true;
        }
        if !found {
            matchers.push(matcher.clone());
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matchers_are_set_where_they_are_and_added_where_not() {
        let expr = narthex_promql::parse("up{job=\"a\"} / rate(b[5m])").unwrap();
        let matcher = Matcher::new(MatchOp::Regex, "job", "c|d").unwrap();
        let expected = "up{job=~\"c|d\"} / rate(b{job=~\"c|d\"}[5m])";
        assert_eq!(set(&expr, &matcher).pretty(), expected);
    }
}
