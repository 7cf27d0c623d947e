//! Probation: a new version answers what the version that serves answered well, before it takes over.
//!
//! Tried are the configurations in use, by the new schema and its `validate`, and the last good calls.
//! Those of an exporter and a discovery are made again within their usual rights; their answers are
//! thrown away, and so is what they would keep. A notifier would deliver twice: it says its last
//! notifications to recordings of what was answered then.
//!
//! Invariant: a new version fails only where the version that serves, asked the same right after,
//! does better. A target that is away says nothing about either, and neither does a recording that
//! has no answer to what a new version asks.
//! Invariant: a trial counts nowhere: not in the record of the plugin, nor for its pauses.

mod sent;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use narthex_exposition::{Format, Parser};
use narthex_platform::Metrics;
use narthex_wasm::KillReason;
use parking_lot::Mutex;

use crate::adapters::found::Found;
use crate::answer::{CallError, Exposition, GuestErrorKind};
use crate::folder::{Again, Refusal};
use crate::item::{Given, Item};
use crate::loader::Loaded;
use crate::plugin::{Manner, Plugin};
use crate::plugins::{AskedTarget, Plugins};
use crate::record::Record;
use crate::rights::Rights;
use crate::tape::Tape;
use crate::view::RejectedKind;

pub(crate) use self::sent::{Sending, Sent};

/// Good calls that are kept, each of another target or configuration.
const CALLS_MAX: usize = 3;

/// Configurations in use that are kept.
const ITEMS_MAX: usize = 64;

/// All of a probation together.
const PROBATION_MAX: Duration = Duration::from_secs(90);

/// What is tried with a new version.
#[derive(Debug, Default)]
pub(crate) struct InUse {
    /// Guards the last good calls, the newest first.
    calls: Mutex<VecDeque<GoodCall>>,
    /// Guards the configurations that the plugin accepted.
    items: Mutex<Vec<Arc<Item>>>,
}

/// A call that was answered well.
#[derive(Clone, Debug)]
pub(crate) struct GoodCall {
    item: Arc<Item>,
    asked: Asked,
}

/// What a plugin was asked.
#[derive(Clone, Debug)]
pub(crate) enum Asked {
    /// An exporter.
    Target(Arc<AskedTarget>),
    /// A discovery.
    AllTargets,
    /// A notifier.
    Notification(Arc<Sent>),
}

/// How a version did.
#[derive(Debug)]
enum Verdict {
    /// Well, or in a way that says nothing about it.
    Fair,
    Bad {
        why: String,
        may_pass: bool,
    },
}

impl InUse {
    pub(crate) fn answered(&self, item: &Arc<Item>, asked: Asked) {
        let call = GoodCall { item: Arc::clone(item), asked };
        let mut calls = self.calls.lock();
        calls.retain(|known| !known.is_like(&call));
        calls.push_front(call);
        calls.truncate(CALLS_MAX);
    }

    pub(crate) fn accepted(&self, item: Arc<Item>) {
        let mut items = self.items.lock();
        let is_known = items.iter().any(|known| known.identity == item.identity);
        if !is_known && items.len() < ITEMS_MAX {
            items.push(item);
        }
    }

    /// The configurations of another, in place of these; calls by configurations that are gone are forgotten.
    pub(crate) fn take_items_of(&self, other: &Self) {
        let items = std::mem::take(&mut *other.items.lock());
        let is_in_use =
            |call: &GoodCall| items.iter().any(|item| item.identity == call.item.identity);
        self.calls.lock().retain(is_in_use);
        *self.items.lock() = items;
    }

    fn calls(&self) -> Vec<GoodCall> {
        self.calls.lock().iter().cloned().collect()
    }

    fn items(&self) -> Vec<Arc<Item>> {
        self.items.lock().clone()
    }
}

impl GoodCall {
    fn is_like(&self, other: &Self) -> bool {
        self.item.identity == other.item.identity
            && match (&self.asked, &other.asked) {
                (Asked::Target(one), Asked::Target(two)) => one.address() == two.address(),
                (Asked::AllTargets, Asked::AllTargets)
                | (Asked::Notification(_), Asked::Notification(_)) => true,
                _ => false,
            }
    }

    fn named(&self) -> String {
        match &self.asked {
            Asked::Target(target) => format!("asked about the target {:?}", target.address()),
            Asked::AllTargets => "asked for all targets".to_owned(),
            Asked::Notification(_) => "given a recorded notification".to_owned(),
        }
    }
}

impl Plugins {
    /// Tries a version that would take the place of the one that serves. The folder waits meanwhile, so this has a
    /// time of its own.
    pub(crate) async fn probation(
        &self,
        plugin: &Plugin,
        new: &Arc<Loaded>,
        rights: &Arc<Rights>,
    ) -> Result<(), Refusal> {
        let clock = &self.0.shared.clock;
        tokio::select! {
            tried = self.try_out(plugin, new, rights) => tried,
            () = clock.sleep(PROBATION_MAX) => {
                Err(refusal(&format!("it takes longer than {PROBATION_MAX:?}"), true))
            }
        }
    }

