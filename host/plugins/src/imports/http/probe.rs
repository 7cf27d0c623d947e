//! `http.probe`: one request over a connection of its own, with what happened on the way.

use narthex_client::{Course, Probe};

use super::{
    BODY_BYTES_MAX, Error, ErrorKind, Instance, Place, answer, check_headers, error, http,
};
use super::{parse_url, request_error};
use crate::imports::Label;
use crate::imports::dial::{Judge, Options, fact, facts_of, facts_of_tls, known, took};
use crate::imports::tls::DEFAULT_PROFILE;

/// What can be asked for.
const OPTIONS: [&str; 4] = ["ip", "server-name", "host", "http2"];

impl Instance {
    pub(super) async fn watched(
        &self,
        request: http::Request,
        options: Vec<Label>,
    ) -> Result<http::Probed, Error> {
        let options = Options::read(options, &OPTIONS)?;
        check_headers(&request)?;
        let profile = request.auth.as_deref().unwrap_or(DEFAULT_PROFILE);
        let encryption = self.tls.named(profile)?;
        let mut url = parse_url(&request.url)?;
        let place = Place::of(&url)?;
        let Place::Host { host, port, .. } = &place else {
            let message = format!("{:?}: a unix socket cannot be probed", request.url);
            return Err(error(ErrorKind::Config, message));
        };
        let guard = Judge::admit(&self.net, &host.to_string(), *port)?;
        let outgoing = self.outgoing(request, &mut url, BODY_BYTES_MAX);
        let outgoing = self.with_secrets(&outgoing, &url, &place);
        let (outgoing, body_max) = self.charged(outgoing)?;
        let probe = Probe {
            versions: &options.versions,
            guard: &guard,
            encryption,
            server_name: options.server_name.as_deref(),
            host: options.host.as_deref(),
            speaks_http2: !options.refuses_http2,
        };
        let mut course = Course::default();
        let outcome = probe.send(&outgoing, &mut course).await;
        let facts = facts(&course);
        match outcome {
            Ok(response) => {
                self.received(&response, body_max)?;
                let response = answer(self.without_secrets(response));
                Ok(http::Probed { response, facts, certificates: course.certificates })
            }
            Err(failure) => {
                let told = request_error(&failure, &place);
                Err(Error { details: facts, message: self.secrets.hide(&told.message), ..told })
            }
        }
    }
}

fn facts(course: &Course) -> Vec<Label> {
    let Course { steps, processing, transfer, http_version, encryption, body_bytes, .. } = course;
    let later = [
        took("processing-ns", *processing),
        took("transfer-ns", *transfer),
        known("http-version", *http_version),
        http_version.map(|_| fact("body-bytes", body_bytes)),
    ];
    let facts = facts_of(steps).into_iter().chain(facts_of_tls(*encryption));
    facts.chain(later.into_iter().flatten()).collect()
}
