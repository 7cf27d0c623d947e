//! Connections and requests of an nginx: names and types of `nginx-prometheus-exporter`, so that dashboards and rules keep
//! working.
//!
//! Enters: the target's address. Leaves: one exposition, made of the page of `stub_status`. What always holds: a server
//! that cannot be asked, or answers another page, is an answer with `nginx_up 0`; half a page is none.
//!
//! ```
//! use narthex_sdk::testing::FakeHost;
//!
//! let page = "Active connections: 2 \nserver accepts handled requests\n 16 15 31 \nReading: 0 Writing: 1 Waiting: 1 \n";
//! let host = FakeHost::new().http_status("http://localhost/stub_status", 200, page);
//! let answer = host.collect::<nginx::Nginx>("{}").unwrap();
//! assert!(answer.text().contains("\nnginx_http_requests_total 31\n"));
//! ```

use std::time::Duration;

use narthex_sdk::{Error, Exporter, Exposition, Info, Metrics, Target, http::Request, log};
use serde::Deserialize;

/// The page has some hundred bytes.
const PAGE_BYTES_MAX: u32 = 64 << 10;

/// The exporter.
pub struct Nginx;

/// What the operator may set. The schema holds the defaults.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    path: String,
    scheme: String,
}

impl Exporter for Nginx {
    type Config = Config;

    fn describe() -> Info {
        Info::new(
            "nginx",
            env!("CARGO_PKG_VERSION"),
            "Connections and requests of an nginx, as nginx-prometheus-exporter names them.",
        )
        .schema(include_str!("../config.schema.json"))
    }

    fn collect(config: Config, target: &Target) -> Result<Exposition, Error> {
        let mut metrics = Metrics::new();
        let status = ask(&config, target);
        metrics.gauge("nginx_up", "Whether the status page was read.").set(status.is_ok());
        match status {
            Ok(status) => status.add(&mut metrics),
            // What the operator is to mend in the configuration is no state of the server.
            Err(error) if error.is_ours() => return Err(error),
            Err(error) => log::warn("nginx was not asked", &[("error", &error.message)]),
        }
        Ok(metrics.text())
    }
}

narthex_sdk::exporter!(Nginx);

fn ask(config: &Config, target: &Target) -> Result<Status, Error> {
    let url = format!("{}://{}{}", config.scheme, target.address, config.path);
    let request = Request::get(&url).timeout(Duration::from_millis(target.timeout_ms.into()));
    let answer = request.body_bytes_max(PAGE_BYTES_MAX).send()?.expect_success()?;
    let page = answer.text();
    Status::read(&page).ok_or_else(|| {
        Error::protocol(format!("{url} is no page of stub_status")).detail("page", page)
    })
}

/// What the page says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Status {
    active: u64,
    accepted: u64,
    handled: u64,
    requests: u64,
    reading: u64,
    writing: u64,
    waiting: u64,
}

impl Status {
    /// The page is words and numbers in an order that never changed.
    fn read(page: &str) -> Option<Self> {
        let mut words = page.split_whitespace();
        let mut after = |expected: &[&str]| {
            expected.iter().all(|word| words.next() == Some(word)).then_some(())?;
            words.next()?.parse().ok()
        };
        Some(Self {
            active: after(&["Active", "connections:"])?,
            accepted: after(&["server", "accepts", "handled", "requests"])?,
            handled: after(&[])?,
            requests: after(&[])?,
            reading: after(&["Reading:"])?,
            writing: after(&["Writing:"])?,
            waiting: after(&["Waiting:"])?,
        })
    }

    fn add(self, metrics: &mut Metrics) {
        for (name, help, value) in [
            ("active", "Connections now.", self.active),
            ("reading", "Connections whose request is being read.", self.reading),
            ("writing", "Connections that are being answered.", self.writing),
            ("waiting", "Connections that wait for their next request.", self.waiting),
        ] {
            metrics.gauge(&format!("nginx_connections_{name}"), help).set(value);
        }
        metrics.counter("nginx_connections_accepted", "Connections accepted.").set(self.accepted);
        metrics.counter("nginx_connections_handled", "Connections handled.").set(self.handled);
        metrics.counter("nginx_http_requests_total", "Requests.").set(self.requests);
    }
}

#[cfg(test)]
mod tests {
    use narthex_sdk::testing::FakeHost;

    use super::*;

    const PAGE: &str = "Active connections: 5 \nserver accepts handled requests\n 16 15 31 \n\
                        Reading: 1 Writing: 2 Waiting: 3 \n";

    fn collect(config: &str, host: &FakeHost) -> Result<String, Error> {
        Ok(host.collect::<Nginx>(config)?.text())
    }

    #[test]
    fn the_page_becomes_metrics() {
        let host = FakeHost::new().http_status("https://localhost/status", 200, PAGE);
        let text = collect(r#"{"path":"/status","scheme":"https"}"#, &host).unwrap();
        let samples: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
        assert_eq!(
            samples,
            [
                "nginx_connections_accepted 16",
                "nginx_connections_active 5",
                "nginx_connections_handled 15",
                "nginx_connections_reading 1",
                "nginx_connections_waiting 3",
                "nginx_connections_writing 2",
                "nginx_http_requests_total 31",
                "nginx_up 1",
            ]
        );
    }

    #[test]
    fn a_server_that_cannot_be_asked_is_down() {
        let half = PAGE.split_at(60).0;
        for (status, page) in [(404, "not here"), (200, "<html>"), (200, half), (200, "")] {
            let host = FakeHost::new().http_status("http://localhost/stub_status", status, page);
            let text = collect("{}", &host).unwrap();
            assert!(text.ends_with("\nnginx_up 0\n") && !text.contains("connections"), "{text}");
            assert_eq!(host.logs().len(), 1, "the reason is told");
        }
    }

    #[test]
    fn what_is_not_granted_is_no_state_of_the_server() {
        assert!(collect("{}", &FakeHost::new()).unwrap_err().is_denied());
    }
}
