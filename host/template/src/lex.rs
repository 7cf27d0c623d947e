//! Text to tokens.
//!
//! Spaces separate arguments, so each token knows whether one stood before it: `.a.b` is a path,
//! `.a .b` are two operands. Trim markers and comments are resolved here.

use std::sync::Arc;

use crate::error::{ParseError, Position};

const OPEN: &str = "{{";
const CLOSE: &str = "}}";
const SPACES: [char; 4] = [' ', '\t', '\r', '\n'];

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Token {
    pub(crate) kind: TokenKind,
    pub(crate) at: Position,
    pub(crate) follows_space: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum TokenKind {
    Text(String),
    Open,
    Close,
    /// A function or a keyword.
    Word(String),
    /// `.name`, without the dot.
    Field(String),
    /// `$name`, with the dollar.
    Variable(String),
    Dot,
    String(String),
    Int(i64),
    Float(f64),
    Declare,
    Assign,
    Comma,
    Pipe,
    LeftParen,
    RightParen,
    End,
}

impl TokenKind {
    /// As a message shows it.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Text(_) => "text".to_owned(),
            Self::Open => "{{".to_owned(),
            Self::Close => "}}".to_owned(),
            Self::Word(word) => format!("<{word}>"),
            Self::Field(name) => format!("<.{name}>"),
            Self::Variable(name) => format!("<{name}>"),
            Self::Dot => "<.>".to_owned(),
            Self::String(text) => format!("{text:?}"),
            Self::Int(number) => number.to_string(),
            Self::Float(number) => number.to_string(),
            Self::Declare => "\":=\"".to_owned(),
            Self::Assign => "\"=\"".to_owned(),
            Self::Comma => "\",\"".to_owned(),
            Self::Pipe => "\"|\"".to_owned(),
            Self::LeftParen => "\"(\"".to_owned(),
            Self::RightParen => "\")\"".to_owned(),
            Self::End => "end of template".to_owned(),
        }
    }
}

/// All tokens of a template; the last is [`TokenKind::End`].
pub(crate) fn lex(name: &Arc<str>, text: &str) -> Result<Vec<Token>, ParseError> {
    let known = (0, Position { line: 1, column: 1 });
    let (tokens, follows_space) = (Vec::new(), false);
    let mut lexer = Lexer { name, text, offset: 0, tokens, follows_space, known };
    lexer.run()?;
    Ok(lexer.tokens)
}

struct Lexer<'a> {
    name: &'a Arc<str>,
    text: &'a str,
    offset: usize,
    tokens: Vec<Token>,
    follows_space: bool,
    /// The last offset whose place is known, so that places cost one walk over the text.
    known: (usize, Position),
}

impl<'a> Lexer<'a> {
    fn run(&mut self) -> Result<(), ParseError> {
        let mut trims_left = false;
        loop {
            let rest = self.rest();
            let mut text = rest.split(OPEN).next().unwrap_or(rest);
            let start = self.offset;
            self.offset += text.len();
            if trims_left {
                text = text.trim_start_matches(SPACES);
            }
            let at_end = self.rest().is_empty();
            if !at_end && self.opens_with_trim() {
                text = text.trim_end_matches(SPACES);
            }
            if !text.is_empty() {
                self.push(start, TokenKind::Text(text.to_owned()));
            }
            if at_end {
                self.push(self.offset, TokenKind::End);
                return Ok(());
            }
            trims_left = self.action()?;
        }
    }

    fn opens_with_trim(&self) -> bool {
        let marker = self.rest().strip_prefix(OPEN).and_then(|rest| rest.strip_prefix('-'));
        marker.is_some_and(|rest| rest.starts_with(SPACES))
    }

