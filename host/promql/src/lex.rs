//! Text to tokens.
//!
//! Keywords are identifiers here: whether `by` is a keyword or the name of a metric is known to the
//! parser only. A colon is part of an identifier, but for one within square brackets, where it
//! divides a subquery's range from its step.

use crate::raw_bytes;
use crate::span::{ParseError, Span};

/// What a token is. Its text is the query's text at its span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    Identifier,
    Number,
    Duration,
    String,
    LeftParen,
    RightParen,
    LeftBrace,
    RightBrace,
    LeftBracket,
    RightBracket,
    Comma,
    Colon,
    At,
    Assign,
    Add,
    Sub,
    Mul,
    Div,
    Mod,
    Pow,
    Equal,
    NotEqual,
    Greater,
    Less,
    GreaterEqual,
    LessEqual,
    TrimUpper,
    TrimLower,
    MatchesRegex,
    NotMatchesRegex,
    /// What is no token. Only a reader that goes on after errors gets to see it.
    Bad,
    End,
}

impl Token {
    /// How a message names a token of this kind that was found.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the others are shown as they stand")]
    pub(crate) fn describe(self, text: &str) -> String {
        match self {
            Self::Identifier => format!("identifier {text:?}"),
            Self::Number => format!("number {text:?}"),
            Self::Duration => format!("duration {text:?}"),
            Self::String => {
                let short: String = text.chars().take(30).collect();
                let dots = if short.len() < text.len() { "…" } else { "" };
                format!("string {short}{dots}")
            }
            Self::End => "end of input".to_owned(),
            _ => format!("{text:?}"),
        }
    }
}

/// Cuts a text into tokens.
pub(crate) struct Lexer<'a> {
    text: &'a str,
    at: usize,
    in_brackets: bool,
    in_braces: bool,
}

