//! The prober `http`.

use std::collections::BTreeMap;

use narthex_sdk::{
    Error, Label, facts,
    http::{Probed, Request, Response},
    time,
};

use crate::{
    certificate,
    location::Location,
    module::{HeaderMatch, Http},
    probe::{Failure, Probe, failed},
};

/// As many redirects are followed.
const REDIRECTS_MAX: u32 = 10;

/// The host's bound for a body, by the contract.
const HOST_BODY_BYTES_MAX: u32 = 16 << 20;

/// How it introduces itself where the module does not say.
const USER_AGENT: &str = concat!("Narthex-Blackbox/", env!("CARGO_PKG_VERSION"));

/// The steps of an exchange.
const PHASES: [&str; 5] = ["resolve", "connect", "tls", "processing", "transfer"];

/// The last answer, and what all of them took.
struct Outcome {
    last: Option<(Location, Probed)>,
    redirects: u32,
    /// Whether the last answer leads on, where nobody goes. Its body counts as unread.
    stops: bool,
    /// In seconds, by phase.
    took: [f64; PHASES.len()],
}

pub(crate) fn probe(
    module: &Http,
    target: &str,
    hostname: Option<&str>,
    probe: &mut Probe,
) -> Result<(), Failure> {
    let mut outcome = Outcome { last: None, redirects: 0, stops: false, took: [0.0; PHASES.len()] };
    let exchanged = exchange(module, target, hostname, probe, &mut outcome);
    if let Err(ours @ Failure::Ours(_)) = exchanged {
        return Err(ours);
    }
    let judged = match &outcome.last {
        Some((location, probed)) => {
            let judged = exchanged.and_then(|()| judge(module, location, probed, probe));
            certificate::add(probe, &probed.facts, &probed.certificates, true);
            judged
        }
        None => {
            probe.gauge("probe_failed_due_to_regex", REGEX_HELP, 0);
            exchanged
        }
    };
    add(probe, &outcome);
    judged
}

const REGEX_HELP: &str = "Whether the probe failed because of a regular expression.";

/// Sends the request, and follows where answers lead.
fn exchange(
    module: &Http,
    target: &str,
    hostname: Option<&str>,
    probe: &mut Probe,
    outcome: &mut Outcome,
) -> Result<(), Failure> {
    let no_url = || Failure::Theirs(format!("{target:?} is no URL of HTTP"));
    let first = Location::of_target(target).ok_or_else(no_url)?;
    let mut location = first.clone();
    let (mut method, mut body) = (module.method.to_ascii_uppercase(), module.body.as_bytes());
    let host = host_header(module, hostname)?;
    let versions = module.preferred_ip_protocol.versions(module.ip_protocol_fallback);
    loop {
        let is_first = outcome.redirects == 0;
        let is_at_home = location.authority == first.authority;
        let request = request(module, &location, &method, body, is_at_home)
            .timeout(probe.left())
            .auth(module.tls_config.profile());
        let mut options = vec![("ip", versions)];
        let server = module.tls_config.server_name.as_deref().or(host);
        let server =
            server.map_or(first.host(), |server| server.split(':').next().unwrap_or(server));
        if is_at_home && server != location.host() {
            options.push(("server-name", server));
        }
        if let Some(host) = host.filter(|_| is_first) {
            options.push(("host", host));
        }
        if !module.enable_http2 {
            options.push(("http2", "false"));
        }
        let probed = match request.probe(&options) {
            Ok(probed) => probed,
            Err(error) => {
                outcome.add(&error.details);
                if is_first {
                    probe.add_address(&error.details);
                }
                return Err(error.into());
            }
        };
        outcome.add(&probed.facts);
        if is_first {
            probe.add_address(&probed.facts);
        }
        let next = next(&location, &probed.response);
        let status = probed.response.status;
        outcome.last = Some((location.clone(), probed));
        let Some(next) = next else { return Ok(()) };
        outcome.redirects += 1;
        if outcome.redirects > REDIRECTS_MAX
            || module.no_follow_redirects
            || !module.follow_redirects
        {
            // The answer that leads elsewhere is the one that is judged.
            outcome.stops = true;
            return Ok(());
        }
        location = next.map_err(Failure::Theirs)?;
        if !matches!(status, 307 | 308) {
            if method != "HEAD" {
                method = "GET".into();
            }
            body = &[];
        }
    }
}

