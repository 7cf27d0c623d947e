//! The section `plugins` of the configuration file.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use narthex_client::TlsConfig;
use narthex_settings::{DurationText, SizeText};
use narthex_wasm::Digest;
use serde::Deserialize;

use crate::grant::NetPattern;

/// The largest memory an operator may grant. The pool reserves address space for it, not memory.
pub(crate) const MEMORY_BYTES_MAX: u64 = 1 << 30;

/// The section `plugins`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The folder of plugins; watched. Relative to the configuration file.
    #[serde(deserialize_with = "path")]
    pub dir: Utf8PathBuf,
    /// Whether only signed plugins are loaded; `true` is refused, as nothing checks signatures yet.
    pub require_signed: NotRequired,
    /// Nameservers for the import `dns`; those of the system when empty.
    pub dns_servers: Vec<Nameserver>,
    /// Memory of all calls together.
    pub memory_total: MemoryTotal,
    /// What every plugin may spend in one call.
    pub defaults: Defaults,
    /// What is granted beyond what follows from use, by the plugin's name.
    pub allow: BTreeMap<String, Allow>,
}

fn path<'de, D: serde::Deserializer<'de>>(text: D) -> Result<Utf8PathBuf, D::Error> {
    String::deserialize(text).map(Utf8PathBuf::from)
}

impl Default for Config {
    fn default() -> Self {
        Self {
            dir: Utf8PathBuf::from("plugins"),
            require_signed: NotRequired,
            dns_servers: Vec::new(),
            memory_total: MemoryTotal::default(),
            defaults: Defaults::default(),
            allow: BTreeMap::new(),
        }
    }
}

impl Config {
    /// Makes paths absolute that are relative to the folder of the configuration file.
    pub fn resolve(&mut self, base: &Utf8Path) {
        self.dir = base.join(&self.dir);
    }

    /// What is granted to a plugin beyond what follows from use.
    pub(crate) fn allowed(&self, plugin: &str) -> Allow {
        self.allow.get(plugin).cloned().unwrap_or_default()
    }
}

/// `false`, the one value of `require_signed` that can be kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "bool")]
pub struct NotRequired;

/// Why `require_signed: true` is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "signatures of plugins are not checked yet; write `require_signed: false`, and let only trusted \
     users write to the plugin folder"
)]
pub struct SignaturesNotChecked;

impl TryFrom<bool> for NotRequired {
    type Error = SignaturesNotChecked;

    fn try_from(required: bool) -> Result<Self, SignaturesNotChecked> {
        if required { Err(SignaturesNotChecked) } else { Ok(Self) }
    }
}

/// What every plugin may spend in one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Defaults {
    /// Memory.
    pub memory: Memory,
    /// Processor time.
    pub cpu: TimeLimit,
    /// Wall time. A scrape's own timeout may be shorter.
    pub wall: TimeLimit,
    /// Requests, connections and look-ups.
    pub requests: u64,
    /// Bytes from the network.
    pub bytes_in: Storage,
    /// Bytes to the network.
    pub bytes_out: Storage,
    /// Lines of the log.
    pub log_lines: u64,
    /// Samples of an exporter's answer.
    pub samples: u64,
    /// The same for discoveries, whose answers may be long and which may wait for news.
    pub discovery: DiscoveryDefaults,
}

/// What every discovery may spend in one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DiscoveryDefaults {
    /// Memory: some ten thousand targets with all that is known of them.
    pub memory: Memory,
    /// Processor time, for the lists of a large cluster.
    pub cpu: TimeLimit,
    /// Wall time; half of it may be spent waiting for news.
    pub wall: TimeLimit,
    /// Requests, connections and look-ups: one for each of many thousand names.
    pub requests: u64,
    /// Bytes from the network: the lists of a large cluster.
    pub bytes_in: Storage,
    /// Bytes to the network.
    pub bytes_out: Storage,
    /// Lines of the log.
    pub log_lines: u64,
}

impl Default for DiscoveryDefaults {
    fn default() -> Self {
        Self {
            memory: Memory(256 << 20),
            cpu: TimeLimit(Duration::from_secs(10)),
            wall: TimeLimit(Duration::from_secs(60)),
            requests: 50_000,
            bytes_in: Storage(1 << 30),
            bytes_out: Storage(64 << 20),
            log_lines: 100,
        }
    }
}

impl Default for Defaults {
    fn default() -> Self {
        Self {
            memory: Memory(64 << 20),
            cpu: TimeLimit(Duration::from_secs(1)),
            wall: TimeLimit(Duration::from_secs(10)),
            requests: 5_000,
            bytes_in: Storage(128 << 20),
            bytes_out: Storage(16 << 20),
            log_lines: 100,
            samples: 200_000,
            discovery: DiscoveryDefaults::default(),
        }
    }
}