    /// From `{{` to `}}`. Returns whether the closing marker trims the text that follows.
    fn action(&mut self) -> Result<bool, ParseError> {
        let start = self.offset;
        let trims = self.opens_with_trim();
        self.offset += OPEN.len() + if trims { 2 } else { 0 };
        if let Some(comment) = self.rest().strip_prefix("/*") {
            let Some((body, _)) = comment.split_once("*/") else {
                return Err(self.error(start, "unclosed comment"));
            };
            self.offset += body.len() + 4;
            return match self.close() {
                Some(trims) => Ok(trims),
                None => Err(self.error(start, "comment ends before closing delimiter")),
            };
        }
        self.follows_space = false;
        self.push(start, TokenKind::Open);
        let mut parens: usize = 0;
        loop {
            let at = self.offset;
            if let Some(trims) = self.close() {
                if parens > 0 {
                    return Err(self.error(at, "unclosed left paren"));
                }
                self.push(at, TokenKind::Close);
                return Ok(trims);
            }
            let trimmed = self.rest().trim_start_matches(SPACES);
            let spaces = self.rest().len() - trimmed.len();
            if spaces > 0 {
                // A closing trim marker owns the last space before it.
                let takes = if trimmed.starts_with("-}}") { spaces - 1 } else { spaces };
                self.offset += takes;
                self.follows_space = true;
                if takes < spaces {
                    continue;
                }
            }
            if self.close_is_next() {
                continue;
            }
            let at = self.offset;
            let kind = self.token()?;
            if kind == TokenKind::LeftParen {
                parens += 1;
            } else if kind == TokenKind::RightParen {
                parens = parens
                    .checked_sub(1)
                    .ok_or_else(|| self.error(at, "unexpected right paren"))?;
            }
            self.push(at, kind);
            self.follows_space = false;
        }
    }

    fn close_is_next(&self) -> bool {
        self.rest().starts_with(CLOSE)
    }

    /// Steps over `}}` or ` -}}`; says whether it trims.
    fn close(&mut self) -> Option<bool> {
        let rest = self.rest();
        if rest.starts_with(CLOSE) {
            self.offset += CLOSE.len();
            return Some(false);
        }
        let marked = rest.strip_prefix(SPACES).and_then(|rest| rest.strip_prefix("-}}"));
        marked.map(|_| {
            self.offset += 4;
            true
        })
    }

    fn token(&mut self) -> Result<TokenKind, ParseError> {
        let start = self.offset;
        let Some(first) = self.rest().chars().next() else {
            return Err(self.error(start, "unclosed action"));
        };
        let second = self.rest().chars().nth(1);
        match first {
            '(' => Ok(self.single(TokenKind::LeftParen)),
            ')' => Ok(self.single(TokenKind::RightParen)),
            '|' => Ok(self.single(TokenKind::Pipe)),
            ',' => Ok(self.single(TokenKind::Comma)),
            '=' => Ok(self.single(TokenKind::Assign)),
            ':' if second == Some('=') => {
                self.offset += 2;
                Ok(TokenKind::Declare)
            }
            ':' => Err(self.error(start, "expected :=")),
            '"' => self.quoted(),
            '`' => self.raw(),
            '\'' => self.character(),
            '0'..='9' | '+' | '-' => self.number(),
            '.' if second.is_some_and(|c| c.is_ascii_digit()) => self.number(),
            '.' => {
                self.offset += 1;
                let name = self.word();
                self.terminated(if name.is_empty() {
                    TokenKind::Dot
                } else {
                    TokenKind::Field(name.to_owned())
                })
            }
            '$' => {
                self.offset += 1;
                let name = self.word();
                self.terminated(TokenKind::Variable(format!("${name}")))
            }
            c if c.is_alphanumeric() || c == '_' => {
                let word = self.word().to_owned();
                self.terminated(TokenKind::Word(word))
            }
            other => Err(self.error(start, format!("unexpected character {other:?} in action"))),
        }
    }

    fn single(&mut self, kind: TokenKind) -> TokenKind {
        self.offset += 1;
        kind
    }

