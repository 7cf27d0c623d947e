//! An exporter plugin beside the program whose place it takes: the same series, of the same types.

use std::collections::BTreeSet;

use narthex_harness::{Host, SECONDS, Series, wait_for};

/// What two jobs of a host say, one by a plugin and one by its peer.
pub(crate) struct Beside<'a> {
    pub(crate) host: &'a Host,
    pub(crate) plugin: &'a str,
    pub(crate) peer: &'a str,
    /// What the names of metrics begin with.
    pub(crate) prefix: &'a str,
    /// Metrics and labels that are not compared.
    pub(crate) left_out: &'a [&'a str],
}

impl Beside<'_> {
    /// Waits until both say series of the same names and labels, as some come only after a few scrapes; answers how many.
    #[track_caller]
    pub(crate) fn wait_until_same(&self) -> usize {
        wait_for("the plugin says what its peer says", 60 * SECONDS, || {
            let (ours, theirs) = (self.names(self.plugin), self.names(self.peer));
            let missing: Vec<&String> = theirs.difference(&ours).collect();
            let extra: Vec<&String> = ours.difference(&theirs).collect();
            if !theirs.is_empty() && missing.is_empty() && extra.is_empty() {
                return Ok(theirs.len());
            }
            let (ours, theirs) = (ours.len(), theirs.len());
            Err(format!("of {theirs} it lacks {missing:#?}; of its {ours} are too many {extra:#?}"))
        })
    }

    /// No metric has one type here and another there.
    #[track_caller]
    pub(crate) fn types_agree(&self) {
        let metadata = self.host.json("/api/v1/metadata");
        let families = metadata["data"].as_object().expect("families by their names");
        let own = families.iter().filter(|(name, _)| name.starts_with(self.prefix));
        for (name, known) in own {
            let types: BTreeSet<&str> = known
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|one| one["type"].as_str())
                .collect();
            assert_eq!(types.len(), 1, "{name} has the types {types:?}");
        }
    }

    /// Values of a metric are the same, or no further apart than a share of them, and two.
    #[track_caller]
    pub(crate) fn values_agree(&self, metric: &str, share: f64) {
        wait_for(&format!("{metric} has the same values"), 30 * SECONDS, || {
            let [ours, theirs] = [self.plugin, self.peer].map(|job| self.series(job, metric));
            let near = |(ours, theirs): (&Series, &Series)| {
                let allowed = theirs.value.abs() * share + if share > 0.0 { 2.0 } else { 0.0 };
                ours.labels == theirs.labels && (ours.value - theirs.value).abs() <= allowed
            };
            if !ours.is_empty() && ours.len() == theirs.len() && ours.iter().zip(&theirs).all(near)
            {
                Ok(())
            } else {
                Err(format!("ours {ours:#?}, theirs {theirs:#?}"))
            }
        });
    }

    /// Series of a job without the labels of the target, sorted.
    fn series(&self, job: &str, metric: &str) -> Vec<Series> {
        let mut series = self.host.query(&format!("{{__name__='{metric}',job='{job}'}}"));
        for one in &mut series {
            one.labels.retain(|name, _| name != "job" && name != "instance");
        }
        series.sort_by(|a, b| a.labels.cmp(&b.labels));
        series
    }

    fn names(&self, job: &str) -> BTreeSet<String> {
        let all = format!("{{job='{job}',__name__=~'{}.+'}}", self.prefix);
        let is_left_out = |name: &str| self.left_out.contains(&name);
        let series = self.host.query(&all).into_iter();
        let kept = series.filter(|series| !is_left_out(series.label("__name__")));
        let shown = kept.map(|series| {
            let labels = series.labels.iter().filter(|(name, _)| {
                !["__name__", "job", "instance"].contains(&name.as_str()) && !is_left_out(name)
            });
            let labels: Vec<String> = labels.map(|(n, v)| format!("{n}={v:?}")).collect();
            format!("{}{{{}}}", series.label("__name__"), labels.join(","))
        });
        shown.collect()
    }
}
