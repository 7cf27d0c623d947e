//! Tokens to a tree: a Pratt parser over the operators' binding powers.
//!
//! Invariant: no tree is higher than [`HEIGHT_MAX`], so that walking it needs a bounded stack.

#![expect(clippy::wildcard_enum_match_arm, reason = "any other token or node is out of place")]

mod aggregate;
mod binary;
mod length;
mod recover;
mod selector;

pub(crate) use self::aggregate::is_reserved;
pub(crate) use self::recover::{Diagnosis, diagnose};

use crate::ast::{Node, NodeKind};
use crate::features::Features;
use crate::functions;
use crate::lex::{Lexer, Token, parse_number, unquote};
use crate::span::{ParseError, Span};

use self::recover::Recovery;

/// How high a tree may grow: far beyond what people and generators write, well within a stack.
const HEIGHT_MAX: usize = 512;

/// Reads a tree without checking its types.
pub(crate) fn parse_tree(text: &str, features: Features) -> Result<Node, ParseError> {
    Parser::new(text, features, None)?.query()
}

pub(crate) struct Parser<'a> {
    text: &'a str,
    lexer: Lexer<'a>,
    features: Features,
    /// The token that is looked at, not yet taken.
    token: Token,
    span: Span,
    /// The end of the token taken last.
    last_end: usize,
    /// How many calls of `expr` and `length` are under way.
    depth: usize,
    /// The height of the node returned last.
    height: usize,
    /// Where errors are kept by a reader that goes on after them.
    recovery: Option<Recovery>,
}

impl<'a> Parser<'a> {
    fn new(
        text: &'a str,
        features: Features,
        recovery: Option<Recovery>,
    ) -> Result<Self, ParseError> {
        let (lexer, token, span) = (Lexer::new(text), Token::End, Span::default());
        let mut parser =
            Self { text, lexer, features, token, span, last_end: 0, depth: 0, height: 0, recovery };
        parser.advance()?;
        Ok(parser)
    }

    fn query(&mut self) -> Result<Node, ParseError> {
        if self.token == Token::End {
            return Err(self.error(self.span, "no expression found in input"));
        }
        let root = self.expr(0)?;
        match self.token {
            Token::End => Ok(root),
            _ => {
                let error = self.unexpected("", "an operator or the end of input");
                self.go_on(root, error)
            }
        }
    }

    /// Takes the token that is looked at.
    fn take(&mut self) -> Result<Span, ParseError> {
        let taken = self.span;
        self.last_end = taken.end;
        self.note_bracket();
        self.advance()?;
        Ok(taken)
    }

    fn advance(&mut self) -> Result<(), ParseError> {
        (self.token, self.span) = match self.lexer.next() {
            Ok(next) => next,
            Err(error) => {
                let span = error.span;
                self.record(error)?;
                (Token::Bad, span)
            }
        };
        Ok(())
    }

    fn take_if(&mut self, token: Token) -> Result<bool, ParseError> {
        if self.token != token {
            return Ok(false);
        }
        self.take()?;
        Ok(true)
    }

    fn expect(&mut self, token: Token, context: &str, expected: &str) -> Result<Span, ParseError> {
        if self.token == token { self.take() } else { Err(self.unexpected(context, expected)) }
    }

