//! `kv`: small durable state of one plugin.
//!
//! In the store a key is `<plugin>\0<key>`; a value begins with the time at which it vanishes
//! (milliseconds since the Unix epoch, eight bytes, little endian, zero: never).

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use narthex_platform::Clock;
use narthex_state::{StateError, Tree};
use narthex_wasm::Guest;
use narthex_wasm::wasmtime;
use narthex_wasm::wasmtime::component::{HasSelf, Linker};
use parking_lot::Mutex;

use super::{CallContext, Error, ErrorKind, Shared, error};
use crate::bindings::imports::narthex::plugin::kv;
use crate::config::Storage;
use crate::spending::{Budgeted, Spending};
use crate::tape::{Ask, Content, Ear, Taped};
use crate::view::GrantView;

/// The longest key.
const KEY_BYTES_MAX: usize = 1024;

/// The longest value.
const VALUE_BYTES_MAX: usize = 1 << 20;

/// Keys of one listing.
const KEYS_MAX: usize = 10_000;

/// What an entry counts beyond its key and value, so that empty ones are bounded too.
const ENTRY_BYTES: u64 = 64;

/// What a plugin may keep unless the operator says otherwise.
pub(crate) const TOTAL_BYTES_DEFAULT: u64 = 16 << 20;

/// The key-values of one plugin.
#[derive(Debug)]
pub(crate) struct Capability {
    plugin: String,
    tree: Tree,
    clock: Clock,
    /// What the operator granted.
    granted: Option<u64>,
    kept: Kept,
}

/// Guards the account of a plugin's entries, and with it the order of its writes.
type Kept = Arc<Mutex<Account>>;

/// All entries of a plugin.
#[derive(Debug, Default)]
struct Account {
    /// What they take, those that vanished and are still there among them.
    bytes: u64,
    /// No entry vanishes before this time; `None`: none ever does. Until then nothing is looked for that did.
    vanishes_first: Option<i64>,
}

impl Account {
    /// Counts a time at which an entry vanishes.
    fn expect(&mut self, until: Option<i64>) {
        self.vanishes_first = self.vanishes_first.into_iter().chain(until).min();
    }
}

/// The sums of all plugins. A plugin's entries are read for it once, not at every reload, and calls
/// under old and new grants count alike.
#[derive(Debug, Default)]
pub(crate) struct Totals(
    /// Guards the table, not the sums in it.
    Mutex<BTreeMap<String, Kept>>,
);

impl Totals {
    fn of(&self, plugin: &str, tree: &Tree) -> Result<Kept, StateError> {
        let mut totals = self.0.lock();
        if let Some(known) = totals.get(plugin) {
            return Ok(Arc::clone(known));
        }
        let mut account = Account::default();
        tree.visit_prefix(&full_key(plugin, ""), |key, stored| {
            account.bytes = account.bytes.saturating_add(size(key, stored));
            account.expect(until(stored));
            ControlFlow::Continue(())
        })?;
        let kept = Arc::new(Mutex::new(account));
        totals.insert(plugin.to_owned(), Arc::clone(&kept));
        Ok(kept)
    }
}

/// What a key holds.
struct Current {
    /// The bytes in the store.
    stored: Option<Vec<u8>>,
    /// The value in them, unless it has vanished.
    value: Option<Vec<u8>>,
}

/// The key-values of one call.
#[derive(Debug)]
pub(crate) struct Instance {
    capability: Option<Arc<Capability>>,
    /// What the plugin may keep, unless the operator says otherwise.
    bytes_default: u64,
    /// A trial's writes go well and change nothing.
    is_trial: bool,
    spending: Spending,
    ear: Ear,
}

pub(crate) fn link(linker: &mut Linker<Guest<CallContext>>) -> wasmtime::Result<()> {
    kv::add_to_linker::<_, HasSelf<Instance>>(linker, |guest| &mut guest.host().kv)
}

impl Capability {
    pub(crate) fn configure(
        plugin: &str,
        granted: Option<Storage>,
        shared: &Shared,
    ) -> Result<Self, StateError> {
        let tree = shared.state.tree("plugin-kv")?;
        let kept = shared.kept.of(plugin, &tree)?;
        Ok(Self {
            plugin: plugin.to_owned(),
            tree,
            clock: shared.clock.clone(),
            granted: granted.map(|granted| granted.0),
            kept,
        })
    }

    /// Bytes that are kept, and that may be.
    pub(crate) fn kept(&self, bytes_default: u64) -> (u64, u64) {
        (self.kept.lock().bytes, self.granted.unwrap_or(bytes_default))
    }

    /// What can be seen of it; `bytes_default` holds where the operator says nothing.
    pub(crate) fn view(&self, bytes_default: u64) -> GrantView {
        GrantView {
            capability: "kv",
            detail: format!("{} KiB", self.granted.unwrap_or(bytes_default) >> 10),
            source: match self.granted {
                None => "default".to_owned(),
                Some(_) => format!("plugins.allow.{}", self.plugin),
            },
        }
    }

