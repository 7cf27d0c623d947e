//! What is asked of a Docker engine: <https://docs.docker.com/reference/api/engine/>. Used by `dockerswarm` as well.
//!
//! Paths name no version of the API: the engine then takes its own. What is read here has been there since 1.24.

use std::{collections::BTreeMap, time::Duration};

use narthex_sdk::{
    Error, Labels, clock,
    http::{Origin, Query, Request, Response, send_all},
    json,
};
use serde::{Deserialize, de::DeserializeOwned};

/// A choice in the engine's own words: `label` with the values `a=b` and `c`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Filter {
    name: String,
    values: Vec<String>,
}

/// An engine, as the configuration reaches it.
pub(crate) struct Engine {
    origin: Origin,
    timeout: Duration,
}

/// An element of the answer of `/networks`.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Network {
    id: String,
    name: String,
    scope: String,
    internal: bool,
    ingress: bool,
    labels: Option<BTreeMap<String, String>>,
}

impl Engine {
    /// Judges the address.
    pub(crate) fn new(host: &str, timeout: Duration) -> Result<Self, Error> {
        let refused = |reason: &str| Error::key("host", reason);
        if host.is_empty() {
            return Err(refused("it is missing"));
        }
        Ok(Self { origin: Origin::parse(host).map_err(refused)?, timeout })
    }

    /// A question for a list; filters without values choose nothing and are left out.
    pub(crate) fn list(&self, path: &str, filters: &[Filter]) -> Request {
        let mut chosen: BTreeMap<&str, BTreeMap<&str, bool>> = BTreeMap::new();
        for filter in filters {
            for value in &filter.values {
                chosen.entry(&filter.name).or_default().insert(value, true);
            }
        }
        let query = if chosen.is_empty() {
            Query::new()
        } else {
            Query::new().add("filters", json::json!(chosen))
        };
        let prefix = self.origin.path().trim_end_matches('/');
        self.origin
            .get(&format!("{prefix}{path}{query}"))
            .timeout(self.timeout.min(clock::deadline()))
    }
}

/// Answers in the order of the questions.
pub(crate) type Answers = std::vec::IntoIter<Result<Response, Error>>;

/// Asks all at once.
pub(crate) fn ask(requests: &[Request]) -> Answers {
    let in_flight = u32::try_from(requests.len()).unwrap_or(u32::MAX);
    send_all(requests, in_flight).into_iter()
}

/// Reads the next answer as a list, which may be null. `what` it lists is for the error.
pub(crate) fn read<T: DeserializeOwned>(
    answers: &mut Answers,
    what: &str,
) -> Result<Vec<T>, Error> {
    let answer = answers.next().unwrap_or_else(|| Err(Error::internal("no question was asked")));
    let list: Option<Vec<T>> = answer
        .and_then(Response::expect_success)
        .and_then(|answer| answer.json())
        .map_err(|error| error.context(format!("ask for the list of {what}")))?;
    Ok(list.unwrap_or_default())
}

/// The labels of each network by its id; their names begin with `prefix`.
pub(crate) fn network_labels(networks: &[Network], prefix: &str) -> BTreeMap<String, Labels> {
    let labels = |network: &Network| {
        let mut labels = Labels::new();
        labels
            .set(format!("{prefix}network_id"), &network.id)
            .set(format!("{prefix}network_name"), &network.name)
            .set(format!("{prefix}network_scope"), &network.scope)
            .set(format!("{prefix}network_internal"), network.internal)
            .set(format!("{prefix}network_ingress"), network.ingress)
            .set_each(&format!("{prefix}network_label_"), network.labels.iter().flatten());
        labels
    };
    networks.iter().map(|network| (network.id.clone(), labels(network))).collect()
}
