//! Binary operators, and the modifiers between an operator and its right side.

use crate::ast::{Binary, BinaryOp, Cardinality, Matching, Node, NodeKind};
use crate::lex::Token;
use crate::span::ParseError;

use super::Parser;

/// The binding power of `^`, which is that of a sign's operand too.
pub(super) const POWER_POW: u8 = 6;

impl Parser<'_> {
    /// The operator that is looked at, with its binding power.
    pub(super) fn binary_op(&self) -> Option<(BinaryOp, u8)> {
        let keyword = |word| self.at_keyword(word);
        Some(match self.token {
            Token::Identifier if keyword("or") => (BinaryOp::Or, 1),
            Token::Identifier if keyword("and") => (BinaryOp::And, 2),
            Token::Identifier if keyword("unless") => (BinaryOp::Unless, 2),
            Token::Equal => (BinaryOp::Equal, 3),
            Token::NotEqual => (BinaryOp::NotEqual, 3),
            Token::Greater => (BinaryOp::Greater, 3),
            Token::Less => (BinaryOp::Less, 3),
            Token::GreaterEqual => (BinaryOp::GreaterEqual, 3),
            Token::LessEqual => (BinaryOp::LessEqual, 3),
            Token::TrimUpper => (BinaryOp::TrimUpper, 3),
            Token::TrimLower => (BinaryOp::TrimLower, 3),
            Token::Add => (BinaryOp::Add, 4),
            Token::Sub => (BinaryOp::Sub, 4),
            Token::Mul => (BinaryOp::Mul, 5),
            Token::Div => (BinaryOp::Div, 5),
            Token::Mod => (BinaryOp::Mod, 5),
            Token::Identifier if keyword("atan2") => (BinaryOp::Atan2, 5),
            Token::Pow => (BinaryOp::Pow, POWER_POW),
            _ => return None,
        })
    }

    pub(super) fn binary(
        &mut self,
        lhs: Node,
        op: BinaryOp,
        power: u8,
    ) -> Result<Node, ParseError> {
        let lhs_height = self.height;
        let op_span = self.take()?;
        let return_bool = self.take_keyword("bool")?;
        let matching = self.matching()?;
        let binds_right = op == BinaryOp::Pow;
        let rhs = self.expr(if binds_right { power } else { power + 1 })?;
        let span = lhs.span.to(rhs.span);
        self.grow(self.height.max(lhs_height) + 1, span)?;
        let binary = Binary { op, op_span, return_bool, matching, lhs, rhs };
        Ok(Node { kind: NodeKind::Binary(Box::new(binary)), span })
    }

    fn matching(&mut self) -> Result<Matching, ParseError> {
        let mut matching = Matching { on: self.at_keyword("on"), ..Matching::default() };
        if matching.on || self.at_keyword("ignoring") {
            self.take()?;
            matching.labels = self.label_list()?;
            matching.cardinality = if self.take_keyword("group_left")? {
                Cardinality::ManyToOne
            } else if self.take_keyword("group_right")? {
                Cardinality::OneToMany
            } else {
                Cardinality::OneToOne
            };
            let is_grouped = matching.cardinality != Cardinality::OneToOne;
            if is_grouped && self.token == Token::LeftParen {
                matching.include = self.label_list()?;
            }
        }
        if self.take_fill("fill")? {
            matching.fill_left = Some(self.fill_value()?);
            matching.fill_right = matching.fill_left;
        }
        for _ in 0..2 {
            if matching.fill_left.is_none() && self.take_fill("fill_left")? {
                matching.fill_left = Some(self.fill_value()?);
            }
            if matching.fill_right.is_none() && self.take_fill("fill_right")? {
                matching.fill_right = Some(self.fill_value()?);
            }
        }
        Ok(matching)
    }

    /// Takes a fill modifier; without a parenthesis behind it, the word is a metric's name.
    fn take_fill(&mut self, keyword: &str) -> Result<bool, ParseError> {
        let rest = super::aggregate::skip_blank(self.text.get(self.span.end..).unwrap_or(""));
        if !self.at_keyword(keyword) || !rest.starts_with('(') {
            return Ok(false);
        }
        if !self.features.binop_fill_modifiers {
            let message = "binop fill modifiers are experimental and not enabled: \
                           --enable-feature=promql-binop-fill-modifiers is needed";
            return Err(self.error(self.span, message));
        }
        self.take()?;
        Ok(true)
    }

    fn fill_value(&mut self) -> Result<f64, ParseError> {
        self.expect(Token::LeftParen, "fill modifier", "\"(\"")?;
        let negative = self.token == Token::Sub;
        if negative || self.token == Token::Add {
            self.take()?;
        }
        if !self.at_number() {
            return Err(self.unexpected("fill modifier", "number"));
        }
        let (value, ..) = self.number_value()?;
        self.expect(Token::RightParen, "fill modifier", "\")\"")?;
        Ok(if negative { -value } else { value })
    }
}
