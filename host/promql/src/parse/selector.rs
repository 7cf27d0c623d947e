//! Selectors, and what may follow an operand: ranges, subqueries, `offset`, `@`.

use narthex_model::{METRIC_NAME, MatchOp, Matcher, Timestamp};

use crate::ast::{AtTime, Extension, LengthKind, Node, NodeKind, Selector, TimeShift};
use crate::lex::Token;
use crate::span::{ParseError, Span};

use super::Parser;

const NEEDS_SELECTOR: &str = "modifier must be preceded by an instant vector selector or range \
                              vector selector or a subquery";

impl Parser<'_> {
    /// A selector whose name, if it stands before the braces, was taken.
    pub(super) fn selector(&mut self, name: Option<Span>) -> Result<Node, ParseError> {
        let start = name.unwrap_or(self.span);
        let mut matchers = Vec::new();
        if self.token == Token::LeftBrace {
            self.take()?;
            self.matchers(&mut matchers)?;
        }
        let name = name.map(|span| self.slice(span).to_owned());
        if let Some(name) = &name {
            matchers.push(Matcher::equal(METRIC_NAME, name.as_str()));
        }
        let span = Span::new(start.start, self.last_end);
        let (time, extension) = (TimeShift::default(), Extension::None);
        let selector = Selector { name, matchers, time, extension };
        self.height = 1;
        Ok(Node { kind: NodeKind::Selector(selector), span })
    }

    /// `a="b", "metric name"}`; a comma may end the list.
    fn matchers(&mut self, matchers: &mut Vec<Matcher>) -> Result<(), ParseError> {
        let place = self.place(self.span);
        while self.token != Token::RightBrace {
            if let Err(error) = self.matcher(matchers) {
                self.record(error)?;
                // What could not be read may have been the condition that a selector needs.
                matchers.push(Matcher::equal("", "?"));
                self.skip(place, false)?;
                if self.token != Token::RightBrace && !self.take_if(Token::Comma)? {
                    return Ok(());
                }
            }
        }
        self.take()?;
        Ok(())
    }

    /// One condition, and the comma behind it.
    fn matcher(&mut self, matchers: &mut Vec<Matcher>) -> Result<(), ParseError> {
        let context = "label matching";
        let label = self.span;
        let (name, is_quoted) = match self.token {
            Token::Identifier => (self.current().to_owned(), false),
            Token::String => (self.unquoted(label)?, true),
            _ => return Err(self.unexpected(context, "identifier or \"}\"")),
        };
        self.take()?;
        let op = match self.token {
            Token::Assign => MatchOp::Equal,
            Token::NotEqual => MatchOp::NotEqual,
            Token::MatchesRegex => MatchOp::Regex,
            Token::NotMatchesRegex => MatchOp::NotRegex,
            Token::Comma | Token::RightBrace if is_quoted => {
                matchers.push(Matcher::equal(METRIC_NAME, name));
                self.take_if(Token::Comma)?;
                return Ok(());
            }
            _ => return Err(self.unexpected(context, "label matching operator")),
        };
        self.take()?;
        let value = self.expect(Token::String, context, "string")?;
        let value_text = self.unquoted(value)?;
        let matcher = Matcher::new(op, name, value_text).map_err(|error| {
            let reason = std::error::Error::source(&error).map(ToString::to_string);
            let reason = reason.unwrap_or_default();
            let reason = reason.lines().last().unwrap_or("").trim_start_matches("error: ");
            self.error(label.to(value), format!("{error}: {reason}"))
        })?;
        matchers.push(matcher);
        if self.token != Token::RightBrace && !self.take_if(Token::Comma)? {
            return Err(self.unexpected(context, "\",\" or \"}\""));
        }
        Ok(())
    }

    /// What follows an operand.
    pub(super) fn postfix(&mut self, operand: Node) -> Result<Node, ParseError> {
        let mut node = operand;
        loop {
            node = match self.token {
                Token::LeftBracket => self.range_or_subquery(node)?,
                Token::At => self.at_modifier(node)?,
                Token::Identifier if self.at_keyword("offset") => self.offset(node)?,
                Token::Identifier if self.at_keyword("anchored") => {
                    self.extension(node, "anchored", Extension::Anchored)?
                }
                Token::Identifier if self.at_keyword("smoothed") => {
                    self.extension(node, "smoothed", Extension::Smoothed)?
                }
                _ => return Ok(node),
            };
        }
    }

    fn range_or_subquery(&mut self, node: Node) -> Result<Node, ParseError> {
        let height = self.height;
        let open = self.take()?;
        let range = self.positive_length("subquery or range selector")?;
        if self.token == Token::RightBracket {
            let brackets = open.to(self.take()?);
            let span = Span::new(node.span.start, brackets.end);
            let message = match node.kind {
                NodeKind::Selector(selector) => {
                    if selector.time.offset.is_some() {
                        "no offset modifiers allowed before range"
                    } else if selector.time.at.is_some() {
                        "no @ modifiers allowed before range"
                    } else {
                        self.height = 1;
                        return Ok(Node { kind: NodeKind::Matrix { selector, range }, span });
                    }
                }
                _ => "ranges only allowed for vector selectors",
            };
            return Err(self.error(brackets, message));
        }
        self.expect(Token::Colon, "subquery or range", "\":\" or \"]\"")?;
        let step = if self.token == Token::RightBracket {
            None
        } else {
            Some(self.positive_length("subquery selector")?)
        };
        let close = self.expect(Token::RightBracket, "subquery selector", "\"]\"")?;
        let span = Span::new(node.span.start, close.end);
        self.grow(height + 1, span)?;
        let (expr, time) = (Box::new(node), TimeShift::default());
        Ok(Node { kind: NodeKind::Subquery { expr, range, step, time }, span })
    }

    fn offset(&mut self, mut node: Node) -> Result<Node, ParseError> {
        let height = self.height;
        self.take()?;
        let offset = self.offset_length()?;
        let span = node.span;
        let Some(time) = node.time_mut() else {
            return Err(self.error(span, format!("offset {NEEDS_SELECTOR}")));
        };
        if time.offset.is_some() {
            return Err(self.error(span, "offset may not be set multiple times"));
        }
        // No time back is no offset: another one may follow.
        let is_zero = matches!(offset.kind, LengthKind::Literal { seconds, .. } if seconds == 0.0);
        time.offset = (!is_zero).then_some(offset);
        node.span.end = self.last_end;
        self.height = height;
        Ok(node)
    }

    fn at_modifier(&mut self, mut node: Node) -> Result<Node, ParseError> {
        self.take()?;
        let at = if self.at_keyword("start") || self.at_keyword("end") {
            let is_start = self.at_keyword("start");
            self.take()?;
            self.expect(Token::LeftParen, "@", "\"(\"")?;
            self.expect(Token::RightParen, "@", "\")\"")?;
            if is_start { AtTime::Start } else { AtTime::End }
        } else {
            let negative = self.token == Token::Sub;
            if negative || self.token == Token::Add {
                self.take()?;
            }
            if !self.at_number() {
                return Err(self.unexpected("@", "timestamp"));
            }
            let (value, ..) = self.number_value()?;
            let seconds = if negative { -value } else { value };
            if !seconds.is_finite() || seconds.abs() >= 9_223_372_036_854_775_807.0 {
                let shown = narthex_model::Shortest(seconds);
                let message = format!("timestamp out of bounds for @ modifier: {shown}");
                return Err(self.error(node.span, message));
            }
            AtTime::Fixed(Timestamp::from_seconds(seconds))
        };
        let span = node.span;
        let Some(time) = node.time_mut() else {
            return Err(self.error(span, format!("@ {NEEDS_SELECTOR}")));
        };
        if time.at.is_some() {
            return Err(self.error(span, "@ <timestamp> may not be set multiple times"));
        }
        time.at = Some(at);
        node.span.end = self.last_end;
        Ok(node)
    }

    fn extension(
        &mut self,
        mut node: Node,
        word: &str,
        extension: Extension,
    ) -> Result<Node, ParseError> {
        if !self.features.extended_range_selectors {
            let message = format!(
                "{word} modifier is experimental and not enabled: \
                 --enable-feature=promql-extended-range-selectors is needed"
            );
            return Err(self.error(node.span, message));
        }
        self.take()?;
        let span = node.span;
        match &mut node.kind {
            NodeKind::Selector(selector) | NodeKind::Matrix { selector, .. } => {
                if selector.extension != Extension::None && selector.extension != extension {
                    let message = "anchored and smoothed modifiers cannot be used together";
                    return Err(self.error(span, message));
                }
                selector.extension = extension;
            }
            NodeKind::Subquery { .. } => {
                let message = format!("{word} modifier is not supported for subqueries");
                return Err(self.error(span, message));
            }
            _ => return Err(self.error(span, format!("{word} modifier not implemented"))),
        }
        node.span.end = self.last_end;
        Ok(node)
    }
}