    fn current(&self, key: &[u8]) -> Result<Current, StateError> {
        let stored = self.tree.get(key)?;
        let value = stored.as_deref().and_then(|stored| self.live(stored)).map(<[u8]>::to_vec);
        Ok(Current { stored, value })
    }

    fn live<'a>(&self, stored: &'a [u8]) -> Option<&'a [u8]> {
        let (_, value) = stored.split_first_chunk::<8>()?;
        until(stored).is_none_or(|until| until > self.clock.now_millis()).then_some(value)
    }

    /// Replaces what is stored by `new`, if the value there satisfies `expected`. `false`: it does
    /// not.
    fn replace(
        &self,
        key: &str,
        expected: impl Fn(Option<&[u8]>) -> bool,
        new: Option<&[u8]>,
        bytes_default: u64,
    ) -> Result<bool, Error> {
        let bytes_max = self.granted.unwrap_or(bytes_default);
        let key = full_key(&self.plugin, key);
        let mut account = self.kept.lock();
        loop {
            let Current { stored, value } = self.current(&key).map_err(|error| failed(&error))?;
            if !expected(value.as_deref()) {
                return Ok(false);
            }
            let old_size = stored.as_deref().map_or(0, |stored| size(&key, stored));
            let new_size = new.map_or(0, |new| size(&key, new));
            let bytes = account.bytes.saturating_sub(old_size).saturating_add(new_size);
            if new_size > old_size && bytes > bytes_max {
                let now = self.clock.now_millis();
                if account.vanishes_first.is_none_or(|first| first > now) {
                    return Err(self.exhausted(bytes_max));
                }
                *account = self.sweep().map_err(|error| failed(&error))?;
                // It may fit now, or the sweep removed what was stored under this key.
                continue;
            }
            let replaced = self.tree.compare_and_set(&key, stored.as_deref(), new);
            if replaced.map_err(|error| failed(&error))? {
                account.bytes = bytes;
                account.expect(new.and_then(until));
                return Ok(true);
            }
        }
    }

    fn exhausted(&self, bytes_max: u64) -> Error {
        let (plugin, max) = (&self.plugin, bytes_max >> 10);
        let more = (bytes_max >> 18).max(64);
        let line = crate::grant::allow_line(plugin, &format!("kv: {more}MiB"));
        let message = format!("plugin {plugin:?} keeps all of its {max} KiB; {line}");
        error(ErrorKind::Exhausted, message)
    }

    /// Removes what has vanished; the account of what is left.
    fn sweep(&self) -> Result<Account, StateError> {
        let mut left = Account::default();
        let mut vanished = Vec::new();
        self.tree.visit_prefix(&full_key(&self.plugin, ""), |key, stored| {
            match self.live(stored) {
                Some(_) => {
                    left.bytes = left.bytes.saturating_add(size(key, stored));
                    left.expect(until(stored));
                }
                None => vanished.push((key.to_vec(), stored.to_vec())),
            }
            ControlFlow::Continue(())
        })?;
        for (key, stored) in vanished {
            self.tree.compare_and_set(&key, Some(&stored), None)?;
        }
        Ok(left)
    }
}

impl Instance {
    pub(crate) fn instantiate(
        capability: Option<&Arc<Capability>>,
        bytes_default: u64,
        is_trial: bool,
        spending: &Spending,
        ear: &Ear,
    ) -> Self {
        let (capability, spending, ear) = (capability.cloned(), spending.clone(), ear.clone());
        Self { capability, bytes_default, is_trial, spending, ear }
    }

    /// As [`Capability::replace`]; a trial changes nothing.
    fn replace(
        &self,
        capability: &Capability,
        key: &str,
        expected: impl Fn(Option<&[u8]>) -> bool,
        new: Option<&[u8]>,
    ) -> Result<bool, Error> {
        if self.is_trial {
            let current = capability.current(&full_key(&capability.plugin, key));
            let current = current.map_err(|error| failed(&error))?;
            return Ok(expected(current.value.as_deref()));
        }
        let replaced = capability.replace(key, expected, new, self.bytes_default);
        replaced.inspect_err(|error| {
            if error.kind == ErrorKind::Exhausted {
                self.spending.overran(Budgeted::Kv);
            }
        })
    }

    /// Has a use of a key heard.
    async fn heard<T: Taped>(
        &self,
        call: &str,
        (key, value, old): (&str, Option<&[u8]>, Option<&[u8]>),
        live: impl FnOnce() -> Result<T, Error>,
    ) -> wasmtime::Result<Result<T, Error>> {
        let content = |bytes: &[u8]| Content(bytes.to_vec());
        let ask = || Ask::Kv {
            call: call.to_owned(),
            key: key.to_owned(),
            value: value.map(content),
            old: old.map(content),
        };
        Ok(self.ear.ask(ask, async { live() }).await)
    }

