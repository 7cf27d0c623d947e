//! Durations: literals, and expressions over them in ranges and offsets.

use crate::ast::{Length, LengthKind, LengthOp};
use crate::lex::Token;
use crate::span::{ParseError, Span};

use super::Parser;

/// Prometheus counts durations in nanoseconds of 64 bits.
const SECONDS_MAX: f64 = 9_223_372_036.854_775;

/// What binds tighter than a sign: a power.
const SIGN_POWER: u8 = 3;

const EXPECTED: &str = "number, duration, step(), or range()";

impl Parser<'_> {
    /// The duration of a range or a step: any expression, a literal above zero.
    pub(super) fn positive_length(&mut self, context: &str) -> Result<Length, ParseError> {
        let length = self.length(0, context)?;
        match length.kind {
            LengthKind::Literal { seconds, .. } if seconds <= 0.0 => {
                Err(self.error(length.span, "duration must be greater than 0"))
            }
            _ => Ok(length),
        }
    }

    /// The duration behind `offset`: without an operator, since `foo offset -2 ^ 2` means
    /// `(foo offset -2) ^ 2`; but as in Prometheus any expression where it begins with a parenthesis
    /// or with two signs.
    pub(super) fn offset_length(&mut self) -> Result<Length, ParseError> {
        let context = "offset";
        if self.token == Token::LeftParen {
            return self.length(0, context);
        }
        self.enter()?;
        let length = match self.sign()? {
            Some(sign) if self.at_sign() => {
                let operand = self.length(SIGN_POWER, context)?;
                in_parentheses(self.operations(sign.on(operand), 0, context)?)
            }
            Some(sign) => sign.on(self.length_primary(context)?),
            None => self.length_primary(context)?,
        };
        self.depth -= 1;
        Ok(length)
    }

    fn length(&mut self, power_min: u8, context: &str) -> Result<Length, ParseError> {
        self.enter()?;
        let first = match self.sign()? {
            Some(sign) => sign.on(self.length(SIGN_POWER, context)?),
            None => self.length_primary(context)?,
        };
        let length = self.operations(first, power_min, context)?;
        self.depth -= 1;
        Ok(length)
    }

    fn at_sign(&self) -> bool {
        matches!(self.token, Token::Add | Token::Sub)
    }

    fn sign(&mut self) -> Result<Option<Sign>, ParseError> {
        if !self.at_sign() {
            return Ok(None);
        }
        let negative = self.token == Token::Sub;
        Ok(Some(Sign { negative, span: self.take()? }))
    }

    /// The operators behind `lhs` that bind at least as tightly as said, with their right sides.
    fn operations(
        &mut self,
        mut lhs: Length,
        power_min: u8,
        context: &str,
    ) -> Result<Length, ParseError> {
        let mut height = self.depth;
        while let Some((op, power)) = self.length_op() {
            if power < power_min {
                break;
            }
            let op_span = self.take()?;
            let rhs = self.length(if op == LengthOp::Pow { power } else { power + 1 }, context)?;
            let is_zero = matches!(rhs.kind, LengthKind::Literal { seconds, .. } if seconds == 0.0);
            match op {
                LengthOp::Div if is_zero => return Err(self.error(op_span, "division by zero")),
                LengthOp::Mod if is_zero => return Err(self.error(op_span, "modulo by zero")),
                _ => {}
            }
            let span = lhs.span.to(rhs.span);
            height += 1;
            self.grow(height, span)?;
            let kind = LengthKind::Binary { op, lhs: Box::new(lhs), rhs: Box::new(rhs) };
            lhs = Length { kind, span };
        }
        Ok(lhs)
    }

    fn length_op(&self) -> Option<(LengthOp, u8)> {
        Some(match self.token {
            Token::Add => (LengthOp::Add, 1),
            Token::Sub => (LengthOp::Sub, 1),
            Token::Mul => (LengthOp::Mul, 2),
            Token::Div => (LengthOp::Div, 2),
            Token::Mod => (LengthOp::Mod, 2),
            Token::Pow => (LengthOp::Pow, 3),
            _ => return None,
        })
    }

    fn length_primary(&mut self, context: &str) -> Result<Length, ParseError> {
        if matches!(self.token, Token::Number | Token::Duration) {
            let (seconds, is_duration, span) = self.number_value()?;
            if seconds.abs() > SECONDS_MAX {
                return Err(self.error(span, "duration out of range"));
            }
            return Ok(Length { kind: LengthKind::Literal { seconds, is_duration }, span });
        }
        if self.token == Token::LeftParen {
            let start = self.take()?;
            let inner = self.length(0, context)?;
            let end = self.expect(Token::RightParen, context, "\")\"")?;
            return Ok(Length { kind: LengthKind::Paren(Box::new(inner)), span: start.to(end) });
        }
        for (word, kind) in [("step", LengthKind::Step), ("range", LengthKind::Range)] {
            if self.at_keyword(word) {
                let start = self.take()?;
                self.expect(Token::LeftParen, context, "\"(\"")?;
                let end = self.expect(Token::RightParen, context, "\")\"")?;
                return Ok(Length { kind, span: start.to(end) });
            }
        }
        for (word, op) in [("min_of", LengthOp::MinOf), ("max_of", LengthOp::MaxOf)] {
            if self.at_keyword(word) {
                let start = self.take()?;
                self.expect(Token::LeftParen, context, "\"(\"")?;
                let lhs = Box::new(self.length(0, context)?);
                self.expect(Token::Comma, context, "\",\"")?;
                let rhs = Box::new(self.length(0, context)?);
                let end = self.expect(Token::RightParen, context, "\")\"")?;
                let kind = LengthKind::Binary { op, lhs, rhs };
                return Ok(Length { kind, span: start.to(end) });
            }
        }
        Err(self.unexpected(context, EXPECTED))
    }
}

/// An operation in the parentheses without which, its signs taken in, it would read otherwise.
fn in_parentheses(length: Length) -> Length {
    let span = length.span;
    match length.kind {
        LengthKind::Binary { .. } => Length { kind: LengthKind::Paren(Box::new(length)), span },
        _ => length,
    }
}

/// A plus or a minus before a duration.
struct Sign {
    negative: bool,
    span: Span,
}

impl Sign {
    /// The duration with its sign; a literal takes it in.
    fn on(self, operand: Length) -> Length {
        let span = self.span.to(operand.span);
        let kind = match operand.kind {
            LengthKind::Literal { seconds, is_duration } => {
                let seconds = if self.negative { -seconds } else { seconds };
                LengthKind::Literal { seconds, is_duration }
            }
            _ => LengthKind::Unary { negative: self.negative, operand: Box::new(operand) },
        };
        Length { kind, span }
    }
}
