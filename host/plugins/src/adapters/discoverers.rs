//! Discovery plugins as discovery sees them: a task for each configuration that asks the plugin
//! again and again and keeps the whole set.
//!
//! Invariant: only whole sets are published; a failure keeps the last one.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use narthex_discovery::{Discoverer, Outlet, ProviderConfig, ProviderError, Providers};
use narthex_model::TargetGroup;
use narthex_platform::Stop;
use narthex_settings::error_chain;
use serde_json::Value;

use crate::answer::{CallError, Change, PluginKind, Refreshed};
use crate::item::{Given, Lacking};
use crate::plugin::Rights;
use crate::plugins::{Plugins, Ready};

/// When to ask again, unless the plugin says; as Prometheus' DNS discovery.
const REFRESH_EVERY: Duration = Duration::from_secs(30);

/// A plugin that asks to be called at once still waits this long, unless it waited for news itself.
const REFRESH_EVERY_MIN: Duration = Duration::from_millis(100);

/// The pause after a failure; it doubles up to the longest.
const PAUSE_FIRST: Duration = Duration::from_secs(1);
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// Whatever the other side asks for, it is asked again after this time.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(10 * 60);

/// The longest wait for news.
const WAIT_MAX: Duration = Duration::from_secs(30);

/// A plugin that would wait for news, but finds no slot for it, is asked this often instead.
const REFRESH_EVERY_UNWAITED: Duration = Duration::from_secs(5);

/// The longest cursor.
const CURSOR_BYTES_MAX: usize = 64 * 1024;

impl Providers for Plugins {
    fn discoverer(&self, provider: &ProviderConfig) -> Result<Box<dyn Discoverer>, ProviderError> {
        let refused = |error: CallError| ProviderError { message: error.to_string() };
        let (plugins, provider) = (self.clone(), provider.clone());
        let mut source = PluginDiscoverer { plugins, provider, made: None };
        let mut made = None;
        source.ready(&mut made, None).map_err(refused)?;
        source.made = made;
        Ok(Box::new(source))
    }
}

/// One item of `<name>_sd_configs`.
#[derive(Debug)]
struct PluginDiscoverer {
    plugins: Plugins,
    provider: ProviderConfig,
    /// The item as it was judged, for the first call.
    made: Kept,
}

/// The item as it was last made ready, and the rights of then.
type Kept = Option<(Arc<Rights>, Ready)>;

/// What the plugin told so far.
#[derive(Debug, Default)]
struct Found {
    groups: BTreeMap<String, TargetGroup>,
    cursor: Option<String>,
    /// Failures in a row.
    failures: u32,
}

impl Discoverer for PluginDiscoverer {
    fn run(mut self: Box<Self>, out: Outlet, mut stop: Stop) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            let mut found = Found::default();
            let mut kept = self.made.take();
            loop {
                let pause = tokio::select! {
                    () = stop.stopped() => return,
                    pause = self.refresh(&mut kept, &mut found, &out) => pause,
                };
                tokio::select! {
                    () = stop.stopped() => return,
                    () = self.plugins.0.shared.clock.sleep(pause) => {}
                }
            }
        })
    }
}

impl PluginDiscoverer {
    /// Asks once; the pause until the next time.
    async fn refresh(&self, kept: &mut Kept, found: &mut Found, out: &Outlet) -> Duration {
        let clock = &self.plugins.0.shared.clock;
        let began = clock.monotonic();
        let mut waited = Duration::ZERO;
        let asked = match self.complete(kept).await {
            Ok(ready) => {
                let slot = found.cursor.as_ref().and_then(|_| self.plugins.0.sandbox.try_waiting());
                waited = if slot.is_some() { wait(&ready) } else { Duration::ZERO };
                self.plugins.refresh(&ready, found.cursor.clone(), waited, slot).await
            }
            Err(error) => Err(error),
        };
        let retry_after = asked.as_ref().err().and_then(retry_after);
        let taken = asked.map_err(|error| error.to_string()).and_then(|answer| found.take(answer));
        let is_asked_at_once = matches!(&taken, Ok((next_in, _)) if *next_in <= REFRESH_EVERY_MIN);
        if waited.is_zero() || !is_asked_at_once {
            // How long a call waited for news says nothing of the source.
            out.took(clock.monotonic().saturating_sub(began));
        }
        match taken {
            Ok((next_in, is_changed)) => {
                found.failures = 0;
                if is_changed {
                    out.found(found.groups.values().cloned().collect());
                } else {
                    out.unchanged();
                }
                let wanted_to_wait = found.cursor.is_some() && waited.is_zero();
                if wanted_to_wait { next_in.max(REFRESH_EVERY_UNWAITED) } else { next_in }
            }
            Err(error) => {
                // Credentials that the machine keeps may be others by now.
                *kept = None;
                out.failed(&error);
                let pause = PAUSE_FIRST.saturating_mul(1 << found.failures.min(16)).min(PAUSE_MAX);
                found.failures = found.failures.saturating_add(1);
                pause.max(retry_after.unwrap_or_default().min(RETRY_AFTER_MAX))
            }
        }
    }

