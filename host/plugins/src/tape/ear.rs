//! Where the imports of one call meet its tape.

use super::recording::{READINGS_MAX, bytes_of};
use super::taped::Taped;
use super::veil::Veil;
use super::{
    Ask, Content, Event, Failure, HttpAsk, LINES_MAX, Line, Matching, Mode, Reel, State, Step,
    Tape, Told,
};
use crate::imports::{self, ErrorKind};
use crate::redact::Redactor;
use crate::secrets::CallSecrets;

/// What an event takes beside its bytes.
const EVENT_BYTES: usize = 200;

/// The tape of one call, with what hides that call's secrets.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ear {
    tape: Tape,
    veil: Veil,
}

/// The event of a connection on a tape.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slot(usize);

/// A clock of the contract.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Reading {
    Wall,
    Monotonic,
    Deadline,
}

impl Ear {
    pub(crate) fn new(tape: Tape, redactor: Redactor, secrets: CallSecrets) -> Self {
        let mut ear = Self { tape, veil: Veil { redactor, secrets } };
        match ear.reel().map(|reel| reel.mode) {
            Some(Mode::Record { keeps_secrets: true, .. }) => {
                ear.veil.redactor = Redactor::default();
            }
            // A recording may hold the secrets of the configuration that it is played with.
            Some(Mode::Play { .. }) => ear.hide_recorded(),
            Some(Mode::Record { .. } | Mode::Listen) | None => {}
        }
        ear
    }

    /// Compares questions without secrets on both sides.
    fn hide_recorded(&self) {
        let Some(reel) = self.reel() else { return };
        let mut state = reel.state.lock();
        for event in &mut state.events {
            event.ask = self.hidden(event.ask.clone());
            if let Told::Exchange(steps) = &mut event.told {
                for step in steps {
                    if let Step::Write(Content(bytes)) = step {
                        *bytes = self.veil.bytes(bytes);
                    }
                }
            }
        }
    }

    fn reel(&self) -> Option<&Reel> {
        self.tape.0.as_deref()
    }

    /// Whether the call is heard at all.
    pub(crate) fn listens(&self) -> bool {
        self.tape.0.is_some()
    }

    /// Whether every line of the log is of interest.
    pub(crate) fn keeps_lines(&self) -> bool {
        let mode = self.reel().map(|reel| reel.mode);
        mode.is_some_and(|mode| !matches!(mode, Mode::Record { keeps_lines: false, .. }))
    }

    /// Whether the world is that of a recording.
    pub(crate) fn plays(&self) -> bool {
        self.matching().is_some()
    }

    fn matching(&self) -> Option<Matching> {
        match self.reel()?.mode {
            Mode::Play { matching } => Some(matching),
            Mode::Listen | Mode::Record { .. } => None,
        }
    }

    /// Keeps a line of the log; it is without secrets already.
    pub(crate) fn line(&self, level: &'static str, text: &str) {
        let Some(reel) = self.reel().filter(|_| self.keeps_lines()) else { return };
        let lines = &mut reel.state.lock().heard.lines;
        if lines.len() < LINES_MAX {
            lines.push(Line { level, text: text.trim_end().to_owned() });
        }
    }

    /// Puts a question to the world, or to the recording of one.
    pub(crate) async fn ask<T: Taped>(
        &self,
        ask: impl FnOnce() -> Ask,
        live: impl Future<Output = Result<T, imports::Error>>,
    ) -> Result<T, imports::Error> {
        let Some(reel) = self.reel().filter(|reel| !reel.state.lock().is_too_long) else {
            return live.await;
        };
        let ask = self.hidden(ask());
        if let Mode::Play { matching } = reel.mode {
            return self.played(&ask, matching).unwrap_or_else(|| Err(given_up(&ask)));
        }
        let slot = self.begin(ask);
        let answer = live.await;
        let received = answer.as_ref().map_or_else(Failure::bytes_of, Taped::bytes);
        self.end(slot, received, || match &answer {
            Ok(answer) => Told::Answer(answer.answer(&self.veil)),
            Err(error) => Told::Error(self.failure(error)),
        });
        answer
    }