    async fn try_out(
        &self,
        plugin: &Plugin,
        new: &Arc<Loaded>,
        rights: &Arc<Rights>,
    ) -> Result<(), Refusal> {
        let Some(old) = plugin.loaded().filter(|_| plugin.disabled().is_none()) else {
            return Ok(());
        };
        let (calls, items) = (plugin.in_use.calls(), plugin.in_use.items());
        let (is, was) = (new.entry.kind(), old.entry.kind());
        if is != was && !(calls.is_empty() && items.is_empty()) {
            let why = format!("it is a plugin for {is}, and one for {was} is in use");
            return Err(refusal(&why, false));
        }
        let clock = self.0.shared.clock.clone();
        let record = Record::new(&plugin.name, &Metrics::new());
        let (name, file) = (plugin.name.clone(), plugin.file.clone());
        let bench = Plugin::new(name, file, Arc::clone(rights), record, (clock, None));
        for item in &items {
            let judged = self.judge(&bench, new, item).await;
            if let Err(error) = judged {
                let why = format!("of a configuration in use it says: {error}");
                return Err(refusal(&why, false));
            }
        }
        let tried = join_all(calls.iter().map(|call| self.ask(&bench, new, call))).await;
        for (call, verdict) in calls.iter().zip(tried) {
            let Verdict::Bad { why, may_pass } = verdict else { continue };
            if let Verdict::Fair = self.ask(&bench, &old, call).await {
                let why =
                    format!("{}, it does worse than version {}: {why}", call.named(), old.version);
                return Err(refusal(&why, may_pass));
            }
        }
        Ok(())
    }

    /// Has a version judge a configuration by its schema and by itself.
    async fn judge(
        &self,
        bench: &Plugin,
        version: &Arc<Loaded>,
        item: &Item,
    ) -> Result<(), CallError> {
        let item = self.item_for(bench, version, item)?;
        self.validate_by(bench, version, &item, Manner::Trial(Tape::off())).await.map(|_| ())
    }

    async fn ask(&self, bench: &Plugin, version: &Arc<Loaded>, call: &GoodCall) -> Verdict {
        let item = match self.item_for(bench, version, &call.item) {
            Ok(item) => item,
            Err(error) => return verdict(&error),
        };
        match &call.asked {
            Asked::Target(target) => {
                let (target, manner) = (Arc::clone(target), Manner::Trial(Tape::off()));
                let asked = self.collect_by(bench, version, item, target, manner).await;
                asked.map_or_else(|error| verdict(&error), |answer| read(&answer))
            }
            Asked::AllTargets => match self.refresh_by(bench, version, &item).await {
                Ok(answer) => match Found::default().take(answer) {
                    Ok(_) => Verdict::Fair,
                    Err(why) => Verdict::Bad { why, may_pass: false },
                },
                Err(error) => verdict(&error),
            },
            Asked::Notification(sent) => self.say_again(bench, version, item, sent).await,
        }
    }

    /// Has a version deliver a notification to the recording of one that was delivered.
    async fn say_again(
        &self,
        bench: &Plugin,
        version: &Arc<Loaded>,
        item: Arc<Item>,
        sent: &Sent,
    ) -> Verdict {
        let tape = sent.replay();
        let (group, manner) = (sent.group(), Manner::Trial(tape.clone()));
        let delivered = self.deliver_by(bench, version, item, group, manner).await;
        let heard = tape.heard();
        match delivered {
            // Time stands still in a recording: who waits for it to pass waits for ever.
            Err(CallError::Killed {
                reason: KillReason::Cpu { .. } | KillReason::Wall { .. },
                ..
            }) => Verdict::Fair,
            Err(error @ CallError::Killed { .. }) => verdict(&error),
            // It asks for other things. What would be answered is not known.
            _ if !heard.misses.is_empty() => Verdict::Fair,
            Err(error) => verdict(&error),
            Ok(_) if sent.is_left_unsaid(&heard) => {
                let why = "it claims to have delivered it, and sent nothing".to_owned();
                Verdict::Bad { why, may_pass: false }
            }
            Ok(_) => Verdict::Fair,
        }
    }

    fn item_for(
        &self,
        bench: &Plugin,
        version: &Loaded,
        item: &Item,
    ) -> Result<Arc<Item>, CallError> {
        let (given, rights) = (item.given(), bench.rights());
        let words = given.words.map(|words| words.unheard());
        let given = Given { words: words.as_ref(), ..given };
        Item::new(&bench.name, version, &rights, given, &self.0.machine).map(Arc::new)
    }
}

/// What a failure says about a version.
fn verdict(error: &CallError) -> Verdict {
    let bad = |may_pass| Verdict::Bad { why: error.to_string(), may_pass };
    match error {
        CallError::Killed { .. } | CallError::Config { .. } => bad(false),
        CallError::Refused(refused) => match refused.kind {
            GuestErrorKind::Config | GuestErrorKind::Denied => bad(false),
            GuestErrorKind::Internal | GuestErrorKind::Protocol | GuestErrorKind::Exhausted => {
                bad(true)
            }
            GuestErrorKind::Unreachable
            | GuestErrorKind::Timeout
            | GuestErrorKind::RateLimited
            | GuestErrorKind::Cancelled => Verdict::Fair,
        },
        CallError::Unavailable(_)
        | CallError::Disabled { .. }
        | CallError::BackingOff { .. }
        | CallError::Crowded { .. }
        | CallError::Busy { .. } => Verdict::Fair,
    }
}

/// Whether an answer can be read as a scrape would read it.
fn read(answer: &Exposition) -> Verdict {
    let bad = |why: String| Verdict::Bad { why, may_pass: false };
    let (format, _) = match Format::from_content_type(Some(&answer.content_type), None) {
        Ok(format) => format,
        Err(error) => return bad(error.to_string()),
    };
    let mut parser = Parser::new(&answer.body, format);
    loop {
        match parser.next_entry() {
            Ok(Some(_)) => {}
            Ok(None) => return Verdict::Fair,
            Err(error) => return bad(format!("its answer is no exposition: {error}")),
        }
    }
}

fn refusal(why: &str, may_pass: bool) -> Refusal {
    let again = if may_pass { Again::Soon } else { Again::Reconfigured };
    Refusal {
        kind: RejectedKind::Probation,
        message: format!("failed its probation: {why}"),
        again,
    }
}
