//! What is asked of Nomad: <https://developer.hashicorp.com/nomad/api-docs/services>.

use std::{collections::BTreeSet, time::Duration};

use narthex_sdk::{
    Error, clock,
    http::{Origin, Query, Request, Response, encode, send_in_rounds},
};
use serde::Deserialize;

use crate::Config;

/// For answers that nothing delays.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(15);

/// Nomad, as the configuration reaches it.
pub(crate) struct Api<'a> {
    config: &'a Config,
    origin: Origin,
}

/// A service's name within its namespace.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ServiceName {
    namespace: String,
    name: String,
}

/// An element of the answer of `/v1/services`. Lists may be null.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Namespace {
    #[serde(default)]
    namespace: String,
    #[serde(default)]
    services: Option<Vec<Service>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Service {
    service_name: String,
}

/// An element of the answer of `/v1/service/<name>`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Instance {
    #[serde(rename = "ID")]
    pub(crate) id: String,
    pub(crate) service_name: String,
    pub(crate) namespace: String,
    #[serde(rename = "NodeID")]
    pub(crate) node_id: String,
    pub(crate) datacenter: String,
    pub(crate) tags: Option<Vec<String>>,
    pub(crate) address: String,
    pub(crate) port: i64,
}

impl<'a> Api<'a> {
    /// Judges the address.
    pub(crate) fn new(config: &'a Config) -> Result<Self, Error> {
        let refused = |reason: &str| Error::key("server", reason);
        let server = config.server.trim();
        if server.is_empty() {
            return Err(refused("it is missing"));
        }
        Ok(Self { config, origin: Origin::parse(server).map_err(refused)? })
    }

    /// Returns when the index of the list moved, or after this time.
    pub(crate) fn wait(&self, index: u64, wait: Duration) -> Result<(), Error> {
        let query = self.query(&self.config.namespace);
        let query = query.add("index", index).add("wait", format!("{}ms", wait.as_millis()));
        // Nomad adds up to a sixteenth to the time, so that not all clients come back at once.
        let timeout = wait + wait / 16 + ANSWER_TIMEOUT;
        let answer = self.get("/v1/services", &query, timeout).send();
        let answer = answer.and_then(Response::expect_success);
        answer.map(drop).map_err(|error| error.context("wait for a change"))
    }

    /// The services, and the index of the list; 0 when Nomad does not say.
    pub(crate) fn services(&self) -> Result<(BTreeSet<ServiceName>, u64), Error> {
        let query = self.query(&self.config.namespace);
        let answer = self.get("/v1/services", &query, ANSWER_TIMEOUT).send();
        answer
            .and_then(Response::expect_success)
            .and_then(|answer| {
                let namespaces: Option<Vec<Namespace>> = answer.json()?;
                let names = namespaces.into_iter().flatten().flat_map(|namespace| {
                    let services = namespace.services.unwrap_or_default();
                    services.into_iter().map(move |service| ServiceName {
                        namespace: namespace.namespace.clone(),
                        name: service.service_name,
                    })
                });
                let index = answer.header("x-nomad-index").and_then(|index| index.parse().ok());
                Ok((names.collect(), index.unwrap_or(0)))
            })
            .map_err(|error| error.context("ask for the list of services"))
    }

    /// The instances of all services.
    pub(crate) fn instances(
        &self,
        services: &BTreeSet<ServiceName>,
    ) -> Result<Vec<Instance>, Error> {
        let requests = services.iter().map(|service| {
            let path = format!("/v1/service/{}", encode(&service.name));
            self.get(&path, &self.query(&service.namespace), ANSWER_TIMEOUT)
        });
        let mut all = Vec::new();
        for (service, answer) in services.iter().zip(send_in_rounds(requests)) {
            let instances: Option<Vec<Instance>> = answer
                .and_then(Response::expect_success)
                .and_then(|answer| answer.json())
                .map_err(|error| error.context(format!("ask for service {}", service.name)))?;
            all.extend(instances.unwrap_or_default());
        }
        Ok(all)
    }

    /// The path of the configured URL does not matter, as it does not to Nomad's own client.
    fn get(&self, path: &str, query: &Query, timeout: Duration) -> Request {
        self.origin.get(&format!("{path}{query}")).timeout(timeout.min(clock::deadline()))
    }

    fn query(&self, namespace: &str) -> Query {
        let query = Query::new()
            .add_if_set("region", &self.config.region)
            .add_if_set("namespace", namespace);
        if self.config.allow_stale { query.flag("stale") } else { query }
    }
}