    /// The same of questions of which some may be given up; `None`: the world is to be asked.
    pub(crate) fn ask_first<T: Taped>(
        &self,
        asks: impl Iterator<Item = Ask>,
    ) -> Option<Vec<Option<Result<T, imports::Error>>>> {
        let matching = self.matching()?;
        Some(asks.map(|ask| self.played(&self.hidden(ask), matching)).collect())
    }

    /// What a recording answers; `None`: the guest did not wait for it then.
    fn played<T: Taped>(&self, ask: &Ask, matching: Matching) -> Option<Result<T, imports::Error>> {
        let mut state = self.reel()?.state.lock();
        let Some(slot) = state.find(ask, matching) else {
            state.miss(&format!("the recording does not answer: {ask}"));
            return Some(Err(unanswered(ask)));
        };
        match state.events.get(slot).map(|event| &event.told) {
            Some(Told::Answer(answer)) => {
                let of_kind = T::of(answer);
                Some(of_kind.ok_or_else(|| unanswered(ask)))
            }
            Some(Told::Error(failure)) => Some(Err(failure.error())),
            Some(Told::GivenUp(_)) => None,
            Some(Told::Exchange(_)) | None => Some(Err(unanswered(ask))),
        }
    }

    /// Opens a connection to the world, or to the recording of one.
    pub(crate) async fn connect<T>(
        &self,
        ask: impl FnOnce() -> Ask,
        live: impl Future<Output = Result<T, imports::Error>>,
    ) -> Result<(Option<T>, Option<Slot>), imports::Error> {
        let Some(reel) = self.reel() else { return Ok((Some(live.await?), None)) };
        let ask = ask();
        if let Mode::Play { matching } = reel.mode {
            let mut state = reel.state.lock();
            let Some(slot) = state.find(&ask, matching) else {
                state.miss(&format!("the recording does not answer: {ask}"));
                return Err(unanswered(&ask));
            };
            return match state.events.get(slot).map(|event| &event.told) {
                Some(Told::Exchange(_)) => Ok((None, Some(Slot(slot)))),
                Some(Told::Error(failure)) => Err(failure.error()),
                Some(Told::Answer(_) | Told::GivenUp(_)) | None => Err(unanswered(&ask)),
            };
        }
        let slot = self.begin(ask);
        let opened = live.await;
        let told = opened.as_ref().err().map_or(0, Failure::bytes_of);
        self.end(slot, told, || match &opened {
            Ok(_) => Told::Exchange(Vec::new()),
            Err(error) => Told::Error(self.failure(error)),
        });
        Ok((Some(opened?), slot.map(Slot)))
    }

    /// Writes to a connection of a recording; `None`: it is one to the world.
    pub(crate) fn write(
        &self,
        slot: Option<Slot>,
        data: &[u8],
    ) -> Option<Result<(), imports::Error>> {
        let (matching, slot) = (self.matching()?, slot?);
        let data = self.veil.bytes(data);
        let mut state = self.reel()?.state.lock();
        let written = state.write(slot, &data, matching);
        Some(written.map_err(|difference| {
            state.miss(&difference);
            imports::error(ErrorKind::Protocol, difference)
        }))
    }

    /// Reads from a connection of a recording; `None`: it is one to the world.
    pub(crate) fn read(
        &self,
        slot: Option<Slot>,
        max: usize,
    ) -> Option<Result<Vec<u8>, imports::Error>> {
        let (_, slot) = (self.matching()?, slot?);
        let mut state = self.reel()?.state.lock();
        Some(match state.read(slot, max) {
            Ok(read) => read.map_err(|failure| failure.error()),
            Err(difference) => {
                state.miss(&difference);
                Err(imports::error(ErrorKind::Protocol, difference))
            }
        })
    }

    /// Keeps what was written to the world, or read from it.
    pub(crate) fn exchanged(&self, slot: Option<Slot>, data: &[u8], is_written: bool) {
        self.step(slot, || {
            let content = Content(self.veil.bytes(data));
            if is_written { Step::Write(content) } else { Step::Read(content) }
        });
    }

