use std::time::Duration;

use narthex_platform::{Metrics, SimulatedClock};
use narthex_state::StateStore;

use super::kv::Host;
use super::*;
use crate::spending::Allowance;

struct Bench {
    clock: SimulatedClock,
    shared: Shared,
}

impl Bench {
    fn new() -> Self {
        let clock = SimulatedClock::at(1_000_000);
        let state = StateStore::in_memory().unwrap();
        let metrics = Metrics::new();
        let switches = crate::switch::Switches::open(&state).unwrap();
        let client = narthex_client::ClientOptions::default();
        let waits = Arc::new(crate::imports::files::Waits::new(clock.clock()));
        let kept = Arc::default();
        let (clock_of, recent) = (clock.clock(), Arc::default());
        let shared =
            Shared { clock: clock_of, metrics, state, client, kept, switches, waits, recent };
        Self { clock, shared }
    }

    fn plugin(&self, name: &str, bytes: u64) -> Instance {
        let capability = Capability::configure(name, Some(Storage(bytes)), &self.shared).unwrap();
        let capability = Arc::new(capability);
        let spending = Spending::new("x", Allowance::default());
        let (bytes, ear) = (TOTAL_BYTES_DEFAULT, Ear::default());
        Instance::instantiate(Some(&capability), bytes, false, &spending, &ear)
    }
}

async fn set(
    plugin: &mut Instance,
    key: &str,
    value: &str,
    ttl_ms: Option<u64>,
) -> Result<(), Error> {
    plugin.set(key.to_owned(), value.as_bytes().to_vec(), ttl_ms).await.unwrap()
}

async fn get(plugin: &mut Instance, key: &str) -> Option<String> {
    let value = plugin.get(key.to_owned()).await.unwrap().unwrap();
    value.map(|value| String::from_utf8(value).unwrap())
}

#[tokio::test]
async fn plugins_do_not_see_each_other() {
    let bench = Bench::new();
    let (mut a, mut ab) = (bench.plugin("a", 1000), bench.plugin("ab", 1000));
    set(&mut a, "k", "of a", None).await.unwrap();
    assert_eq!(get(&mut ab, "k").await, None);
    assert_eq!(ab.keys(String::new(), 9).await.unwrap().unwrap(), Vec::<String>::new());
    // Another instance, as after a reload, sees what was kept.
    assert_eq!(get(&mut bench.plugin("a", 1000), "k").await.as_deref(), Some("of a"));
}

#[tokio::test]
async fn a_value_vanishes_at_its_time() {
    let bench = Bench::new();
    let mut plugin = bench.plugin("a", 1000);
    set(&mut plugin, "k", "v", Some(500)).await.unwrap();
    bench.clock.advance(Duration::from_millis(499));
    assert_eq!(get(&mut plugin, "k").await.as_deref(), Some("v"));
    bench.clock.advance(Duration::from_millis(1));
    assert_eq!(get(&mut plugin, "k").await, None);
    assert!(plugin.keys(String::new(), 9).await.unwrap().unwrap().is_empty());
    let cas = plugin.compare_and_set("k".to_owned(), None, Some(b"w".to_vec())).await;
    assert!(cas.unwrap().unwrap(), "what has vanished does not exist");
}

#[tokio::test]
async fn a_plugin_keeps_no_more_than_it_may() {
    let bench = Bench::new();
    let mut plugin = bench.plugin("a", 1000);
    let text = "x".repeat(300);
    set(&mut plugin, "1", &text, Some(500)).await.unwrap();
    set(&mut plugin, "2", &text, None).await.unwrap();
    let error = set(&mut plugin, "3", &text, None).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Exhausted);
    assert!(
        error.message.contains("plugins: { allow: { a: { kv: 64MiB } } }"),
        "{}",
        error.message
    );
    // What is replaced gives its room back, and so does what has vanished.
    set(&mut plugin, "2", &text, None).await.unwrap();
    bench.clock.advance(Duration::from_secs(1));
    set(&mut plugin, "3", &text, None).await.unwrap();
    plugin.delete("2".to_owned()).await.unwrap().unwrap();
    set(&mut plugin, "4", &text, None).await.unwrap();
    assert_eq!(plugin.keys(String::new(), 9).await.unwrap().unwrap(), ["3", "4"]);
    assert_eq!(plugin.keys(String::new(), 1).await.unwrap().unwrap(), ["3"]);
}

#[tokio::test]
async fn what_vanished_is_looked_for_only_when_something_can_have() {
    let bench = Bench::new();
    let mut plugin = bench.plugin("a", 1000);
    let text = "x".repeat(300);
    set(&mut plugin, "1", &text, None).await.unwrap();
    set(&mut plugin, "2", &text, Some(500)).await.unwrap();
    // An entry that vanished, behind the back of the account: a sweep would remove it.
    let tree = bench.shared.state.tree("plugin-kv").unwrap();
    let hidden = full_key("a", "hidden");
    assert!(tree.compare_and_set(&hidden, None, Some(&stored(Some(1), b""))).unwrap());
    let is_hidden = || tree.get(&hidden).unwrap().is_some();
    assert!(set(&mut plugin, "3", &text, None).await.is_err());
    assert!(is_hidden());
    bench.clock.advance(Duration::from_millis(500));
    set(&mut plugin, "3", &text, None).await.unwrap();
    assert!(!is_hidden());
    // Nothing that is left vanishes.
    assert!(tree.compare_and_set(&hidden, None, Some(&stored(Some(1), b""))).unwrap());
    assert!(set(&mut plugin, "4", &text, None).await.is_err());
    assert!(is_hidden());
    // After a start times are known as before.
    let again = Bench { shared: Shared { kept: Arc::default(), ..bench.shared }, ..bench };
    set(&mut again.plugin("a", 1000), "1", &"x".repeat(301), None).await.unwrap();
    set(&mut again.plugin("a", 800), "4", &text, None).await.unwrap_err();
    assert!(tree.get(&hidden).unwrap().is_none());
}

#[tokio::test]
async fn compare_and_set_sees_values_and_not_their_times() {
    let bench = Bench::new();
    let mut plugin = bench.plugin("a", 1000);
    set(&mut plugin, "k", "v", Some(5_000)).await.unwrap();
    let mut cas = async |old: Option<&str>, new: Option<&str>| {
        let bytes = |text: &str| text.as_bytes().to_vec();
        plugin
            .compare_and_set("k".to_owned(), old.map(bytes), new.map(bytes))
            .await
            .unwrap()
            .unwrap()
    };
    assert!(!cas(None, Some("w")).await);
    assert!(!cas(Some("x"), Some("w")).await);
    assert!(cas(Some("v"), Some("w")).await);
    assert!(cas(Some("w"), None).await);
    assert!(cas(None, Some("w")).await);
}

#[tokio::test]
async fn what_is_kept_counts_under_new_grants_as_under_old_ones() {
    let bench = Bench::new();
    let text = "x".repeat(300);
    let (mut old, mut new) = (bench.plugin("a", 1000), bench.plugin("a", 1000));
    set(&mut old, "1", &text, None).await.unwrap();
    set(&mut new, "2", &text, None).await.unwrap();
    for plugin in [&mut old, &mut new] {
        let error = set(plugin, "3", &text, None).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Exhausted);
    }
}