/// What one plugin is granted beyond what follows from use.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Allow {
    /// `false`: the plugin is loaded and not called.
    pub enabled: Option<bool>,
    /// The one file that may serve.
    pub sha256: Option<Pin>,
    /// Hosts and ports: `10.0.0.0/8:*`, `*.example.com:443`, `db:5432`.
    pub net: Vec<NetPattern>,
    /// ICMP; refused, as no import offers it yet.
    pub icmp: Option<NoIcmp>,
    /// Folders to read, by the name under which the plugin knows them.
    pub files: BTreeMap<String, Root>,
    /// Memory.
    pub memory: Option<Memory>,
    /// Processor time.
    pub cpu: Option<TimeLimit>,
    /// Wall time.
    pub wall: Option<TimeLimit>,
    /// Requests, connections and look-ups of one call.
    pub requests: Option<u64>,
    /// Bytes from the network in one call.
    pub bytes_in: Option<Storage>,
    /// Bytes to the network in one call.
    pub bytes_out: Option<Storage>,
    /// Lines of the log of one call.
    pub log_lines: Option<u64>,
    /// Samples of an exporter's answer.
    pub samples: Option<u64>,
    /// Bytes of keys and values that the plugin may keep.
    pub kv: Option<Storage>,
    /// Credentials of the machine that a plugin may use whose name does not say so.
    pub profile: Option<ProfileName>,
    /// Nameservers for this plugin.
    pub dns_servers: Option<Vec<Nameserver>>,
    /// How connections of `tcp` are encrypted, by the name under which the plugin knows it; `default` is there
    /// without a word, and believes the authorities of the machine.
    pub tls: BTreeMap<String, TlsConfig>,
    /// Keys of its configuration that hold secrets though its schema does not say so, as in `auth.password`.
    pub secrets: Vec<String>,
    /// Whether it gets the values of secrets, and not placeholders.
    pub reveal_secrets: bool,
}

/// The digest of the one file that may serve as a plugin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Pin(pub(crate) Digest);

/// Why a text is no digest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no SHA-256; write its 64 hexadecimal digits, as `sha256sum NAME.wasm` shows them"
)]
pub struct NoDigest(String);

impl TryFrom<String> for Pin {
    type Error = NoDigest;

    /// With or without the `sha256:` before it that the views show.
    fn try_from(text: String) -> Result<Self, NoDigest> {
        let digits = text.strip_prefix("sha256:").unwrap_or(&text);
        Digest::from_hex(digits).map(Self).ok_or(NoDigest(text))
    }
}

/// Credentials that the host finds on the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProfileName {
    /// Of AWS.
    Aws,
    /// Of the cluster that the server runs in.
    Kubernetes,
}

/// `icmp: false`, the one value that can be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "bool")]
pub struct NoIcmp;

/// Why `icmp: true` is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("plugins cannot send ICMP yet; leave `icmp` out")]
pub struct IcmpNotOffered;

impl TryFrom<bool> for NoIcmp {
    type Error = IcmpNotOffered;

    fn try_from(granted: bool) -> Result<Self, IcmpNotOffered> {
        if granted { Err(IcmpNotOffered) } else { Ok(Self) }
    }
}

/// A folder that a plugin may read: a path, or a path with what may be done there.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "RawRoot")]
pub struct Root {
    /// The folder; absolute.
    pub path: Utf8PathBuf,
    /// What may be done there.
    pub access: Access,
}

