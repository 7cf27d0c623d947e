//! Exporter plugins as scraping sees them.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use narthex_scrape::{Body, Exporters, FetchError, Target};
use serde_json::Value;

use crate::answer::{CollectTarget, PluginKind};
use crate::plugins::Plugins;

impl Exporters for Plugins {
    fn check(&self, plugin: &str, config: &Value) -> Result<(), String> {
        Plugins::check(self, PluginKind::Exporter, plugin, config)
            .map_err(|error| error.to_string())
    }

    fn collect(
        &self,
        plugin: &str,
        config: &Value,
        target: &Arc<Target>,
    ) -> BoxFuture<'static, Result<Body, FetchError>> {
        let (plugins, plugin) = (self.clone(), plugin.to_owned());
        let (config, target) = (config.clone(), Arc::clone(target));
        Box::pin(async move {
            let collected = plugins.collect(&plugin, &config, &collect_target(&target)).await;
            match collected {
                Ok(exposition) => {
                    let content_type = Some(exposition.content_type);
                    Ok(Body { content_type, bytes: exposition.body.into() })
                }
                Err(error) => Err(FetchError::Exporter { plugin, message: error.to_string() }),
            }
        })
    }
}

/// The target as the contract has it: all labels after relabeling.
fn collect_target(target: &Target) -> CollectTarget {
    let pair = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    CollectTarget {
        address: target.address.clone(),
        labels: target.labels.iter().chain(&target.hidden).map(pair).collect(),
        params: target.params.clone(),
        timeout: target.timeout,
    }
}
