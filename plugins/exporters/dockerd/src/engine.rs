//! What is asked of the engine: <https://docs.docker.com/reference/api/engine/>.
//!
//! Paths name no version of the API: the engine then takes its own.

use std::time::Duration;

use narthex_sdk::{
    Error, Metrics, clock,
    http::{Origin, Request, Response, send_all, send_in_rounds},
    log,
};
use serde::{Deserialize, de::DeserializeOwned};

/// Of the call's time, what is for telling what the engine did not answer.
const TELLING_SHARE: f64 = 0.1;

/// Of the time that is left to ask, how much a container may take: one that does not answer leaves most of it to others.
const CONTAINER_SHARE: f64 = 0.2;

/// Containers that are asked about; each is two questions and some forty series.
const CONTAINERS_MAX: usize = 1000;

/// An engine, as the configuration reaches it.
pub(crate) struct Engine {
    origin: Origin,
    /// What is left of the call when asking ends.
    telling: Duration,
}

/// The answers of `/info` and `/version` together.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Info {
    #[serde(rename = "ID")]
    id: String,
    containers_running: u64,
    containers_paused: u64,
    containers_stopped: u64,
    images: u64,
    #[serde(rename = "NCPU")]
    cpus: u64,
    mem_total: u64,
    driver: String,
    kernel_version: String,
    operating_system: String,
    #[serde(rename = "OSType")]
    os_type: String,
    #[serde(rename = "OSVersion")]
    os_version: String,
    architecture: String,
    server_version: String,
    cgroup_driver: String,
    #[serde(skip)]
    commit: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Version {
    git_commit: String,
}

/// An element of the answer of `/containers/json`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Listed {
    pub(crate) id: String,
    pub(crate) image: String,
    pub(crate) state: String,
}

impl Engine {
    /// Judges the address.
    pub(crate) fn new(host: &str) -> Result<Self, Error> {
        let refused = |reason: &str| Error::key("host", reason);
        let telling = clock::deadline().mul_f64(TELLING_SHARE);
        Ok(Self { origin: Origin::parse(host).map_err(refused)?, telling })
    }

    /// The engine itself, and its containers in whatever state.
    pub(crate) fn look(&self) -> Result<(Info, Vec<Listed>), Error> {
        let asked =
            ["/info", "/version", "/containers/json?all=true"].map(|path| self.get(path, 1.0));
        let mut answers = send_all(&asked, 3).into_iter();
        let mut next = || answers.next().unwrap_or_else(|| Err(Error::internal("not asked")));
        let (info, version, containers) = (next(), next(), next());
        let mut info: Info = read(info).map_err(|error| error.context("ask for the engine"))?;
        match read::<Version>(version) {
            Ok(version) => info.commit = version.git_commit,
            Err(error) => log::debug("no version", &[("error", &error.message)]),
        }
        let containers: Option<Vec<Listed>> =
            read(containers).map_err(|error| error.context("ask for the list of containers"))?;
        let mut containers = containers.unwrap_or_default();
        if containers.len() > CONTAINERS_MAX {
            log::warn(
                "only the first containers are asked about",
                &[("containers", &containers.len()), ("asked", &CONTAINERS_MAX)],
            );
            containers.truncate(CONTAINERS_MAX);
        }
        Ok((info, containers))
    }

    /// What containers are; none for one that is not there any more.
    pub(crate) fn facts<'a, T: DeserializeOwned>(
        &self,
        containers: impl Iterator<Item = &'a Listed>,
    ) -> impl Iterator<Item = Result<Option<T>, Error>> {
        self.read_each(containers, "json")
    }

    /// What containers spent, once and without the second look that a rate would need; none for one that is not there.
    pub(crate) fn stats<'a, T: DeserializeOwned>(
        &self,
        containers: impl Iterator<Item = &'a Listed>,
    ) -> impl Iterator<Item = Result<Option<T>, Error>> {
        self.read_each(containers, "stats?stream=false&one-shot=true")
    }

    /// Asks for many containers at a time.
    fn read_each<'a, T: DeserializeOwned>(
        &self,
        containers: impl Iterator<Item = &'a Listed>,
        what: &str,
    ) -> impl Iterator<Item = Result<Option<T>, Error>> {
        let path = move |container: &Listed| format!("/containers/{}/{what}", container.id);
        let asked = containers.map(move |container| self.get(&path(container), CONTAINER_SHARE));
        send_in_rounds(asked).map(|answer| match answer {
            Ok(answer) if answer.status == 404 => Ok(None),
            answer => read(answer).map(Some),
        })
    }

    /// Asks for a path, which may take this share of the time that is left to ask.
    fn get(&self, path: &str, share: f64) -> Request {
        let prefix = self.origin.path().trim_end_matches('/');
        let left = clock::deadline().saturating_sub(self.telling);
        self.origin.get(&format!("{prefix}{path}")).timeout(left.mul_f64(share))
    }
}

fn read<T: DeserializeOwned>(answer: Result<Response, Error>) -> Result<T, Error> {
    answer.and_then(Response::expect_success)?.json()
}

impl Listed {
    /// Whether it spends anything.
    pub(crate) fn runs(&self) -> bool {
        matches!(self.state.as_str(), "running" | "paused" | "restarting")
    }
}

impl Info {
    /// The place of a container among the control groups, which is its identity in cAdvisor.
    pub(crate) fn group_of(&self, id: &str, parent: &str) -> String {
        let parent = parent.trim_matches('/');
        match (self.cgroup_driver.as_str(), parent) {
            ("systemd", "") => format!("/system.slice/docker-{id}.scope"),
            ("systemd", slice) => format!("/{slice}/docker-{id}.scope"),
            (_, "") => format!("/docker/{id}"),
            (_, parent) => format!("/{parent}/{id}"),
        }
    }

    /// Adds what the engine's own page of metrics says as well, if it is switched on.
    pub(crate) fn add(&self, metrics: &mut Metrics) {
        let labels = [
            ("version", self.server_version.as_str()),
            ("commit", &self.commit),
            ("architecture", &self.architecture),
            ("graphdriver", &self.driver),
            ("kernel", &self.kernel_version),
            ("os", &self.operating_system),
            ("os_type", &self.os_type),
            ("os_version", &self.os_version),
            ("daemon_id", &self.id),
        ];
        metrics
            .gauge("engine_daemon_engine_info", "What the engine is, and where it runs.")
            .sample(&labels, 1);
        metrics
            .gauge("engine_daemon_engine_cpus_cpus", "Processors of the engine's machine.")
            .set(self.cpus);
        metrics
            .gauge("engine_daemon_engine_memory_bytes", "Memory of the engine's machine.")
            .set(self.mem_total);
        for (state, count) in [
            ("running", self.containers_running),
            ("paused", self.containers_paused),
            ("stopped", self.containers_stopped),
        ] {
            metrics
                .gauge("engine_daemon_container_states_containers", "Containers by state.")
                .sample(&[("state", state)], count);
        }
        metrics.gauge("dockerd_images", "Images that the engine has.").set(self.images);
    }
}