    fn word(&mut self) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
        self.offset += end;
        rest.get(..end).unwrap_or("")
    }

    /// A name must be followed by something that cannot belong to it.
    fn terminated(&self, kind: TokenKind) -> Result<TokenKind, ParseError> {
        match self.rest().chars().next() {
            None => Ok(kind),
            Some(c) if SPACES.contains(&c) || ".,|:()=}".contains(c) => Ok(kind),
            Some(c) => Err(self.error(self.offset, format!("bad character {c:?}"))),
        }
    }

    fn quoted(&mut self) -> Result<TokenKind, ParseError> {
        let start = self.offset;
        let (text, len) = unquote(self.rest(), '"').map_err(|why| self.error(start, why))?;
        self.offset += len;
        Ok(TokenKind::String(text))
    }

    fn character(&mut self) -> Result<TokenKind, ParseError> {
        let start = self.offset;
        let (text, len) = unquote(self.rest(), '\'').map_err(|why| self.error(start, why))?;
        self.offset += len;
        let mut chars = text.chars();
        match (chars.next(), chars.next()) {
            (Some(only), None) => Ok(TokenKind::Int(i64::from(u32::from(only)))),
            _ => Err(self.error(start, "malformed character constant")),
        }
    }

    fn raw(&mut self) -> Result<TokenKind, ParseError> {
        let start = self.offset;
        let body = self.rest().strip_prefix('`').and_then(|rest| rest.split_once('`'));
        let Some((text, _)) = body else {
            return Err(self.error(start, "unterminated raw quoted string"));
        };
        self.offset += text.len() + 2;
        Ok(TokenKind::String(text.replace('\r', "")))
    }

    fn number(&mut self) -> Result<TokenKind, ParseError> {
        let start = self.offset;
        let rest = self.rest();
        let mut end = 0;
        let mut last = ' ';
        for c in rest.chars() {
            let hex = rest.trim_start_matches(['+', '-']).starts_with(['0']) && rest.contains('x');
            let is_exponent = matches!(last, 'p' | 'P') || (matches!(last, 'e' | 'E') && !hex);
            let is_sign = matches!(c, '+' | '-') && (end == 0 || is_exponent);
            if !(c.is_alphanumeric() || c == '_' || c == '.' || is_sign) {
                break;
            }
            end += c.len_utf8();
            last = c;
        }
        let text = rest.get(..end).unwrap_or("");
        self.offset += end;
        let kind = parse_number(text)
            .ok_or_else(|| self.error(start, format!("bad number syntax: {text:?}")))?;
        self.terminated(kind)
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.offset..).unwrap_or("")
    }

    fn push(&mut self, start: usize, kind: TokenKind) {
        let between = self.text.get(self.known.0..start).unwrap_or("");
        let at = self.known.1.after(between);
        self.known = (start, at);
        self.tokens.push(Token { kind, at, follows_space: self.follows_space });
    }

    fn error(&self, offset: usize, message: impl Into<String>) -> ParseError {
        let at = Position::of(self.text, offset);
        ParseError { name: Arc::clone(self.name), at, message: message.into() }
    }
}

fn parse_number(text: &str) -> Option<TokenKind> {
    let clean = text.replace('_', "");
    let (sign, digits) = match clean.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", clean.strip_prefix('+').unwrap_or(&clean)),
    };
    let lower = digits.to_ascii_lowercase();
    let radixes = [("0x", 16), ("0o", 8), ("0b", 2)];
    let prefixed = radixes
        .iter()
        .find_map(|(prefix, radix)| lower.strip_prefix(prefix).map(|digits| (digits, *radix)));
    let old_octal = || lower.strip_prefix('0').filter(|digits| !digits.is_empty()).map(|d| (d, 8));
    if let Some((digits, radix)) = prefixed.or_else(old_octal)
        && let Ok(number) = i64::from_str_radix(&format!("{sign}{digits}"), radix)
    {
        return Some(TokenKind::Int(number));
    }
    if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') || prefixed.is_some() {
        return None;
    }
    if lower.contains(['.', 'e']) {
        return format!("{sign}{digits}").parse().ok().map(TokenKind::Float);
    }
    format!("{sign}{digits}").parse().ok().map(TokenKind::Int)
}

/// Reads a quoted text with Go's escapes; returns it and the bytes it took.
fn unquote(rest: &str, quote: char) -> Result<(String, usize), &'static str> {
    const UNTERMINATED: &str = "unterminated quoted string";
    let mut text = String::new();
    let mut chars = rest.char_indices().skip(1);
    while let Some((index, c)) = chars.next() {
        match c {
            '\n' => return Err(UNTERMINATED),
            c if c == quote => return Ok((text, index + 1)),
            '\\' => {
                let (_, escape) = chars.next().ok_or(UNTERMINATED)?;
                let mut digits = |first: Option<char>, count: usize, radix: u32| {
                    let more = chars.by_ref().take(count).map(|(_, c)| c);
                    let digits = first.into_iter().chain(more);
                    let code = digits.map(|c| c.to_digit(radix)).try_fold(0_u32, |code, digit| {
                        code.checked_mul(radix)?.checked_add(digit?)
                    });
                    code.and_then(char::from_u32).ok_or("invalid escape in quoted string")
                };
                text.push(match escape {
                    'a' => '\u{7}',
                    'b' => '\u{8}',
                    'f' => '\u{c}',
                    'n' => '\n',
                    'r' => '\r',
                    't' => '\t',
                    'v' => '\u{b}',
                    '\\' | '\'' | '"' => escape,
                    'x' => digits(None, 2, 16)?,
                    'u' => digits(None, 4, 16)?,
                    'U' => digits(None, 8, 16)?,
                    '0'..='7' => digits(Some(escape), 2, 8)?,
                    _ => return Err("invalid escape in quoted string"),
                });
            }
            c => text.push(c),
        }
    }
    Err(UNTERMINATED)
}