    /// Encrypts a connection of a recording; `None`: it is one to the world.
    pub(crate) fn encrypt(&self, slot: Option<Slot>) -> Option<Result<(), imports::Error>> {
        let taken = self.take(slot?, |step| matches!(step, Step::StartTls(_) | Step::Error(_)))?;
        Some(match taken {
            Some(Step::StartTls(_)) => Ok(()),
            Some(Step::Error(failure)) => Err(failure.error()),
            _ => Err(imports::error(ErrorKind::Protocol, "the recording has no TLS here")),
        })
    }

    /// What is known of a connection of a recording; `None`: it is one to the world.
    pub(crate) fn facts(&self, slot: Option<Slot>) -> Option<Vec<(String, String)>> {
        let taken = self.take(slot?, |step| matches!(step, Step::Facts(_)))?;
        Some(if let Some(Step::Facts(facts)) = taken { facts } else { Vec::new() })
    }

    /// What the other side showed in a recording; `None`: the connection is one to the world.
    pub(crate) fn certificates(&self, slot: Option<Slot>) -> Option<Vec<Vec<u8>>> {
        let taken = self.take(slot?, |step| matches!(step, Step::Certificates(_)))?;
        let shown = if let Some(Step::Certificates(shown)) = taken { shown } else { Vec::new() };
        Some(shown.into_iter().map(|der| der.0).collect())
    }

    /// Keeps that a connection to the world is encrypted now.
    pub(crate) fn encrypted(&self, slot: Option<Slot>) {
        self.step(slot, || Step::StartTls(true));
    }

    /// Keeps what is known of a connection to the world.
    pub(crate) fn told_facts(
        &self,
        slot: Option<Slot>,
        facts: impl FnOnce() -> Vec<(String, String)>,
    ) {
        self.step(slot, || Step::Facts(facts()));
    }

    /// Keeps what the other side showed.
    pub(crate) fn showed(&self, slot: Option<Slot>, certificates: &[Vec<u8>]) {
        let content = |der: &Vec<u8>| Content(der.clone());
        self.step(slot, || Step::Certificates(certificates.iter().map(content).collect()));
    }

    /// The next step of a recording, where it is the wanted one. The outer `None`: nothing plays.
    fn take(&self, slot: Slot, is_wanted: impl Fn(&Step) -> bool) -> Option<Option<Step>> {
        self.matching()?;
        let mut state = self.reel()?.state.lock();
        let Some((_, steps)) = state.steps(slot) else { return Some(None) };
        let is_next = steps.first().is_some_and(is_wanted);
        Some(is_next.then(|| steps.remove(0)))
    }

    /// Keeps how a connection broke.
    pub(crate) fn broke(&self, slot: Option<Slot>, error: &imports::Error) {
        self.step(slot, || Step::Error(self.failure(error)));
    }

    fn step(&self, slot: Option<Slot>, step: impl FnOnce() -> Step) {
        let (Some(reel), Some(Slot(slot))) = (self.reel(), slot) else { return };
        let Mode::Record { bytes_max, .. } = reel.mode else { return };
        if reel.state.lock().is_too_long {
            return;
        }
        let step = step();
        let bytes = match &step {
            Step::Write(content) | Step::Read(content) => content.0.len(),
            Step::Certificates(shown) => shown.iter().map(|der| der.0.len()).sum(),
            Step::Facts(facts) => bytes_of(facts),
            Step::Error(failure) => failure.bytes(),
            Step::StartTls(_) => 0,
        };
        let mut state = reel.state.lock();
        if state.fits(bytes + EVENT_BYTES, bytes_max)
            && let Some(Event { told: Told::Exchange(steps), .. }) = state.events.get_mut(slot)
        {
            steps.push(step);
        }
    }

