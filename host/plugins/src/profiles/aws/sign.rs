//! Signatures of requests, version 4 (AWS4-HMAC-SHA256).

use narthex_client::Request;
use ring::{digest, hmac};
use url::Url;

use super::credentials::Credentials;
use super::{SignError, metadata};

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// Of a request: where its signature counts.
pub(super) struct Scope<'a> {
    pub(super) region: &'a str,
    pub(super) service: &'a str,
}

/// Adds the headers of a signature. The query is written anew as it is signed: not every server reads
/// a `+` in it alike.
pub(super) fn sign(
    request: &mut Request,
    url: &Url,
    credentials: &Credentials,
    scope: &Scope<'_>,
    now_millis: i64,
) -> Result<(), SignError> {
    let time = metadata::basic_time(now_millis).ok_or(SignError::Unsignable("time"))?;
    let date = time.split('T').next().unwrap_or_default().to_owned();
    let host = url.host_str().ok_or(SignError::Unsignable("URL"))?;
    let host = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    let query = canonical_query(url);
    let mut url = url.clone();
    url.set_query((!query.is_empty()).then_some(&query));
    request.url = url.to_string();

    request.headers.retain(|(name, _)| !OURS.iter().any(|ours| name.eq_ignore_ascii_case(ours)));
    request.headers.push(("x-amz-date".to_owned(), time.clone()));
    if let Some(token) = &credentials.session_token {
        request.headers.push(("x-amz-security-token".to_owned(), token.expose().to_owned()));
    }
    let mut signed: Vec<(String, String)> = request
        .headers
        .iter()
        .map(|(name, value)| (name.to_ascii_lowercase(), one_spaced(value)))
        .filter(|(name, _)| name == "content-type" || name.starts_with("x-amz-"))
        .chain([("host".to_owned(), host)])
        .collect();
    signed.sort();
    let names: Vec<&str> = signed.iter().map(|(name, _)| name.as_str()).collect();
    let names = names.join(";");
    let lines: String = signed.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
    let path = url.path().split('/').map(encoded).collect::<Vec<_>>().join("/");
    let body = hex(digest::digest(&digest::SHA256, &request.body).as_ref());
    let canonical = format!("{}\n{path}\n{query}\n{lines}\n{names}\n{body}", request.method);

    let Scope { region, service } = scope;
    let scope = format!("{date}/{region}/{service}/aws4_request");
    let canonical = hex(digest::digest(&digest::SHA256, canonical.as_bytes()).as_ref());
    let text = format!("{ALGORITHM}\n{time}\n{scope}\n{canonical}");
    let secret = format!("AWS4{}", credentials.secret_key.expose());
    let key = [date.as_str(), region, service, "aws4_request"]
        .iter()
        .fold(secret.into_bytes(), |key, part| mac(&key, part));
    let signature = hex(&mac(&key, &text));
    let access_key = &credentials.access_key;
    let value = format!(
        "{ALGORITHM} Credential={access_key}/{scope}, SignedHeaders={names}, Signature={signature}"
    );
    request.headers.push(("authorization".to_owned(), value));
    Ok(())
}

/// Headers that a signature brings.
const OURS: [&str; 3] = ["authorization", "x-amz-date", "x-amz-security-token"];

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    hmac::sign(&key, text.as_bytes()).as_ref().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn canonical_query(url: &Url) -> String {
    let mut pairs: Vec<(String, String)> =
        url.query_pairs().map(|(name, value)| (encoded(&name), encoded(&value))).collect();
    pairs.sort();
    let pairs: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join("&")
}

/// Everything but unreserved letters in percent encoding.
pub(super) fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                out.push(char::from(byte));
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// Without spaces around it, and with one where there are several.
fn one_spaced(value: &str) -> String {
    value.split_whitespace().collect::<Vec<_>>().join(" ")
}