/// The name by which the server is asked for.
fn host_header<'a>(
    module: &'a Http,
    hostname: Option<&'a str>,
) -> Result<Option<&'a str>, Failure> {
    let own = module.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("host"));
    match (own.map(|(_, value)| value.as_str()), hostname) {
        (Some(own), Some(asked)) if own != asked => Err(Failure::Ours(Error::config(format!(
            "the header Host is {own:?} in the module and {asked:?} in the parameter hostname"
        )))),
        (own, asked) => Ok(own.or(asked)),
    }
}

fn request(
    module: &Http,
    location: &Location,
    method: &str,
    body: &[u8],
    is_at_home: bool,
) -> Request {
    let mut request = Request::new(method, &location.url()).body(body);
    let mut headers: BTreeMap<String, &str> = BTreeMap::new();
    for (name, value) in &module.headers {
        headers.insert(name.to_ascii_lowercase(), value);
    }
    headers.remove("host");
    headers.entry("user-agent".into()).or_insert(USER_AGENT);
    if module.compression == "gzip" {
        headers.entry("accept-encoding".into()).or_insert("gzip");
    }
    for (name, value) in headers {
        // What speaks of who asks is for the host that was asked for.
        if is_at_home || !matches!(name.as_str(), "authorization" | "cookie") {
            request = request.header(&name, value);
        }
    }
    if module.body_size_limit > 0 {
        request = request.body_bytes_max(module.body_size_limit);
    }
    if !is_at_home {
        return request;
    }
    match (&module.basic_auth, &module.authorization, &module.bearer_token) {
        (Some(basic), _, _) => request.basic_auth(&basic.username, &basic.password),
        (_, Some(own), _) => {
            request.header("authorization", &format!("{} {}", own.scheme, own.credentials))
        }
        (_, _, Some(token)) => request.header("authorization", &format!("Bearer {token}")),
        (None, None, None) => request,
    }
}

/// Where an answer leads, if it does.
fn next(from: &Location, answer: &Response) -> Option<Result<Location, String>> {
    let is_redirect = matches!(answer.status, 301 | 302 | 303 | 307 | 308);
    let location = answer.header("location").filter(|_| is_redirect)?;
    let wrong = || format!("{} leads to {location:?}, which is no URL of HTTP", from.url());
    Some(from.join(location).ok_or_else(wrong))
}

/// Whether an answer is as the module wants it.
fn judge(
    module: &Http,
    location: &Location,
    probed: &Probed,
    probe: &mut Probe,
) -> Result<(), Failure> {
    let answer = &probed.response;
    let is_valid = match module.valid_status_codes.as_slice() {
        [] => answer.is_success(),
        codes => codes.contains(&answer.status),
    };
    let by_expressions = match is_valid {
        true => expressions(module, answer),
        false => Ok(()),
    };
    probe.gauge("probe_failed_due_to_regex", REGEX_HELP, by_expressions.is_err());
    if !is_valid {
        return failed(format!("the status is {}", answer.status));
    }
    by_expressions.map_err(Failure::Theirs)?;
    if module.body_size_limit > 0 && answer.truncated {
        return failed(format!("the body is longer than {} bytes", bound(module)));
    }
    let version = match facts::text(&probed.facts, "http-version") {
        Some("2") => "HTTP/2.0".into(),
        version => format!("HTTP/{}", version.unwrap_or_default()),
    };
    if !module.valid_http_versions.is_empty() && !module.valid_http_versions.contains(&version) {
        return failed(format!("the version is {version}"));
    }
    let (is_https, url) = (location.is_https, location.url());
    if module.fail_if_ssl && is_https {
        return failed(format!("{url} is reached over TLS"));
    }
    if module.fail_if_not_ssl && !is_https {
        return failed(format!("{url} is not reached over TLS"));
    }
    Ok(())
}

