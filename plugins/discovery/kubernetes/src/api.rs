//! Requests to the API server: lists in pages, and watches side by side.

use std::{collections::BTreeSet, time::Duration};

use narthex_sdk::{
    Error, ErrorKind, clock,
    http::{Origin, Request, Response, send_all},
};

use crate::{
    config::Config,
    read::{self, Broken, Events, Found, Status},
    stream::Stream,
};

/// Objects of a page, as many as clients of the API ask for by habit. A pod is some 8 KB.
const PAGE: u32 = 500;

/// Pages of one list, so that a server that repeats itself comes to an end: five million objects.
const PAGES_MAX: usize = 10_000;

/// Watches side by side: the host has no more on the way for one call.
pub(crate) const WATCHES_MAX: usize = 16;

/// How long a watch lasts. What it tells is known when it ends, so this is the delay of news.
const WATCH_SECONDS_MAX: u32 = 5;

/// What a watch may take beyond what the server was asked for.
const WATCH_GRACE: Duration = Duration::from_secs(10);

/// The API server.
#[derive(Debug)]
pub(crate) struct Api {
    origin: Origin,
}

/// What happened in a stream.
#[derive(Debug)]
pub(crate) struct Watched {
    pub(crate) events: Events,
    /// More has happened already than one answer could hold.
    pub(crate) is_cut: bool,
}

impl Api {
    pub(crate) fn new(config: &Config) -> Result<Self, Error> {
        Ok(Self { origin: config.api_server()? })
    }

    fn request(&self, path: &str) -> Request {
        let base = self.origin.path().trim_end_matches('/');
        self.origin.get(&format!("{base}{path}")).header("accept", "application/json")
    }

    /// Lists a stream; the version from which a watch goes on. A page that is longer than an answer may be has the list
    /// begin again with smaller pages, and a list that the server has forgotten begins again once; `take` is then told
    /// of what is no longer there.
    pub(crate) fn list(
        &self,
        stream: &Stream,
        mut take: impl FnMut(Found, bool) -> Result<(), Error>,
    ) -> Result<String, Error> {
        let step = || format!("list {}", stream.name);
        let mut limit = PAGE;
        let mut was_forgotten = false;
        let mut next = String::new();
        let (mut taken, mut taken_in_vain) = (BTreeSet::new(), BTreeSet::new());
        for _ in 0..PAGES_MAX {
            let asked = self.request(&stream.list(limit, &next)).send();
            let answer = asked.map_err(|error| error.context(step()))?;
            let is_forgotten = answer.status == 410 && !next.is_empty() && !was_forgotten;
            if answer.truncated && limit > 1 || is_forgotten {
                if is_forgotten {
                    was_forgotten = true;
                } else {
                    limit /= 2;
                }
                taken_in_vain.append(&mut taken);
                next.clear();
                continue;
            }
            let answer = expect_success(answer).map_err(|error| error.context(step()))?;
            let page = read::page(stream, &answer.body);
            let page = page.map_err(|why| unreadable(&why).context(step()))?;
            drop(answer);
            for found in page.found {
                taken.insert(found.key.clone());
                take(found, true)?;
            }
            next = page.next;
            if next.is_empty() {
                for key in taken_in_vain.difference(&taken) {
                    take(Found { key: key.clone(), record: Vec::new() }, false)?;
                }
                return Ok(page.version);
            }
        }
        Err(Error::exhausted(format!("more than {PAGES_MAX} pages")).context(step()))
    }

    /// Watches streams from a version each, side by side, at most `wait` in all. None: the server has forgotten what
    /// happened since one of the versions.
    pub(crate) fn watch(
        &self,
        streams: &[(&Stream, &str)],
        wait: Duration,
    ) -> Result<Option<Vec<Watched>>, Error> {
        let rounds = u32::try_from(streams.len().div_ceil(WATCHES_MAX)).unwrap_or(u32::MAX);
        let seconds = (wait / rounds.max(1)).as_secs();
        // 0 would let the server choose, and it chooses half an hour. So a call that may not wait takes a second too: the
        // alternative is a list of everything.
        let seconds = u32::try_from(seconds).unwrap_or(u32::MAX).clamp(1, WATCH_SECONDS_MAX);
        let mut told = Vec::with_capacity(streams.len());
        for round in streams.chunks(WATCHES_MAX) {
            let timeout = Duration::from_secs(seconds.into()) + WATCH_GRACE;
            let requests: Vec<Request> = round
                .iter()
                .map(|(stream, version)| {
                    self.request(&stream.watch(version, seconds))
                        .timeout(timeout.min(clock::deadline()))
                })
                .collect();
            let in_flight = u32::try_from(WATCHES_MAX).unwrap_or(u32::MAX);
            let answers = send_all(&requests, in_flight);
            for (answer, (stream, _)) in answers.into_iter().zip(round) {
                let step = || format!("watch {}", stream.name);
                match answer.and_then(|answer| watched(stream, answer)) {
                    Ok(Some(watched)) => told.push(watched),
                    Ok(None) => return Ok(None),
                    Err(error) => return Err(error.context(step())),
                }
            }
        }
        Ok(Some(told))
    }
}

fn watched(stream: &Stream, answer: Response) -> Result<Option<Watched>, Error> {
    if answer.status == 410 {
        return Ok(None);
    }
    let is_cut = answer.truncated && answer.is_success();
    let mut answer = expect_success(Response { truncated: false, ..answer })?;
    if is_cut {
        // The last line is part of an event; the next watch tells it again.
        let whole = answer
            .body
            .iter()
            .rposition(|byte| *byte == b'\n')
            .ok_or_else(|| Error::exhausted("one event is longer than an answer may be"))?;
        answer.body.truncate(whole);
    }
    match read::events(stream, &answer.body) {
        Ok(events) => Ok(Some(Watched { events, is_cut })),
        Err(Broken::Expired) => Ok(None),
        Err(Broken::Told(message)) => Err(Error::unreachable(message)),
        Err(Broken::Unreadable(why)) => Err(unreadable(&why)),
    }
}

fn unreadable(why: &str) -> Error {
    Error::protocol(format!("read the answer as JSON: {why}"))
}

/// An answer that is a success and whole; otherwise what the server says of it.
fn expect_success(answer: Response) -> Result<Response, Error> {
    if answer.is_success() && !answer.truncated {
        return Ok(answer);
    }
    if answer.is_success() {
        return Err(Error::exhausted("one object is longer than an answer may be"));
    }
    let told = narthex_sdk::json::from_slice::<Status>(&answer.body).unwrap_or_default();
    if told.message.is_empty() {
        return answer.expect_success();
    }
    let message = format!("{} (status {})", told.message, answer.status);
    Err(match answer.status {
        429 => {
            let error = Error::new(ErrorKind::RateLimited, message).retryable(true);
            match answer.header("retry-after").and_then(|seconds| seconds.parse::<u32>().ok()) {
                Some(seconds) => error.retry_after_ms(seconds.saturating_mul(1000)),
                None => error,
            }
        }
        500.. => Error::unreachable(message),
        _ => Error::protocol(message),
    })
}
