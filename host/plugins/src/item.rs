//! What the file says to a plugin, made ready for calls: completed by the schema, judged, and
//! without what the host keeps for itself.
//!
//! Invariant: a secret enters a guest only where the operator says so; see `secrets.rs`.
//! Invariant: the keys of HTTP clients are taken out before the schema judges, so that no guest
//! whose schema asks for them ever sees a credential.

use std::fmt;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use narthex_alerting::Words;
use narthex_client::{Encryption, HTTP_KEYS, HttpConfig, TlsConfig};
use narthex_platform::read_to_string;
use narthex_settings::error_chain;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use crate::answer::{CallError, PluginKind};
use crate::grant::{Endpoints, allow_line};
use crate::imports::http::OwnClient;
use crate::loader::Loaded;
use crate::profiles::aws::{Login, Signer};
use crate::profiles::{Access, Machine, kubernetes};
use crate::redact::Redactor;
use crate::rights::Rights;
use crate::schema::Profile;
use crate::secrets::Sealed;
use crate::used;

/// The key under which receivers have the keys of HTTP clients.
pub const HTTP_CONFIG: &str = "http_config";

/// The longest secret in a file.
const SECRET_BYTES_MAX: u64 = 64 << 10;

/// What the file says to a plugin.
#[derive(Clone, Copy)]
pub struct Given<'a> {
    /// All of it, the keys of HTTP clients included.
    pub config: &'a Value,
    /// The same keys as the client reads them, where they stand there.
    pub http: Option<&'a HttpConfig>,
    /// Relative paths count from here.
    pub folder: &'a Utf8Path,
    /// Of a notifier: the section `global` of the alertmanager.yml in which it stands.
    pub globals: Option<&'a Map<String, Value>>,
    /// Of a notification: what expands the templates.
    pub words: Option<&'a Arc<dyn Words>>,
}

impl<'a> Given<'a> {
    /// What no notification is about.
    #[must_use]
    pub fn new(config: &'a Value, http: Option<&'a HttpConfig>, folder: &'a Utf8Path) -> Self {
        Self { config, http, folder, globals: None, words: None }
    }
}

impl fmt::Debug for Given<'_> {
    /// Without what it says, which may be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Given").field("folder", &self.folder).finish_non_exhaustive()
    }
}

impl<'a> From<&'a Value> for Given<'a> {
    fn from(config: &'a Value) -> Self {
        Self::new(config, None, Utf8Path::new(""))
    }
}

/// A configuration that is ready for calls.
#[derive(Debug)]
pub(crate) struct Item {
    /// As the guest sees it.
    pub(crate) sealed: Sealed,
    /// The same for the same configuration, and for no other.
    pub(crate) identity: String,
    /// What a call may connect to.
    pub(crate) endpoints: Arc<Endpoints>,
    /// The client with the item's credentials.
    pub(crate) own: Option<Arc<OwnClient>>,
    /// How it wants TLS to be spoken on its connections.
    pub(crate) tls: Option<Arc<Encryption>>,
    /// Hides the secrets in what the guest says.
    pub(crate) redactor: Redactor,
    /// Bytes that the plugin may keep, unless the operator says otherwise.
    pub(crate) kept_bytes: u64,
    /// What is not known yet and a refresh needs; `validate` does without.
    pub(crate) lacking: Option<Lacking>,
    /// Whether a profile looked for something beyond the item, which may be another one later.
    pub(crate) is_of_machine: bool,
    /// What the file says, for another version of the plugin.
    source: Source,
}

/// What an item was made from.
#[derive(Debug)]
struct Source {
    config: Value,
    http: Option<HttpConfig>,
    folder: Utf8PathBuf,
    globals: Option<Map<String, Value>>,
    words: Option<Arc<dyn Words>>,
}

/// What a refresh needs and is not known yet.
#[derive(Clone, Debug)]
pub(crate) enum Lacking {
    /// How the server is reached, and why that is not known.
    Access(String),
    /// The region, which the machine may know.
    Region(Arc<Signer>),
}

