//! One job as it may be shown: what is in force, beside what stands in the file and has no defaults.

use std::sync::Arc;

use camino::Utf8PathBuf;
use narthex_scrape::{JobConfig, Source};
use narthex_settings::{Document, Node, Yaml};

use crate::paths;

/// The jobs of a configuration as they may be shown. What may not is in none of these texts.
#[derive(Clone, Debug)]
pub struct ShownJobs {
    /// In the order of the files.
    names: Vec<String>,
    /// The texts of the files, and the folders that paths count from there.
    files: Vec<(String, Utf8PathBuf)>,
}

impl ShownJobs {
    pub(crate) fn new(
        names: impl Iterator<Item = String>,
        files: &[(Arc<Document>, Utf8PathBuf)],
        shown: impl Fn(&Document) -> String,
    ) -> Self {
        let files = files.iter().map(|(document, folder)| (shown(document), folder.clone()));
        Self { names: names.collect(), files: files.collect() }
    }

    /// One job as YAML. `None`: this configuration has no such job.
    #[must_use]
    pub fn of(&self, job: &JobConfig) -> Option<String> {
        let mut place = self.names.iter().position(|name| *name == job.name)?;
        for (text, folder) in &self.files {
            let mut document = Document::parse("the configuration", text).ok()?;
            let jobs = document.root_mut().get_mut("scrape_configs")?;
            let count = jobs.items()?.len();
            if place < count {
                paths::resolve_jobs(jobs, folder, folder);
                return jobs.items()?.get(place).map(|written| of_job(job, written));
            }
            place -= count;
        }
        None
    }
}

fn of_job(job: &JobConfig, written: &Node) -> String {
    let given = |key: &str| {
        written.get(key).filter(|node| node.text().is_some_and(|text| !text.is_empty()))
    };
    let in_force = job.keys();
    let is_in_force = |key: &str| in_force.iter().any(|(known, _)| *known == key);
    // A variable of the environment may be in it, which is shown by its name.
    let mut keys: Vec<(String, Yaml)> = in_force
        .iter()
        .map(|(key, value)| match (value, given(key)) {
            (Yaml::Text(_), Some(written)) => ((*key).to_owned(), written.into()),
            (value, _) => ((*key).to_owned(), value.clone()),
        })
        .collect();
    let others = written.entries().unwrap_or_default().iter();
    let others = others.filter(|entry| !is_in_force(&entry.key));
    keys.extend(others.map(|entry| (entry.key.to_string(), (&entry.node).into())));
    if matches!(job.source, Source::Http(_)) {
        let defaults = ["follow_redirects", "enable_http2"].into_iter();
        let defaults = defaults.filter(|key| written.get(key).is_none());
        keys.extend(defaults.map(|key| (key.to_owned(), Yaml::plain(true))));
    }
    Yaml::Map(keys).to_string()
}
