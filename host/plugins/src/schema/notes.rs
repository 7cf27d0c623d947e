//! What a schema says at its top about how the host treats the configuration.

use std::fmt;

use serde_json::Value;

use super::SchemaError;
use super::conflicts::Conflicts;
use crate::imports::kv;

/// The longest template of an endpoint.
const TEMPLATE_BYTES_MAX: usize = 1024;

/// Templates of one schema.
const TEMPLATES_MAX: usize = 64;

/// Notes at the top of a schema.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Notes {
    /// `x-http-config`: an item also takes the keys of Prometheus' HTTP clients, which the guest
    /// does not see.
    pub(crate) takes_http: bool,
    /// `x-tls-config`: a property with the keys of `tls_config`, which the guest does not see.
    pub(crate) tls_config: Option<String>,
    /// `x-http-conflicts`: properties that exclude some of these keys.
    pub(crate) conflicts: Conflicts,
    /// `x-endpoints`: what a call may connect to besides what stands in the item.
    pub(crate) endpoints: Vec<Template>,
    /// `x-profile`: code of the host that finds endpoint and credentials.
    pub(crate) profile: Option<Profile>,
}

/// Code of the host that finds endpoint and credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    /// An API server of Kubernetes.
    Kubernetes,
    /// A service of AWS, whose requests are signed.
    Aws {
        /// `x-aws-service`: its name in signatures, as in `ec2`.
        service: String,
    },
}

/// Discoveries of Prometheus that ask AWS, by name and by the service that they ask.
const OF_AWS: [(&str, &str); 6] = [
    ("ec2", "ec2"),
    ("ecs", "ecs"),
    ("elasticache", "elasticache"),
    ("lightsail", "lightsail"),
    ("msk", "kafka"),
    ("rds", "rds"),
];

impl Profile {
    /// The word in schemas and grants.
    pub(crate) const fn word(&self) -> &'static str {
        match self {
            Self::Kubernetes => "kubernetes",
            Self::Aws { .. } => "aws",
        }
    }

    /// Whether the plugin's name says that it uses the machine's account: who writes `ec2_sd_configs` means
    /// that of AWS.
    pub(crate) fn is_implied_by(&self, plugin: &str) -> bool {
        match self {
            Self::Kubernetes => plugin == "kubernetes",
            Self::Aws { service } => OF_AWS.contains(&(plugin, service.as_str())),
        }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kubernetes => f.write_str("kubernetes"),
            Self::Aws { service } => write!(f, "aws, service {service}"),
        }
    }
}

/// An endpoint with names of properties in braces, as in `https://ec2.{region}.amazonaws.com`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Template(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Property(String),
}

impl Notes {
    /// The keywords, which stand at the top only.
    pub(crate) const KEYWORDS: [&str; 6] = [
        "x-http-config",
        "x-tls-config",
        "x-http-conflicts",
        "x-endpoints",
        "x-profile",
        "x-aws-service",
    ];

    pub(super) fn parse(schema: &Value) -> Result<Self, SchemaError> {
        let wrong = |keyword: &str, message: &str| SchemaError {
            path: format!("#/{keyword}"),
            message: message.to_owned(),
        };
        let mut notes = Self::default();
        if let Some(takes) = schema.get("x-http-config") {
            notes.takes_http =
                takes.as_bool().ok_or_else(|| wrong("x-http-config", "true or false"))?;
        }
        if let Some(property) = schema.get("x-tls-config") {
            let known = |name: &&str| {
                schema.pointer("/properties").is_some_and(|it| it.get(name).is_some())
            };
            let name = property.as_str().filter(known);
            let name = name.ok_or_else(|| wrong("x-tls-config", "the name of a property"))?;
            notes.tls_config = Some(name.to_owned());
        }
        if let Some(conflicts) = schema.get("x-http-conflicts") {
            let parsed = Conflicts::parse(conflicts, schema.get("properties"));
            notes.conflicts = parsed.filter(|_| notes.takes_http).ok_or_else(|| {
                let right = r#"lists of HTTP keys by property, as in {"token": ["oauth2"]}, beside x-http-config"#;
                wrong("x-http-conflicts", right)
            })?;
        }
        if let Some(templates) = schema.get("x-endpoints") {
            let refuse = || wrong("x-endpoints", "a list of templates, as in http://{server}");
            let templates = templates.as_array().ok_or_else(refuse)?;
            if templates.len() > TEMPLATES_MAX {
                return Err(wrong("x-endpoints", "too many templates; 64 are allowed"));
            }
            let parsed = templates.iter().map(|template| Template::parse(template.as_str()?));
            notes.endpoints = parsed.collect::<Option<_>>().ok_or_else(refuse)?;
        }
        let service = schema.get("x-aws-service").map(|service| {
            let name = service.as_str().filter(|name| !name.is_empty());
            name.ok_or_else(|| wrong("x-aws-service", "the name of a service, as in ec2"))
        });
        let profile = schema.get("x-profile").map(|profile| profile.as_str().unwrap_or_default());
        notes.profile = match (profile, service.transpose()?) {
            (None, None) => None,
            (Some("kubernetes"), None) => Some(Profile::Kubernetes),
            (Some("aws"), Some(service)) => Some(Profile::Aws { service: service.to_owned() }),
            (Some("aws"), None) => {
                return Err(wrong("x-profile", "the profile aws needs x-aws-service"));
            }
            (None | Some("kubernetes"), Some(_)) => {
                return Err(wrong("x-aws-service", "only for the profile aws"));
            }
            (Some(_), _) => return Err(wrong("x-profile", "kubernetes or aws")),
        };
        Ok(notes)
    }

    /// Bytes that the plugin may keep, unless the operator says otherwise.
    pub(crate) fn kept_bytes(&self) -> u64 {
        match self.profile {
            // A record of each object of a large cluster.
            Some(Profile::Kubernetes) => 256 << 20,
            Some(Profile::Aws { .. }) | None => kv::TOTAL_BYTES_DEFAULT,
        }
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|piece| match piece {
            Piece::Text(text) => f.write_str(text),
            Piece::Property(name) => write!(f, "{{{name}}}"),
        })
    }
}

impl Template {
    fn parse(text: &str) -> Option<Self> {
        if text.is_empty() || text.len() > TEMPLATE_BYTES_MAX {
            return None;
        }
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let (name, behind) = after.split_once('}')?;
            if name.is_empty() {
                return None;
            }
            pieces.push(Piece::Text(before.to_owned()));
            pieces.push(Piece::Property(name.to_owned()));
            rest = behind;
        }
        pieces.push(Piece::Text(rest.to_owned()));
        Some(Self(pieces))
    }

    /// The endpoint for a configuration; none, if a property is absent or empty.
    pub(crate) fn expand(&self, config: &Value) -> Option<String> {
        let mut endpoint = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => endpoint.push_str(text),
                Piece::Property(name) => match config.get(name)? {
                    Value::String(text) if !text.is_empty() => endpoint.push_str(text),
                    Value::Number(number) => endpoint.push_str(&number.to_string()),
                    Value::Null
                    | Value::Bool(_)
                    | Value::String(_)
                    | Value::Array(_)
                    | Value::Object(_) => return None,
                },
            }
        }
        Some(endpoint)
    }
}
