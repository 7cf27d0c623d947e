//! A component on the bench, with what is asked of it.

use std::sync::Arc;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use narthex_client::{HTTP_KEYS, HttpConfig};
use narthex_platform::Clock;
use narthex_plugins::{
    Allow, Card, Config, Deps, Given, HTTP_CONFIG, Matching, OpenError, PluginKind, Report, Tape,
    Workbench,
};
use serde_json::Value;

use crate::case::{Call, Case, CaseAlert};
use crate::console::Console;
use crate::project::{Project, ProjectError, read_component};

/// How long a scrape waits where nobody says otherwise.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Where components run.
#[derive(Clone, Debug)]
pub struct World {
    /// What a server would give the room of plugins.
    pub deps: Deps,
    /// The section `plugins` of a server.
    pub grants: Config,
    /// What this component is granted beside it.
    pub extra: Allow,
    /// The user's own folder for compiled code of projects. It is not below the project: whoever
    /// gave the project away could have put code there.
    pub cache: Option<Utf8PathBuf>,
}

/// What is asked of a component, by the command line.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// Its configuration.
    pub config: Option<Value>,
    /// The target of an exporter.
    pub target: Option<String>,
    /// Its labels.
    pub labels: Vec<(String, String)>,
    /// Its parameters.
    pub params: Vec<(String, String)>,
    /// How long a scrape waits.
    pub timeout: Option<Duration>,
    /// The cursor of a discovery.
    pub cursor: Option<String>,
    /// The labels of each alert for a notifier.
    pub alerts: Vec<Vec<(String, String)>>,
    /// Whether the alerts are resolved.
    pub is_resolved: bool,
    /// Whether the component is taken as it was last built.
    pub is_built: bool,
}

/// A component on the bench.
#[derive(Debug)]
pub struct Session {
    pub(crate) project: Option<Project>,
    pub(crate) bench: Workbench,
    pub(crate) bytes: Arc<[u8]>,
    pub(crate) config: Value,
    /// The keys of HTTP clients in the configuration, where the component takes them.
    http: Option<HttpConfig>,
    pub(crate) call: Call,
    pub(crate) clock: Clock,
    /// How long it took to compile it and to ask it who it is.
    pub(crate) opened_in: Duration,
    folder: Utf8PathBuf,
}

/// Why nothing can be asked.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The folder or the build.
    #[error(transparent)]
    Project(#[from] ProjectError),
    /// The component.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Keys of HTTP clients.
    #[error("the HTTP keys of the configuration")]
    Http(#[source] serde_json::Error),
    /// An exporter without anything to ask.
    #[error("an exporter is asked about a target: --target host:port, or `target` under [try]")]
    NoTarget,
}

impl Session {
    /// Builds a project, or takes a component, and puts it on the bench.
    ///
    /// # Errors
    /// When it does not build, or a server would refuse it.
    pub async fn open(
        world: &World,
        path: &Utf8Path,
        asked: &Asked,
        console: Console,
    ) -> Result<Self, SessionError> {
        let disk = &*world.deps.disk;
        let is_component = path.extension() == Some("wasm");
        let project = if is_component { None } else { Some(Project::open(disk, path)?) };
        let bytes = match &project {
            Some(project) => {
                if !asked.is_built {
                    project.build(console)?;
                }
                project.component(disk)?
            }
            None => read_component(disk, path)?,
        };
        Self::of(world, project, bytes.into(), asked).await
    }

    /// Puts bytes on the bench.
    pub(crate) async fn of(
        world: &World,
        project: Option<Project>,
        bytes: Arc<[u8]>,
        asked: &Asked,
    ) -> Result<Self, SessionError> {
        let clock = world.deps.clock.clone();
        let began = clock.monotonic();
        let (grants, extra) = (world.grants.clone(), world.extra.clone());
        let mut deps = world.deps.clone();
        deps.cache_folder =
            project.as_ref().zip(world.cache.as_ref()).and_then(|it| cache(it.0, it.1));
        let bench = Workbench::open(Arc::clone(&bytes), grants, extra, deps).await?;
        let opened_in = clock.monotonic().saturating_sub(began);
        project.as_ref().map_or(Ok(()), |project| project.is_called(&bench.card().name))?;
        let tried = project.as_ref().map(|project| project.manifest.tried.clone());
        let tried = tried.unwrap_or_default();
        let config = asked.config.clone().or(tried.config);
        let config = config.unwrap_or_else(|| Value::Object(serde_json::Map::new()));
        let http = http_keys(bench.card(), &config).map_err(SessionError::Http)?;
        let target = asked.target.clone().or(tried.target);
        let call = call(bench.card().kind, target, asked);
        let folder = project.as_ref().map(|project| project.folder.clone()).unwrap_or_default();
        Ok(Self { project, bench, bytes, config, http, call, clock, opened_in, folder })
    }

    /// What it says of itself.
    #[must_use]
    pub fn card(&self) -> &Card {
        self.bench.card()
    }

    /// Whether there is something to ask.
    ///
    /// # Errors
    /// When an exporter has no target.
    pub fn is_askable(&self) -> Result<(), SessionError> {
        match &self.call {
            Call::Collect { target, .. } if target.is_empty() => Err(SessionError::NoTarget),
            Call::Collect { .. } | Call::Refresh { .. } | Call::Notify { .. } => Ok(()),
        }
    }

    /// One call, as the command line says it.
    pub(crate) async fn ask(&self, tape: Tape) -> Report {
        self.bench.call(self.given(), &self.call.question(), tape).await
    }

    /// The call of a case, in the world that it recorded.
    pub(crate) async fn replay(&self, case: &Case) -> Report {
        let tape = Tape::playing(case.recording.clone(), Matching::Exact);
        let given = Given::new(&case.config, None, &self.folder);
        self.bench.call(given, &case.call.question(), tape).await
    }

    /// The configuration for a case: without secrets, and without HTTP keys, which a replay has no use for.
    pub(crate) fn without_secrets(&self) -> Value {
        let mut config = self.config.clone();
        if let (true, Value::Object(keys)) = (self.http.is_some(), &mut config) {
            match self.bench.card().kind {
                PluginKind::Notifier => drop(keys.remove(HTTP_CONFIG)),
                PluginKind::Discovery | PluginKind::Exporter => {
                    keys.retain(|key, _| !HTTP_KEYS.contains(&key.as_str()));
                }
            }
        }
        self.bench.without_secrets(&config)
    }

    /// What schema and plugin say to the configuration.
    pub(crate) async fn validate(&self) -> Result<Vec<String>, narthex_plugins::CallError> {
        self.bench.validate(self.given()).await
    }

    fn given(&self) -> Given<'_> {
        Given::new(&self.config, self.http.as_ref(), &self.folder)
    }
}

