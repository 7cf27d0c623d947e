//! What is known of a dashboard without its panels: <https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/>.

use serde::Deserialize;

/// Grafana's bound.
const UID_CHARS_MAX: usize = 40;

/// Leaves room for a number behind it.
const MADE_CHARS_MAX: usize = UID_CHARS_MAX - 5;

#[derive(Debug, Deserialize)]
pub(crate) struct Header {
    #[serde(default)]
    uid: Option<String>,
    #[serde(default)]
    pub(crate) title: String,
    #[serde(default)]
    pub(crate) tags: Vec<String>,
}

/// What Grafana's API for resources puts around a dashboard, of its schema v2 and of the classic one.
#[derive(Debug, Deserialize)]
struct Resource {
    #[serde(default)]
    metadata: Metadata,
    spec: Header,
}

#[derive(Debug, Default, Deserialize)]
struct Metadata {
    #[serde(default)]
    name: String,
}

impl Resource {
    fn into_header(self) -> Header {
        // Names of resources may be longer than uids, and have dots: such a one is none.
        let name = Some(self.metadata.name).filter(|name| is_uid(name));
        Header { uid: self.spec.uid.filter(|uid| !uid.is_empty()).or(name), ..self.spec }
    }
}

impl Header {
    /// The error says what the text lacks.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        // A list would be read as one of nothing.
        if !text.trim_start().starts_with('{') {
            return Err("it is no JSON object".to_owned());
        }
        let mut header: Self = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if header.title.trim().is_empty() {
            let resource: Option<Resource> = serde_json::from_str(text).ok();
            header = resource.map_or(header, Resource::into_header);
        }
        if header.title.trim().is_empty() {
            return Err("it has no title".to_owned());
        }
        Ok(header)
    }

    /// What it says; an error where that cannot stand in an address.
    pub(crate) fn uid(&self) -> Option<Result<&str, String>> {
        let uid = self.uid.as_deref().filter(|uid| !uid.is_empty())?;
        let wrong = || {
            format!("its uid {uid:?} must be at most {UID_CHARS_MAX} letters, digits, `-` and `_`")
        };
        Some(is_uid(uid).then_some(uid).ok_or_else(wrong))
    }

    /// The uid, or one made of the title: `Node exporter (full)` is `node-exporter-full`.
    pub(crate) fn uid_or_title(&self) -> Result<String, String> {
        if let Some(uid) = self.uid() {
            return uid.map(str::to_owned);
        }
        let words = self.title.split(|c: char| !c.is_ascii_alphanumeric());
        let words: Vec<String> =
            words.filter(|word| !word.is_empty()).map(str::to_ascii_lowercase).collect();
        let made: String = words.join("-").chars().take(MADE_CHARS_MAX).collect();
        let made = made.trim_end_matches('-');
        match made {
            "" => Err("it has no uid, and none can be made of its title".to_owned()),
            made => Ok(made.to_owned()),
        }
    }
}

/// Whether it can stand in an address and name a file.
pub(crate) fn is_uid(text: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (1..=UID_CHARS_MAX).contains(&text.len()) && text.bytes().all(is_letter)
}
