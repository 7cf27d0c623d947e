//! The name and the labels that a line begins with.

#![expect(clippy::wildcard_enum_match_arm, reason = "any other token is out of place")]

use narthex_model::{Labels, LabelsBuilder, METRIC_NAME};

use crate::lex::{Lexer, Token, unquote};
use crate::span::{ParseError, Span};

const CONTEXT: &str = "label set";

/// The labels, and where they end.
pub(super) fn parse(line: &str) -> Result<(Labels, usize), ParseError> {
    let mut lexer = Lexer::new(line);
    let mut labels = LabelsBuilder::default();
    let (mut token, mut span) = lexer.next()?;
    let mut name = "";
    if token == Token::Identifier {
        name = text_of(line, span);
        if ["inf", "nan"].iter().any(|number| name.eq_ignore_ascii_case(number)) {
            return Err(unexpected(line, token, span, "series", "metric name"));
        }
        if !line.get(span.end..).is_some_and(|rest| rest.starts_with('{')) {
            labels.set(METRIC_NAME, name);
            return Ok((labels.finish(), span.end));
        }
        (token, span) = lexer.next()?;
    }
    if token != Token::LeftBrace {
        return Err(unexpected(line, token, span, "series", "metric name or \"{\""));
    }
    let end = label_set(line, &mut lexer, &mut labels)?;
    // A name before the braces wins over one within.
    if !name.is_empty() {
        labels.set(METRIC_NAME, name);
    }
    Ok((labels.finish(), end))
}

fn text_of(line: &str, span: Span) -> &str {
    line.get(span.start..span.end).unwrap_or("")
}

fn unexpected(line: &str, token: Token, span: Span, context: &str, expected: &str) -> ParseError {
    let found = token.describe(text_of(line, span));
    ParseError::new(line, span, format!("unexpected {found} in {context}, expected {expected}"))
}

fn unquoted(line: &str, span: Span) -> Result<String, ParseError> {
    unquote(text_of(line, span)).map_err(|(offset, message)| {
        ParseError::new(line, Span::new(span.start + offset, span.end), message)
    })
}

/// Everything up to the closing brace. The token behind it is not looked at: it is none of a query.
fn label_set(
    line: &str,
    lexer: &mut Lexer<'_>,
    labels: &mut LabelsBuilder,
) -> Result<usize, ParseError> {
    let mut seen: Vec<String> = Vec::new();
    let (mut token, mut span) = lexer.next()?;
    loop {
        let name_span = span;
        let name = match token {
            Token::RightBrace => return Ok(span.end),
            Token::Identifier => text_of(line, span).to_owned(),
            Token::String => unquoted(line, span)?,
            _ => return Err(unexpected(line, token, span, CONTEXT, "identifier or \"}\"")),
        };
        let is_quoted = token == Token::String;
        (token, span) = lexer.next()?;
        let (name, value) = match token {
            Token::Assign => {
                (token, span) = lexer.next()?;
                if token != Token::String {
                    return Err(unexpected(line, token, span, CONTEXT, "string"));
                }
                let value = unquoted(line, span)?;
                (token, span) = lexer.next()?;
                (name, value)
            }
            _ if is_quoted => (METRIC_NAME.to_owned(), name),
            _ => return Err(unexpected(line, token, span, CONTEXT, "\"=\"")),
        };
        if seen.contains(&name) {
            let message = format!("label {name:?} is set twice");
            return Err(ParseError::new(line, name_span, message));
        }
        labels.set(name.clone(), value);
        seen.push(name);
        match token {
            Token::RightBrace => return Ok(span.end),
            Token::Comma => (token, span) = lexer.next()?,
            _ => return Err(unexpected(line, token, span, CONTEXT, "\",\" or \"}\"")),
        }
    }
}