    /// A reading of a clock: that of the recording, or the live one.
    pub(crate) fn reading(&self, clock: Reading, live: i64) -> i64 {
        let Some(reel) = self.reel() else { return live };
        let mut state = reel.state.lock();
        let State { clock: kept, played, monotonic_began, .. } = &mut *state;
        let number = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        if let Mode::Play { .. } = reel.mode {
            let (index, len) = match clock {
                Reading::Wall => (0, kept.wall_ms.len()),
                Reading::Monotonic => (1, kept.monotonic_ns.len()),
                Reading::Deadline => (2, kept.deadline_ms.len()),
            };
            let Some(at) = played.get_mut(index) else { return live };
            let place = (*at).min(len.saturating_sub(1));
            *at = at.saturating_add(1);
            let found = match clock {
                Reading::Wall => kept.wall_ms.get(place).copied(),
                Reading::Monotonic => kept.monotonic_ns.get(place).copied().map(number),
                Reading::Deadline => kept.deadline_ms.get(place).map(|ms| i64::from(*ms)),
            };
            return found.unwrap_or(live);
        }
        let natural = u64::try_from(live).unwrap_or(0);
        match clock {
            Reading::Wall if kept.wall_ms.len() < READINGS_MAX => kept.wall_ms.push(live),
            Reading::Monotonic if kept.monotonic_ns.len() < READINGS_MAX => {
                let began = *monotonic_began.get_or_insert(natural);
                kept.monotonic_ns.push(natural.saturating_sub(began));
            }
            Reading::Deadline if kept.deadline_ms.len() < READINGS_MAX => {
                kept.deadline_ms.push(u32::try_from(live).unwrap_or(u32::MAX));
            }
            Reading::Wall | Reading::Monotonic | Reading::Deadline => {}
        }
        live
    }

    fn begin(&self, ask: Ask) -> Option<usize> {
        let reel = self.reel()?;
        let Mode::Record { bytes_max, .. } = reel.mode else { return None };
        let mut state = reel.state.lock();
        if !state.fits(ask.bytes() + EVENT_BYTES, bytes_max) {
            return None;
        }
        state.events.push(Event { ask, told: Told::GivenUp(true) });
        Some(state.events.len() - 1)
    }

    fn end(&self, slot: Option<usize>, bytes: usize, told: impl FnOnce() -> Told) {
        let (Some(reel), Some(slot)) = (self.reel(), slot) else { return };
        let Mode::Record { bytes_max, .. } = reel.mode else { return };
        if !reel.state.lock().fits(bytes, bytes_max) {
            return;
        }
        let told = told();
        if let Some(event) = reel.state.lock().events.get_mut(slot) {
            event.told = told;
        }
    }

    fn failure(&self, error: &imports::Error) -> Failure {
        Failure::of(error, &|text| self.veil.text(text))
    }

    /// A question without secrets.
    fn hidden(&self, ask: Ask) -> Ask {
        let text = |text: String| self.veil.text(&text);
        let content = |content: Content| Content(self.veil.bytes(&content.0));
        let request = |HttpAsk { method, url, headers, body }: HttpAsk| {
            let headers = self.veil.headers(headers);
            HttpAsk { method, url: text(url), headers, body: content(body) }
        };
        match ask {
            Ask::Http(asked) => Ask::Http(request(asked)),
            Ask::Probe { request: asked, options } => {
                Ask::Probe { request: request(asked), options }
            }
            Ask::Kv { call, key, value, old } => {
                let (value, old) = (value.map(content), old.map(content));
                Ask::Kv { call, key: text(key), value, old }
            }
            Ask::Tcp { .. }
            | Ask::Dns { .. }
            | Ask::DnsServer { .. }
            | Ask::File { .. }
            | Ask::Clock { .. } => ask,
        }
    }
}

impl State {
    /// The first event that answers a question and was not asked for yet. A file may be read again.
    fn find(&mut self, ask: &Ask, matching: Matching) -> Option<usize> {
        let fits = |event: &Event| event.ask.is_like(ask, matching);
        let asked = |slot: usize| self.asked.get(slot) == Some(&true);
        let fresh = |(slot, event): &(usize, &Event)| !asked(*slot) && fits(event);
        let found = self.events.iter().enumerate().find(fresh).map(|(slot, _)| slot);
        let found = found.or_else(|| {
            let is_file = matches!(ask, Ask::File { .. });
            is_file.then(|| self.events.iter().rposition(fits)).flatten()
        })?;
        if let Some(asked) = self.asked.get_mut(found) {
            *asked = true;
        }
        Some(found)
    }

