//! An entry of `kubernetes_sd_configs`.

use narthex_sdk::{Error, http::Origin};
use serde::Deserialize;

use crate::selector;

/// An entry of `kubernetes_sd_configs`, without the keys that the host keeps to itself.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Empty only in what the operator wrote: in a call the host has filled it in.
    #[serde(default)]
    api_server: String,
    pub(crate) role: Role,
    #[serde(default)]
    kubeconfig_file: String,
    #[serde(default)]
    namespaces: Namespaces,
    #[serde(default)]
    selectors: Vec<Selector>,
    #[serde(default)]
    pub(crate) attach_metadata: Attach,
    /// The namespace that the server runs in, which only the host can know.
    #[serde(default)]
    own_namespace: String,
}

/// What becomes a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Role {
    Node,
    Pod,
    Service,
    Endpoints,
    EndpointSlice,
    Ingress,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Namespaces {
    own_namespace: bool,
    names: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Selector {
    role: Role,
    #[serde(default)]
    label: String,
    #[serde(default)]
    field: String,
}

/// Labels of which objects a target gets besides its own.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a key of the configuration")]
pub(crate) struct Attach {
    pub(crate) node: bool,
    pub(crate) namespace: bool,
    pub(crate) deployment: bool,
    pub(crate) job: bool,
    pub(crate) cronjob: bool,
}

impl Role {
    fn name(self) -> &'static str {
        match self {
            Self::Node => "node",
            Self::Pod => "pod",
            Self::Service => "service",
            Self::Endpoints => "endpoints",
            Self::EndpointSlice => "endpointslice",
            Self::Ingress => "ingress",
        }
    }

    /// The roles whose objects a job of this role looks at, and so may select.
    fn selectable(self) -> &'static [Self] {
        match self {
            Self::Node => &[Self::Node],
            Self::Pod => &[Self::Pod, Self::Node],
            Self::Service => &[Self::Service],
            Self::Endpoints => &[Self::Pod, Self::Service, Self::Endpoints],
            Self::EndpointSlice => &[Self::Pod, Self::Service, Self::EndpointSlice],
            Self::Ingress => &[Self::Ingress],
        }
    }
}

impl Config {
    /// Judges what the operator wrote and the host filled in. That kubeconfig_file and api_server exclude each other is
    /// judged by the host, which fills the second in from the first.
    pub(crate) fn check(&self) -> Result<(), Error> {
        if self.namespaces.own_namespace && !self.kubeconfig_file.is_empty() {
            let why = "cannot be used together with kubeconfig_file";
            return Err(Error::key("namespaces.own_namespace", why));
        }
        // The host names the namespace together with the server that the pod's account leads to.
        let has_server = !self.api_server.is_empty();
        if self.namespaces.own_namespace && has_server && self.own_namespace.is_empty() {
            let why = "needs the account of a pod; it cannot be used together with api_server";
            return Err(Error::key("namespaces.own_namespace", why));
        }
        if !self.api_server.is_empty() {
            self.api_server()?;
        }
        self.selectors.iter().enumerate().try_for_each(|(place, _)| self.check_selector(place))
    }

    fn check_selector(&self, place: usize) -> Result<(), Error> {
        let Some(selector) = self.selectors.get(place) else { return Ok(()) };
        let key = |part: &str| format!("selectors[{place}].{part}");
        let name = selector.role.name();
        if self.selectors.iter().take(place).any(|earlier| earlier.role == selector.role) {
            let why = format!("a second selector for the role {name}");
            return Err(Error::key(&key("role"), why));
        }
        let selectable = self.role.selectable();
        if !selectable.contains(&selector.role) {
            let role = self.role.name();
            let names: Vec<&str> = selectable.iter().map(|role| role.name()).collect();
            let only = names.join(", ");
            let why = format!("the {role} role supports only {only} selectors, not {name}");
            return Err(Error::key(&key("role"), why));
        }
        selector::check_fields(&selector.field).map_err(|why| Error::key(&key("field"), why))?;
        selector::check_labels(&selector.label).map_err(|why| Error::key(&key("label"), why))
    }

    /// Where the API is.
    pub(crate) fn api_server(&self) -> Result<Origin, Error> {
        let text = match self.api_server.as_str() {
            "" => {
                return Err(Error::key(
                    "api_server",
                    "neither the operator nor the host named one",
                ));
            }
            text if text.contains("://") => text.to_owned(),
            text => format!("http://{text}"),
        };
        Origin::parse(&text).map_err(|why| Error::key("api_server", why))
    }

    /// The namespaces to look at, each once; an empty name means all of them.
    pub(crate) fn namespaces(&self) -> Result<Vec<&str>, Error> {
        let Namespaces { own_namespace, names } = &self.namespaces;
        let mut found: Vec<&str> = Vec::new();
        if *own_namespace && self.own_namespace.is_empty() {
            let why = "the host does not know the namespace that it runs in";
            return Err(Error::key("namespaces.own_namespace", why));
        }
        let own = Some(self.own_namespace.as_str()).filter(|_| *own_namespace);
        for name in names.iter().map(String::as_str).chain(own) {
            if !found.contains(&name) {
                found.push(name);
            }
        }
        if found.is_empty() {
            found.push("");
        }
        Ok(found)
    }

    /// The label selector and the field selector of a role; empty where there is none.
    pub(crate) fn selector(&self, role: Role) -> (&str, &str) {
        let found = self.selectors.iter().find(|selector| selector.role == role);
        found.map_or(("", ""), |selector| (&selector.label, &selector.field))
    }
}
