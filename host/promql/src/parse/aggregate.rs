//! Aggregations, and the label lists in parentheses that binary operators have too.

use crate::ast::{Aggregate, AggregateOp, Grouping, Node, NodeKind};
use crate::lex::Token;
use crate::span::{ParseError, Span};

use super::Parser;

/// The aggregation of this name, in any case.
pub(super) fn op_named(name: &str) -> Option<AggregateOp> {
    AggregateOp::ALL.into_iter().find(|op| op.name().eq_ignore_ascii_case(name))
}

/// The text after blanks and comments.
pub(super) fn skip_blank(text: &str) -> &str {
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches([' ', '\t', '\n', '\r']);
        let Some(comment) = rest.strip_prefix('#') else { return rest };
        rest = comment.find(['\n', '\r']).and_then(|end| comment.get(end..)).unwrap_or("");
    }
}

/// Whether the name that ends at `end` is that of an aggregation, not of a metric.
pub(super) fn follows(text: &str, end: usize) -> bool {
    let rest = skip_blank(text.get(end..).unwrap_or(""));
    let word_end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let word = rest.get(..word_end.unwrap_or(rest.len())).unwrap_or("");
    rest.starts_with('(') || word.eq_ignore_ascii_case("by") || word.eq_ignore_ascii_case("without")
}

/// Whether a word is no label in a list of labels, unless in quotes.
pub(crate) fn is_reserved(word: &str) -> bool {
    ["without", "inf", "nan"].iter().any(|reserved| word.eq_ignore_ascii_case(reserved))
}

impl Parser<'_> {
    pub(super) fn aggregate(&mut self, op: AggregateOp) -> Result<Node, ParseError> {
        let start = self.take()?;
        let before = self.grouping()?;
        if self.token != Token::LeftParen {
            return Err(self.unexpected("aggregation", "\"(\""));
        }
        let mut args = self.args("aggregation")?.into_iter();
        let (count, mut end) = (args.len(), self.last_end);
        let grouping = match before {
            Some(grouping) => grouping,
            None => {
                let after = self.grouping()?;
                end = if after.is_some() { self.last_end } else { end };
                after.unwrap_or_default()
            }
        };
        let span = Span::new(start.start, end);
        if op.is_experimental() && !self.features.experimental_functions {
            let message = format!(
                "{}() is experimental and must be enabled with \
                 --enable-feature=promql-experimental-functions",
                op.name()
            );
            return Err(self.error(span, message));
        }
        let wanted = if op.has_param() { 2 } else { 1 };
        let param = if op.has_param() { args.next() } else { None };
        let Some(expr) = args.next().filter(|_| count == wanted) else {
            let message = if count == 0 {
                "no arguments for aggregate expression provided".to_owned()
            } else {
                format!(
                    "wrong number of arguments for aggregate expression provided, \
                     expected {wanted}, got {count}"
                )
            };
            return Err(self.error(span, message));
        };
        self.grow(self.height + 1, span)?;
        let aggregate = Aggregate { op, param, expr, grouping };
        Ok(Node { kind: NodeKind::Aggregate(Box::new(aggregate)), span })
    }

    fn grouping(&mut self) -> Result<Option<Grouping>, ParseError> {
        let without = self.at_keyword("without");
        if !without && !self.at_keyword("by") {
            return Ok(None);
        }
        self.take()?;
        Ok(Some(Grouping { without, labels: self.label_list()? }))
    }

    /// `(a, b:c, "d e")`, reserved words in quotes; a comma may end the list.
    pub(super) fn label_list(&mut self) -> Result<Vec<String>, ParseError> {
        let context = "grouping opts";
        self.expect(Token::LeftParen, context, "\"(\"")?;
        let mut labels = Vec::new();
        while self.token != Token::RightParen {
            let span = self.span;
            let label = match self.token {
                Token::Identifier if !is_reserved(self.current()) => self.current().to_owned(),
                Token::String => self.unquoted(span)?,
                _ => return Err(self.unexpected(context, "label")),
            };
            if label.is_empty() {
                return Err(self.error(span, "invalid label name for grouping: \"\""));
            }
            self.take()?;
            labels.push(label);
            if self.token != Token::RightParen && !self.take_if(Token::Comma)? {
                return Err(self.unexpected(context, "\",\" or \")\""));
            }
        }
        self.take()?;
        Ok(labels)
    }
}
