//! Where in a script a text ends, and values for each place in one.
//!
//! Invariant: a value ends no string, no regular expression, no comment and no element, and is one
//! expression where it stands alone.

mod value;

use self::value::{in_code, in_pattern, in_string, in_template};
use crate::value::Value;

/// Template literals inside of template literals; behind more, values are refused.
const LEVELS_MAX: usize = 8;
/// What ends a line.
const LINE_ENDS: [char; 4] = ['\n', '\r', '\u{2028}', '\u{2029}'];
/// Words behind which a slash begins a regular expression.
const OPERATORS: [&str; 16] = [
    "await",
    "break",
    "case",
    "continue",
    "delete",
    "do",
    "else",
    "finally",
    "in",
    "instanceof",
    "return",
    "throw",
    "try",
    "typeof",
    "void",
    "yield",
];

/// A place in a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Script {
    mode: Mode,
    /// What a slash would begin in code.
    slash: Slash,
    /// Whether nothing but space was written in this line of code.
    is_line_begin: bool,
    /// Braces that are open in each `${` that is.
    braces: [u16; LEVELS_MAX],
    /// How many `${` are open.
    levels: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Code,
    /// Behind a slash in code, of which is not known what it begins.
    Slash,
    Double,
    Single,
    /// In a template literal, and in one behind a `$`.
    Template,
    Dollar,
    Pattern {
        in_brackets: bool,
    },
    Line,
    Block,
    /// Nobody knows where, for this reason: no value may follow.
    Lost(&'static str),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Slash {
    Pattern,
    Divides,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            mode: Mode::Code,
            slash: Slash::Pattern,
            is_line_begin: true,
            braces: [0; LEVELS_MAX],
            levels: 0,
        }
    }
}

impl Script {
    /// Goes over a literal text; `write` gets it without comments.
    pub(super) fn pass(&mut self, text: &str, mut write: impl FnMut(&str)) {
        let mut rest = text;
        while !rest.is_empty() {
            let (next, taken) = self.after(rest);
            let (passed, after) = rest.split_at_checked(taken).unwrap_or((rest, ""));
            match (self.mode, next.mode) {
                // A comment with a line's end in it is one.
                (Mode::Block, _) => write(if passed.contains(LINE_ENDS) { "\n" } else { " " }),
                (Mode::Line, _) => {}
                (_, Mode::Line | Mode::Block) => write(before_comment(passed)),
                _ => write(passed),
            }
            (*self, rest) = (next, after);
        }
    }

    fn at(self, mode: Mode) -> Self {
        Self { mode, ..self }
    }

    /// Behind something that cannot be read; `why` is said to whoever puts a value there.
    pub(super) fn lost(self, why: &'static str) -> Self {
        Self { mode: Mode::Lost(why), ..self }
    }