    fn capability(&self, key: &str, value: Option<&[u8]>) -> Result<&Capability, Error> {
        let too_long = |what: &str, bytes: usize, max: usize| {
            Err(error(
                ErrorKind::Exhausted,
                format!("a {what} of {bytes} bytes; {max} are allowed"),
            ))
        };
        let value_bytes = value.map_or(0, <[u8]>::len);
        match &self.capability {
            _ if key.len() > KEY_BYTES_MAX => too_long("key", key.len(), KEY_BYTES_MAX),
            _ if value_bytes > VALUE_BYTES_MAX => too_long("value", value_bytes, VALUE_BYTES_MAX),
            Some(capability) => Ok(capability),
            None => {
                Err(error(ErrorKind::Denied, "a plugin that describes itself keeps no values yet"))
            }
        }
    }
}

impl kv::Host for Instance {
    async fn get(&mut self, key: String) -> wasmtime::Result<Result<Option<Vec<u8>>, Error>> {
        let get = || {
            let capability = self.capability(&key, None)?;
            let current = capability.current(&full_key(&capability.plugin, &key));
            current.map(|current| current.value).map_err(|error| failed(&error))
        };
        self.heard("get", (&key, None, None), get).await
    }

    async fn set(
        &mut self,
        key: String,
        value: Vec<u8>,
        ttl_ms: Option<u64>,
    ) -> wasmtime::Result<Result<(), Error>> {
        let set = || {
            let capability = self.capability(&key, Some(&value))?;
            let until = ttl_ms.map(|ttl| {
                let ttl = i64::try_from(ttl).unwrap_or(i64::MAX);
                capability.clock.now_millis().saturating_add(ttl)
            });
            let stored = stored(until, &value);
            self.replace(capability, &key, |_| true, Some(&stored)).map(|_| ())
        };
        self.heard("set", (&key, Some(&value), None), set).await
    }

    async fn delete(&mut self, key: String) -> wasmtime::Result<Result<(), Error>> {
        let delete = || {
            let capability = self.capability(&key, None)?;
            self.replace(capability, &key, |_| true, None).map(|_| ())
        };
        self.heard("delete", (&key, None, None), delete).await
    }

    async fn keys(
        &mut self,
        prefix: String,
        limit: u32,
    ) -> wasmtime::Result<Result<Vec<String>, Error>> {
        let limit = usize::try_from(limit).unwrap_or(KEYS_MAX).min(KEYS_MAX);
        let keys = || {
            let capability = self.capability(&prefix, None)?;
            let skip = full_key(&capability.plugin, "").len();
            let wanted = full_key(&capability.plugin, &prefix);
            let mut names = Vec::new();
            let visited = capability.tree.visit_prefix(&wanted, |key, stored| {
                if names.len() >= limit {
                    return ControlFlow::Break(());
                }
                let name = key.get(skip..).filter(|_| capability.live(stored).is_some());
                names.extend(name.map(|name| String::from_utf8_lossy(name).into_owned()));
                ControlFlow::Continue(())
            });
            visited.map(|()| names).map_err(|error| failed(&error))
        };
        self.heard("keys", (&prefix, None, None), keys).await
    }

    async fn compare_and_set(
        &mut self,
        key: String,
        old: Option<Vec<u8>>,
        new: Option<Vec<u8>>,
    ) -> wasmtime::Result<Result<bool, Error>> {
        let swap = || {
            let capability = self.capability(&key, new.as_deref())?;
            let new = new.as_deref().map(|value| stored(None, value));
            let expected = |value: Option<&[u8]>| value == old.as_deref();
            self.replace(capability, &key, expected, new.as_deref())
        };
        let given = (key.as_str(), new.as_deref(), old.as_deref());
        self.heard("compare-and-set", given, swap).await
    }
}

fn full_key(plugin: &str, key: &str) -> Vec<u8> {
    [plugin.as_bytes(), b"\0", key.as_bytes()].concat()
}

fn stored(until: Option<i64>, value: &[u8]) -> Vec<u8> {
    [&until.unwrap_or(0).to_le_bytes(), value].concat()
}

/// When what is stored vanishes; what is damaged already did.
fn until(stored: &[u8]) -> Option<i64> {
    let until = stored.first_chunk::<8>().map_or(i64::MIN, |until| i64::from_le_bytes(*until));
    (until != 0).then_some(until)
}

fn size(key: &[u8], stored: &[u8]) -> u64 {
    u64::try_from(key.len() + stored.len()).unwrap_or(u64::MAX).saturating_add(ENTRY_BYTES)
}

fn failed(failure: &StateError) -> Error {
    let message = narthex_settings::error_chain(failure);
    error(ErrorKind::Internal, format!("keep a value: {message}"))
}

#[cfg(test)]
mod tests;
