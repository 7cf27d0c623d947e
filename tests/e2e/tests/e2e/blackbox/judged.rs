//! Many modules on one target of a kind, by the plugin and by its peer: both judge what they found alike.

use std::collections::BTreeMap;

use narthex_harness::{Host, Peer, SECONDS, TempFolder, peer, wait_for};

use super::{answers, conversations, records, start_peer};
use crate::support::plugin;

/// What says how a probe went.
const METRICS: [&str; 3] = ["probe_success", "probe_failed_due_to_regex", "probe_expect_info"];

/// What is judged.
pub(super) struct Judged {
    pub(super) kind: &'static str,
    pub(super) target: String,
    /// By what they say.
    pub(super) modules: Vec<(String, String)>,
}

impl Judged {
    /// The module's name, in which nothing needs an escape.
    fn name(&self, says: &str) -> String {
        format!("{} {}", self.kind, says.replace(['\'', '"', '\\'], ""))
    }

    fn modules(&self) -> String {
        let one = |(says, module): &(String, String)| format!("'{}': {module}", self.name(says));
        self.modules.iter().map(one).collect::<Vec<_>>().join(", ")
    }

    /// An entry of `static_configs` for each module.
    fn targets(&self, address: &str) -> String {
        let one = |(says, _): &(String, String)| {
            let (name, kind, target) = (self.name(says), self.kind, &self.target);
            format!(
                "{{ targets: ['{address}'], labels: {{ __param_module: '{name}', \
                 __param_target: '{target}', kind: {kind}, asked: '{name}' }} }}"
            )
        };
        self.modules.iter().map(one).collect::<Vec<_>>().join(", ")
    }
}

#[test]
fn all_is_judged_as_blackbox_exporter_judges_it() {
    let Some(exporter) = peer(Peer::BlackboxExporter) else { return };
    let Some((_nginx, answers)) = answers::judged() else { return };
    let all = [answers, conversations::judged(), records::judged()];
    let of_all = |part: &dyn Fn(&Judged) -> String| all.iter().map(part).collect::<Vec<_>>();
    let modules = of_all(&Judged::modules).join(", ");
    let folder = TempFolder::new();
    let (_peer, listens) = start_peer(&exporter, &folder, &modules);
    let config = format!(
        "global: {{ scrape_interval: 10s, scrape_timeout: 10s }}\n\
         plugins: {{ dir: plugins, allow: {{ blackbox: {{ net: ['127.0.0.1:*'] }} }} }}\n\
         scrape_configs:\n\
         - job_name: plugin\n  exporter: {{ plugin: blackbox, config: {{ modules: {{ {modules} }} }} }}\n  \
         static_configs: [{}]\n\
         - job_name: peer\n  metrics_path: /probe\n  static_configs: [{}]\n",
        of_all(&|judged| judged.targets("probed")).join(", "),
        of_all(&|judged| judged.targets(&format!("127.0.0.1:{listens}"))).join(", "),
    );
    let host =
        Host::with_config(&config).copy("plugins/blackbox.wasm", &plugin("blackbox")).start();
    let count: usize = all.iter().map(|judged| judged.modules.len()).sum();
    host.wait_for_query("probe_success", 120 * SECONDS, |series| series.len() == 2 * count);
    let told = |job: &str, metric: &str| {
        let mut series = host.query(&format!("{metric}{{job='{job}'}}"));
        for one in &mut series {
            one.labels.retain(|name, _| name != "job" && name != "instance");
        }
        series.into_iter().map(|one| (one.labels, one.value)).collect::<BTreeMap<_, _>>()
    };
    let of_one = |own: &BTreeMap<_, f64>, other: &BTreeMap<_, f64>| {
        let own = own.iter().filter(|(labels, value)| other.get(*labels) != Some(value));
        own.map(|(labels, value)| format!("{labels:?} {value}")).collect::<Vec<_>>()
    };
    for metric in METRICS {
        wait_for(&format!("{metric} is the same"), 60 * SECONDS, || {
            let (ours, theirs) = (told("plugin", metric), told("peer", metric));
            let (here, there) = (of_one(&ours, &theirs), of_one(&theirs, &ours));
            if here.is_empty() && there.is_empty() && !ours.is_empty() {
                return Ok(());
            }
            Err(format!("ours {here:#?}, theirs {there:#?}"))
        });
    }
    for Judged { kind, .. } in &all {
        let failed = host.query(&format!("probe_success{{job='plugin',kind='{kind}'}} == 0"));
        let all = host.query(&format!("probe_success{{job='plugin',kind='{kind}'}}"));
        assert!(!failed.is_empty() && failed.len() < all.len(), "all {kind} are judged alike");
    }
    host.stop();
}