    /// A value at this place. The place is behind it afterwards.
    ///
    /// # Errors
    /// Names the place, where no value can stand.
    pub(super) fn value(&mut self, value: &Value, text: &str) -> Result<String, &'static str> {
        *self = self.settled();
        Ok(match self.mode {
            Mode::Double | Mode::Single => in_string(text),
            Mode::Template | Mode::Dollar => in_template(text),
            Mode::Pattern { in_brackets: false } => in_pattern(text),
            Mode::Pattern { in_brackets: true } => {
                return Err("a value cannot stand in the brackets of a regular expression");
            }
            Mode::Line | Mode::Block => String::new(),
            Mode::Lost(why) => return Err(why),
            Mode::Code | Mode::Slash => {
                (self.slash, self.is_line_begin) = (Slash::Divides, false);
                in_code(value)
            }
        })
    }

    /// With what was begun and is not what it may have become.
    fn settled(self) -> Self {
        match (self.mode, self.slash) {
            (Mode::Dollar, _) => Self { mode: Mode::Template, ..self },
            (Mode::Slash, Slash::Pattern) => {
                Self { mode: Mode::Pattern { in_brackets: false }, ..self }
            }
            (Mode::Slash, Slash::Divides) => {
                Self { mode: Mode::Code, slash: Slash::Pattern, ..self }
            }
            _ => self,
        }
    }

    /// The place behind a part of `text`, which is not empty, and how many bytes that part has.
    fn after(self, text: &str) -> (Self, usize) {
        match self.mode {
            Mode::Code => self.after_code(text),
            Mode::Slash if text.starts_with(['/', '*']) => {
                (self.lost("a value cannot stand behind a comment begun in two parts"), 1)
            }
            Mode::Dollar if text.starts_with('{') => (self.opened(), 1),
            Mode::Slash | Mode::Dollar => (self.settled(), 0),
            Mode::Double | Mode::Single => {
                let quote = if self.mode == Mode::Double { '"' } else { '\'' };
                match unescaped(text, &[quote]) {
                    Found::Nothing => (self, text.len()),
                    Found::HalfEscape => (self.at_half_escape(), text.len()),
                    Found::At(at, _) => (self.ended(), at + 1),
                }
            }
            Mode::Template => match unescaped(text, &['`', '$']) {
                Found::Nothing => (self, text.len()),
                Found::HalfEscape => (self.at_half_escape(), text.len()),
                Found::At(at, '$') => (self.at(Mode::Dollar), at + 1),
                Found::At(at, _) => (self.ended(), at + 1),
            },
            Mode::Pattern { in_brackets } => {
                let ends: &[char] = if in_brackets { &[']'] } else { &['/', '['] };
                match unescaped(text, ends) {
                    Found::Nothing => (self, text.len()),
                    Found::HalfEscape => (self.at_half_escape(), text.len()),
                    Found::At(at, '/') => (self.ended(), at + 1),
                    Found::At(at, _) => {
                        (self.at(Mode::Pattern { in_brackets: !in_brackets }), at + 1)
                    }
                }
            }
            Mode::Line => match text.find(LINE_ENDS) {
                Some(end) => (Self { is_line_begin: true, ..self.at(Mode::Code) }, end),
                None => (self, text.len()),
            },
            Mode::Block => {
                let end = text.find("*/").map(|end| end + 2);
                let passed = text.get(..end.unwrap_or(text.len())).unwrap_or(text);
                let is_line_begin = self.is_line_begin || passed.contains(LINE_ENDS);
                let mode = if end.is_some() { Mode::Code } else { Mode::Block };
                (Self { mode, is_line_begin, ..self }, passed.len())
            }
            Mode::Lost(_) => (self, text.len()),
        }
    }

    fn after_code(self, text: &str) -> (Self, usize) {
        for (at, c) in text.char_indices() {
            let (before, rest) = text.split_at_checked(at).unwrap_or((text, ""));
            let behind = rest.get(c.len_utf8()..).unwrap_or("");
            let comment = match c {
                '/' if behind.starts_with('/') => Some((Mode::Line, 2)),
                '/' if behind.starts_with('*') => Some((Mode::Block, 2)),
                '#' if behind.starts_with('!') => Some((Mode::Line, 2)),
                '<' if behind.starts_with("!--") => Some((Mode::Line, 4)),
                '-' if behind.starts_with("->") && self.begins_line(before) => {
                    Some((Mode::Line, 3))
                }
                _ => None,
            };
            if let Some((mode, len)) = comment {
                return (self.behind(before).at(mode), at + len);
            }
            let mode = match c {
                '"' => Mode::Double,
                '\'' => Mode::Single,
                '`' => Mode::Template,
                '/' => Mode::Slash,
                '{' | '}' if self.levels > 0 => return (self.braced(c), at + 1),
                _ => continue,
            };
            let inner = Self { is_line_begin: false, ..self.behind(before).at(mode) };
            let waits = mode != Mode::Slash || behind.is_empty();
            return (if waits { inner } else { inner.settled() }, at + 1);
        }
        (self.behind(text), text.len())
    }

    /// Behind code without strings, slashes and the like.
    fn behind(self, code: &str) -> Self {
        let slash = slash_behind(code, self.slash);
        Self { slash, is_line_begin: self.begins_line(code), ..self }
    }

    /// Whether only space stands in the line behind this code.
    fn begins_line(&self, code: &str) -> bool {
        let line = code.trim_end_matches(|c: char| c.is_whitespace() && !LINE_ENDS.contains(&c));
        line.ends_with(LINE_ENDS) || (line.is_empty() && self.is_line_begin)
    }

    /// Behind the end of a string or the like.
    fn ended(self) -> Self {
        Self { mode: Mode::Code, slash: Slash::Divides, ..self }
    }

    fn at_half_escape(self) -> Self {
        self.lost("a value cannot stand behind a backslash")
    }

    /// Behind `${`.
    fn opened(mut self) -> Self {
        match self.braces.get_mut(self.levels) {
            Some(braces) => *braces = 0,
            None => return self.lost("a value cannot stand in so many template literals"),
        }
        Self { mode: Mode::Code, slash: Slash::Pattern, levels: self.levels + 1, ..self }
    }

    /// Behind a brace in the code of a template literal.
    fn braced(mut self, brace: char) -> Self {
        (self.slash, self.is_line_begin) = (Slash::Pattern, false);
        let level = self.levels.saturating_sub(1);
        let Some(open) = self.braces.get_mut(level) else { return self };
        match (brace, *open) {
            ('{', u16::MAX) => self.lost("a value cannot stand in so many braces"),
            ('{', _) => {
                *open += 1;
                self
            }
            (_, 0) => Self { mode: Mode::Template, levels: level, ..self },
            (_, _) => {
                *open -= 1;
                self
            }
        }
    }
}

/// What stands before the beginning of a comment, which is at the end.
fn before_comment(passed: &str) -> &str {
    let begins = ["<!--", "-->", "//", "/*", "#!"];
    begins.iter().find_map(|begin| passed.strip_suffix(begin)).unwrap_or(passed)
}

enum Found {
    Nothing,
    At(usize, char),
    /// A backslash at the very end.
    HalfEscape,
}

/// The first of these that no backslash stands before.
fn unescaped(text: &str, wanted: &[char]) -> Found {
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        if c == '\\' {
            if chars.next().is_none() {
                return Found::HalfEscape;
            }
        } else if wanted.contains(&c) {
            return Found::At(at, c);
        }
    }
    Found::Nothing
}

/// What a slash would begin behind this code, if it would begin `before` in front of it.
fn slash_behind(code: &str, before: Slash) -> Slash {
    let code = code.trim_end();
    let Some(last) = code.chars().next_back() else { return before };
    let run = |c: char| code.len() - code.trim_end_matches(c).len();
    let divides = match last {
        // `x++ / 2`, but `x + /a/`.
        '+' | '-' => run(last) % 2 == 0,
        '.' => code.trim_end_matches('.').ends_with(|c: char| c.is_ascii_digit()),
        ')' | ']' | '"' | '\'' | '`' => true,
        c if is_in_word(c) => {
            let begin = code.trim_end_matches(is_in_word).len();
            !OPERATORS.contains(&code.get(begin..).unwrap_or(""))
        }
        _ => false,
    };
    if divides { Slash::Divides } else { Slash::Pattern }
}

fn is_in_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}