/// What a configuration says to the HTTP client of a component that leaves it to the host.
fn http_keys(card: &Card, config: &Value) -> Result<Option<HttpConfig>, serde_json::Error> {
    let schema = serde_json::from_str::<Value>(&card.schema).unwrap_or_default();
    let (Some(Value::Bool(true)), Some(own)) = (schema.get("x-http-config"), config.as_object())
    else {
        return Ok(None);
    };
    if card.kind == PluginKind::Notifier {
        let own = own.get(HTTP_CONFIG).filter(|own| !own.is_null());
        return own.cloned().map(serde_json::from_value).transpose();
    }
    let keys = own.iter().filter(|(key, _)| HTTP_KEYS.contains(&key.as_str()));
    let keys: serde_json::Map<_, _> =
        keys.map(|(key, value)| (key.clone(), value.clone())).collect();
    // As in a server: without any key it has no client of its own.
    if keys.is_empty() { Ok(None) } else { serde_json::from_value(Value::Object(keys)).map(Some) }
}

/// Where the compiled code of a project is kept: an interpreter takes twenty seconds to compile.
fn cache(project: &Project, root: &Utf8Path) -> Option<Utf8PathBuf> {
    let folder = camino::absolute_utf8(&project.folder).ok()?;
    let digest = narthex_plugins::digest_text(folder.as_str().as_bytes());
    let name = digest.trim_start_matches("sha256:").get(..16)?.to_owned();
    Some(root.join(name))
}

fn call(kind: PluginKind, target: Option<String>, asked: &Asked) -> Call {
    let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    match kind {
        PluginKind::Exporter => Call::Collect {
            target: target.unwrap_or_default(),
            labels: asked.labels.clone(),
            params: asked.params.clone(),
            timeout_ms: millis(asked.timeout.unwrap_or(TIMEOUT)),
        },
        PluginKind::Discovery => Call::Refresh { cursor: asked.cursor.clone(), wait_ms: 0 },
        PluginKind::Notifier => {
            let one = vec![("alertname".to_owned(), "NarthexTest".to_owned())];
            let alerts = if asked.alerts.is_empty() { vec![one] } else { asked.alerts.clone() };
            let alert = |labels| CaseAlert {
                labels,
                annotations: vec![("summary".to_owned(), "A test of the notifier.".to_owned())],
                is_resolved: asked.is_resolved,
            };
            Call::Notify { alerts: alerts.into_iter().map(alert).collect() }
        }
    }
}