impl<'a> Lexer<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, at: 0, in_brackets: false, in_braces: false }
    }

    /// All brackets are taken for closed.
    pub(crate) fn leave_brackets(&mut self) {
        self.in_braces = false;
        self.in_brackets = false;
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn peek_second(&self) -> Option<char> {
        self.rest().chars().nth(1)
    }

    fn skip_while(&mut self, mut wanted: impl FnMut(char) -> bool) {
        let rest = self.rest();
        self.at += rest.find(|c| !wanted(c)).unwrap_or(rest.len());
    }

    fn skip_blank(&mut self) {
        loop {
            self.skip_while(|c| matches!(c, ' ' | '\t' | '\n' | '\r'));
            if self.peek() != Some('#') {
                return;
            }
            self.skip_while(|c| c != '\n' && c != '\r');
        }
    }

    fn error(&self, start: usize, message: impl Into<String>) -> ParseError {
        ParseError::new(self.text, Span::new(start, self.at.max(start + 1)), message)
    }

    /// The next token; [`Token::End`] again and again after the last one.
    pub(crate) fn next(&mut self) -> Result<(Token, Span), ParseError> {
        self.skip_blank();
        let start = self.at;
        let Some(first) = self.peek() else {
            return Ok((Token::End, Span::new(start, start)));
        };
        let token = match first {
            '0'..='9' => self.number_or_duration(start)?,
            '.' if self.peek_second().is_some_and(|c| c.is_ascii_digit()) => {
                self.number_or_duration(start)?
            }
            '"' | '\'' | '`' => self.string(first, start)?,
            ':' if self.in_brackets => self.single(Token::Colon),
            'a'..='z' | 'A'..='Z' | '_' => self.identifier(),
            // No label's name has one.
            ':' if !self.in_braces => self.identifier(),
            _ => self.mark(first, start)?,
        };
        Ok((token, Span::new(start, self.at)))
    }

    fn single(&mut self, token: Token) -> Token {
        self.at += 1;
        token
    }

    fn double(&mut self, token: Token) -> Token {
        self.at += 2;
        token
    }

    fn identifier(&mut self) -> Token {
        let colon = !self.in_braces && !self.in_brackets;
        self.skip_while(|c| c.is_ascii_alphanumeric() || c == '_' || (colon && c == ':'));
        Token::Identifier
    }

    fn mark(&mut self, first: char, start: usize) -> Result<Token, ParseError> {
        let second = self.peek_second();
        Ok(match (first, second) {
            ('(', _) => self.single(Token::LeftParen),
            (')', _) => self.single(Token::RightParen),
            ('{', _) => {
                self.in_braces = true;
                self.single(Token::LeftBrace)
            }
            ('}', _) => {
                self.in_braces = false;
                self.single(Token::RightBrace)
            }
            ('[', _) => {
                self.in_brackets = true;
                self.single(Token::LeftBracket)
            }
            (']', _) => {
                self.in_brackets = false;
                self.single(Token::RightBracket)
            }
            (',', _) => self.single(Token::Comma),
            ('@', _) => self.single(Token::At),
            ('+', _) => self.single(Token::Add),
            ('-', _) => self.single(Token::Sub),
            ('*', _) => self.single(Token::Mul),
            ('/', _) => self.single(Token::Div),
            ('%', _) => self.single(Token::Mod),
            ('^', _) => self.single(Token::Pow),
            ('=', Some('=')) if !self.in_braces => self.double(Token::Equal),
            ('=', Some('~')) => self.double(Token::MatchesRegex),
            ('=', _) => self.single(Token::Assign),
            ('!', Some('=')) => self.double(Token::NotEqual),
            ('!', Some('~')) => self.double(Token::NotMatchesRegex),
            ('!', Some(other)) => {
                self.at += 1;
                let message = format!("unexpected character after '!': {other:?}, expected '='");
                return Err(self.error(start, message));
            }
            ('>', Some('=')) => self.double(Token::GreaterEqual),
            ('>', Some('/')) => self.double(Token::TrimLower),
            ('>', _) => self.single(Token::Greater),
            ('<', Some('=')) => self.double(Token::LessEqual),
            ('<', Some('/')) => self.double(Token::TrimUpper),
            ('<', _) => self.single(Token::Less),
            _ => {
                self.at += first.len_utf8();
                return Err(self.error(start, format!("unexpected character: {first:?}")));
            }
        })
    }

    fn string(&mut self, quote: char, start: usize) -> Result<Token, ParseError> {
        self.at += 1;
        let is_raw = quote == '`';
        loop {
            match self.peek() {
                None => {
                    let kind = if is_raw { "raw" } else { "quoted" };
                    return Err(self.error(start, format!("unterminated {kind} string")));
                }
                Some('\n') if !is_raw => {
                    return Err(self.error(start, "unterminated quoted string"));
                }
                Some('\\') if !is_raw => {
                    self.at += 1;
                    self.at += self.peek().map_or(0, char::len_utf8);
                }
                Some(c) => {
                    self.at += c.len_utf8();
                    if c == quote {
                        return Ok(Token::String);
                    }
                }
            }
        }
    }

    /// A run of letters, digits, dots and underscores, with a sign after an exponent. Whether it is
    /// well formed is judged when it is converted.
    fn number_or_duration(&mut self, start: usize) -> Result<Token, ParseError> {
        let is_hex = self.rest().starts_with("0x") || self.rest().starts_with("0X");
        let mut last = '0';
        self.skip_while(|c| {
            let sign = !is_hex && matches!(c, '+' | '-') && matches!(last, 'e' | 'E');
            last = c;
            sign || c.is_ascii_alphanumeric() || c == '.' || c == '_'
        });
        let text = self.text.get(start..self.at).unwrap_or("");
        if parse_number(text).is_some() {
            Ok(Token::Number)
        } else if narthex_model::parse_duration(text).is_ok() {
            Ok(Token::Duration)
        } else {
            let message = format!("bad number or duration syntax: {text:?}");
            Err(self.error(start, message))
        }
    }
}

