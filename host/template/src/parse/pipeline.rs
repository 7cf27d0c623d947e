//! Pipelines, commands and operands.

use std::sync::Arc;

use super::Parser;
use crate::error::ParseError;
use crate::lex::{Token, TokenKind};
use crate::tree::{Command, Operand, OperandKind, Pipeline};

const KEYWORDS: [&str; 10] =
    ["block", "break", "continue", "define", "else", "end", "if", "range", "template", "with"];

impl Parser<'_> {
    /// A pipeline up to and with `end`.
    pub(super) fn pipeline(
        &mut self,
        context: &'static str,
        end: &TokenKind,
    ) -> Result<Pipeline, ParseError> {
        let at = self.ahead(0).map_or(self.last, |token| token.at);
        let (variables, assigns) = self.declaration(context)?;
        let mut commands = Vec::new();
        loop {
            if self.peek() == end {
                let close = self.next();
                if commands.is_empty() {
                    let message = format!("missing value for {context}");
                    return Err(self.error(close.at, message));
                }
                break;
            }
            let command = self.command(context)?;
            if !commands.is_empty() && is_constant(&command.operand.kind) {
                let stage = commands.len() + 1;
                let message = format!("non executable command in pipeline stage {stage}");
                return Err(self.error(command.operand.at, message));
            }
            commands.push(command);
            if *self.peek() == TokenKind::Pipe {
                let pipe = self.next();
                if self.peek() == end {
                    return Err(self.error(pipe.at, format!("missing value for {context}")));
                }
            } else if self.peek() != end {
                let token = self.next();
                return Err(self.unexpected(token.at, &token.kind, context));
            }
        }
        // In scope only behind the pipeline, as in `$x := $x | f`.
        if !assigns {
            self.variables.extend(variables.iter().cloned());
        }
        Ok(Pipeline { variables, assigns, commands, at })
    }

    /// `$x :=`, `$x =`, and in a range `$i, $x :=`.
    fn declaration(&mut self, context: &'static str) -> Result<(Vec<String>, bool), ParseError> {
        let mut names = Vec::new();
        let mut distance = 0;
        let assigns = loop {
            let Some(Token { kind: TokenKind::Variable(name), at, .. }) = self.ahead(distance)
            else {
                return Ok((Vec::new(), false));
            };
            let at = *at;
            names.push((name.clone(), at));
            let mark = self.ahead(distance + 1).map(|token| &token.kind);
            distance += 2;
            match mark {
                Some(TokenKind::Declare) => break false,
                Some(TokenKind::Assign) => break true,
                Some(TokenKind::Comma) if context == "range" && names.len() < 2 => {}
                Some(TokenKind::Comma) => {
                    let message = format!("too many declarations in {context}");
                    return Err(self.error(at, message));
                }
                _ => return Ok((Vec::new(), false)),
            }
        };
        for (name, at) in &names {
            if assigns && !self.knows(name) {
                return Err(self.error(*at, format!("undefined variable {name:?}")));
            }
            if name == "$" {
                return Err(self.error(*at, "the variable $ cannot be set"));
            }
        }
        self.cursor += distance;
        Ok((names.into_iter().map(|(name, _)| name).collect(), assigns))
    }

    fn knows(&self, name: &str) -> bool {
        name == "$" || self.variables.iter().any(|known| known == name)
    }

    fn command(&mut self, context: &'static str) -> Result<Command, ParseError> {
        let operand = self.operand(context)?;
        let mut arguments = Vec::new();
        let ends = |kind: &TokenKind| {
            matches!(kind, TokenKind::Close | TokenKind::Pipe | TokenKind::RightParen)
        };
        while !ends(self.peek()) {
            let follows_space = self.ahead(0).is_some_and(|token| token.follows_space);
            if !follows_space {
                let token = self.next();
                return Err(self.unexpected(token.at, &token.kind, "operand"));
            }
            arguments.push(self.operand(context)?);
        }
        Ok(Command { operand, arguments })
    }

    /// A term and the fields that hang on it.
    fn operand(&mut self, context: &'static str) -> Result<Operand, ParseError> {
        let term = self.term(context)?;
        let mut path = Vec::new();
        while let Some(Token { kind: TokenKind::Field(_), follows_space: false, .. }) =
            self.ahead(0)
        {
            if let TokenKind::Field(name) = self.next().kind {
                path.push(name);
            }
        }
        if path.is_empty() {
            return Ok(term);
        }
        let at = term.at;
        let kind = match term.kind {
            OperandKind::Fields { of, path: mut first } => {
                first.extend(path);
                OperandKind::Fields { of, path: first }
            }
            OperandKind::Bool(_)
            | OperandKind::Int(_)
            | OperandKind::Float(_)
            | OperandKind::String(_)
            | OperandKind::Nil => {
                return Err(self.error(at, "unexpected . after a constant"));
            }
            OperandKind::Dot
            | OperandKind::Function(_)
            | OperandKind::Variable(_)
            | OperandKind::Pipeline(_) => OperandKind::Fields { of: Box::new(term), path },
        };
        Ok(Operand { kind, at })
    }

    fn term(&mut self, context: &'static str) -> Result<Operand, ParseError> {
        let token = self.next();
        let at = token.at;
        let kind = match token.kind {
            TokenKind::Word(word) => match word.as_str() {
                "true" => OperandKind::Bool(true),
                "false" => OperandKind::Bool(false),
                "nil" => OperandKind::Nil,
                keyword if KEYWORDS.contains(&keyword) => {
                    return Err(self.error(at, format!("unexpected <{keyword}> in {context}")));
                }
                _ if self.functions.contains(&word) => OperandKind::Function(word),
                _ => return Err(self.error(at, format!("function {word:?} not defined"))),
            },
            TokenKind::Dot => OperandKind::Dot,
            TokenKind::Field(name) => {
                let of = Box::new(Operand { kind: OperandKind::Dot, at });
                OperandKind::Fields { of, path: vec![name] }
            }
            TokenKind::Variable(name) if self.knows(&name) => OperandKind::Variable(name),
            TokenKind::Variable(name) => {
                return Err(self.error(at, format!("undefined variable {name:?}")));
            }
            TokenKind::String(text) => OperandKind::String(Arc::from(text)),
            TokenKind::Int(number) => OperandKind::Int(number),
            TokenKind::Float(number) => OperandKind::Float(number),
            TokenKind::LeftParen => {
                self.enter(at)?;
                let inner = self.pipeline("parenthesized pipeline", &TokenKind::RightParen)?;
                self.depth -= 1;
                OperandKind::Pipeline(Box::new(inner))
            }
            other @ (TokenKind::Text(_)
            | TokenKind::Open
            | TokenKind::Close
            | TokenKind::Declare
            | TokenKind::Assign
            | TokenKind::Comma
            | TokenKind::Pipe
            | TokenKind::RightParen
            | TokenKind::End) => return Err(self.unexpected(at, &other, context)),
        };
        Ok(Operand { kind, at })
    }
}

/// What a value cannot be piped into.
fn is_constant(kind: &OperandKind) -> bool {
    match kind {
        OperandKind::Dot
        | OperandKind::Nil
        | OperandKind::Bool(_)
        | OperandKind::Int(_)
        | OperandKind::Float(_)
        | OperandKind::String(_) => true,
        OperandKind::Function(_)
        | OperandKind::Variable(_)
        | OperandKind::Fields { .. }
        | OperandKind::Pipeline(_) => false,
    }
}
