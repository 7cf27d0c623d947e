use std::future::pending;

use narthex_model::Labels;

use super::*;
use crate::config::{ProviderConfig, StaticConfig};

/// Hands out discoverers whose sets the test sends by hand.
#[derive(Debug, Default)]
struct ByHand {
    sent: parking_lot::Mutex<Vec<watch::Sender<TargetSet>>>,
}

#[derive(Debug)]
struct Mirror(watch::Receiver<TargetSet>);

impl Discoverer for Mirror {
    fn run(
        mut self: Box<Self>,
        out: watch::Sender<TargetSet>,
        _stop: Stop,
    ) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            while self.0.changed().await.is_ok() {
                out.send_replace(self.0.borrow_and_update().clone());
            }
            pending::<()>().await;
        })
    }
}

impl Providers for ByHand {
    fn discoverer(&self, provider: &ProviderConfig) -> Result<Box<dyn Discoverer>, ProviderError> {
        let ProviderConfig { name, config, .. } = provider;
        if name != "hand" {
            let (name, folder) = (name.clone(), "plugins".to_owned());
            return Err(ProviderError::Unknown { name, folder });
        }
        if config.is_null() {
            return Err(ProviderError::Refused { message: "names is missing".to_owned() });
        }
        let (sender, receiver) = watch::channel(TargetSet::default());
        self.sent.lock().push(sender);
        Ok(Box::new(Mirror(receiver)))
    }
}

fn job(address: &str, provider: Option<serde_json::Value>) -> JobDiscovery {
    let text = format!("targets: ['{address}']\nlabels: {{group: a}}\n");
    let document = narthex_settings::Document::parse("f.yml", &text).unwrap();
    let static_configs = vec![document.read::<StaticConfig>().unwrap()];
    let provider = provider.map(|config| ProviderConfig {
        name: "hand".into(),
        config,
        http: None,
        folder: "".into(),
    });
    let providers = provider.into_iter().collect();
    JobDiscovery { static_configs, providers }
}

fn addresses(targets: &JobTargets) -> Vec<String> {
    let set = targets.borrow();
    let labels = set.groups.iter().flat_map(|group| &group.targets);
    labels.filter_map(|labels| labels.get("__address__").map(str::to_owned)).collect()
}

#[tokio::test]
async fn sets_of_all_sources_are_merged_and_kept_over_a_reload() {
    let providers = Arc::new(ByHand::default());
    let mut tasks = Tasks::new();
    let mut discovery = Discovery::spawn(providers.clone(), &Metrics::new(), &mut tasks);
    let config = || [("j".to_owned(), job("fixed:1", Some(serde_json::json!({}))))];
    let prepared = discovery.prepare(config()).unwrap();
    let mut targets = prepared.targets("j").unwrap();
    assert_eq!(addresses(&targets), ["fixed:1"], "static targets are there at once");
    discovery.commit(prepared).unwrap();

    let found = Labels::from_pairs([("__address__", "found:2")]);
    let group = TargetGroup { source: "s".into(), targets: vec![found], labels: Labels::empty() };
    providers.sent.lock()[0].send_replace(TargetSet { groups: vec![group] });
    targets.wait_for(|set| set.groups.len() == 2).await.unwrap();
    assert_eq!(addresses(&targets), ["found:2", "fixed:1"]);

    let same = discovery.prepare(config()).unwrap();
    assert_eq!(providers.sent.lock().len(), 1, "an unchanged job makes no new discoverer");
    discovery.commit(same).unwrap();
    assert!(!targets.has_changed().unwrap());

    let changed = discovery.prepare([("j".to_owned(), job("other:1", None))]).unwrap();
    let after = changed.targets("j").unwrap();
    discovery.commit(changed).unwrap();
    assert_eq!(addresses(&after), ["other:1"]);
}

#[tokio::test]
async fn a_refusal_names_job_and_item() {
    let mut tasks = Tasks::new();
    let discovery = Discovery::spawn(Arc::new(ByHand::default()), &Metrics::new(), &mut tasks);
    let refused = discovery.prepare([("j".to_owned(), job("a:1", Some(serde_json::Value::Null)))]);
    let error = narthex_settings::error_chain(&refused.unwrap_err());
    assert_eq!(error, "job \"j\": hand_sd_configs[0]: names is missing");
}