    fn steps(&mut self, slot: Slot) -> Option<(&str, &mut Vec<Step>)> {
        let event = self.events.get_mut(slot.0)?;
        match (&event.ask, &mut event.told) {
            (Ask::Tcp { connect, .. }, Told::Exchange(steps)) => Some((connect, steps)),
            _ => None,
        }
    }

    fn write(&mut self, slot: Slot, data: &[u8], matching: Matching) -> Result<(), String> {
        let Some((peer, steps)) = self.steps(slot) else { return Ok(()) };
        if matching == Matching::Place {
            let writes = steps.iter().take_while(|step| matches!(step, Step::Write(_))).count();
            steps.drain(..writes);
            return Ok(());
        }
        let mut rest = data;
        while !rest.is_empty() {
            let Some(Step::Write(Content(expected))) = steps.first_mut() else {
                let bytes = rest.len();
                return Err(format!("write to {peer}: {bytes} bytes more than were recorded"));
            };
            let shared = expected.len().min(rest.len());
            if expected.get(..shared) != rest.get(..shared) {
                return Err(format!(
                    "write to {peer}: {:?}, where the recording has {:?}",
                    excerpt(rest),
                    excerpt(expected)
                ));
            }
            rest = rest.get(shared..).unwrap_or_default();
            expected.drain(..shared);
            if expected.is_empty() {
                steps.remove(0);
            }
        }
        Ok(())
    }

    fn read(&mut self, slot: Slot, max: usize) -> Result<Result<Vec<u8>, Failure>, String> {
        let Some((peer, steps)) = self.steps(slot) else { return Ok(Ok(Vec::new())) };
        match steps.first_mut() {
            Some(Step::Read(Content(bytes))) => {
                let rest = bytes.split_off(max.min(bytes.len()));
                let read = std::mem::replace(bytes, rest);
                if bytes.is_empty() {
                    steps.remove(0);
                }
                Ok(Ok(read))
            }
            Some(Step::Error(failure)) => Ok(Err(failure.clone())),
            Some(Step::Write(_) | Step::StartTls(_) | Step::Facts(_) | Step::Certificates(_)) => {
                Err(format!("read from {peer}: the recording has another step before the answer"))
            }
            None => Err(format!("read from {peer}: the recording ends here")),
        }
    }
}

impl Ask {
    fn is_like(&self, other: &Self, matching: Matching) -> bool {
        match (self, other) {
            (Self::Http(one), Self::Http(two)) => one.is_like(two, matching),
            (
                Self::Probe { request: one, options },
                Self::Probe { request: two, options: others },
            ) => one.is_like(two, matching) && options == others,
            (Self::Kv { call, key, .. }, Self::Kv { call: call2, key: key2, .. })
                if matching == Matching::Place =>
            {
                call == call2 && key == key2
            }
            (one, two) => one == two,
        }
    }
}

impl HttpAsk {
    fn is_like(&self, other: &Self, matching: Matching) -> bool {
        let place = |url: &str| url.split(['?', '#']).next().unwrap_or("").to_owned();
        self.method == other.method
            && match matching {
                Matching::Exact => self.url == other.url && self.body == other.body,
                Matching::Place => place(&self.url) == place(&other.url),
            }
    }
}

/// The beginning of bytes, for people.
fn excerpt(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes.get(..60).unwrap_or(bytes)).into_owned()
}

fn unanswered(ask: &Ask) -> imports::Error {
    imports::error(ErrorKind::Unreachable, format!("the recording does not answer: {ask}"))
}

fn given_up(ask: &Ask) -> imports::Error {
    imports::error(ErrorKind::Timeout, format!("the recording has no end of: {ask}"))
}
