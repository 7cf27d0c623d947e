//! Discovery plugins as discovery sees them: a task for each configuration that asks the plugin
//! again and again and keeps the whole set.
//!
//! Invariant: only whole sets are published; a failure keeps the last one.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use narthex_discovery::{Discoverer, Outlet, ProviderConfig, ProviderError, Providers};
use narthex_platform::Stop;
use narthex_settings::error_chain;
use serde_json::Value;

use super::found::{Found, News, REFRESH_EVERY_MIN, Taken};
use crate::answer::{CallError, PluginKind};
use crate::item::{Given, Item, Lacking};
use crate::loader::Loaded;
use crate::plugins::{Plugins, Ready};
use crate::prepare::Prepared;
use crate::rights::Rights;

/// The pause after a failure; it doubles up to the longest.
const PAUSE_FIRST: Duration = Duration::from_secs(1);
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// Whatever the other side asks for, it is asked again after this time.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(10 * 60);

/// The longest wait for news.
const WAIT_MAX: Duration = Duration::from_secs(30);

/// A plugin that would wait for news, but finds no slot for it, is asked this often instead.
const REFRESH_EVERY_UNWAITED: Duration = Duration::from_secs(5);

impl Providers for Plugins {
    fn discoverer(&self, provider: &ProviderConfig) -> Result<Box<dyn Discoverer>, ProviderError> {
        discoverer(self, self, provider)
    }
}

/// The item is judged by the plugins as they will be, and asked of those that are there then.
impl Providers for Prepared {
    fn discoverer(&self, provider: &ProviderConfig) -> Result<Box<dyn Discoverer>, ProviderError> {
        discoverer(&self.live, &self.coming, provider)
    }
}

fn discoverer(
    live: &Plugins,
    judges: &Plugins,
    provider: &ProviderConfig,
) -> Result<Box<dyn Discoverer>, ProviderError> {
    let made = make(judges, provider, None);
    let (rights, (_, loaded, item)) =
        made.map_err(|error| ProviderError { message: error.to_string() })?;
    let (plugins, provider) = (live.clone(), provider.clone());
    Ok(Box::new(PluginDiscoverer { plugins, provider, made: Some((rights, loaded, item)) }))
}

/// One item of `<name>_sd_configs`.
#[derive(Debug)]
struct PluginDiscoverer {
    plugins: Plugins,
    provider: ProviderConfig,
    /// The item as it was judged, for the first call.
    made: Kept,
}

/// The item as it was last made ready, and the rights and the version of then.
type Kept = Option<(Arc<Rights>, Arc<Loaded>, Arc<Item>)>;

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
        let (mut waited, mut wants_to_wait) = (Duration::ZERO, false);
        let asked = match self.complete(kept).await {
            Ok(ready) => {
                found.of_version(&ready.1);
                wants_to_wait = found.cursor.is_some() && !found.is_behind;
                let sandbox = &self.plugins.0.sandbox;
                let slot = if wants_to_wait { sandbox.try_waiting() } else { None };
                waited = if slot.is_some() { wait(&ready) } else { Duration::ZERO };
                self.plugins.refresh(&ready, found.cursor.clone(), waited, slot).await
            }
            Err(error) => Err(error),
        };
        let retry_after = asked.as_ref().err().and_then(retry_after);
        let taken = asked.map_err(|error| error.to_string()).and_then(|answer| found.take(answer));
        let is_asked_at_once = taken.as_ref().is_ok_and(|taken| taken.next_in <= REFRESH_EVERY_MIN);
        if waited.is_zero() || !is_asked_at_once {
            // How long a call waited for news says nothing of the source.
            out.took(clock.monotonic().saturating_sub(began));
        }
        match taken {
            Ok(Taken { next_in, news }) => {
                found.failures = 0;
                let groups = || found.groups.iter().cloned().collect();
                match news {
                    News::Part => {}
                    News::Same { failing: None } => out.unchanged(),
                    News::Same { failing: Some(reason) } => out.failed(&reason),
                    News::Other { failing: None } => out.found(groups()),
                    News::Other { failing: Some(reason) } => out.found_but(groups(), &reason),
                }
                let found_no_slot = wants_to_wait && waited.is_zero();
                if found_no_slot { next_in.max(REFRESH_EVERY_UNWAITED) } else { next_in }
            }
            Err(error) => {
                // Credentials that the machine keeps may be others by now. What the item says itself
                // is not: its client keeps connections and tokens.
                kept.take_if(|(.., item)| item.is_of_machine);
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
        let plugin = self.plugins.find(PluginKind::Discovery, &self.provider.name)?;
        let (rights, loaded) = (plugin.rights(), plugin.ready(PluginKind::Discovery)?);
        let same = kept.as_ref().filter(|(then, version, _)| {
            Arc::ptr_eq(then, &rights) && Arc::ptr_eq(version, &loaded)
        });
        if let Some((.., item)) = same {
            return Ok((plugin, loaded, Arc::clone(item)));
        }
        let (rights, ready) = make(&self.plugins, &self.provider, region)?;
        *kept = Some((rights, Arc::clone(&ready.1), Arc::clone(&ready.2)));
        Ok(ready)
    }
}

/// The item, made ready, and the rights for which it is.
fn make(
    plugins: &Plugins,
    provider: &ProviderConfig,
    region: Option<String>,
) -> Result<(Arc<Rights>, Ready), CallError> {
    let ProviderConfig { name, config, http, folder } = provider;
    let rights = plugins.find(PluginKind::Discovery, name)?.rights();
    let mut config = config.clone();
    if let (Some(region), Value::Object(keys)) = (region, &mut config) {
        keys.insert("region".to_owned(), Value::String(region));
    }
    let given = Given::new(&config, http.as_ref(), folder);
    Ok((rights, plugins.ready(PluginKind::Discovery, name, given)?))
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
        | CallError::Disabled { .. }
        | CallError::Config { .. }
        | CallError::Killed { .. }
        | CallError::Crowded { .. }
        | CallError::Busy { .. } => None,
    }
}
