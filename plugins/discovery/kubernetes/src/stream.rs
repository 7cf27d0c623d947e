//! What is listed and watched: kinds of objects, each in one namespace or everywhere.

use narthex_sdk::{Error, http::Query};

use crate::config::{Config, Role};

/// A kind of objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Kind {
    Node,
    Namespace,
    Pod,
    Service,
    Endpoints,
    EndpointSlice,
    Ingress,
    ReplicaSet,
    Job,
}

impl Kind {
    /// The kind whose objects become the targets of a role.
    pub(crate) fn of(role: Role) -> Self {
        match role {
            Role::Node => Self::Node,
            Role::Pod => Self::Pod,
            Role::Service => Self::Service,
            Role::Endpoints => Self::Endpoints,
            Role::EndpointSlice => Self::EndpointSlice,
            Role::Ingress => Self::Ingress,
        }
    }

    /// The role whose selectors apply. Others are never selected.
    fn role(self) -> Option<Role> {
        match self {
            Self::Node => Some(Role::Node),
            Self::Pod => Some(Role::Pod),
            Self::Service => Some(Role::Service),
            Self::Endpoints => Some(Role::Endpoints),
            Self::EndpointSlice => Some(Role::EndpointSlice),
            Self::Ingress => Some(Role::Ingress),
            Self::Namespace | Self::ReplicaSet | Self::Job => None,
        }
    }

    /// The API's group and version, and the name of the kind there.
    fn place(self) -> (&'static str, &'static str) {
        match self {
            Self::Node => ("api/v1", "nodes"),
            Self::Namespace => ("api/v1", "namespaces"),
            Self::Pod => ("api/v1", "pods"),
            Self::Service => ("api/v1", "services"),
            Self::Endpoints => ("api/v1", "endpoints"),
            Self::EndpointSlice => ("apis/discovery.k8s.io/v1", "endpointslices"),
            Self::Ingress => ("apis/networking.k8s.io/v1", "ingresses"),
            Self::ReplicaSet => ("apis/apps/v1", "replicasets"),
            Self::Job => ("apis/batch/v1", "jobs"),
        }
    }

    /// Short, for the keys of what is kept.
    pub(crate) fn letter(self) -> char {
        match self {
            Self::Node => 'n',
            Self::Namespace => 'm',
            Self::Pod => 'p',
            Self::Service => 's',
            Self::Endpoints => 'e',
            Self::EndpointSlice => 'l',
            Self::Ingress => 'i',
            Self::ReplicaSet => 'r',
            Self::Job => 'j',
        }
    }
}

/// The objects of a kind, in one namespace or everywhere.
#[derive(Debug)]
pub(crate) struct Stream {
    pub(crate) kind: Kind,
    /// Its objects become targets.
    pub(crate) is_primary: bool,
    /// For messages: `pods in namespace web`.
    pub(crate) name: String,
    path: String,
    selectors: Query,
}

impl Stream {
    /// What a configuration looks at. The kind that becomes targets is the last.
    pub(crate) fn all(config: &Config) -> Result<Vec<Self>, Error> {
        let primary = Kind::of(config.role);
        let namespaces = config.namespaces()?;
        let mut streams = Vec::new();
        let attach = config.attach_metadata;
        if primary == Kind::Node {
            streams.push(Self::new(config, Kind::Node, ""));
            return Ok(streams);
        }
        let has_pods = matches!(primary, Kind::Pod | Kind::Endpoints | Kind::EndpointSlice);
        if has_pods && attach.node {
            streams.push(Self::new(config, Kind::Node, ""));
        }
        // Never narrowed down to the configured namespaces: one that is not among them has no objects to join.
        if attach.namespace {
            streams.push(Self::new(config, Kind::Namespace, ""));
        }
        let mut kinds = Vec::new();
        if has_pods && attach.deployment {
            kinds.push(Kind::ReplicaSet);
        }
        if has_pods && attach.cronjob {
            kinds.push(Kind::Job);
        }
        if matches!(primary, Kind::Endpoints | Kind::EndpointSlice) {
            kinds.extend([Kind::Service, Kind::Pod]);
        }
        kinds.push(primary);
        for kind in kinds {
            streams.extend(namespaces.iter().map(|namespace| Self::new(config, kind, namespace)));
        }
        Ok(streams)
    }

    fn new(config: &Config, kind: Kind, namespace: &str) -> Self {
        let (group, plural) = kind.place();
        let (label, field) = kind.role().map_or(("", ""), |role| config.selector(role));
        let (name, path) = match namespace {
            "" => (plural.to_owned(), format!("/{group}/{plural}")),
            namespace => (
                format!("{plural} in namespace {namespace}"),
                format!("/{group}/namespaces/{}/{plural}", narthex_sdk::http::encode(namespace)),
            ),
        };
        Self {
            kind,
            is_primary: kind == Kind::of(config.role),
            name,
            path,
            selectors: Query::new()
                .add_if_set("labelSelector", label)
                .add_if_set("fieldSelector", field),
        }
    }

    /// The path and query of a list from its beginning, or from where a page left off.
    pub(crate) fn list(&self, limit: u32, from: &str) -> String {
        let query = self.selectors.clone().add("limit", limit).add_if_set("continue", from);
        format!("{}{query}", self.path)
    }

    /// The path and query of a watch.
    pub(crate) fn watch(&self, version: &str, seconds: u32) -> String {
        let query = self.selectors.clone().add("watch", "true").add("allowWatchBookmarks", "true");
        let query = query.add("resourceVersion", version).add("timeoutSeconds", seconds);
        format!("{}{query}", self.path)
    }
}
