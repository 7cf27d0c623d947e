//! Answers of the API, read into records.

use narthex_sdk::json;
use serde::Deserialize;

use crate::{
    objects::{EndpointSlice, Endpoints, Ingress, Metadata, Node, Object, Plain, Pod, Service},
    stream::Stream,
};

/// An object, reduced to what labels tell of.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) key: String,
    pub(crate) record: Vec<u8>,
}

/// A page of a list.
#[derive(Debug, Default)]
pub(crate) struct Page {
    /// The version from which a watch goes on.
    pub(crate) version: String,
    /// Where the next page begins; empty on the last one.
    pub(crate) next: String,
    pub(crate) found: Vec<Found>,
}

/// What a watch told.
#[derive(Debug, Default)]
pub(crate) struct Events {
    /// The version of the last event; empty when there was none.
    pub(crate) version: String,
    /// In order: an object, and whether it is there now.
    pub(crate) events: Vec<(Found, bool)>,
}

/// Why events cannot be read.
#[derive(Debug)]
pub(crate) enum Broken {
    /// The API forgot what happened since the version that was asked for.
    Expired,
    /// The API ended the watch and says why.
    Told(String),
    /// It is not what the API would say.
    Unreadable(String),
}

/// An answer that is no success, or the object of an event that tells of an error.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Status {
    pub(crate) message: String,
    pub(crate) code: u16,
}

#[derive(Deserialize)]
#[serde(bound = "T: Deserialize<'de>")]
struct List<T> {
    #[serde(default)]
    metadata: ListMetadata,
    items: Option<Vec<T>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ListMetadata {
    resource_version: String,
    #[serde(rename = "continue")]
    next: String,
}

#[derive(Deserialize)]
struct Event<T> {
    #[serde(rename = "type")]
    kind: EventKind,
    object: T,
}

#[derive(Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum EventKind {
    Added,
    Modified,
    Deleted,
    Bookmark,
    Error,
}

/// The kind alone, to be read before the object.
#[derive(Deserialize)]
struct AnyEvent {
    #[serde(rename = "type")]
    kind: EventKind,
}

/// Calls a function with the type in which a kind is read, and with what reduces it to what its use needs.
macro_rules! of_kind {
    ($stream:expr, $read:ident, $body:expr) => {{
        use crate::stream::Kind;
        match ($stream.kind, $stream.is_primary) {
            (Kind::Node, true) => $read::<Node>($body, forget_identity),
            (Kind::Node | Kind::Namespace, _) => $read::<Plain>($body, forget_identity),
            (Kind::ReplicaSet | Kind::Job, _) => $read::<Plain>($body, Plain::keep_only_controller),
            (Kind::Pod, true) => $read::<Pod>($body, Pod::reduce),
            (Kind::Pod, false) => $read::<Pod>($body, Pod::reduce_to_backend),
            (Kind::Service, true) => $read::<Service>($body, forget_identity),
            (Kind::Service, false) => $read::<Service>($body, Service::reduce_to_name),
            (Kind::Endpoints, _) => $read::<Endpoints>($body, forget_identity),
            (Kind::EndpointSlice, _) => $read::<EndpointSlice>($body, forget_identity),
            (Kind::Ingress, _) => $read::<Ingress>($body, forget_identity),
        }
    }};
}

/// Reads a page of a list.
pub(crate) fn page(stream: &Stream, body: &[u8]) -> Result<Page, String> {
    of_kind!(stream, page_of, body)
}

/// Reads what a watch told: an event a line.
pub(crate) fn events(stream: &Stream, body: &[u8]) -> Result<Events, Broken> {
    of_kind!(stream, events_of, body)
}

fn forget_identity<T: Object>(object: &mut T) {
    object.metadata_mut().forget_identity();
}

fn page_of<T: Object>(body: &[u8], reduce: fn(&mut T)) -> Result<Page, String> {
    let list: List<T> = json::from_slice(body).map_err(|error| error.to_string())?;
    let items = list.items.unwrap_or_default().into_iter();
    let found: Result<Vec<Found>, String> = items.map(|item| found(item, reduce)).collect();
    let ListMetadata { resource_version: version, next } = list.metadata;
    Ok(Page { version, next, found: found? })
}

fn events_of<T: Object>(body: &[u8], reduce: fn(&mut T)) -> Result<Events, Broken> {
    let unreadable = |error: json::Error| Broken::Unreadable(error.to_string());
    let mut told = Events::default();
    for line in body.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()) {
        let AnyEvent { kind } = json::from_slice(line).map_err(unreadable)?;
        if matches!(kind, EventKind::Error) {
            let Event { object: Status { message, code }, .. } =
                json::from_slice(line).map_err(unreadable)?;
            return Err(if code == 410 { Broken::Expired } else { Broken::Told(message) });
        }
        let event: Event<T> = json::from_slice(line).map_err(unreadable)?;
        let version = &event.object.metadata().resource_version;
        if !version.is_empty() {
            told.version.clone_from(version);
        }
        let is_there = match event.kind {
            EventKind::Added | EventKind::Modified => true,
            EventKind::Deleted => false,
            EventKind::Bookmark | EventKind::Error => continue,
        };
        let found = found(event.object, reduce).map_err(Broken::Unreadable)?;
        told.events.push((found, is_there));
    }
    Ok(told)
}

fn found<T: Object>(mut object: T, reduce: fn(&mut T)) -> Result<Found, String> {
    reduce(&mut object);
    let key = Metadata::key(object.metadata());
    if key.is_empty() {
        return Err("an object has no name".into());
    }
    Ok(Found { key, record: json::to_vec(&object).map_err(|error| error.to_string())? })
}
