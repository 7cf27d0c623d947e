//! Going on after errors, so that an editor can show all of them.
//!
//! Always holds: without a [`Recovery`] the first error ends the reading, and nothing here changes
//! how a right query is read. What could not be read becomes a hole: a node whose type nobody
//! knows.

use std::collections::BTreeSet;

use crate::ast::{Node, NodeKind};
use crate::features::Features;
use crate::lex::Token;
use crate::span::{ParseError, Span};

use super::Parser;

/// More errors than people look at.
const ERRORS_MAX: usize = 32;

/// What came of reading on to the end.
#[derive(Debug, Default)]
pub(crate) struct Diagnosis {
    /// In the order of their discovery, at most one at a place.
    pub(crate) errors: Vec<ParseError>,
    /// The tree; absent when there were too many errors.
    pub(crate) root: Option<Node>,
    holes: BTreeSet<(usize, usize)>,
}

impl Diagnosis {
    /// Whether the node stands for what could not be read.
    pub(crate) fn is_hole(&self, node: &Node) -> bool {
        let place = (node.span.start, node.span.end);
        matches!(node.kind, NodeKind::Number { .. }) && self.holes.contains(&place)
    }

    /// Adds an error, unless there is one at this place or there are too many.
    pub(crate) fn push(&mut self, error: ParseError) {
        let is_known = self.errors.iter().any(|known| known.span.start == error.span.start);
        if !is_known && self.errors.len() < ERRORS_MAX {
            self.errors.push(error);
        }
    }
}

/// The errors and holes of a reading under way.
#[derive(Default)]
pub(super) struct Recovery {
    found: Diagnosis,
    /// The brackets that are open.
    open: Vec<Token>,
}

/// Where to go on from.
#[derive(Clone, Copy)]
pub(super) struct Place {
    start: usize,
    /// How many brackets were open.
    open: usize,
    depth: usize,
}

/// Reads all of a text, whatever is wrong with it.
pub(crate) fn diagnose(text: &str, features: Features) -> Diagnosis {
    // Errors are recorded, so that there is a parser even of a text without a single token.
    let Ok(mut parser) = Parser::new(text, features, Some(Recovery::default())) else {
        return Diagnosis::default();
    };
    let outcome = parser.query();
    let mut found = parser.recovery.take().unwrap_or_default().found;
    match outcome {
        Ok(root) => found.root = Some(root),
        Err(error) => found.push(error),
    }
    found
}

fn opening(closing: Token) -> Option<Token> {
    match closing {
        Token::RightParen => Some(Token::LeftParen),
        Token::RightBrace => Some(Token::LeftBrace),
        Token::RightBracket => Some(Token::LeftBracket),
        _ => None,
    }
}

impl Parser<'_> {
    pub(super) fn place(&self, start: Span) -> Place {
        let open = self.recovery.as_ref().map_or(0, |recovery| recovery.open.len());
        Place { start: start.start, open, depth: self.depth }
    }

    /// Keeps an error, or gives it back where it is to end the reading.
    pub(super) fn record(&mut self, error: ParseError) -> Result<(), ParseError> {
        let Some(recovery) = &mut self.recovery else { return Err(error) };
        if recovery.found.errors.len() >= ERRORS_MAX {
            return Err(error);
        }
        recovery.found.push(error);
        Ok(())
    }

    /// A node in place of what could not be read.
    pub(super) fn hole(&mut self, span: Span) -> Node {
        if let Some(recovery) = &mut self.recovery {
            recovery.found.holes.insert((span.start, span.end));
        }
        self.height = 1;
        Node { kind: NodeKind::Number { value: f64::NAN, is_duration: false }, span }
    }

    /// Keeps an error, and leaves out what belongs to the operand or operation at `place`.
    pub(super) fn recover(&mut self, error: ParseError, place: Place) -> Result<Node, ParseError> {
        self.record(error)?;
        self.depth = place.depth;
        self.skip(place, true)?;
        Ok(self.hole(Span::new(place.start, self.last_end.max(place.start))))
    }

    /// What follows a whole expression without an operator is left out; from the next operator on
    /// it is read again.
    pub(super) fn go_on(&mut self, root: Node, error: ParseError) -> Result<Node, ParseError> {
        self.record(error)?;
        let start = root.span;
        let mut node = root;
        while self.token != Token::End {
            let place = Place { open: 0, ..self.place(start) };
            self.skip(place, true)?;
            if self.binary_op().is_some() {
                let hole = self.hole(Span::new(start.start, self.last_end));
                node = self.operators(hole, 0)?;
            } else if self.token != Token::End {
                self.take()?;
            }
        }
        Ok(node)
    }

    /// Leaves out tokens up to a comma, a closing bracket, an operator if `to_operator`, or the
    /// end, as long as these are of what is around the place.
    pub(super) fn skip(&mut self, place: Place, to_operator: bool) -> Result<(), ParseError> {
        loop {
            let open = self.recovery.as_ref().map_or(&[][..], |recovery| &recovery.open);
            let is_outside = open.len() <= place.open;
            let partner = opening(self.token)
                .map(|bracket| open.iter().rposition(|candidate| *candidate == bracket));
            match (self.token, partner) {
                (Token::End, _) => break,
                (_, Some(Some(index))) if index < place.open => break,
                (_, Some(Some(index))) => {
                    // Brackets that were opened within and not closed end with this one.
                    self.close_down_to(index + 1);
                }
                (Token::Comma, _) if is_outside => break,
                _ if is_outside && to_operator && self.binary_op().is_some() => break,
                _ => {}
            }
            self.take()?;
        }
        self.close_down_to(place.open);
        Ok(())
    }

    fn close_down_to(&mut self, open: usize) {
        if let Some(recovery) = &mut self.recovery {
            recovery.open.truncate(open);
            if recovery.open.iter().all(|bracket| *bracket == Token::LeftParen) {
                self.lexer.leave_brackets();
            }
        }
    }

    /// Follows the brackets of the token that is about to be taken.
    pub(super) fn note_bracket(&mut self) {
        let Some(recovery) = &mut self.recovery else { return };
        if matches!(self.token, Token::LeftParen | Token::LeftBrace | Token::LeftBracket) {
            recovery.open.push(self.token);
        } else if opening(self.token).is_some_and(|bracket| recovery.open.last() == Some(&bracket))
        {
            recovery.open.pop();
        }
    }
}
