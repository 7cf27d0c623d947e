//! What one call spends besides memory and time: requests, bytes over the network, lines of the log, samples.
//!
//! Always holds: an import asks here before it spends, and takes no answer that was refused here; a refusal is an
//! error of kind `exhausted` that names the budget, the limit and the line of configuration that raises it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use narthex_exposition::{Entry, Format, Parser};
use narthex_wasm::{KillReason, Usage};

use crate::grant::allow_line;
use crate::imports::{Error, ErrorKind, error};

/// Something that has a budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Budgeted {
    /// Memory of one call.
    Memory,
    /// Processor time of one call.
    Cpu,
    /// Wall time of one call.
    Wall,
    /// What is handed over in one step.
    Result,
    /// Requests, connections and look-ups of one call.
    Requests,
    /// From the network in one call.
    BytesIn,
    /// To the network in one call.
    BytesOut,
    /// Lines of the log of one call.
    LogLines,
    /// Samples of one answer.
    Samples,
    /// What the plugin keeps.
    Kv,
}

impl Budgeted {
    /// All of them.
    pub(crate) const ALL: [Self; 10] = [
        Self::Memory,
        Self::Cpu,
        Self::Wall,
        Self::Result,
        Self::Requests,
        Self::BytesIn,
        Self::BytesOut,
        Self::LogLines,
        Self::Samples,
        Self::Kv,
    ];

    /// The word in metrics and the API; it is the key that raises it, but for `result`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Cpu => "cpu",
            Self::Wall => "wall",
            Self::Result => "result",
            Self::Requests => "requests",
            Self::BytesIn => "bytes_in",
            Self::BytesOut => "bytes_out",
            Self::LogLines => "log_lines",
            Self::Samples => "samples",
            Self::Kv => "kv",
        }
    }

    /// What a guest ran out of when it was ended.
    pub(crate) const fn of_kill(reason: &KillReason) -> Option<Self> {
        match reason {
            KillReason::Memory { .. } => Some(Self::Memory),
            KillReason::Cpu { .. } => Some(Self::Cpu),
            KillReason::Wall { .. } => Some(Self::Wall),
            KillReason::ResultTooLarge { .. } => Some(Self::Result),
            KillReason::Stack { .. }
            | KillReason::Crowded { .. }
            | KillReason::Full { .. }
            | KillReason::Trap { .. }
            | KillReason::Exit { .. }
            | KillReason::Host { .. } => None,
        }
    }

    const fn bit(self) -> u64 {
        1 << self as u32
    }
}

/// An amount of everything that has a budget: what a call may spend, what it spent, or the most that any did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amounts {
    /// Memory held at one time, in bytes.
    pub memory_bytes: u64,
    /// Processor time.
    pub cpu: Duration,
    /// Wall time.
    pub wall: Duration,
    /// An answer, in bytes.
    pub result_bytes: u64,
    /// Requests, each redirect among them, connections and look-ups.
    pub requests: u64,
    /// From the network.
    pub bytes_in: u64,
    /// To the network.
    pub bytes_out: u64,
    /// Lines of the log, printed ones among them.
    pub log_lines: u64,
    /// Samples of an answer.
    pub samples: u64,
    /// Keys and values that the plugin keeps, in bytes.
    pub kv_bytes: u64,
}

impl Amounts {
    /// The larger of both, one by one.
    pub(crate) fn max(self, other: Self) -> Self {
        Self {
            memory_bytes: self.memory_bytes.max(other.memory_bytes),
            cpu: self.cpu.max(other.cpu),
            wall: self.wall.max(other.wall),
            result_bytes: self.result_bytes.max(other.result_bytes),
            requests: self.requests.max(other.requests),
            bytes_in: self.bytes_in.max(other.bytes_in),
            bytes_out: self.bytes_out.max(other.bytes_out),
            log_lines: self.log_lines.max(other.log_lines),
            samples: self.samples.max(other.samples),
            kv_bytes: self.kv_bytes.max(other.kv_bytes),
        }
    }
}

/// What one call may spend here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Allowance {
    pub(crate) requests: u64,
    pub(crate) bytes_in: u64,
    pub(crate) bytes_out: u64,
    pub(crate) log_lines: u64,
    pub(crate) samples: u64,
}

/// The account of one call, shared by its imports. Cheap to clone; clones are one.
#[derive(Clone, Debug)]
pub(crate) struct Spending(Arc<Account>);

#[derive(Debug)]
struct Account {
    plugin: String,
    allowance: Allowance,
    requests: AtomicU64,
    bytes_in: AtomicU64,
    bytes_out: AtomicU64,
    log_lines: AtomicU64,
    samples: AtomicU64,
    result_bytes: AtomicU64,
    /// A bit for each budget that was overrun.
    overrun: AtomicU64,
}

impl Spending {
    pub(crate) fn new(plugin: &str, allowance: Allowance) -> Self {
        let zero = AtomicU64::default;
        Self(Arc::new(Account {
            plugin: plugin.to_owned(),
            allowance,
            requests: zero(),
            bytes_in: zero(),
            bytes_out: zero(),
            log_lines: zero(),
            samples: zero(),
            result_bytes: zero(),
            overrun: zero(),
        }))
    }

    /// One more request, connection or look-up.
    pub(crate) fn request(&self) -> Result<(), Error> {
        let limit = self.0.allowance.requests;
        self.charge(Budgeted::Requests, &self.0.requests, 1, limit)
    }

