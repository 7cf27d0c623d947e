//! Modules, as they stand in blackbox.yml.
//!
//! Invariant: a key of blackbox.yml that has no effect here is refused and not passed over; the error says what to write
//! in its place.

use std::{collections::BTreeMap, time::Duration};

use narthex_sdk::{Error, duration};
use serde::{Deserialize, Deserializer, de::Error as _};

/// One module.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Module {
    pub(crate) prober: Prober,
    #[serde(default, deserialize_with = "some_duration")]
    pub(crate) timeout: Option<Duration>,
    #[serde(default)]
    pub(crate) http: Http,
    #[serde(default)]
    pub(crate) tcp: Tcp,
    #[serde(default)]
    pub(crate) dns: Dns,
    /// Of probers that are not offered.
    #[serde(default, rename = "icmp")]
    _icmp: Ignored,
    #[serde(default, rename = "grpc")]
    _grpc: Ignored,
    #[serde(default, rename = "unix")]
    _unix: Ignored,
    #[serde(default, rename = "websocket")]
    _websocket: Ignored,
}

/// Keys that nobody reads.
type Ignored = BTreeMap<String, narthex_sdk::Json>;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Prober {
    Http,
    Tcp,
    Dns,
    Icmp,
    Grpc,
    Unix,
    Websocket,
}

/// Which addresses are probed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum IpProtocol {
    #[default]
    Ip6,
    Ip4,
}

impl IpProtocol {
    /// The option `ip` of the host.
    pub(crate) fn versions(self, may_fall_back: bool) -> &'static str {
        match (self, may_fall_back) {
            (Self::Ip6, true) => "6,4",
            (Self::Ip6, false) => "6",
            (Self::Ip4, true) => "4,6",
            (Self::Ip4, false) => "4",
        }
    }
}

/// `http`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(clippy::struct_excessive_bools, reason = "the keys are those of blackbox.yml")]
pub(crate) struct Http {
    pub(crate) valid_status_codes: Vec<u16>,
    pub(crate) valid_http_versions: Vec<String>,
    pub(crate) preferred_ip_protocol: IpProtocol,
    pub(crate) ip_protocol_fallback: bool,
    pub(crate) follow_redirects: bool,
    pub(crate) no_follow_redirects: bool,
    pub(crate) fail_if_ssl: bool,
    pub(crate) fail_if_not_ssl: bool,
    pub(crate) method: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) fail_if_body_matches_regexp: Vec<Pattern>,
    pub(crate) fail_if_body_not_matches_regexp: Vec<Pattern>,
    pub(crate) fail_if_header_matches: Vec<HeaderMatch>,
    pub(crate) fail_if_header_not_matches: Vec<HeaderMatch>,
    pub(crate) body: String,
    pub(crate) compression: String,
    #[serde(deserialize_with = "size")]
    pub(crate) body_size_limit: u32,
    pub(crate) enable_http2: bool,
    pub(crate) basic_auth: Option<BasicAuth>,
    pub(crate) bearer_token: Option<String>,
    pub(crate) authorization: Option<Authorization>,
    pub(crate) tls_config: Tls,
    skip_resolve_phase_with_proxy: bool,
}

