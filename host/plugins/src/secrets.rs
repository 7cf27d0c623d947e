//! Secrets of a configuration, which stay in the host: the guest gets placeholders, and the host puts the values in
//! where the guest sends a placeholder to a place that the operator named.
//!
//! Invariant: a placeholder is of one call. Who sees one, in a log or in the label of an alert, cannot use it: in
//! another call it stands for nothing.
//! Invariant: what another host gets is the placeholder, not the value.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use memchr::memmem;
use parking_lot::Mutex;
use ring::rand::{SecureRandom, SystemRandom};
use serde_json::Value;
use url::Url;

use crate::base64;

/// How a placeholder begins; then come the secret's number, `-`, and the digits of the call. Letters, digits and `-`
/// alone: JSON, forms and URLs leave them as they are.
const HEAD: &str = "narthex-secret-";

/// Hexadecimal digits that tell one call from another.
const NONCE_DIGITS: usize = 32;

/// Values that are put into one text: a guest writes placeholders as often as it likes, and a value may be long.
const PUT_IN_MAX: usize = 1_000;

/// Values in base64 that are looked for in answers, and bytes of them together. More are not put in.
const SENT_MAX: usize = 1_000;
const SENT_BYTES_MAX: usize = 256 << 10;

/// Shorter texts are not looked for in answers: they stand there by chance.
const HIDDEN_BYTES_MIN: usize = 4;

/// Whether a secret is looked for in what others say.
pub(crate) fn is_told_apart(secret: &str) -> bool {
    secret.len() >= HIDDEN_BYTES_MIN && !matches!(secret, "true" | "false")
}

/// A configuration whose secrets are taken out.
#[derive(Clone)]
pub(crate) struct Sealed {
    /// For the guest, with placeholders.
    json: String,
    /// The digits in these placeholders.
    nonce: String,
    secrets: Arc<[Held]>,
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed({} secrets)", self.secrets.len())
    }
}

/// A secret, and what it is.
struct Held {
    text: String,
    form: Form,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Text,
    /// What stands behind the host of a URL that is secret as a whole.
    UrlTail,
}

/// There are no random numbers to be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the system has no random numbers for the placeholders of secrets")]
pub(crate) struct NoRandom;

fn nonce() -> Result<String, NoRandom> {
    let mut bytes = [0_u8; NONCE_DIGITS / 2];
    SystemRandom::new().fill(&mut bytes).map_err(|_| NoRandom)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

impl Sealed {
    /// Takes out what `is_secret` names by its keys, be it a text, a number or a boolean, and the passwords of URLs.
    pub(crate) fn of(
        mut config: Value,
        is_secret: &dyn Fn(&[&str]) -> bool,
    ) -> Result<Self, NoRandom> {
        let mut sealing = Sealing { nonce: nonce()?, secrets: Vec::new(), is_secret };
        sealing.take(&mut config, &mut Vec::new());
        let Sealing { nonce, secrets, .. } = sealing;
        Ok(Self { json: config.to_string(), nonce, secrets: secrets.into() })
    }

    /// A configuration that the guest sees as it is.
    pub(crate) fn open(config: &Value) -> Self {
        Self { json: config.to_string(), nonce: String::new(), secrets: Arc::default() }
    }

    /// The configuration for one call, and what its placeholders stand for.
    pub(crate) fn for_call(&self) -> Result<(String, CallSecrets), NoRandom> {
        if self.secrets.is_empty() {
            return Ok((self.json.clone(), CallSecrets::default()));
        }
        let nonce = nonce()?;
        let json = self.json.replace(&self.nonce, &nonce);
        let shared = Known { nonce, secrets: Arc::clone(&self.secrets), sent: Mutex::default() };
        Ok((json, CallSecrets(Some(Arc::new(shared)))))
    }
}

/// A configuration on its way to being sealed.
struct Sealing<'a> {
    nonce: String,
    secrets: Vec<Held>,
    is_secret: &'a dyn Fn(&[&str]) -> bool,
}

