//! Why a guest was ended, in words for the operator.

use std::time::Duration;

use wasmtime::{Error, PoolConcurrencyLimitError, Trap, WasmBacktrace};
use wasmtime_wasi::I32Exit;

use crate::budget::{Budget, Limiter};
use crate::refused::RefusedCall;

/// Frames of a backtrace that are kept by the engine: enough to tell a recursion.
pub(crate) const BACKTRACE_FRAMES_MAX: usize = 64;

/// Frames of a backtrace that are shown.
const BACKTRACE_FRAMES_SHOWN: usize = 8;

/// The longest name of a function that is written out; the engine takes names of any length.
const NAME_BYTES_MAX: usize = 1024;

/// Letters of a name that are shown.
const NAME_LETTERS_SHOWN: usize = 200;

/// Letters of the engine's words that are kept.
const MESSAGE_LETTERS_MAX: usize = 2048;

/// Addresses from here on are beyond every memory that a budget can grant. A stack that grows down
/// past address zero wraps around to them.
const WRAPPED_ADDRESS_MIN: u64 = 0xf000_0000;

/// Why a guest was ended. Its instance is gone; nothing else is affected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KillReason {
    /// It asked for more memory than its budget and could not go on without.
    #[error("it needs more memory than its limit of {} MiB", limit_bytes >> 20)]
    Memory {
        /// The budget.
        limit_bytes: u64,
    },
    /// It computed for longer than its budget.
    #[error("it used up its {limit:?} of processor time")]
    Cpu {
        /// The budget.
        limit: Duration,
    },
    /// It did not answer in time.
    #[error("it did not answer within {limit:?}")]
    Wall {
        /// The budget.
        limit: Duration,
    },
    /// Others held the memory that it waited for. It did nothing wrong.
    #[error(
        "others held the memory that it waited for, up to the end of its {waited:?}: all plugins \
         together may hold {} MiB",
        limit_bytes >> 20
    )]
    Crowded {
        /// What all guests together may hold.
        limit_bytes: u64,
        /// The wall time of the budget.
        waited: Duration,
    },
    /// Others held all that the pool has of something. It did nothing wrong.
    #[error("the host has no instance left for it: {message}")]
    Full {
        /// What ran out.
        message: String,
    },
    /// It recursed too deep.
    #[error("its stack ran out: it recurses too deep{}", frames(backtrace))]
    Stack {
        /// Innermost frames.
        backtrace: Vec<String>,
    },
    /// It panicked, or did what WebAssembly forbids.
    #[error("it trapped: {reason}{}", frames(backtrace))]
    Trap {
        /// What it did.
        reason: String,
        /// Innermost frames.
        backtrace: Vec<String>,
    },
    /// It handed over more than fits.
    #[error("it handed over more than {} KiB in one step", limit_bytes >> 10)]
    ResultTooLarge {
        /// The budget.
        limit_bytes: usize,
    },
    /// It ended itself.
    #[error("it ended itself with exit status {status}")]
    Exit {
        /// The status.
        status: i32,
    },
    /// The host could not run it, or failed while serving it.
    #[error("the host could not go on with it: {message}")]
    Host {
        /// What failed.
        message: String,
    },
}