impl Default for Http {
    fn default() -> Self {
        Self {
            valid_status_codes: Vec::new(),
            valid_http_versions: Vec::new(),
            preferred_ip_protocol: IpProtocol::default(),
            ip_protocol_fallback: true,
            follow_redirects: true,
            no_follow_redirects: false,
            fail_if_ssl: false,
            fail_if_not_ssl: false,
            method: "GET".into(),
            headers: BTreeMap::new(),
            fail_if_body_matches_regexp: Vec::new(),
            fail_if_body_not_matches_regexp: Vec::new(),
            fail_if_header_matches: Vec::new(),
            fail_if_header_not_matches: Vec::new(),
            body: String::new(),
            compression: String::new(),
            body_size_limit: 0,
            enable_http2: true,
            basic_auth: None,
            bearer_token: None,
            authorization: None,
            tls_config: Tls::default(),
            skip_resolve_phase_with_proxy: false,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BasicAuth {
    pub(crate) username: String,
    #[serde(default)]
    pub(crate) password: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Authorization {
    #[serde(default = "bearer", rename = "type")]
    pub(crate) scheme: String,
    pub(crate) credentials: String,
}

fn bearer() -> String {
    "Bearer".into()
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HeaderMatch {
    pub(crate) header: String,
    pub(crate) regexp: Pattern,
    #[serde(default)]
    pub(crate) allow_missing: bool,
}

/// `tls_config`: certificates and keys stay in the host, so a profile stands for them.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Tls {
    profile: Option<String>,
    pub(crate) server_name: Option<String>,
    insecure_skip_verify: bool,
    ca: Option<String>,
    ca_file: Option<String>,
    cert: Option<String>,
    cert_file: Option<String>,
    key: Option<String>,
    key_file: Option<String>,
    min_version: Option<String>,
    max_version: Option<String>,
}

impl Tls {
    /// The name of the profile.
    pub(crate) fn profile(&self) -> &str {
        self.profile.as_deref().unwrap_or("default")
    }

    fn check(&self) -> Result<(), Error> {
        let keys = [
            ("ca", &self.ca),
            ("ca_file", &self.ca_file),
            ("cert", &self.cert),
            ("cert_file", &self.cert_file),
            ("key", &self.key),
            ("key_file", &self.key_file),
            ("min_version", &self.min_version),
            ("max_version", &self.max_version),
        ];
        let given = keys.iter().find(|(_, value)| value.is_some()).map(|(key, _)| *key);
        let Some(key) = given.or(self.insecure_skip_verify.then_some("insecure_skip_verify"))
        else {
            return Ok(());
        };
        Err(Error::config(format!(
            "tls_config.{key}: certificates stay in the host; move the key to a profile, \
             plugins: {{ allow: {{ blackbox: {{ tls: {{ mine: {{ {key}: … }} }} }} }} }}, \
             and write tls_config: {{ profile: mine }} here"
        )))
    }
}

/// `tcp`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Tcp {
    pub(crate) preferred_ip_protocol: IpProtocol,
    pub(crate) ip_protocol_fallback: bool,
    pub(crate) query_response: Vec<QueryResponse>,
    pub(crate) tls: bool,
    pub(crate) tls_config: Tls,
}

impl Default for Tcp {
    fn default() -> Self {
        Self {
            preferred_ip_protocol: IpProtocol::default(),
            ip_protocol_fallback: true,
            query_response: Vec::new(),
            tls: false,
            tls_config: Tls::default(),
        }
    }
}

/// One step of a conversation: wait, then send, then speak TLS.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct QueryResponse {
    pub(crate) expect: Option<Pattern>,
    pub(crate) expect_bytes: String,
    pub(crate) labels: Vec<LabelOf>,
    pub(crate) send: String,
    pub(crate) starttls: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LabelOf {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) value: String,
}

/// `dns`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Dns {
    pub(crate) preferred_ip_protocol: IpProtocol,
    pub(crate) ip_protocol_fallback: bool,
    pub(crate) dns_over_tls: bool,
    pub(crate) tls_config: Tls,
    pub(crate) transport_protocol: Transport,
    pub(crate) query_class: String,
    pub(crate) query_name: String,
    pub(crate) query_type: String,
    pub(crate) recursion_desired: bool,
    pub(crate) valid_rcodes: Vec<String>,
    pub(crate) validate_answer_rrs: Records,
    pub(crate) validate_authority_rrs: Records,
    pub(crate) validate_additional_rrs: Records,
}

impl Default for Dns {
    fn default() -> Self {
        Self {
            preferred_ip_protocol: IpProtocol::default(),
            ip_protocol_fallback: true,
            dns_over_tls: false,
            tls_config: Tls::default(),
            transport_protocol: Transport::default(),
            query_class: "IN".into(),
            query_name: String::new(),
            query_type: "ANY".into(),
            recursion_desired: true,
            valid_rcodes: vec!["NOERROR".into()],
            validate_answer_rrs: Records::default(),
            validate_authority_rrs: Records::default(),
            validate_additional_rrs: Records::default(),
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Transport {
    #[default]
    Udp,
    Tcp,
}

/// What records must and must not look like.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Records {
    pub(crate) fail_if_matches_regexp: Vec<Pattern>,
    pub(crate) fail_if_all_match_regexp: Vec<Pattern>,
    pub(crate) fail_if_not_matches_regexp: Vec<Pattern>,
    pub(crate) fail_if_none_matches_regexp: Vec<Pattern>,
}

/// A regular expression over bytes.
#[derive(Debug)]
pub(crate) struct Pattern(pub(crate) regex_small::bytes::Regex);

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        regex_small::bytes::Regex::new(&text).map(Self).map_err(D::Error::custom)
    }
}

fn some_duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    duration::deserialize(deserializer).map(Some)
}