impl Sealing<'_> {
    /// As deep as the file may be nested, which its reader bounds.
    fn take(&mut self, value: &mut Value, keys: &mut Vec<String>) {
        match value {
            Value::String(text) if text.is_empty() => {}
            Value::String(text) if self.is_secret(keys) => *text = self.sealed(text),
            Value::String(text) => {
                if let Some(sealed) = self.without_password(text) {
                    *text = sealed;
                }
            }
            Value::Number(_) | Value::Bool(_) if self.is_secret(keys) => {
                *value = Value::String(self.hold(value.to_string(), Form::Text));
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.take(item, keys)),
            Value::Object(map) => {
                for (key, value) in map {
                    keys.push(key.clone());
                    self.take(value, keys);
                    keys.pop();
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn is_secret(&self, keys: &[String]) -> bool {
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        (self.is_secret)(&keys)
    }

    fn hold(&mut self, text: String, form: Form) -> String {
        let number = self.secrets.len();
        self.secrets.push(Held { text, form });
        format!("{HEAD}{number}-{}", self.nonce)
    }

    /// A text that is secret as a whole. Of a URL the host stays, for the guest has to say where it wants to go.
    fn sealed(&mut self, text: &str) -> String {
        let is_url = Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
        let Some(UrlText { scheme, user, host, tail }) = UrlText::of(text).filter(|_| is_url)
        else {
            return self.hold(text.to_owned(), Form::Text);
        };
        let user = match user.map(|user| user.split_once(':').unwrap_or((user, ""))) {
            None => String::new(),
            Some((user, "")) => format!("{}@", self.decoded(user)),
            Some((user, password)) => {
                format!("{}:{}@", self.decoded(user), self.decoded(password))
            }
        };
        let head = format!("{scheme}://{user}{host}");
        match tail.strip_prefix(['/', '\\']).unwrap_or(tail) {
            "" => format!("{head}{tail}"),
            // Behind a `?` the placeholder stands for the `?` too.
            tail => format!("{head}/{}", self.hold(tail.to_owned(), Form::UrlTail)),
        }
    }

    /// A URL with a placeholder for its password.
    fn without_password(&mut self, url: &str) -> Option<String> {
        let UrlText { scheme, user, host, tail } = UrlText::of(url)?;
        let (user, password) =
            user?.split_once(':').filter(|(_, password)| !password.is_empty())?;
        Some(format!("{scheme}://{user}:{}@{host}{tail}", self.decoded(password)))
    }

    /// A placeholder for a part of a URL's user information, which stands for what that part means.
    fn decoded(&mut self, part: &str) -> String {
        if part.is_empty() { String::new() } else { self.hold(percent_decoded(part), Form::Text) }
    }
}

/// The parts of a URL, as they are written.
pub(crate) struct UrlText<'u> {
    scheme: &'u str,
    /// What stands before the `@`: a name, or a name and a password.
    pub(crate) user: Option<&'u str>,
    /// With the port.
    host: &'u str,
    tail: &'u str,
}

impl<'u> UrlText<'u> {
    pub(crate) fn of(url: &'u str) -> Option<Self> {
        let (scheme, rest) = url.split_once("://").filter(|(scheme, _)| is_scheme(scheme))?;
        // Browsers and servers read `\` as `/`.
        let (authority, tail) =
            rest.split_at_checked(rest.find(['/', '\\', '?', '#']).unwrap_or(rest.len()))?;
        let (user, host) = match authority.rsplit_once('@') {
            Some((user, host)) => (Some(user), host),
            None => (None, authority),
        };
        Some(Self { scheme, user, host, tail })
    }
}

fn is_scheme(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

/// What a part of a URL's user information means; one that means no text stays as it is written.
pub(crate) fn percent_decoded(text: &str) -> String {
    decoded(text).unwrap_or_else(|| text.to_owned())
}

/// A text without percent encoding; `None`: it is no UTF-8 then.
pub(crate) fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit = |byte: u8| char::from(byte).to_digit(16);
        let (high, low) = (digit(rest.next()?)?, digit(rest.next()?)?);
        bytes.push(u8::try_from(high * 16 + low).ok()?);
    }
    String::from_utf8(bytes).ok()
}

/// The secrets of one call. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct CallSecrets(Option<Arc<Known>>);

struct Known {
    nonce: String,
    secrets: Arc<[Held]>,
    /// Guards what values were sent in a form that does not show them: the credentials of `Basic`.
    sent: Mutex<Vec<String>>,
}

impl fmt::Debug for CallSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CallSecrets({})", self.0.as_ref().map_or(0, |known| known.secrets.len()))
    }
}