/// Whether headers and body match as they should; if not, which does not.
fn expressions(module: &Http, answer: &Response) -> Result<(), String> {
    let values = |wanted: &HeaderMatch| -> Result<Vec<String>, String> {
        let own = answer.headers.iter().filter(|h| h.name.eq_ignore_ascii_case(&wanted.header));
        let own: Vec<String> = own.map(|header| header.value.clone()).collect();
        match own.is_empty() && !wanted.allow_missing {
            true => Err(format!("the header {} is missing", wanted.header)),
            false => Ok(own),
        }
    };
    for wanted in &module.fail_if_header_matches {
        if values(wanted)?.iter().any(|value| wanted.regexp.0.is_match(value.as_bytes())) {
            return Err(format!("the header {} matches {}", wanted.header, wanted.regexp.0));
        }
    }
    for wanted in &module.fail_if_header_not_matches {
        let values = values(wanted)?;
        if !values.is_empty() && !values.iter().any(|v| wanted.regexp.0.is_match(v.as_bytes())) {
            return Err(format!("the header {} does not match {}", wanted.header, wanted.regexp.0));
        }
    }
    let (must_not, must) =
        (&module.fail_if_body_matches_regexp, &module.fail_if_body_not_matches_regexp);
    if answer.truncated && !(must_not.is_empty() && must.is_empty()) {
        // What a body that was cut says of the whole one is not known.
        return Err(format!("the body is longer than {} bytes, and not judged", bound(module)));
    }
    let is_match = |pattern: &&crate::module::Pattern| pattern.0.is_match(&answer.body);
    if let Some(pattern) = must_not.iter().find(is_match) {
        return Err(format!("the body matches {}", pattern.0));
    }
    match must.iter().find(|pattern| !is_match(pattern)) {
        Some(pattern) => Err(format!("the body does not match {}", pattern.0)),
        None => Ok(()),
    }
}

/// The longest body that is read whole.
fn bound(module: &Http) -> u32 {
    match module.body_size_limit {
        0 => HOST_BODY_BYTES_MAX,
        own => own.min(HOST_BODY_BYTES_MAX),
    }
}

impl Outcome {
    /// Adds what one exchange took.
    fn add(&mut self, facts: &[Label]) {
        for (took, phase) in self.took.iter_mut().zip(PHASES) {
            let time = facts::time(facts, &format!("{phase}-ns")).unwrap_or_default();
            *took += time.as_secs_f64();
        }
    }
}

/// Adds what is known of the exchanges.
fn add(probe: &mut Probe, outcome: &Outcome) {
    let family = probe
        .metrics
        .gauge("probe_http_duration_seconds", "How long each phase took, over all redirects.");
    for (phase, took) in PHASES.iter().zip(outcome.took) {
        family.sample(&[("phase", phase)], took);
    }
    let last = outcome.last.as_ref();
    let response = last.map(|(_, probed)| &probed.response);
    let facts = last.map_or(&[][..], |(_, probed)| &probed.facts);
    let is_https = last.is_some_and(|(location, _)| location.is_https);
    // What is unknown is −1, as in a body that ends with its connection.
    let length = response.map_or(0, |response| {
        let announced = response.header("content-length").and_then(|text| text.parse().ok());
        announced.unwrap_or(-1_i64)
    });
    let version = facts::text(facts, "http-version").and_then(|text| text.parse::<f64>().ok());
    let body = response.filter(|_| !outcome.stops).map_or(0, |response| response.body.len());
    let status = response.map_or(0, |response| response.status);
    for (name, help, value) in [
        ("status_code", "The status of the last answer.", f64::from(status)),
        ("content_length", "The length that the last answer announced.", length as f64),
        ("uncompressed_body_length", "The length of the last body.", body as f64),
        ("redirects", "How many redirects there were.", f64::from(outcome.redirects)),
        ("ssl", "Whether the last answer came over TLS.", f64::from(u8::from(is_https))),
        ("version", "The version of HTTP.", version.unwrap_or_default()),
    ] {
        probe.gauge(&format!("probe_http_{name}"), help, value);
    }
    let modified = response.and_then(|response| response.header("last-modified"));
    if let Some(modified) = modified.and_then(time::parse_http_date) {
        let help = "When the last answer was modified.";
        probe.gauge("probe_http_last_modified_timestamp_seconds", help, modified);
    }
}
