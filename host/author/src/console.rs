//! Where words for the author go.

/// Takes lines. Only the program itself prints.
#[derive(Clone, Copy, Debug)]
pub struct Console {
    /// A line of the answer.
    pub say: fn(&str),
    /// A line beside it.
    pub complain: fn(&str),
    /// Whether the answer is read by a person at a terminal.
    pub is_colored: bool,
}

/// How something was judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Nothing is wrong.
    #[default]
    Good,
    /// It works, and should be different.
    Lint,
    /// It does not work.
    Bad,
    /// There was nothing to judge.
    Nothing,
}

/// How a piece of text is meant.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Tone {
    Name,
    Value,
    Aside,
    Good,
    Bad,
}

impl Console {
    pub(crate) fn say(&self, text: &str) {
        (self.say)(text);
    }

    pub(crate) fn complain(&self, text: &str) {
        (self.complain)(text);
    }

    /// A text in its color, at a terminal.
    pub(crate) fn paint(&self, tone: Tone, text: &str) -> String {
        let code = match tone {
            Tone::Name => "36",
            Tone::Value => "33",
            Tone::Aside => "2",
            Tone::Good => "32",
            Tone::Bad => "31",
        };
        if self.is_colored { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}
