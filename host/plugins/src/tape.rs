//! Tapes: what a guest asks of the world in one call is heard, kept, and played back to another.
//!
//! Enters: a [`Tape`] beside a call. Leaves: what was [`Heard`]: log lines, what the call spent, and
//! as the tape was made the conversation or what differed from it.
//!
//! Always holds: a call with a tape that plays reaches nothing beyond the guest, neither network,
//! files, keys nor time; a recording holds no secret that the schema, the item or a header names; a
//! recording has a bound, and one that would pass it is none.
//!
//! Open `recording.rs` for the shape, `ear.rs` for where imports meet it.

mod content;
mod ear;
mod recording;
mod taped;
mod veil;

use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;

pub use self::content::Content;
pub(crate) use self::ear::{Ear, Reading, Slot};
pub use self::recording::{Answer, Ask, Event, Failure, HttpAsk, Readings, Recording, Step, Told};
pub(crate) use self::taped::Taped;
use crate::spending::Amounts;

/// Lines of the log that are kept of one call.
const LINES_MAX: usize = 1_000;

/// Differences that are kept of one call.
const MISSES_MAX: usize = 100;

/// Letters of one of them.
const MISS_LETTERS_MAX: usize = 4096;

/// How far a question that is played back has to be like the one that was recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Matching {
    /// In all but headers.
    Exact,
    /// In where it goes: bodies, queries and what is written to connections may differ. For a
    /// version that says the same in other words.
    Place,
}

/// Hears one call. Cheap to clone; clones are one.
#[derive(Clone, Default)]
pub struct Tape(Option<Arc<Reel>>);

/// What a tape does, and what it heard.
struct Reel {
    mode: Mode,
    /// Guards what was heard, and what is to be played.
    state: Mutex<State>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Listen,
    Record { bytes_max: usize, keeps_secrets: bool, keeps_lines: bool },
    Play { matching: Matching },
}

#[derive(Debug, Default)]
struct State {
    events: Vec<Event>,
    /// Of a tape that plays: which events were asked for.
    asked: Vec<bool>,
    clock: Readings,
    /// How many readings were played, by clock.
    played: [usize; 3],
    /// When `monotonic-ns` began.
    monotonic_began: Option<u64>,
    bytes: usize,
    is_too_long: bool,
    heard: Heard,
}

/// What was heard of a call.
#[derive(Clone, Debug, Default)]
pub struct Heard {
    /// What the guest logged and printed.
    pub lines: Vec<Line>,
    /// What it spent.
    pub spent: Amounts,
    /// Of a tape that records; `None`: it was longer than its bound.
    pub recording: Option<Recording>,
    /// Of a tape that plays: what the guest asked and the recording does not answer.
    pub misses: Vec<String>,
    /// Of a tape that plays: what the recording answers and the guest did not ask.
    pub not_asked: Vec<String>,
    /// Of a tape that plays: whether the guest asked somebody beyond the host, and was answered.
    pub(crate) has_spoken: bool,
}

/// A line of the guest's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// `error`, `warn`, …; `print` of what it printed.
    pub level: &'static str,
    /// Its text and fields.
    pub text: String,
}

impl Tape {
    /// Hears nothing and costs nothing.
    #[must_use]
    pub fn off() -> Self {
        Self(None)
    }

    /// Hears log lines and what is spent.
    #[must_use]
    pub fn listening() -> Self {
        Self::new(Mode::Listen, State::default())
    }

    /// Keeps the conversation too, unless it takes more than so many bytes.
    #[must_use]
    pub fn recording(bytes_max: usize) -> Self {
        let mode = Mode::Record { bytes_max, keeps_secrets: false, keeps_lines: true };
        Self::new(mode, State::default())
    }

    /// Keeps the conversation alone. The guest is not asked to log more than usual.
    #[must_use]
    pub(crate) fn conversing(bytes_max: usize) -> Self {
        let mode = Mode::Record { bytes_max, keeps_secrets: false, keeps_lines: false };
        Self::new(mode, State::default())
    }

    /// The same with all secrets as they are: for conversations with a server that was made for a
    /// test.
    #[must_use]
    pub fn recording_secrets(bytes_max: usize) -> Self {
        let mode = Mode::Record { bytes_max, keeps_secrets: true, keeps_lines: true };
        Self::new(mode, State::default())
    }

    /// Answers the guest in place of the world.
    #[must_use]
    pub fn playing(recording: Recording, matching: Matching) -> Self {
        let Recording { clock, conversation: events } = recording;
        let asked = vec![false; events.len()];
        Self::new(Mode::Play { matching }, State { clock, events, asked, ..State::default() })
    }

    fn new(mode: Mode, state: State) -> Self {
        Self(Some(Arc::new(Reel { mode, state: Mutex::new(state) })))
    }

    /// What was heard, once the call has ended.
    #[must_use]
    pub fn heard(&self) -> Heard {
        let Some(reel) = &self.0 else { return Heard::default() };
        let mut state = reel.state.lock();
        let mut heard = std::mem::take(&mut state.heard);
        match reel.mode {
            Mode::Listen => {}
            Mode::Record { .. } if state.is_too_long => {}
            Mode::Record { .. } => {
                let conversation = std::mem::take(&mut state.events);
                let clock = std::mem::take(&mut state.clock);
                heard.recording = Some(Recording { clock, conversation });
            }
            Mode::Play { .. } => {
                let mut events = state.events.iter().zip(&state.asked);
                heard.has_spoken = events.any(|(it, asked)| *asked && it.ask.leaves_the_host());
                let unasked = state.events.iter().zip(&state.asked).filter(|(_, asked)| !**asked);
                let gave_up = |event: &Event| matches!(event.told, Told::GivenUp(_));
                let unasked = unasked.filter(|(event, _)| !gave_up(event));
                heard.not_asked = unasked.map(|(event, _)| event.ask.to_string()).collect();
            }
        }
        heard
    }

    /// Keeps what a call spent.
    pub(crate) fn spent(&self, spent: Amounts) {
        if let Some(reel) = &self.0 {
            reel.state.lock().heard.spent = spent;
        }
    }
}

impl fmt::Debug for Tape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(reel) => write!(f, "Tape({:?})", reel.mode),
            None => f.write_str("Tape(off)"),
        }
    }
}

impl State {
    fn miss(&mut self, what: &str) {
        if self.heard.misses.len() < MISSES_MAX {
            let shown = what.chars().take(MISS_LETTERS_MAX).collect();
            self.heard.misses.push(shown);
        }
    }

    /// Counts bytes of a recording; whether they still fit.
    fn fits(&mut self, bytes: usize, bytes_max: usize) -> bool {
        self.bytes = self.bytes.saturating_add(bytes);
        if self.bytes > bytes_max {
            self.is_too_long = true;
            self.events = Vec::new();
        }
        !self.is_too_long
    }
}

#[cfg(test)]
mod tests;