    fn slice(&self, span: Span) -> &'a str {
        self.text.get(span.start..span.end).unwrap_or("")
    }

    /// The text of the token that is looked at.
    fn current(&self) -> &'a str {
        self.slice(self.span)
    }

    /// Whether the token that is looked at is this keyword, in any case.
    fn at_keyword(&self, keyword: &str) -> bool {
        self.token == Token::Identifier && self.current().eq_ignore_ascii_case(keyword)
    }

    fn take_keyword(&mut self, keyword: &str) -> Result<bool, ParseError> {
        let found = self.at_keyword(keyword);
        if found {
            self.take()?;
        }
        Ok(found)
    }

    fn error(&self, span: Span, message: impl Into<String>) -> ParseError {
        ParseError::new(self.text, span, message)
    }

    /// The complaint about the token that is looked at.
    fn unexpected(&self, context: &str, expected: &str) -> ParseError {
        let mut message = format!("unexpected {}", self.token.describe(self.current()));
        if !context.is_empty() {
            message.push_str(" in ");
            message.push_str(context);
        }
        if !expected.is_empty() {
            message.push_str(", expected ");
            message.push_str(expected);
        }
        self.error(self.span, message)
    }

    fn enter(&mut self) -> Result<(), ParseError> {
        self.depth += 1;
        if self.depth > HEIGHT_MAX {
            return Err(self.error(self.span, self.too_high()));
        }
        Ok(())
    }

    fn too_high(&self) -> String {
        format!("the expression is nested deeper than {HEIGHT_MAX} levels")
    }

    /// Notes that a node of this height was built.
    fn grow(&mut self, height: usize, span: Span) -> Result<(), ParseError> {
        self.height = height;
        if height > HEIGHT_MAX { Err(self.error(span, self.too_high())) } else { Ok(()) }
    }

    /// An expression of operators that bind at least as tightly as `power_min`.
    fn expr(&mut self, power_min: u8) -> Result<Node, ParseError> {
        self.enter()?;
        let place = self.place(self.span);
        let operand = match self.prefix() {
            Ok(operand) => operand,
            Err(error) => self.recover(error, place)?,
        };
        let node = self.operators(operand, power_min)?;
        self.depth -= 1;
        Ok(node)
    }

    /// The operators that follow an operand, with their right sides.
    fn operators(&mut self, operand: Node, power_min: u8) -> Result<Node, ParseError> {
        let mut lhs = operand;
        while let Some((op, power)) = self.binary_op() {
            if power < power_min {
                break;
            }
            let place = self.place(lhs.span);
            lhs = match self.binary(lhs, op, power) {
                Ok(node) => node,
                Err(error) => self.recover(error, place)?,
            };
        }
        Ok(lhs)
    }

    /// An operand with its sign and what follows it.
    fn prefix(&mut self) -> Result<Node, ParseError> {
        if !matches!(self.token, Token::Add | Token::Sub) {
            let operand = self.primary()?;
            return self.postfix(operand);
        }
        let negative = self.token == Token::Sub;
        let sign = self.take()?;
        // A sign binds as a multiplication does: -2 ^ 2 is -(2 ^ 2).
        let mut operand = self.expr(binary::POWER_POW)?;
        let span = sign.to(operand.span);
        if let NodeKind::Number { value, .. } = &mut operand.kind {
            if negative {
                *value = -*value;
            }
            operand.span = span;
            return Ok(operand);
        }
        self.grow(self.height + 1, span)?;
        Ok(Node { kind: NodeKind::Unary { negative, expr: Box::new(operand) }, span })
    }

    fn primary(&mut self) -> Result<Node, ParseError> {
        self.height = 1;
        match self.token {
            Token::Number | Token::Duration => self.number(),
            Token::String => {
                let span = self.take()?;
                let kind = NodeKind::String(self.unquoted(span)?);
                Ok(Node { kind, span })
            }
            Token::LeftParen => {
                let start = self.take()?;
                let expr = self.expr(0)?;
                let end = self.expect(Token::RightParen, "parentheses", "\")\"")?;
                let span = start.to(end);
                self.grow(self.height + 1, span)?;
                Ok(Node { kind: NodeKind::Paren(Box::new(expr)), span })
            }
            Token::LeftBrace => self.selector(None),
            Token::Identifier => self.named(),
            _ => Err(self.unexpected("", "an expression")),
        }
    }

    fn number(&mut self) -> Result<Node, ParseError> {
        let (value, is_duration, span) = self.number_value()?;
        Ok(Node { kind: NodeKind::Number { value, is_duration }, span })
    }

    /// Takes a number or a duration: its value, and whether it is a duration.
    fn number_value(&mut self) -> Result<(f64, bool, Span), ParseError> {
        let is_duration = self.token == Token::Duration;
        let text = self.current();
        let span = self.take()?;
        let value = if is_duration {
            narthex_model::parse_duration(text).map_or(0.0, |duration| duration.as_secs_f64())
        } else if text.eq_ignore_ascii_case("inf") {
            f64::INFINITY
        } else {
            let value = parse_number(text).unwrap_or(f64::NAN);
            if value.is_infinite() {
                return Err(self.error(span, format!("number out of range: {text:?}")));
            }
            value
        };
        Ok((value, is_duration, span))
    }

    /// Whether a number or a duration is looked at.
    fn at_number(&self) -> bool {
        matches!(self.token, Token::Number | Token::Duration)
            || self.at_keyword("inf")
            || self.at_keyword("nan")
    }

    fn unquoted(&self, span: Span) -> Result<String, ParseError> {
        unquote(self.slice(span)).map_err(|(offset, message)| {
            self.error(Span::new(span.start + offset, span.end), message)
        })
    }

    /// What begins with a name: a number, an aggregation, a call or a selector.
    fn named(&mut self) -> Result<Node, ParseError> {
        let name = self.current();
        if name.eq_ignore_ascii_case("inf") || name.eq_ignore_ascii_case("nan") {
            return self.number();
        }
        if ["bool", "on", "ignoring", "group_left", "group_right", "atan2"]
            .iter()
            .any(|word| name.eq_ignore_ascii_case(word))
        {
            return Err(self.unexpected("", "an expression"));
        }
        if let Some(op) = aggregate::op_named(name)
            && aggregate::follows(self.text, self.span.end)
        {
            return self.aggregate(op);
        }
        let next = self.text.get(self.span.end..).unwrap_or("");
        if aggregate::skip_blank(next).starts_with('(') && !name.contains(':') {
            return self.call();
        }
        let span = self.take()?;
        self.selector(Some(span))
    }

    fn call(&mut self) -> Result<Node, ParseError> {
        let name = self.take()?;
        let text = self.slice(name);
        let function = functions::find(text);
        if function.is_none() {
            self.record(self.error(name, format!("unknown function with name {text:?}")))?;
        }
        let is_guarded = function.is_some_and(|function| function.is_experimental);
        if is_guarded && !self.features.experimental_functions {
            let message = format!(
                "function {text:?} is not enabled: \
                 --enable-feature=promql-experimental-functions is needed"
            );
            self.record(self.error(name, message))?;
        }
        let args = self.args("function call")?;
        let span = Span::new(name.start, self.last_end);
        let Some(function) = function else { return Ok(self.hole(span)) };
        self.grow(self.height + 1, span)?;
        Ok(Node { kind: NodeKind::Call { function, args }, span })
    }

    /// Arguments in parentheses; afterwards `height` is that of the highest.
    fn args(&mut self, context: &str) -> Result<Vec<Node>, ParseError> {
        self.expect(Token::LeftParen, context, "\"(\"")?;
        let mut args = Vec::new();
        let mut height = 0;
        let place = self.place(self.span);
        while self.token != Token::RightParen {
            args.push(self.expr(0)?);
            height = self.height.max(height);
            if self.token == Token::RightParen {
                break;
            }
            match self.expect(Token::Comma, context, "\",\" or \")\"") {
                Ok(comma) if self.token == Token::RightParen => {
                    let message = "trailing commas not allowed in function call args";
                    self.record(self.error(comma, message))?;
                }
                Ok(_) => {}
                Err(error) => {
                    self.record(error)?;
                    self.skip(place, false)?;
                    if self.token != Token::RightParen && !self.take_if(Token::Comma)? {
                        return Ok(args);
                    }
                }
            }
        }
        self.take()?;
        self.height = height;
        Ok(args)
    }
}

impl Node {
    /// The selector or subquery that a modifier applies to.
    fn time_mut(&mut self) -> Option<&mut crate::ast::TimeShift> {
        match &mut self.kind {
            NodeKind::Selector(selector) | NodeKind::Matrix { selector, .. } => {
                Some(&mut selector.time)
            }
            NodeKind::Subquery { time, .. } => Some(time),
            NodeKind::Number { .. }
            | NodeKind::String(_)
            | NodeKind::Paren(_)
            | NodeKind::Unary { .. }
            | NodeKind::Binary(_)
            | NodeKind::Aggregate(_)
            | NodeKind::Call { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests;
