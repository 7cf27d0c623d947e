//! The query API: one form a request, one XML document an answer.

use narthex_sdk::{
    Error, ErrorKind,
    http::{Request, encode},
};

use crate::{Config, xml};

/// The version that all SDKs speak.
const VERSION: &str = "2016-11-15";

/// Instances of a page: about 8 KB each, so that a page stays below the host's bound of 16 MiB.
const PAGE: &str = "500";

/// Half a million instances; what has more pages than this does not end.
const PAGES_MAX: usize = 1000;

/// Codes of errors that ask for fewer requests.
const THROTTLED: [&str; 4] =
    ["RequestLimitExceeded", "Throttling", "ThrottlingException", "RequestThrottled"];

/// Where the API of a region is.
#[derive(Debug)]
pub(crate) struct Api {
    url: String,
}

impl Api {
    pub(crate) fn new(config: &Config) -> Self {
        let url = match config.endpoint.as_str() {
            "" => format!("https://ec2.{}.{}/", config.region, domain(&config.region)),
            endpoint => endpoint.to_owned(),
        };
        Self { url }
    }

    /// Every page of DescribeInstances.
    pub(crate) fn describe_instances(
        &self,
        config: &Config,
        mut take: impl FnMut(&xml::Element<'_>),
    ) -> Result<(), Error> {
        let mut form = vec![("MaxResults".to_owned(), PAGE.to_owned())];
        for (filter, number) in config.filters.iter().zip(1..) {
            form.push((format!("Filter.{number}.Name"), filter.name.clone()));
            for (value, place) in filter.values.iter().zip(1..) {
                form.push((format!("Filter.{number}.Value.{place}"), value.clone()));
            }
        }
        let mut token = String::new();
        for _ in 0..PAGES_MAX {
            let mut page = form.clone();
            if !token.is_empty() {
                page.push(("NextToken".into(), token));
            }
            token = self.call("DescribeInstances", &page, |answer| {
                take(answer);
                answer.text_of("nextToken").unwrap_or_default().to_owned()
            })?;
            if token.is_empty() {
                return Ok(());
            }
        }
        Err(Error::exhausted(format!("DescribeInstances: more than {PAGES_MAX} pages")))
    }

    /// The region's availability zones: name and id.
    pub(crate) fn describe_availability_zones(&self) -> Result<Vec<(String, String)>, Error> {
        self.call("DescribeAvailabilityZones", &[], |answer| {
            let zones = answer.items("availabilityZoneInfo");
            zones
                .filter_map(|zone| {
                    Some((zone.text_of("zoneName")?.into(), zone.text_of("zoneId")?.into()))
                })
                .collect()
        })
    }

    fn call<T>(
        &self,
        action: &str,
        parameters: &[(String, String)],
        read: impl FnOnce(&xml::Element<'_>) -> T,
    ) -> Result<T, Error> {
        let mut form = format!("Action={action}&Version={VERSION}");
        for (name, value) in parameters {
            form.push_str(&format!("&{name}={}", encode(value)));
        }
        let answer = Request::post(&self.url)
            .header("content-type", "application/x-www-form-urlencoded; charset=utf-8")
            .body(form)
            .send()
            .map_err(|error| error.context(action))?;
        if answer.truncated {
            return Err(Error::exhausted(format!("{action}: the answer is longer than its bound")));
        }
        let text = answer.text();
        let document = xml::parse(&text);
        if !answer.is_success() {
            return Err(refused(answer.status, document.ok().as_ref()).context(action));
        }
        match document {
            Ok(document) if document.name == format!("{action}Response") => Ok(read(&document)),
            Ok(document) => Err(Error::protocol(format!(
                "{action}: the answer is <{}> and not <{action}Response>",
                document.name
            ))),
            Err(reason) => {
                Err(Error::protocol(format!("{action}: read the answer as XML: {reason}")))
            }
        }
    }
}

/// The domain of a region's partition.
fn domain(region: &str) -> &'static str {
    let partitions = [
        ("cn-", "amazonaws.com.cn"),
        ("eusc-", "amazonaws.eu"),
        ("us-iso-", "c2s.ic.gov"),
        ("us-isob-", "sc2s.sgov.gov"),
        ("us-isof-", "csp.hci.ic.gov"),
        ("eu-isoe-", "cloud.adc-e.uk"),
    ];
    let found = partitions.iter().find(|(prefix, _)| region.starts_with(prefix));
    found.map_or("amazonaws.com", |(_, domain)| domain)
}

/// What an answer that is no success means.
fn refused(status: u16, document: Option<&xml::Element<'_>>) -> Error {
    let told = document
        .and_then(|document| document.child("Errors").and_then(|errors| errors.child("Error")));
    let code = told.and_then(|told| told.text_of("Code")).unwrap_or_default();
    let message = match told.and_then(|told| told.text_of("Message")) {
        Some(message) => format!("{code}: {message} (status {status})"),
        None => format!("status {status}"),
    };
    let error = if status == 429 || THROTTLED.contains(&code) {
        Error::new(ErrorKind::RateLimited, message).retryable(true)
    } else if status >= 500 {
        Error::unreachable(message)
    } else {
        Error::protocol(message)
    };
    if code.is_empty() { error } else { error.detail("code", code) }
}
