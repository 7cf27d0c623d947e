//! One plugin room with its own folder.

use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use narthex_alerting::{AlertGroup, Integration, Notifiers, NotifyError, Receipt};
use narthex_client::ClientOptions;
use narthex_model::Timestamp;
use narthex_platform::{Clock, Metrics, PointValue, RealDisk, Stop, Tasks};
use narthex_plugins::{
    CallError, CollectTarget, Config, Deps, Environment, PluginView, Plugins, PrepareError,
    Prepared,
};
use narthex_settings::Document;
use narthex_state::StateStore;
use serde_json::Value;

use crate::compiled::Compiled;

/// How long a test waits for something that comes by itself.
const PATIENCE: Duration = Duration::from_secs(60);

/// One plugin room with its own folder.
#[derive(Debug)]
pub struct Host {
    /// Before the folder that it lies in: it is shared when it is dropped.
    compiled: Compiled,
    folder: tempfile::TempDir,
    /// The room.
    pub plugins: Plugins,
    /// What it counts.
    pub metrics: Metrics,
    state: StateStore,
    /// Ends the watcher when dropped.
    _stop: Option<tokio::sync::watch::Sender<bool>>,
}

impl Host {
    /// A room with these files and a section `plugins` (without `dir`).
    ///
    /// # Panics
    /// When it cannot be had.
    pub async fn start(files: &[(&str, &[u8])], yaml: &str) -> Self {
        Self::start_in(files, yaml, Environment::default()).await
    }

    /// The same with variables of the environment.
    ///
    /// # Panics
    /// When it cannot be had.
    pub async fn start_in(files: &[(&str, &[u8])], yaml: &str, environment: Environment) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let compiled = Compiled::seeded(compiled_folder(folder.path()));
        Self::start_with(files, yaml, environment, (folder, compiled), &[]).await
    }

    /// A room that finds no compiled code.
    ///
    /// # Panics
    /// When it cannot be had.
    pub async fn start_cold(files: &[(&str, &[u8])]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let compiled = Compiled::cold(compiled_folder(folder.path()));
        Self::start_with(files, "", Environment::default(), (folder, compiled), &[]).await
    }

    /// The same, but these plugins are not waited for.
    ///
    /// # Panics
    /// When it cannot be had.
    pub async fn start_cold_but(files: &[(&str, &[u8])], late: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let compiled = Compiled::cold(compiled_folder(folder.path()));
        Self::start_with(files, "", Environment::default(), (folder, compiled), late).await
    }

    async fn start_with(
        files: &[(&str, &[u8])],
        yaml: &str,
        environment: Environment,
        (folder, compiled): (tempfile::TempDir, Compiled),
        late: &[&str],
    ) -> Self {
        let state = StateStore::in_memory().expect("a state in memory");
        let places = (folder.path(), compiled.folder());
        let (plugins, metrics) = load(places, files, yaml, &state, environment, late).await;
        Self { compiled, folder, plugins, metrics, state, _stop: None }
    }

    /// The same room after a restart: same folder, same state, same compiled code.
    ///
    /// # Panics
    /// When it cannot be had.
    pub async fn restart(self, yaml: &str) -> Self {
        let (plugins, metrics) = {
            let environment = Environment::default();
            let places = (self.folder.path(), self.compiled.folder());
            load(places, &[], yaml, &self.state, environment, &[]).await
        };
        Self { plugins, metrics, _stop: None, ..self }
    }

    /// Watches the folder from now on.
    #[must_use]
    pub fn watched(mut self) -> Self {
        let (stop, mut stopped) = Stop::pair();
        let mut tasks = Tasks::new();
        self.plugins.spawn(&mut tasks);
        #[expect(
            clippy::disallowed_methods,
            reason = "the test owns the tasks by the stop it holds"
        )]
        tokio::spawn(tasks.run_until(async move { stopped.stopped().await }));
        self._stop = Some(stop);
        self
    }

    /// Takes a new section `plugins` on.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn reconfigure(&self, yaml: &str) {
        let prepared = self.prepare(yaml).await;
        self.plugins.commit(prepared);
    }

    /// Makes a new section `plugins` ready.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn prepare(&self, yaml: &str) -> Prepared {
        let config = config(self.folder.path(), yaml);
        self.plugins.prepare(config).await.expect("the configuration is right")
    }

    /// Makes a new section `plugins` ready, if it is not refused.
    ///
    /// # Errors
    /// As [`Plugins::prepare`].
    pub async fn try_prepare(&self, yaml: &str) -> Result<Prepared, PrepareError> {
        self.plugins.prepare(config(self.folder.path(), yaml)).await
    }

    /// Puts a file into the folder, by renaming it into place.
    ///
    /// # Panics
    /// When the disk fails.
    #[expect(clippy::disallowed_methods, reason = "the test acts as the operator")]
    pub fn put(&self, name: &str, bytes: &[u8]) {
        let folder = plugin_folder(self.folder.path());
        std::fs::write(folder.join("new"), bytes).expect("write a plugin");
        std::fs::rename(folder.join("new"), folder.join(format!("{name}.wasm"))).expect("rename");
    }

    /// Puts a link into the folder, by renaming it into place.
    ///
    /// # Panics
    /// When the disk fails.
    #[expect(clippy::disallowed_methods, reason = "the test acts as the operator")]
    pub fn put_link(&self, name: &str, to: &str) {
        let folder = plugin_folder(self.folder.path());
        std::os::unix::fs::symlink(to, folder.join("new")).expect("make a link");
        std::fs::rename(folder.join("new"), folder.join(format!("{name}.wasm"))).expect("rename");
    }

    /// Removes a file from the folder.
    ///
    /// # Panics
    /// When the disk fails.
    #[expect(clippy::disallowed_methods, reason = "the test acts as the operator")]
    pub fn remove(&self, name: &str) {
        let folder = plugin_folder(self.folder.path());
        std::fs::remove_file(folder.join(format!("{name}.wasm"))).expect("remove a plugin");
    }

    /// Asks an exporter about a target without an address; the body as text.
    ///
    /// # Errors
    /// As [`Plugins::collect`].
    pub async fn collect(&self, plugin: &str, config: Value) -> Result<String, CallError> {
        self.collect_from(plugin, config, "").await
    }

    /// Asks an exporter about a target; the body as text.
    ///
    /// # Errors
    /// As [`Plugins::collect`].
    pub async fn collect_from(
        &self,
        plugin: &str,
        config: Value,
        address: &str,
    ) -> Result<String, CallError> {
        let address = address.to_owned();
        let target = CollectTarget { address, timeout: PATIENCE, ..CollectTarget::default() };
        let exposition = self.plugins.collect(plugin, &config, &target).await?;
        Ok(String::from_utf8_lossy(&exposition.body).into_owned())
    }

    /// Has a notifier deliver, by an entry of a receiver.
    ///
    /// # Errors
    /// As [`Notifiers::notify`].
    pub async fn notify(
        &self,
        plugin: &str,
        config: &Value,
        group: &AlertGroup,
    ) -> Result<Receipt, NotifyError> {
        self.notify_by(&Integration::new(plugin, config.clone()), group).await
    }

    /// The same by an entry that finds more in `global`.
    ///
    /// # Errors
    /// As [`Notifiers::notify`].
    pub async fn notify_by(
        &self,
        integration: &Integration,
        group: &AlertGroup,
    ) -> Result<Receipt, NotifyError> {
        let words = group.words(Timestamp::from_millis(0));
        self.plugins.notify(integration, group, &words).await
    }

    /// What can be seen of a plugin.
    ///
    /// # Panics
    /// When there is none of this name.
    #[must_use]
    pub fn view(&self, plugin: &str) -> PluginView {
        self.find(plugin).unwrap_or_else(|| panic!("no plugin {plugin}"))
    }

    /// What can be seen of a plugin, if there is one.
    #[must_use]
    pub fn find(&self, plugin: &str) -> Option<PluginView> {
        self.plugins.view().into_iter().find(|view| view.name == plugin)
    }

    /// Waits until something holds of the room.
    ///
    /// # Panics
    /// When it does not within a minute.
    pub async fn until(&self, what: &str, holds: impl Fn(&Self) -> bool) {
        let clock = Clock::real();
        let waiting = async {
            while !holds(self) {
                clock.sleep(Duration::from_millis(20)).await;
            }
        };
        if tokio::time::timeout(PATIENCE, waiting).await.is_err() {
            panic!("{what}: not within {PATIENCE:?}; plugins: {:#?}", self.plugins.view());
        }
    }

    /// A counter's value by its labels; of a histogram how many were observed.
    #[must_use]
    pub fn counter(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let families = self.metrics.gather();
        let family = families.iter().filter(|family| family.name == name);
        let matches = |own: &[(String, String)]| {
            labels.iter().all(|(name, value)| {
                own.iter().any(|(own_name, own_value)| own_name == name && own_value == value)
            })
        };
        let points = family.flat_map(|family| &family.points);
        let values =
            points.filter(|point| matches(&point.labels)).map(|point| match &point.value {
                PointValue::Number(number) => *number,
                PointValue::Histogram { count, .. } | PointValue::Summary { count, .. } => {
                    f64::from(u32::try_from(*count).unwrap_or(u32::MAX))
                }
            });
        values.sum()
    }
}