/// What a profile found.
#[derive(Default)]
struct Found {
    http: Option<HttpConfig>,
    signer: Option<Arc<Signer>>,
    lacking: Option<Lacking>,
}

impl Item {
    /// Judges a configuration and makes it ready.
    pub(crate) fn new(
        plugin: &str,
        loaded: &Loaded,
        rights: &Rights,
        given: Given<'_>,
        machine: &Machine,
    ) -> Result<Self, CallError> {
        let at = |key: &str, message: String| {
            let (plugin, key) = (plugin.to_owned(), key.to_owned());
            CallError::Config { plugin, key, message }
        };
        let refused = |message: String| at("", message);
        let (schema, notes) = (&loaded.schema, &loaded.schema.notes);
        if let Some((key, message)) = notes.conflicts.find(given.config) {
            return Err(at(key, message));
        }
        let mut config = given.config.clone();
        let mut follows_redirects = true;
        let mut own_http = None;
        if let (PluginKind::Notifier, Value::Object(keys)) = (loaded.entry.kind(), &mut config) {
            // The host's own: it leaves resolved alerts out.
            keys.remove("send_resolved");
        }
        if let (true, Value::Object(keys)) = (notes.takes_http, &mut config) {
            let off = Some(&Value::Bool(false));
            if loaded.entry.kind() == PluginKind::Notifier {
                // Receivers have these keys in a mapping of their own.
                let own = keys.remove(HTTP_CONFIG).filter(|own| !own.is_null());
                let used = own.as_ref().or(given.globals.and_then(|all| all.get(HTTP_CONFIG)));
                follows_redirects = used.and_then(|used| used.get("follow_redirects")) != off;
                own_http = own;
            } else {
                follows_redirects = keys.get("follow_redirects") != off;
                keys.retain(|key, _| !HTTP_KEYS.contains(&key.as_str()));
            }
        }
        if let Some(globals) = given.globals {
            schema.take_globals(&mut config, globals, own_http.as_ref());
        }
        let tls = notes.tls_config.as_ref().map(|key| {
            let read = take_encryption(&mut config, key, given.folder, machine);
            read.map_err(|message| at(key, message))
        });
        let tls = tls.transpose()?.flatten().map(Arc::new);
        let allowed = &rights.capabilities;
        if let Some(profile) = notes.profile.as_ref().filter(|p| !allowed.has_profile(p)) {
            return Err(refused(not_allowed(plugin, profile)));
        }
        let login = match &notes.profile {
            Some(Profile::Aws { .. }) => Login::take(&mut config),
            Some(Profile::Kubernetes) | None => Ok(Login::default()),
        };
        let login = login.map_err(|error| refused(error.to_string()))?;
        let mut written = config.clone();
        schema.fill(&mut config, given.folder);
        // What differs from one notification to the next is no part of it.
        let identity = sha256(&config.to_string());
        if let Some(words) = given.words {
            let read = |path: &str| {
                let path = given.folder.join(path);
                let read = read_to_string(&*machine.client.disk, &path, SECRET_BYTES_MAX);
                read.map_err(|error| format!("read {path}: {error}"))
            };
            for config in [&mut written, &mut config] {
                let secrets = schema.read_secret_files(config, read);
                secrets.map_err(|(key, message)| at(&key, message))?;
            }
            schema.expand(&mut config, &**words);
        }
        let named = &rights.secrets;
        schema.validate(&config).map_err(|violation| {
            let shown = Redactor::of(schema, named, &config).hide(&violation.to_string()).into();
            at(&violation.path, shown)
        })?;
        let http = given.http.filter(|_| notes.takes_http);
        let found = find(notes.profile.as_ref(), login, &mut config, http, machine);
        let Found { http, signer, lacking } = found.map_err(refused)?;
        let endpoints = Arc::new(used::endpoints(plugin, notes, written, &config));
        let own = (http.is_some() || signer.is_some()).then(|| {
            let access = Access { http: http.unwrap_or_default(), follows_redirects, signer };
            let (allowed, endpoints) = (allowed.net_allowed(), Arc::clone(&endpoints));
            OwnClient::new(plugin, allowed, endpoints, access, &machine.client)
        });
        let own = own.transpose().map_err(|error| refused(error_chain(&error)))?;
        let own = own.map(Arc::new);
        let sealed = match named.are_revealed {
            true => Ok(Sealed::open(&config)),
            false => Sealed::of(config.clone(), &|keys| {
                schema.is_secret(keys) == Some(true) || named.name(keys)
            }),
        };
        let sealed = sealed.map_err(|error| refused(error.to_string()))?;
        Ok(Self {
            redactor: Redactor::of(schema, named, &config).with(own.clone()),
            own,
            tls,
            sealed,
            identity,
            endpoints,
            kept_bytes: notes.kept_bytes(),
            lacking,
            is_of_machine: notes.profile.is_some(),
            source: Source {
                config: given.config.clone(),
                http: given.http.cloned(),
                folder: given.folder.to_owned(),
                globals: given.globals.cloned(),
                words: given.words.cloned(),
            },
        })
    }