impl KillReason {
    /// One word, for metrics.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Memory { .. } => "memory",
            Self::Cpu { .. } => "cpu",
            Self::Wall { .. } => "wall",
            Self::Crowded { .. } => "crowded",
            Self::Full { .. } => "full",
            Self::Stack { .. } => "stack",
            Self::Trap { .. } => "trap",
            Self::ResultTooLarge { .. } => "result",
            Self::Exit { .. } => "exit",
            Self::Host { .. } => "host",
        }
    }

    /// What an error of the engine means for people.
    pub(crate) fn of(error: &Error, budget: &Budget, limiter: &Limiter) -> Self {
        let backtrace = error.downcast_ref::<WasmBacktrace>();
        // The words of an error hold all frames of its backtrace.
        let chain = match backtrace {
            Some(backtrace) if !has_short_names(backtrace) => error.root_cause().to_string(),
            Some(_) | None => format!("{error:#}"),
        };
        if error.downcast_ref::<CpuSpent>().is_some() {
            return Self::Cpu { limit: budget.cpu };
        }
        if let Some(full) = error.downcast_ref::<PoolConcurrencyLimitError>() {
            return Self::Full { message: full.to_string() };
        }
        if let Some(exit) = error.downcast_ref::<I32Exit>() {
            return Self::Exit { status: exit.0 };
        }
        if let Some(refused) = error.downcast_ref::<RefusedCall>() {
            let backtrace = backtrace.map(shown_frames).unwrap_or_default();
            return Self::Trap { reason: refused.to_string(), backtrace };
        }
        // The engine has no type for this error; its text is checked by a test.
        if chain.contains("fuel allocated for hostcalls") {
            return Self::ResultTooLarge { limit_bytes: budget.result_bytes };
        }
        let trap = error.downcast_ref::<Trap>();
        if limiter.has_refused() && (trap.is_some() || backtrace.is_none()) {
            // A guest whose allocation fails aborts; what it trapped on says nothing.
            return Self::Memory { limit_bytes: budget.memory_bytes };
        }
        let Some(trap) = trap else { return Self::Host { message: single_line(&chain) } };
        let depth = backtrace.map_or(0, |backtrace| backtrace.frames().len());
        let backtrace = backtrace.map(shown_frames).unwrap_or_default();
        // Copies and fills of whole ranges are checked beforehand and tell no address.
        let wrapped = fault_address(&chain).is_none_or(|at| at >= WRAPPED_ADDRESS_MIN);
        let is_stack = *trap == Trap::StackOverflow
            || (*trap == Trap::MemoryOutOfBounds && wrapped && depth == BACKTRACE_FRAMES_MAX);
        if is_stack {
            return Self::Stack { backtrace };
        }
        let reason = if *trap == Trap::UnreachableCodeReached {
            "it panicked or aborted (unreachable)".to_owned()
        } else {
            trap.to_string()
        };
        Self::Trap { reason, backtrace }
    }
}

/// The error with which the epoch callback ends a guest.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("processor time is used up")]
pub(crate) struct CpuSpent;

fn frames(backtrace: &[String]) -> String {
    if backtrace.is_empty() { String::new() } else { format!(" in {}", backtrace.join(" < ")) }
}

/// Words that may hold names of the guest's, on one line.
fn single_line(words: &str) -> String {
    let letters = words.chars().map(|letter| if letter.is_control() { ' ' } else { letter });
    letters.take(MESSAGE_LETTERS_MAX).collect()
}

/// Whether a backtrace can be written out as it is.
fn has_short_names(backtrace: &WasmBacktrace) -> bool {
    let is_short = |name: Option<&str>| name.is_none_or(|name| name.len() <= NAME_BYTES_MAX);
    let mut frames = backtrace.frames().iter();
    frames.all(|frame| is_short(frame.func_name()) && is_short(frame.module().name()))
}

/// The names of the innermost frames, without the noise of offsets.
fn shown_frames(backtrace: &WasmBacktrace) -> Vec<String> {
    let shown = |name: &str| -> String {
        name.trim().chars().filter(|c| !c.is_control()).take(NAME_LETTERS_SHOWN).collect()
    };
    if !has_short_names(backtrace) {
        let frames = backtrace.frames().iter().take(BACKTRACE_FRAMES_SHOWN);
        return frames.map(|frame| shown(frame.func_name().unwrap_or("?"))).collect();
    }
    let text = backtrace.to_string();
    let frames = text.lines().filter_map(|line| line.split_once(" - ").map(|(_, name)| name));
    frames.take(BACKTRACE_FRAMES_SHOWN).map(shown).collect()
}

/// The address in `memory fault at wasm address 0x…`.
fn fault_address(chain: &str) -> Option<u64> {
    let (_, rest) = chain.split_once("wasm address 0x")?;
    let digits = rest.split(|c: char| !c.is_ascii_hexdigit()).next()?;
    u64::from_str_radix(digits, 16).ok()
}