fn plugin_folder(folder: &std::path::Path) -> Utf8PathBuf {
    let folder = Utf8Path::from_path(folder).expect("temporary folders have plain names");
    folder.join("plugins")
}

fn compiled_folder(folder: &std::path::Path) -> Utf8PathBuf {
    let folder = Utf8Path::from_path(folder).expect("temporary folders have plain names");
    folder.join("compiled")
}

#[expect(clippy::disallowed_methods, reason = "the test acts as the operator")]
async fn load(
    (folder, compiled): (&std::path::Path, &Utf8Path),
    files: &[(&str, &[u8])],
    yaml: &str,
    state: &StateStore,
    environment: Environment,
    late: &[&str],
) -> (Plugins, Metrics) {
    let dir = plugin_folder(folder);
    RealDisk::shared().create_folder(&dir).expect("a folder for plugins");
    for (name, bytes) in files {
        std::fs::write(dir.join(format!("{name}.wasm")), bytes).expect("write a plugin");
    }
    let config = config(folder, yaml);
    let metrics = Metrics::new();
    let deps = Deps {
        clock: Clock::real(),
        disk: RealDisk::shared(),
        metrics: metrics.clone(),
        state: state.clone(),
        client: ClientOptions::default(),
        environment,
        cache_folder: Some(compiled.to_owned()),
    };
    let plugins = Plugins::load_wanted(config, deps, |plugin| !late.contains(&plugin))
        .await
        .expect("the room starts");
    (plugins, metrics)
}

fn config(folder: &std::path::Path, yaml: &str) -> Config {
    let text = if yaml.is_empty() { "{}" } else { yaml };
    let document = Document::parse("test.yml", text).expect("the configuration is YAML");
    let mut config: Config = document.read().expect("the configuration is right");
    config.dir = plugin_folder(folder);
    config
}