    /// What it was made from.
    pub(crate) fn given(&self) -> Given<'_> {
        let Source { config, http, folder, globals, words } = &self.source;
        let (globals, words) = (globals.as_ref(), words.as_ref());
        Given { config, http: http.as_ref(), folder, globals, words }
    }
}

/// Takes the keys of `tls_config` out and reads what they name; none, where none is set.
fn take_encryption(
    config: &mut Value,
    key: &str,
    folder: &Utf8Path,
    machine: &Machine,
) -> Result<Option<Encryption>, String> {
    let taken = config.as_object_mut().and_then(|keys| keys.remove(key));
    let Some(taken) = taken.filter(|keys| !keys.is_null()) else { return Ok(None) };
    let mut keys: TlsConfig = serde_json::from_value(taken).map_err(|error| error.to_string())?;
    if keys == TlsConfig::default() {
        return Ok(None);
    }
    for file in [&mut keys.ca_file, &mut keys.cert_file, &mut keys.key_file] {
        if let Some(path) = file.as_mut().filter(|path| !path.is_empty()) {
            *path = folder.join(&*path).into_string();
        }
    }
    let read = Encryption::read(&keys, &machine.client);
    read.map(Some).map_err(|error| error_chain(&error))
}

fn sha256(text: &str) -> String {
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The words for a plugin whose schema asks for credentials of the machine that nobody granted.
fn not_allowed(plugin: &str, profile: &Profile) -> String {
    let line = allow_line(plugin, &format!("profile: {}", profile.word()));
    format!("its schema asks for the credentials of this machine for {profile}; {line}")
}

/// Lets a profile find what it can; it fills the configuration in.
fn find(
    profile: Option<&Profile>,
    login: Login,
    config: &mut Value,
    http: Option<&HttpConfig>,
    machine: &Machine,
) -> Result<Found, String> {
    let http = http.cloned();
    match profile {
        None => Ok(Found { http, ..Found::default() }),
        Some(Profile::Kubernetes) => {
            let found = kubernetes::find(config, http.as_ref(), machine);
            Ok(match found.map_err(|error| error.to_string())? {
                kubernetes::Found::Server(own) => {
                    Found { http: own.map(|own| *own).or(http), ..Found::default() }
                }
                kubernetes::Found::Nothing(nothing) => {
                    let lacking = Some(Lacking::Access(error_chain(&nothing)));
                    Found { lacking, ..Found::default() }
                }
            })
        }
        Some(Profile::Aws { service }) => {
            let signer = Arc::new(Signer::new(login, service, config, machine));
            let lacking = signer.lacks_region().then(|| Lacking::Region(Arc::clone(&signer)));
            Ok(Found { http, signer: Some(signer), lacking })
        }
    }
}
