//! A job's keys as they are in force.

use narthex_exposition::Protocol;
use narthex_model::{NameScheme, RelabelRule, format_duration};
use narthex_settings::Yaml;

use super::{JobConfig, Source};

impl JobConfig {
    /// The keys that have defaults, with the values that are in force, in Prometheus' order; limits that
    /// are none are left out, as there.
    #[must_use]
    pub fn keys(&self) -> Vec<(&'static str, Yaml)> {
        let protocols = match (&self.protocols, self.histograms.native) {
            (Some(protocols), _) => protocols.as_slice(),
            (None, true) => &Protocol::DEFAULT_WITH_PROTOBUF,
            (None, false) => &Protocol::DEFAULT,
        };
        let protocols = protocols.iter().map(|protocol| Yaml::text(protocol.name())).collect();
        let mut keys = vec![
            ("job_name", Yaml::text(&self.name)),
            ("honor_labels", Yaml::plain(self.honor_labels)),
            ("honor_timestamps", Yaml::plain(self.honor_timestamps)),
            ("track_timestamps_staleness", Yaml::plain(self.track_timestamps_staleness)),
            ("scrape_interval", Yaml::plain(format_duration(self.interval))),
            ("scrape_timeout", Yaml::plain(format_duration(self.timeout))),
            ("scrape_protocols", Yaml::List(protocols)),
            ("scrape_native_histograms", Yaml::plain(self.histograms.native)),
            ("always_scrape_classic_histograms", Yaml::plain(self.histograms.classic_too)),
            ("convert_classic_histograms_to_nhcb", Yaml::plain(self.histograms.to_custom_buckets)),
        ];
        if let Some(file) = &self.failure_log {
            keys.push(("scrape_failure_log_file", Yaml::text(file.as_str())));
        }
        if matches!(self.source, Source::Http(_)) {
            keys.extend([
                ("metrics_path", Yaml::text(&self.metrics_path)),
                ("scheme", Yaml::text(&self.scheme)),
                ("enable_compression", Yaml::plain(self.enable_compression)),
            ]);
        }
        keys.extend(self.limit_keys());
        let scheme = match self.names {
            NameScheme::Utf8 => "utf8",
            NameScheme::Legacy => "legacy",
        };
        keys.push(("metric_name_validation_scheme", Yaml::text(scheme)));
        keys.push(("metric_name_escaping_scheme", Yaml::text(self.escaping.name())));
        if let Some(extra) = self.extra_metrics {
            keys.push(("extra_scrape_metrics", Yaml::plain(extra)));
        }
        let rules =
            [("relabel_configs", &self.relabel), ("metric_relabel_configs", &self.metric_relabel)];
        let rules = rules.into_iter().filter(|(_, rules)| !rules.is_empty());
        keys.extend(
            rules.map(|(key, rules)| (key, Yaml::List(rules.iter().map(relabel_rule).collect()))),
        );
        keys
    }

    fn limit_keys(&self) -> impl Iterator<Item = (&'static str, Yaml)> {
        let limits = &self.limits;
        let limits = [
            ("body_size_limit", limits.body_size),
            ("sample_limit", limits.samples),
            ("target_limit", limits.targets),
            ("label_limit", limits.labels),
            ("label_name_length_limit", limits.label_name_length),
            ("label_value_length_limit", limits.label_value_length),
            ("native_histogram_bucket_limit", limits.buckets),
            ("keep_dropped_targets", limits.kept_dropped_targets),
        ];
        limits.into_iter().filter(|(_, limit)| *limit > 0).map(|(key, limit)| {
            let unit = if key == "body_size_limit" { "B" } else { "" };
            (key, Yaml::plain(format_args!("{limit}{unit}")))
        })
    }
}

fn relabel_rule(rule: &RelabelRule) -> Yaml {
    let spec = rule.to_spec();
    let mut keys = Vec::new();
    if !spec.source_labels.is_empty() {
        let labels = spec.source_labels.into_iter().map(Yaml::Text).collect();
        keys.push(("source_labels", Yaml::List(labels)));
    }
    keys.push(("separator", Yaml::Text(spec.separator)));
    keys.push(("regex", Yaml::Text(spec.regex)));
    if spec.modulus != 0 {
        keys.push(("modulus", Yaml::plain(spec.modulus)));
    }
    if !spec.target_label.is_empty() {
        keys.push(("target_label", Yaml::Text(spec.target_label)));
    }
    keys.push(("replacement", Yaml::Text(spec.replacement)));
    keys.push(("action", Yaml::text(spec.action.name())));
    Yaml::Map(keys.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}
