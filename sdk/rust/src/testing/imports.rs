//! The imports of a world, served by the fake host that runs now. Signatures are those of the generated ones.

use super::{CURRENT, FakeHost, State};
use crate::Label;

/// What is known of a connection. Each step takes a millisecond.
fn facts(address: &str, steps: &[&str], has_tls: bool) -> Vec<Label> {
    let address = [Label::new("address", address)];
    let steps = steps.iter().map(|step| Label::new(&format!("{step}-ns"), "1000000"));
    let tls = [
        Label::new("tls-ns", "1000000"),
        Label::new("tls-version", "TLS 1.3"),
        Label::new("tls-cipher", "TLS_AES_128_GCM_SHA256"),
    ];
    address.into_iter().chain(steps).chain(tls.into_iter().filter(|_| has_tls)).collect()
}

/// Code that uses the host outside of [`FakeHost::run`] is a defect of the test.
fn host() -> FakeHost {
    CURRENT
        .with_borrow(|hosts| hosts.last().cloned())
        .expect("the host is there only inside of `FakeHost::run`")
}

fn with<R>(use_state: impl FnOnce(&mut State) -> R) -> R {
    host().with(use_state)
}

pub(crate) mod log {
    use super::{super::LogLine, with};
    use crate::{Label, log::Level};

    pub(crate) fn enabled(_level: Level) -> bool {
        true
    }

    pub(crate) fn log(level: Level, message: &str, fields: &[Label]) {
        with(|state| {
            state.logs.push(LogLine { level, message: message.into(), fields: fields.to_vec() });
        });
    }
}

pub(crate) mod clock {
    use super::with;
    use crate::{Error, Label};

    pub(crate) fn wall_ms() -> i64 {
        with(|state| state.now_ms)
    }

    pub(crate) fn monotonic_ns() -> u64 {
        with(|state| state.slept_ms * 1_000_000)
    }

    pub(crate) fn deadline_ms() -> u32 {
        with(|state| state.deadline_ms)
    }

    pub(crate) fn sleep_ms(ms: u32) {
        with(|state| state.pass(ms));
    }

    pub(crate) fn discipline() -> Result<Vec<Label>, Error> {
        let told = with(|state| state.discipline.clone());
        told.ok_or_else(|| Error::unreachable("nobody keeps this clock").detail("errno", "ENOSYS"))
    }
}

pub(crate) mod http {
    use super::{facts, with};
    use crate::{
        Error, Label,
        http::{Probed, Request, Response},
    };

    /// Answered as any request is, from an address for documentation.
    pub(crate) fn probe(request: &Request, options: &[Label]) -> Result<Probed, Error> {
        with(|state| state.options.extend_from_slice(options));
        let response = fetch(request)?;
        let has_tls = request.url.starts_with("https:");
        let address = if has_tls { "192.0.2.1:443" } else { "192.0.2.1:80" };
        let steps = ["resolve", "connect", "processing", "transfer"];
        let mut facts = facts(address, &steps, has_tls);
        facts.push(Label::new("http-version", "1.1"));
        facts.push(Label::new("body-bytes", response.body.len().to_string()));
        let certificates = with(|state| state.certificates.clone());
        let certificates = if has_tls { certificates } else { Vec::new() };
        Ok(Probed { response, facts, certificates })
    }

    pub(crate) fn fetch(request: &Request) -> Result<Response, Error> {
        let left_ms = pass(std::slice::from_ref(request));
        answered(request, left_ms)
    }

    /// Requests that are sent together take the time of one, and none longer than it may; what was left of the call when
    /// they were sent.
    fn pass(requests: &[Request]) -> u32 {
        let longest = requests.iter().map(|request| request.timeout_ms.unwrap_or(u32::MAX)).max();
        with(|state| {
            let left_ms = state.deadline_ms;
            state.pass(state.request_ms.min(longest.unwrap_or(0)));
            left_ms
        })
    }

