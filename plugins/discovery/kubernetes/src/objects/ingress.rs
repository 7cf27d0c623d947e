//! Ingresses.

use serde::{Deserialize, Serialize};

use super::{Metadata, is_default, nullable};

/// Routes from outside to services.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Ingress {
    pub(crate) metadata: Metadata,
    pub(crate) spec: Spec,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Spec {
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) ingress_class_name: String,
    #[serde(deserialize_with = "nullable")]
    tls: Vec<Tls>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) rules: Vec<Rule>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
struct Tls {
    #[serde(deserialize_with = "nullable")]
    hosts: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Rule {
    pub(crate) host: String,
    #[serde(skip_serializing_if = "is_default")]
    http: Option<Http>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
struct Http {
    #[serde(deserialize_with = "nullable")]
    paths: Vec<HttpPath>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
struct HttpPath {
    path: String,
}

impl Ingress {
    /// Whether a certificate covers this host.
    pub(crate) fn has_tls(&self, host: &str) -> bool {
        self.spec.tls.iter().flat_map(|tls| &tls.hosts).any(|pattern| covers(pattern, host))
    }
}

impl Rule {
    /// The paths; a rule that says nothing of them, and a path that is empty, mean the root.
    pub(crate) fn paths(&self) -> Vec<&str> {
        fn or_root(path: &str) -> &str {
            if path.is_empty() { "/" } else { path }
        }
        match &self.http {
            None => vec!["/"],
            Some(http) => http.paths.iter().map(|path| or_root(&path.path)).collect(),
        }
    }
}

/// A pattern is a host, or `*` for its first label.
fn covers(pattern: &str, host: &str) -> bool {
    let parent = host.split_once('.').map(|(_, parent)| parent);
    match pattern.strip_prefix('*') {
        Some("") => parent.is_none(),
        Some(rest) => parent.is_some() && rest.strip_prefix('.') == parent,
        None => pattern == host,
    }
}

#[cfg(test)]
mod tests {
    use super::covers;

    #[test]
    fn a_wildcard_covers_one_label() {
        assert!(covers("a.example", "a.example"));
        assert!(covers("*.example", "a.example"));
        assert!(!covers("*.example", "b.a.example"));
        assert!(!covers("*.example", "example"));
        assert!(!covers("b.example", "a.example"));
        assert!(covers("*", "example"));
        assert!(!covers("*", "a.example"));
        assert!(!covers("*a.example", "a.example"));
        assert!(!covers("a.*", "a.example"));
    }
}