    /// The item with all that a refresh needs.
    async fn complete(&self, kept: &mut Kept) -> Result<Ready, CallError> {
        let ready = self.ready(kept, None)?;
        let plugin = &self.provider.name;
        let lacking =
            |message| CallError::Config { plugin: plugin.clone(), key: String::new(), message };
        match &ready.2.lacking {
            None => Ok(ready),
            Some(Lacking::Access(reason)) => Err(lacking(reason.clone())),
            Some(Lacking::Region(signer)) => {
                let region = signer.region_of_machine().await;
                let region = region.map_err(|error| lacking(error_chain(&error)))?;
                *kept = None;
                self.ready(kept, Some(region))
            }
        }
    }

    /// The item, made ready anew when the plugin or its rights are others than they were.
    fn ready(&self, kept: &mut Kept, region: Option<String>) -> Result<Ready, CallError> {
        let ProviderConfig { name, config, http, folder } = &self.provider;
        let plugin = self.plugins.find(PluginKind::Discovery, name)?;
        let (rights, loaded) = (plugin.rights(), plugin.ready(PluginKind::Discovery)?);
        if let Some((then, ready)) = kept
            && Arc::ptr_eq(then, &rights)
            && Arc::ptr_eq(&ready.1, &loaded)
        {
            return Ok(ready.clone());
        }
        let mut config = config.clone();
        if let (Some(region), Value::Object(keys)) = (region, &mut config) {
            keys.insert("region".to_owned(), Value::String(region));
        }
        let given = Given { config: &config, http: http.as_ref(), folder };
        let ready = self.plugins.ready(PluginKind::Discovery, name, given)?;
        *kept = Some((rights, ready.clone()));
        Ok(ready)
    }
}

/// How long a call may wait for news: half of what it may take, so that it ends by itself.
fn wait(ready: &Ready) -> Duration {
    let (plugin, ..) = ready;
    (plugin.rights().refresh.wall / 2).min(WAIT_MAX)
}

/// When the other side wants to be asked again.
fn retry_after(error: &CallError) -> Option<Duration> {
    match error {
        CallError::Refused(refused) => refused.retry_after,
        CallError::BackingOff { left, .. } => Some(*left),
        CallError::Unavailable(_)
        | CallError::Config { .. }
        | CallError::Killed { .. }
        | CallError::Busy { .. } => None,
    }
}

impl Found {
    /// Takes an answer in; when to ask next, and whether the groups may have changed.
    fn take(&mut self, answer: Refreshed) -> Result<(Duration, bool), String> {
        let is_changed = !matches!(answer.change, Change::Unchanged);
        let had_cursor = self.cursor.is_some();
        let keyed = |groups: Vec<TargetGroup>| {
            groups.into_iter().map(|group| (group.source.clone(), group))
        };
        match answer.change {
            Change::Full(groups) => self.groups = keyed(groups).collect(),
            Change::Delta { .. } | Change::Unchanged if !had_cursor => {
                return Err("it told differences although it was asked for everything".to_owned());
            }
            Change::Delta { upsert, remove } => {
                self.groups.extend(keyed(upsert));
                self.groups.retain(|source, _| !remove.contains(source));
            }
            Change::Unchanged => {}
        }
        self.cursor = answer.cursor;
        if self.cursor.as_ref().is_some_and(|cursor| cursor.len() > CURSOR_BYTES_MAX) {
            // Without a cursor the next answer is whole again.
            self.cursor = None;
            return Err(format!("its cursor has more than {CURSOR_BYTES_MAX} bytes"));
        }
        Ok((answer.next_in.unwrap_or(REFRESH_EVERY).max(REFRESH_EVERY_MIN), is_changed))
    }
}

#[cfg(test)]
mod tests {
    use narthex_model::Labels;

    use super::*;

    fn group(source: &str, address: &str) -> TargetGroup {
        let targets = vec![Labels::from_pairs([("__address__", address)])];
        TargetGroup { source: source.to_owned(), targets, labels: Labels::default() }
    }

    fn answer(change: Change, cursor: Option<&str>) -> Refreshed {
        Refreshed { change, cursor: cursor.map(str::to_owned), next_in: None }
    }

    fn sources(found: &Found) -> Vec<&str> {
        found.groups.keys().map(String::as_str).collect()
    }

    #[test]
    fn differences_are_applied_to_the_whole() {
        let mut found = Found::default();
        let full = Change::Full(vec![group("a", "a:1"), group("b", "b:1")]);
        assert_eq!(found.take(answer(full, Some("1"))), Ok((REFRESH_EVERY, true)));
        let upsert = vec![group("c", "c:1"), group("b", "b:2")];
        let delta = Change::Delta { upsert, remove: vec!["a".to_owned()] };
        found.take(answer(delta, Some("2"))).unwrap();
        assert_eq!(sources(&found), ["b", "c"]);
        found.take(answer(Change::Unchanged, Some("2"))).unwrap();
        assert_eq!(sources(&found), ["b", "c"]);
        found.take(answer(Change::Full(Vec::new()), None)).unwrap();
        assert!(found.groups.is_empty());
    }

    #[test]
    fn an_answer_that_is_not_whole_is_refused_and_changes_nothing() {
        let mut found = Found::default();
        assert!(found.take(answer(Change::Unchanged, None)).is_err());
        let delta = Change::Delta { upsert: vec![group("a", "a:1")], remove: Vec::new() };
        assert!(found.take(answer(delta, Some("1"))).is_err());
        assert!(found.groups.is_empty() && found.cursor.is_none());
        let long = "x".repeat(CURSOR_BYTES_MAX + 1);
        assert!(found.take(answer(Change::Full(Vec::new()), Some(&long))).is_err());
        assert!(found.cursor.is_none());
    }
}