    fn answered(request: &Request, left_ms: u32) -> Result<Response, Error> {
        with(|state| {
            state.requests.push(request.clone());
            if request.timeout_ms.unwrap_or(u32::MAX).min(left_ms) < state.request_ms {
                return Err(Error::timeout("no answer in time"));
            }
            let (_, respond) = state
                .responders
                .iter()
                .find(|(prefix, _)| request.url.starts_with(prefix))
                .ok_or_else(|| Error::denied(format!("net: {} is not granted", request.url)))?;
            let mut response = respond(request)?;
            if let Some(bytes_max) = request.max_body.and_then(|bytes| usize::try_from(bytes).ok())
            {
                response.truncated |= response.body.len() > bytes_max;
                response.body.truncate(bytes_max);
            }
            Ok(response)
        })
    }

    pub(crate) fn fetch_many(
        requests: &[Request],
        _in_flight_max: u32,
    ) -> Vec<Result<Response, Error>> {
        let left_ms = pass(requests);
        requests.iter().map(|request| answered(request, left_ms)).collect()
    }

    /// Canned answers are there at once, all of them.
    pub(crate) fn fetch_first(requests: &[Request]) -> Vec<Option<Result<Response, Error>>> {
        let left_ms = pass(requests);
        requests.iter().map(|request| Some(answered(request, left_ms))).collect()
    }
}

pub(crate) mod dns {
    use super::{facts, with};
    use crate::{
        Error, Label,
        dns::{Answer, Exchanged},
    };

    pub(crate) fn exchange(
        server: &str,
        port: u16,
        query: &[u8],
        options: &[Label],
        _timeout_ms: u32,
    ) -> Result<Exchanged, Error> {
        let address = format!("{server}:{port}");
        let answer = with(|state| {
            state.options.extend_from_slice(options);
            state.name_servers.get(&address).cloned()
        });
        let answer =
            answer.ok_or_else(|| Error::denied(format!("net: {address} is not granted")))?;
        let facts = facts(&address, &["resolve", "processing"], false);
        Ok(Exchanged { message: answer(query), facts })
    }

    pub(crate) fn lookup(name: &str, kind: &str, _timeout_ms: u32) -> Result<Vec<Answer>, Error> {
        with(|state| {
            let answer = state.dns.get(&(name.to_owned(), kind.to_owned()));
            answer
                .cloned()
                .unwrap_or_else(|| Err(Error::denied(format!("dns: {name} {kind} is not granted"))))
        })
    }
}

pub(crate) mod tcp {
    use std::{
        cell::{Cell, RefCell},
        collections::VecDeque,
    };

    use super::{facts, with};
    use crate::{Error, Label};

    #[derive(Debug)]
    pub(crate) struct Connection {
        incoming: RefCell<VecDeque<Vec<u8>>>,
        address: String,
        has_tls: Cell<bool>,
    }

    impl Connection {
        pub(crate) fn connect(
            host: &str,
            port: u16,
            tls: Option<&str>,
            _timeout_ms: u32,
        ) -> Result<Self, Error> {
            let address = format!("{host}:{port}");
            let incoming = with(|state| state.tcp.get(&address).cloned());
            let incoming =
                incoming.ok_or_else(|| Error::denied(format!("net: {address} is not granted")))?;
            let has_tls = Cell::new(tls.is_some());
            Ok(Self { incoming: RefCell::new(incoming), address, has_tls })
        }

        pub(crate) fn open(
            host: &str,
            port: u16,
            options: &[Label],
            timeout_ms: u32,
        ) -> Result<Self, Error> {
            with(|state| state.options.extend_from_slice(options));
            let tls = options.iter().find(|option| option.name == "tls");
            Self::connect(host, port, tls.map(|tls| tls.value.as_str()), timeout_ms)
        }

        #[expect(clippy::unused_self, reason = "the signature of the real connection")]
        #[expect(clippy::unnecessary_wraps, reason = "the signature of the real connection")]
        pub(crate) fn write_all(&self, data: &[u8], _timeout_ms: u32) -> Result<(), Error> {
            with(|state| state.sent.extend_from_slice(data));
            Ok(())
        }