impl Known {
    /// Keeps what is about to be sent, so that it is found in answers. `false`: there is no more room for it.
    fn remembers(&self, encoded: &str) -> bool {
        let mut sent = self.sent.lock();
        if sent.iter().any(|known| known == encoded) {
            return true;
        }
        let bytes: usize = sent.iter().map(String::len).sum();
        let fits = sent.len() < SENT_MAX && bytes + encoded.len() <= SENT_BYTES_MAX;
        if fits {
            sent.push(encoded.to_owned());
        }
        fits
    }
}

/// How a value is written where it is put in.
#[derive(Clone, Copy)]
enum Context {
    /// As it is.
    Plain,
    Json,
    Form,
    Xml,
    Url,
}

impl CallSecrets {
    /// Whether there is nothing to put in and nothing to hide.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// A header's value with the secrets put in. The name and the password of `Basic` are looked into.
    pub(crate) fn in_header(&self, name: &str, value: &str) -> String {
        let Some(known) = &self.0 else { return value.to_owned() };
        let is_credentials = name.eq_ignore_ascii_case("authorization");
        let basic =
            value.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("basic"));
        if let Some((scheme, credentials)) = basic.filter(|_| is_credentials)
            && let Some(pair) =
                base64::decoded(credentials).and_then(|it| String::from_utf8(it).ok())
            && pair.contains(HEAD)
        {
            let filled = base64::encoded(known.put_in(&pair, Context::Plain).as_bytes());
            let is_remembered = known.remembers(&filled);
            let credentials = if is_remembered { &filled } else { credentials };
            return format!("{scheme} {credentials}");
        }
        known.put_in(value, Context::Plain).into_owned()
    }

    /// A URL with the secrets put into its path and its query; never into its host.
    pub(crate) fn in_url(&self, url: &Url) -> Url {
        let Some(known) = self.0.as_ref().filter(|_| url.as_str().contains(HEAD)) else {
            return url.clone();
        };
        let (head, tail) = url
            .as_str()
            .split_at_checked(url[..url::Position::BeforePath].len())
            .unwrap_or_default();
        let filled = format!("{head}{}", known.put_in(tail, Context::Url));
        match Url::parse(&filled) {
            Ok(filled) if is_same_place(&filled, url) => filled,
            Ok(_) | Err(_) => url.clone(),
        }
    }

    /// A body with the secrets put in, each written as the content type wants it.
    pub(crate) fn in_body(&self, content_type: &str, body: &Bytes) -> Bytes {
        let Some(known) = &self.0 else { return body.clone() };
        let content_type = content_type.to_ascii_lowercase();
        let context = if content_type.contains("json") {
            Context::Json
        } else if content_type.contains("x-www-form-urlencoded") {
            Context::Form
        } else if content_type.contains("xml") || content_type.contains("html") {
            Context::Xml
        } else {
            Context::Plain
        };
        match known.put_into_bytes(body, context) {
            Cow::Borrowed(_) => body.clone(),
            Cow::Owned(filled) => filled.into(),
        }
    }

    /// Bytes for a connection with the secrets put in as they are. Words in base64 are looked into, in which mail and
    /// other protocols write names and passwords.
    pub(crate) fn in_stream<'b>(&self, bytes: &'b [u8]) -> Cow<'b, [u8]> {
        let Some(known) = &self.0 else { return Cow::Borrowed(bytes) };
        let looked_into = in_base64_words(bytes, |decoded| {
            let encoded = base64::encoded(&known.put_into_bytes(decoded, Context::Plain));
            if known.remembers(&encoded) { encoded } else { base64::encoded(decoded) }
        });
        match looked_into {
            Some(filled) => Cow::Owned(known.put_into_bytes(&filled, Context::Plain).into_owned()),
            None => known.put_into_bytes(bytes, Context::Plain),
        }
    }

    /// Bytes with one word for every placeholder: what two calls send alike is alike then.
    pub(crate) fn without_placeholders<'b>(&self, bytes: &'b [u8]) -> Cow<'b, [u8]> {
        let Some(known) = &self.0 else { return Cow::Borrowed(bytes) };
        let looked_into = in_base64_words(bytes, |decoded| {
            base64::encoded(&known.without_placeholders(Cow::Borrowed(decoded)))
        });
        known.without_placeholders(looked_into.map_or(Cow::Borrowed(bytes), Cow::Owned))
    }

    /// A text of another host, without the secrets that it sends back.
    pub(crate) fn hide(&self, text: &str) -> String {
        match self.hide_in_bytes(text.as_bytes()) {
            Cow::Borrowed(_) => text.to_owned(),
            Cow::Owned(hidden) => String::from_utf8_lossy(&hidden).into_owned(),
        }
    }

    /// Bytes of another host, without the secrets that it sends back: in their place stand the placeholders.
    pub(crate) fn hide_in_bytes<'b>(&self, bytes: &'b [u8]) -> Cow<'b, [u8]> {
        let mut hidden = Cow::Borrowed(bytes);
        let Some(known) = &self.0 else { return hidden };
        for (number, held) in known.secrets.iter().enumerate() {
            let placeholder = format!("{HEAD}{number}-{}", known.nonce);
            let forms = [Context::Plain, Context::Json, Context::Form, Context::Url, Context::Xml];
            for context in forms {
                let form = written(held, context);
                if is_told_apart(&form) {
                    hidden = replaced(hidden, form.as_bytes(), placeholder.as_bytes());
                }
            }
        }
        for sent in &*known.sent.lock() {
            hidden = replaced(hidden, sent.as_bytes(), crate::schema::SECRET.as_bytes());
        }
        hidden
    }
}