/// `10MB`, `512KB`, `1024B`; multiples of 1024, as blackbox_exporter counts.
fn size<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    let text = String::deserialize(deserializer)?;
    let number = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = text.strip_prefix(number).unwrap_or_default();
    let factor: u64 = match unit.trim_end_matches('B').trim_end_matches('i') {
        "" => 1,
        "K" => 1 << 10,
        "M" => 1 << 20,
        "G" => 1 << 30,
        _ => return Err(D::Error::custom(format!("not a size such as 10MB: {text:?}"))),
    };
    let bytes = number.parse::<u64>().ok().and_then(|number| number.checked_mul(factor));
    let bytes =
        bytes.ok_or_else(|| D::Error::custom(format!("not a size such as 10MB: {text:?}")))?;
    Ok(u32::try_from(bytes).unwrap_or(u32::MAX))
}

impl Module {
    /// Whether nothing in it can make it work here.
    pub(crate) fn is_of_no_use(&self) -> bool {
        matches!(self.prober, Prober::Icmp | Prober::Grpc | Prober::Unix | Prober::Websocket)
    }

    /// Whether it can be used.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let refused = |what: &str| Err(Error::config(what));
        match self.prober {
            Prober::Http => self.http.check(),
            Prober::Tcp => self.tcp.check(),
            Prober::Dns => self.dns.check(),
            Prober::Icmp => refused(
                "icmp needs raw sockets, which no plugin has; probe a port with the prober tcp, or keep \
                 blackbox_exporter for this module",
            ),
            Prober::Grpc => refused("the prober grpc is not offered; a tcp module sees the port"),
            Prober::Unix => refused("the prober unix is not offered"),
            Prober::Websocket => refused("the prober websocket is not offered"),
        }
    }
}

impl Http {
    fn check(&self) -> Result<(), Error> {
        if !matches!(self.compression.as_str(), "" | "identity" | "gzip") {
            let known = "gzip and identity are known";
            return Err(Error::config(format!(
                "http.compression: {:?}; {known}",
                self.compression
            )));
        }
        let known = ["HTTP/1.0", "HTTP/1.1", "HTTP/2.0"];
        if let Some(other) = self.valid_http_versions.iter().find(|v| !known.contains(&v.as_str()))
        {
            let known = known.join(", ");
            return Err(Error::config(format!(
                "http.valid_http_versions: {other:?}; spoken are {known}"
            )));
        }
        let given =
            [self.basic_auth.is_some(), self.bearer_token.is_some(), self.authorization.is_some()];
        if given.iter().filter(|given| **given).count() > 1 {
            return Err(Error::config(
                "http: at most one of basic_auth, bearer_token, authorization",
            ));
        }
        let _proxies_are_not_used = self.skip_resolve_phase_with_proxy;
        self.tls_config.check().map_err(|error| error.context("http"))
    }
}

impl Tcp {
    fn check(&self) -> Result<(), Error> {
        if self
            .query_response
            .iter()
            .any(|step| step.expect.is_some() && !step.expect_bytes.is_empty())
        {
            return Err(Error::config(
                "tcp.query_response: expect and expect_bytes exclude each other",
            ));
        }
        self.tls_config.check().map_err(|error| error.context("tcp"))
    }
}

impl Dns {
    fn check(&self) -> Result<(), Error> {
        if self.query_name.is_empty() {
            return Err(Error::config("dns.query_name: a DNS module needs one"));
        }
        if self.dns_over_tls && self.transport_protocol != Transport::Tcp {
            return Err(Error::config("dns.dns_over_tls: needs transport_protocol: tcp"));
        }
        crate::record::kind(&self.query_type).ok_or_else(|| {
            Error::config(format!("dns.query_type: {:?} is no type", self.query_type))
        })?;
        crate::record::class(&self.query_class).ok_or_else(|| {
            Error::config(format!("dns.query_class: {:?} is no class", self.query_class))
        })?;
        for code in &self.valid_rcodes {
            crate::record::rcode(code)
                .ok_or_else(|| Error::config(format!("dns.valid_rcodes: {code:?} is no code")))?;
        }
        self.tls_config.check().map_err(|error| error.context("dns"))
    }
}