        #[expect(clippy::unnecessary_wraps, reason = "the signature of the real connection")]
        pub(crate) fn start_tls(
            &self,
            _profile: &str,
            _server_name: Option<&str>,
            _timeout_ms: u32,
        ) -> Result<(), Error> {
            self.has_tls.set(true);
            Ok(())
        }

        pub(crate) fn facts(&self) -> Vec<Label> {
            facts(&self.address, &["resolve", "connect"], self.has_tls.get())
        }

        pub(crate) fn certificates(&self) -> Vec<Vec<u8>> {
            if self.has_tls.get() { with(|state| state.certificates.clone()) } else { Vec::new() }
        }

        #[expect(clippy::unnecessary_wraps, reason = "the signature of the real connection")]
        pub(crate) fn read(&self, max: u32, _timeout_ms: u32) -> Result<Vec<u8>, Error> {
            let mut incoming = self.incoming.borrow_mut();
            let mut piece = incoming.pop_front().unwrap_or_default();
            let rest = piece.split_off(piece.len().min(usize::try_from(max).unwrap_or(usize::MAX)));
            if !rest.is_empty() {
                incoming.push_front(rest);
            }
            Ok(piece)
        }
    }
}

pub(crate) mod files {
    use super::{super::roots::Root, with};
    use crate::{
        Error,
        files::{Entry, FsUsage},
    };

    fn in_root<R>(root: &str, access: impl FnOnce(&Root) -> Result<R, Error>) -> Result<R, Error> {
        with(|state| match state.roots.get(root) {
            Some(granted) => access(granted),
            None => Err(Error::denied(format!("files: root {root:?} is not granted"))),
        })
    }

    pub(crate) fn read(root: &str, path: &str, bytes_max: u32) -> Result<Vec<u8>, Error> {
        in_root(root, |granted| granted.read(path, bytes_max))
    }

    pub(crate) fn list_dir(root: &str, path: &str, limit: u32) -> Result<Vec<Entry>, Error> {
        in_root(root, |granted| granted.list(path, limit))
    }

    pub(crate) fn read_link(root: &str, path: &str) -> Result<String, Error> {
        in_root(root, |granted| granted.read_link(path))
    }

    pub(crate) fn modified(root: &str, path: &str) -> Result<i64, Error> {
        in_root(root, |granted| granted.modified(path))
    }

    pub(crate) fn usage(root: &str, path: &str) -> Result<FsUsage, Error> {
        with(|state| state.pass(state.usage_ms));
        in_root(root, |granted| granted.usage(path))
    }
}

#[expect(clippy::unnecessary_wraps, reason = "the signatures of the real store")]
pub(crate) mod kv {
    use super::with;
    use crate::Error;

    pub(crate) fn get(key: &str) -> Result<Option<Vec<u8>>, Error> {
        Ok(with(|state| state.kv.get(key).cloned()))
    }

    /// As the host bounds them.
    const VALUE_BYTES_MAX: usize = 1 << 20;

    pub(crate) fn set(key: &str, value: &[u8], _ttl_ms: Option<u64>) -> Result<(), Error> {
        if value.len() > VALUE_BYTES_MAX {
            let len = value.len();
            let message = format!("a value of {len} bytes; {VALUE_BYTES_MAX} are allowed");
            return Err(Error::exhausted(message));
        }
        with(|state| state.kv.insert(key.into(), value.to_vec()));
        Ok(())
    }

    pub(crate) fn delete(key: &str) -> Result<(), Error> {
        with(|state| state.kv.remove(key));
        Ok(())
    }

    pub(crate) fn keys(prefix: &str, limit: u32) -> Result<Vec<String>, Error> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        Ok(with(|state| {
            state.kv.keys().filter(|key| key.starts_with(prefix)).take(limit).cloned().collect()
        }))
    }

    pub(crate) fn compare_and_set(
        key: &str,
        old: Option<&[u8]>,
        new: Option<&[u8]>,
    ) -> Result<bool, Error> {
        with(|state| {
            if state.kv.get(key).map(Vec::as_slice) != old {
                return Ok(false);
            }
            match new {
                Some(value) => state.kv.insert(key.into(), value.to_vec()),
                None => state.kv.remove(key),
            };
            Ok(true)
        })
    }
}