/// The value of a number literal: decimal, hexadecimal, octal with a leading zero; `_` may stand
/// between digits.
pub(crate) fn parse_number(text: &str) -> Option<f64> {
    let well_separated = |digits: &str, is_digit: fn(char) -> bool| {
        let chars: Vec<char> = digits.chars().collect();
        chars.iter().enumerate().all(|(index, c)| {
            let next = chars.get(index + 1);
            *c != '_' || (index > 0 && next.is_some_and(|next| is_digit(*next)))
        })
    };
    if let Some(digits) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        let digits = digits.strip_prefix('_').unwrap_or(digits);
        if !well_separated(digits, |c| c.is_ascii_hexdigit()) {
            return None;
        }
        let digits = digits.replace('_', "");
        return i64::from_str_radix(&digits, 16).ok().map(to_float);
    }
    if !well_separated(text, |c| c.is_ascii_digit()) || text.contains("e_") || text.contains("E_") {
        return None;
    }
    if !text.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    let plain = text.replace('_', "");
    if plain.len() > 1 && plain.starts_with('0') && plain.chars().all(|c| c.is_digit(8)) {
        return i64::from_str_radix(&plain, 8).ok().map(to_float);
    }
    plain.parse().ok()
}

#[expect(clippy::cast_precision_loss, reason = "an integer literal beyond 2^53 is rounded")]
fn to_float(value: i64) -> f64 {
    value as f64
}

/// The text that a string literal stands for. The error holds the offset within the literal.
pub(crate) fn unquote(literal: &str) -> Result<String, (usize, &'static str)> {
    let mut chars = literal.char_indices();
    let Some((_, quote)) = chars.next() else { return Err((0, "empty string literal")) };
    let body_end = literal.len().saturating_sub(1);
    if quote == '`' {
        return Ok(literal.get(1..body_end).unwrap_or("").replace('\r', ""));
    }
    let mut bytes = Vec::with_capacity(literal.len());
    while let Some((offset, c)) = chars.next() {
        if offset >= body_end {
            break;
        }
        if c != '\\' {
            bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            continue;
        }
        let Some((_, kind)) = chars.next() else {
            return Err((offset, "escape sequence not terminated"));
        };
        let digits = |count: usize, radix: u32, chars: &mut std::str::CharIndices<'_>| {
            let mut value = 0;
            for _ in 0..count {
                let digit = chars.next().and_then(|(_, c)| c.to_digit(radix))?;
                value = value * radix + digit;
            }
            Some(value)
        };
        let unicode = |code: Option<u32>| {
            code.and_then(char::from_u32).ok_or((offset, "escape sequence is no Unicode character"))
        };
        let byte = |code: Option<u32>| {
            code.and_then(|code| u8::try_from(code).ok()).ok_or((offset, "bad escape sequence"))
        };
        match kind {
            'a' => bytes.push(0x07),
            'b' => bytes.push(0x08),
            'f' => bytes.push(0x0c),
            'n' => bytes.push(b'\n'),
            'r' => bytes.push(b'\r'),
            't' => bytes.push(b'\t'),
            'v' => bytes.push(0x0b),
            '\\' => bytes.push(b'\\'),
            '\'' | '"' if kind == quote => {
                bytes.extend_from_slice(kind.encode_utf8(&mut [0; 4]).as_bytes());
            }
            'x' => bytes.push(byte(digits(2, 16, &mut chars))?),
            '0'..='7' => {
                let high = kind.to_digit(8).unwrap_or(0) * 64;
                bytes.push(byte(digits(2, 8, &mut chars).map(|low| high + low))?);
            }
            'u' | 'U' => {
                let count = if kind == 'u' { 4 } else { 8 };
                let c = unicode(digits(count, 16, &mut chars))?;
                bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            }
            _ => return Err((offset, "unknown escape sequence")),
        }
    }
    Ok(raw_bytes::text_of(&bytes))
}