/// Puts another word in the place of each word in base64 that holds a placeholder; none where there is no such word.
fn in_base64_words(bytes: &[u8], mut other: impl FnMut(&[u8]) -> String) -> Option<Vec<u8>> {
    /// A placeholder has more letters, and in base64 a third more than those.
    const WORD_BYTES_MIN: usize = HEAD.len() + NONCE_DIGITS;
    /// A login has one or two; the guest writes as many as it likes.
    const WORDS_MAX: u32 = 16;
    let is_letter = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=".contains(byte);
    let mut filled = Vec::new();
    let mut count = 0;
    for run in bytes.chunk_by(|one, next| is_letter(one) == is_letter(next)) {
        let may_hold = count < WORDS_MAX && run.len() >= WORD_BYTES_MIN;
        let word = std::str::from_utf8(run).ok().filter(|_| may_hold);
        let decoded = word.and_then(base64::decoded);
        match decoded.filter(|decoded| memmem::find(decoded, HEAD.as_bytes()).is_some()) {
            Some(decoded) => {
                filled.extend_from_slice(other(&decoded).as_bytes());
                count += 1;
            }
            None => filled.extend_from_slice(run),
        }
    }
    (count > 0).then_some(filled)
}

fn is_same_place(one: &Url, other: &Url) -> bool {
    let place = |url: &Url| url[..url::Position::BeforePath].to_owned();
    place(one) == place(other)
}

