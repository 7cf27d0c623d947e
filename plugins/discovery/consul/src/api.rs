//! What is asked of Consul: <https://developer.hashicorp.com/consul/api-docs>.

use std::{collections::BTreeMap, time::Duration};

use narthex_sdk::{
    Error, clock,
    http::{Origin, Query, Request, Response, encode, send_first, send_in_rounds},
};
use serde::Deserialize;

use crate::config::{Config, Scheme};

/// For answers that nothing delays.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(15);

/// What is left of a call's time for reading a round of answers.
const READING: Duration = Duration::from_secs(2);

/// As many as the host waits for at one time.
pub(crate) const WATCHES_MAX: usize = 16;

/// Consul, as the configuration reaches it.
pub(crate) struct Api<'a> {
    config: &'a Config,
    origin: Origin,
    prefix: String,
}

/// What can be waited for, from this index on.
pub(crate) enum Watch<'a> {
    /// The list of services.
    Catalog { index: u64 },
    /// One service with its checks.
    Service { name: &'a str, index: u64 },
}

impl<'a> Api<'a> {
    /// Judges the address.
    pub(crate) fn new(config: &'a Config) -> Result<Self, Error> {
        let refused = |reason: &str| Error::key("server", reason);
        let server = config.server.trim();
        if server.is_empty() {
            return Err(refused("it is missing"));
        }
        let plain = server.strip_prefix("http://").unwrap_or(server);
        let address = match config.scheme {
            _ if plain.contains("://") => plain.to_owned(),
            Scheme::Https => format!("https://{plain}"),
            Scheme::Http => format!("http://{plain}"),
        };
        let origin = Origin::parse(&address).map_err(refused)?;
        let prefix = if origin.path().is_empty() { &config.path_prefix } else { origin.path() };
        let prefix = prefix.trim_end_matches('/').to_owned();
        Ok(Self { config, origin, prefix })
    }

    /// The datacenter that is configured, or the agent's own.
    pub(crate) fn datacenter(&self) -> Result<String, Error> {
        #[derive(Deserialize)]
        struct Agent {
            #[serde(rename = "Config")]
            config: AgentConfig,
        }
        #[derive(Deserialize)]
        struct AgentConfig {
            #[serde(rename = "Datacenter")]
            datacenter: String,
        }
        if !self.config.datacenter.is_empty() {
            return Ok(self.config.datacenter.clone());
        }
        let answer = self.get("/v1/agent/self", &Query::new(), ANSWER_TIMEOUT).send();
        answer
            .and_then(Response::expect_success)
            .and_then(|answer| answer.json::<Agent>())
            .map(|agent| agent.config.datacenter)
            .map_err(|error| error.context("ask for the agent's datacenter"))
    }

    /// The services of the catalog that matter, and its index.
    pub(crate) fn services(&self) -> Result<(Vec<String>, u64), Error> {
        let answer = self.get("/v1/catalog/services", &self.catalog_query(), ANSWER_TIMEOUT).send();
        answer
            .and_then(Response::expect_success)
            .and_then(|answer| {
                let tags: BTreeMap<String, Option<Vec<String>>> = answer.json()?;
                let wanted = tags.into_iter().filter(|(name, tags)| {
                    self.config.wants(name, tags.as_deref().unwrap_or_default())
                });
                Ok((wanted.map(|(name, _)| name).collect(), index(&answer)))
            })
            .map_err(|error| error.context("ask for the list of services"))
    }

    /// The instances of each service, with their checks; of as many services as are asked for at one time.
    pub(crate) fn health(&self, names: &[String]) -> Vec<Result<Response, Error>> {
        let query = self.health_query();
        let timeout = ANSWER_TIMEOUT.min(clock::deadline().saturating_sub(READING));
        let requests = names.iter().map(|name| self.get(&health_path(name), &query, timeout));
        let answers = send_in_rounds(requests);
        answers.map(|answer| answer.and_then(Response::expect_success)).collect()
    }

    /// Returns when the index of one of them moved, or after this time.
    pub(crate) fn wait(&self, watches: &[Watch<'_>], wait: Duration) -> Result<(), Error> {
        // Consul adds up to a sixteenth to the time, so that not all clients come back at once.
        let timeout = wait + wait / 16 + ANSWER_TIMEOUT;
        let wait = format!("{}ms", wait.as_millis());
        let request = |watch: &Watch<'_>| {
            let (path, query) = match watch {
                Watch::Catalog { .. } => ("/v1/catalog/services".into(), self.catalog_query()),
                Watch::Service { name, .. } => (health_path(name), self.health_query()),
            };
            self.get(&path, &query.add("index", watch.index()).add("wait", &wait), timeout)
        };
        let requests: Vec<_> = watches.iter().map(request).collect();
        for answer in send_first(&requests).into_iter().flatten() {
            let answer = answer.and_then(Response::expect_success);
            answer.map_err(|error| error.context("wait for a change"))?;
        }
        Ok(())
    }

    fn get(&self, path: &str, query: &Query, timeout: Duration) -> Request {
        let mut request = self.origin.get(&format!("{}{path}{query}", self.prefix));
        if !self.config.token.is_empty() {
            request = request.header("x-consul-token", &self.config.token);
        }
        if !self.config.username.is_empty() || !self.config.password.is_empty() {
            request = request.basic_auth(&self.config.username, &self.config.password);
        }
        request.timeout(timeout.min(clock::deadline()))
    }

    fn catalog_query(&self) -> Query {
        self.query().add_if_set("filter", &self.config.filter)
    }

    fn health_query(&self) -> Query {
        let tags = self.config.tags.iter();
        let query = tags.fold(self.query(), |query, tag| query.add("tag", tag));
        query.add_if_set("filter", &self.config.health_filter)
    }

    /// What every question says.
    fn query(&self) -> Query {
        let query = Query::new()
            .add_if_set("dc", &self.config.datacenter)
            .add_if_set("ns", &self.config.namespace)
            .add_if_set("partition", &self.config.partition);
        let query = if self.config.allow_stale { query.flag("stale") } else { query };
        let meta = self.config.node_meta.iter();
        meta.fold(query, |query, (name, value)| query.add("node-meta", format!("{name}:{value}")))
    }
}

impl Watch<'_> {
    /// 0: it cannot be waited for.
    pub(crate) fn index(&self) -> u64 {
        match self {
            Self::Catalog { index } | Self::Service { index, .. } => *index,
        }
    }
}

/// How far Consul was when it answered; 0 when it does not say.
pub(crate) fn index(answer: &Response) -> u64 {
    answer.header("x-consul-index").and_then(|index| index.parse().ok()).unwrap_or(0)
}

fn health_path(name: &str) -> String {
    format!("/v1/health/service/{}", encode(name))
}