    /// Bytes that are about to go to the network.
    pub(crate) fn send(&self, bytes: usize) -> Result<(), Error> {
        let limit = self.0.allowance.bytes_out;
        self.charge(Budgeted::BytesOut, &self.0.bytes_out, whole(bytes), limit)
    }

    /// Bytes that came from the network.
    pub(crate) fn receive(&self, bytes: usize) -> Result<(), Error> {
        let limit = self.0.allowance.bytes_in;
        self.charge(Budgeted::BytesIn, &self.0.bytes_in, whole(bytes), limit)
    }

    /// Bytes that may still come from the network.
    pub(crate) fn receivable(&self) -> u64 {
        self.0.allowance.bytes_in.saturating_sub(self.0.bytes_in.load(Ordering::Relaxed))
    }

    /// Whether one more line may be written.
    pub(crate) fn line(&self) -> bool {
        let limit = self.0.allowance.log_lines;
        let before = self.0.log_lines.fetch_add(1, Ordering::Relaxed);
        if before >= limit {
            self.overran(Budgeted::LogLines);
        }
        before < limit
    }

    /// An answer of so many bytes.
    pub(crate) fn answer(&self, bytes: usize) {
        self.0.result_bytes.store(whole(bytes), Ordering::Relaxed);
    }

    /// The answer of an exporter.
    pub(crate) fn exposition(&self, content_type: &str, body: &[u8]) -> Result<(), Error> {
        self.answer(body.len());
        let limit = self.0.allowance.samples;
        self.charge(Budgeted::Samples, &self.0.samples, samples_in(content_type, body), limit)
    }

    /// What was overrun, by whoever watches over it.
    pub(crate) fn overran(&self, what: Budgeted) {
        self.0.overrun.fetch_or(what.bit(), Ordering::Relaxed);
    }

    /// A refusal: no more of this in this call.
    pub(crate) fn exhausted(&self, what: Budgeted) -> Error {
        self.overran(what);
        let Account { plugin, allowance, .. } = &*self.0;
        let (did, limit) = match what {
            Budgeted::Requests => ("asked the network as often as it may", allowance.requests),
            Budgeted::BytesIn => ("got as many bytes as it may", allowance.bytes_in),
            Budgeted::BytesOut => ("sent as many bytes as it may", allowance.bytes_out),
            Budgeted::LogLines => ("wrote as many lines as it may", allowance.log_lines),
            Budgeted::Samples => ("answers more samples than it may", allowance.samples),
            Budgeted::Memory | Budgeted::Cpu | Budgeted::Wall | Budgeted::Result | Budgeted::Kv => {
                ("spent what it may", 0)
            }
        };
        let key = what.word();
        let unit = if matches!(what, Budgeted::BytesIn | Budgeted::BytesOut) { "B" } else { "" };
        let more = limit.saturating_mul(4).max(1);
        let line = allow_line(plugin, &format!("{key}: {more}{unit}"));
        let message = format!("plugin {plugin:?} {did} in one call ({key}: {limit}); {line}");
        error(ErrorKind::Exhausted, message)
    }

    fn charge(
        &self,
        what: Budgeted,
        spent: &AtomicU64,
        amount: u64,
        limit: u64,
    ) -> Result<(), Error> {
        let before = spent.fetch_add(amount, Ordering::Relaxed);
        if before.saturating_add(amount) > limit { Err(self.exhausted(what)) } else { Ok(()) }
    }

    /// What the call spent in all.
    pub(crate) fn amounts(&self, usage: Usage, wall: Duration) -> Amounts {
        let spent = |amount: &AtomicU64| amount.load(Ordering::Relaxed);
        Amounts {
            memory_bytes: usage.memory_bytes_peak,
            cpu: usage.cpu,
            wall,
            result_bytes: spent(&self.0.result_bytes),
            requests: spent(&self.0.requests),
            bytes_in: spent(&self.0.bytes_in),
            bytes_out: spent(&self.0.bytes_out),
            log_lines: spent(&self.0.log_lines),
            samples: spent(&self.0.samples),
            kv_bytes: 0,
        }
    }

    /// What the call had less of than it wanted.
    pub(crate) fn overruns(&self) -> Vec<Budgeted> {
        let overrun = self.0.overrun.load(Ordering::Relaxed);
        Budgeted::ALL.into_iter().filter(|what| overrun & what.bit() != 0).collect()
    }
}

fn whole(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

/// How many samples an exposition holds, as far as it can be read; whoever scrapes it tells what is wrong with the
/// rest. Each part of a classic histogram or summary is one, as it stands in the text.
fn samples_in(content_type: &str, body: &[u8]) -> u64 {
    let format = Format::from_content_type(Some(content_type), Some(Format::Text004));
    if !matches!(format, Ok((Format::Protobuf, _))) {
        let lines = body.split(|byte| *byte == b'\n');
        return whole(lines.filter(|line| !matches!(line.first(), None | Some(b'#'))).count());
    }
    let mut parser = Parser::new(body, Format::Protobuf);
    let mut samples = 0;
    while let Ok(Some(entry)) = parser.next_entry() {
        samples += u64::from(matches!(entry, Entry::Sample(_) | Entry::Histogram(_)));
    }
    samples
}