impl Known {
    fn without_placeholders<'b>(&self, bytes: Cow<'b, [u8]>) -> Cow<'b, [u8]> {
        (0..self.secrets.len()).fold(bytes, |bytes, number| {
            let placeholder = format!("{HEAD}{number}-{}", self.nonce);
            replaced(bytes, placeholder.as_bytes(), crate::schema::SECRET.as_bytes())
        })
    }

    fn put_in<'t>(&self, text: &'t str, context: Context) -> Cow<'t, str> {
        match self.put_into_bytes(text.as_bytes(), context) {
            Cow::Borrowed(_) => Cow::Borrowed(text),
            // Texts were put into a text.
            Cow::Owned(filled) => Cow::Owned(String::from_utf8_lossy(&filled).into_owned()),
        }
    }

    fn put_into_bytes<'b>(&self, bytes: &'b [u8], context: Context) -> Cow<'b, [u8]> {
        let mut filled = Vec::new();
        let (mut rest, mut count) = (bytes, 0);
        while let Some(at) = memmem::find(rest, HEAD.as_bytes()).filter(|_| count < PUT_IN_MAX) {
            let (before, from) = rest.split_at_checked(at).unwrap_or((rest, &[]));
            filled.extend_from_slice(before);
            match self.placeholder(from) {
                Some((held, length)) => {
                    filled.extend_from_slice(written(held, context).as_bytes());
                    rest = from.get(length..).unwrap_or_default();
                    count += 1;
                }
                None => {
                    filled.extend_from_slice(HEAD.as_bytes());
                    rest = from.get(HEAD.len()..).unwrap_or_default();
                }
            }
        }
        if rest.len() == bytes.len() {
            return Cow::Borrowed(bytes);
        }
        filled.extend_from_slice(rest);
        Cow::Owned(filled)
    }

    /// The secret whose placeholder stands at the beginning, and the placeholder's length.
    fn placeholder(&self, bytes: &[u8]) -> Option<(&Held, usize)> {
        let rest = bytes.strip_prefix(HEAD.as_bytes())?;
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let number = std::str::from_utf8(rest.get(..digits)?).ok()?.parse::<usize>().ok()?;
        let rest = rest.get(digits..)?.strip_prefix(b"-")?;
        rest.strip_prefix(self.nonce.as_bytes())?;
        Some((self.secrets.get(number)?, HEAD.len() + digits + 1 + NONCE_DIGITS))
    }
}

/// A text as it stands between the quotes of JSON.
pub(crate) fn in_json(text: &str) -> String {
    let quoted = Value::from(text).to_string();
    let inner = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    inner.map_or_else(|| quoted.clone(), str::to_owned)
}

fn written(held: &Held, context: Context) -> Cow<'_, str> {
    let text = held.text.as_str();
    match context {
        Context::Plain => Cow::Borrowed(text),
        Context::Url if held.form == Form::UrlTail => Cow::Borrowed(text),
        Context::Json => Cow::Owned(in_json(text)),
        Context::Form => {
            Cow::Owned(url::form_urlencoded::byte_serialize(text.as_bytes()).collect())
        }
        Context::Url => {
            let encoded: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
            Cow::Owned(encoded.replace('+', "%20"))
        }
        Context::Xml => {
            let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
            Cow::Owned(escaped.replace('"', "&quot;").replace('\'', "&apos;"))
        }
    }
}

pub(crate) fn replaced<'b>(bytes: Cow<'b, [u8]>, what: &[u8], by: &[u8]) -> Cow<'b, [u8]> {
    let finder = memmem::Finder::new(what);
    let Some(first) = finder.find(&bytes) else { return bytes };
    let mut out = Vec::with_capacity(bytes.len());
    let mut from = 0;
    for at in std::iter::once(first).chain(finder.find_iter(&bytes).skip(1)) {
        out.extend_from_slice(bytes.get(from..at).unwrap_or_default());
        out.extend_from_slice(by);
        from = at + what.len();
    }
    out.extend_from_slice(bytes.get(from..).unwrap_or_default());
    Cow::Owned(out)
}

/// A text in which the placeholders of whatever call are hidden, for people.
pub(crate) fn without_placeholders(text: &str) -> Cow<'_, str> {
    let Some(mut at) = text.find(HEAD) else { return Cow::Borrowed(text) };
    let (mut out, mut rest) = (String::new(), text);
    loop {
        let (before, from) = rest.split_at_checked(at).unwrap_or((rest, ""));
        out.push_str(before);
        let tail = from.get(HEAD.len()..).unwrap_or_default();
        let length = tail.find(|c: char| !c.is_ascii_hexdigit() && c != '-').unwrap_or(tail.len());
        out.push_str(crate::schema::SECRET);
        rest = tail.get(length..).unwrap_or_default();
        match rest.find(HEAD) {
            Some(next) => at = next,
            None => break,
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

#[cfg(test)]
mod tests;