/// What may be done beneath a root.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Access {
    /// Files are read, folders listed, usage asked for.
    #[default]
    Read,
    /// Only the usage of file systems is asked for.
    Usage,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum RawRoot {
    Path(String),
    Full(FullRoot),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FullRoot {
    path: String,
    #[serde(default)]
    access: Access,
}

/// Why a root is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not absolute; write a path from / on")]
pub struct RelativeRoot(String);

impl TryFrom<RawRoot> for Root {
    type Error = RelativeRoot;

    fn try_from(raw: RawRoot) -> Result<Self, RelativeRoot> {
        let (path, access) = match raw {
            RawRoot::Path(path) => (path, Access::Read),
            RawRoot::Full(full) => (full.path, full.access),
        };
        if path.starts_with('/') {
            Ok(Self { path: path.into(), access })
        } else {
            Err(RelativeRoot(path))
        }
    }
}

/// Memory of one call, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "SizeText")]
pub struct Memory(pub u64);

/// Why a size of memory is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a plugin's memory is between 1MiB and 1GiB")]
pub struct MemoryOutOfRange;

impl TryFrom<SizeText> for Memory {
    type Error = MemoryOutOfRange;

    fn try_from(size: SizeText) -> Result<Self, MemoryOutOfRange> {
        if (1 << 20..=MEMORY_BYTES_MAX).contains(&size.0) {
            Ok(Self(size.0))
        } else {
            Err(MemoryOutOfRange)
        }
    }
}

/// Memory of all calls together, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "SizeText")]
pub struct MemoryTotal(pub u64);

/// The least memory of all calls together: each of the 128 that may run has 256 KiB of it at once.
const MEMORY_TOTAL_BYTES_MIN: u64 = 64 << 20;

impl Default for MemoryTotal {
    /// Each of 128 calls has 4 MiB of it at once, which is more than a plugin in Rust takes.
    fn default() -> Self {
        Self(1 << 30)
    }
}

/// Why a size of the memory of all calls is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the memory of all plugins together is at least 64MiB")]
pub struct MemoryTotalTooSmall;

impl TryFrom<SizeText> for MemoryTotal {
    type Error = MemoryTotalTooSmall;

    fn try_from(size: SizeText) -> Result<Self, MemoryTotalTooSmall> {
        if size.0 >= MEMORY_TOTAL_BYTES_MIN { Ok(Self(size.0)) } else { Err(MemoryTotalTooSmall) }
    }
}

/// A number of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "SizeText")]
pub struct Storage(pub u64);

impl From<SizeText> for Storage {
    fn from(size: SizeText) -> Self {
        Self(size.0)
    }
}

/// A time that one call may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "DurationText")]
pub struct TimeLimit(pub Duration);

/// Why a time is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a call's time is between 10ms and 1h")]
pub struct TimeOutOfRange;

impl TryFrom<DurationText> for TimeLimit {
    type Error = TimeOutOfRange;

    fn try_from(time: DurationText) -> Result<Self, TimeOutOfRange> {
        let range = Duration::from_millis(10)..=Duration::from_secs(3600);
        if range.contains(&time.0) { Ok(Self(time.0)) } else { Err(TimeOutOfRange) }
    }
}

/// The address of a nameserver; port 53 unless given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Nameserver(pub SocketAddr);

/// Why a text is no nameserver.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no nameserver; write an IP address, or an address with a port as in 10.0.0.2:53")]
pub struct NoNameserver(String);

impl TryFrom<String> for Nameserver {
    type Error = NoNameserver;

    fn try_from(text: String) -> Result<Self, NoNameserver> {
        let address = text.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, 53));
        address.or_else(|_| text.parse()).map(Self).map_err(|_| NoNameserver(text))
    }
}

#[cfg(test)]
mod tests {
    use narthex_settings::Document;

    use super::*;

    #[track_caller]
    fn refused(text: &str) -> String {
        let document = Document::parse("f.yml", text).unwrap();
        document.read::<Config>().unwrap_err().to_string()
    }

    #[test]
    fn the_section_of_the_design_is_read() {
        let text = "
dir: plugins
require_signed: false
dns_servers: [192.0.2.1, '192.0.2.2:5353']
defaults: { memory: 64MiB, cpu: 1s, wall: 10s, requests: 7, discovery: { memory: 1GiB } }
allow:
  blackbox: { net: ['10.0.0.0/8:*'], memory: 128MiB, bytes_in: 1GiB, samples: 5 }
  node: { files: { udev: /run/udev/data, home: { path: /home, access: usage } } }
";
        let document = Document::parse("f.yml", text).unwrap();
        let config: Config = document.read().unwrap();
        let discovery = config.defaults.discovery;
        assert_eq!((config.defaults.requests, discovery.requests), (7, 50_000));
        assert_eq!(config.allowed("blackbox").bytes_in, Some(Storage(1 << 30)));
        assert_eq!((discovery.memory.0, discovery.wall.0.as_secs()), (1 << 30, 60));
        assert_eq!(config.allowed("blackbox").memory, Some(Memory(128 << 20)));
        let files = config.allowed("node").files;
        assert_eq!((files["udev"].access, files["home"].access), (Access::Read, Access::Usage));
        assert_eq!(config.dns_servers[0].0.to_string(), "192.0.2.1:53");
        assert_eq!(config.allowed("other"), Allow::default());
    }

    #[test]
    fn what_cannot_be_kept_is_refused_with_the_way_out() {
        assert!(refused("require_signed: true").contains("write `require_signed: false`"));
        assert!(refused("allow: { x: { icmp: true } }").contains("cannot send ICMP yet"));
        assert!(refused("allow: { x: { files: { a: b } } }").contains("is not absolute"));
        assert!(refused("defaults: { memory: 2GiB }").contains("between 1MiB and 1GiB"));
        assert!(refused("memory_total: 63MiB").contains("at least 64MiB"));
        assert!(refused("defaults: { cpu: 2h }").contains("between 10ms and 1h"));
        assert!(refused("allow: { x: { nett: [] } }").contains("did you mean \"net\"?"));
        assert!(refused("allow: { x: { sha256: abc } }").contains("64 hexadecimal digits"));
    }

    #[test]
    fn a_pin_is_written_with_or_without_its_algorithm() {
        let digest = Digest::of(b"x");
        let text =
            format!("allow: {{ a: {{ sha256: {digest} }}, b: {{ sha256: {} }} }}", digest.hex());
        let config: Config = Document::parse("f.yml", &text).unwrap().read().unwrap();
        assert_eq!(config.allowed("a").sha256, Some(Pin(digest)));
        assert_eq!(config.allowed("b").sha256, Some(Pin(digest)));
    }
}
