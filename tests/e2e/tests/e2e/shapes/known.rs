//! Where the host answers otherwise than Prometheus 3.5, and why that is right.

/// A difference that is meant.
pub(super) struct Known {
    /// What its requests begin with.
    requests: &'static [&'static str],
    /// The lines that the two shapes do not share: all of them are among these, `-` ours, `+` theirs.
    lines: &'static [&'static str],
    /// Why.
    pub(super) reason: &'static str,
}

impl Known {
    /// Whether it explains everything in which the answers differ.
    pub(super) fn covers(&self, request: &str, lines: &[String]) -> bool {
        self.requests.iter().any(|beginning| request.starts_with(beginning))
            && lines.iter().all(|line| self.lines.contains(&line.as_str()))
    }
}

/// What servers with everything switched on differ in.
pub(super) const KNOWN: &[Known] = &[
    Known {
        requests: &["GET /api/v1/query?query=1&time=NaN"],
        lines: &["+400 application/json", "-200 application/json"],
        reason: "what is no number is no time",
    },
    Known {
        requests: &["GET /api/v1/query?query=1&time=%2B292277025"],
        lines: &["+200 application/json", "-400 application/json"],
        reason: "Prometheus takes this text for the end of time since a later version",
    },
    Known {
        requests: &["GET /api/v1/query?query=up&stats", "GET /api/v1/query_range?query=vector(1)"],
        lines: &["+samplesRead: number"],
        reason: "Prometheus tells what was read since a later version",
    },
    Known {
        requests: &["GET /api/v1/parse_query", "POST /api/v1/parse_query"],
        lines: &["+anchored: bool", "+offsetExpr: null", "+smoothed: bool"],
        reason: "the language has these since a later version",
    },
    Known {
        requests: &["GET /api/v1/targets/relabel_steps"],
        lines: &["+200 application/json", "+400 application/json", "-404 text/plain"],
        reason: "Prometheus has this endpoint since a later version",
    },
    Known {
        requests: &["DELETE /api/v1/series"],
        lines: &["+405 text/plain", "-500 application/json"],
        reason: "no fault of the server: nobody may do that",
    },
    Known {
        requests: &["GET /api/v1/targets"],
        lines: &[
            "+__always_scrape_classic_histograms__: text",
            "+__convert_classic_histograms_to_nhcb__: text",
            "+__scrape_native_histograms__: text",
            // Counts are told whichever targets are asked for: null is a trap where a map is expected.
            "+droppedTargetCounts: {",
            "+app: number",
            "+gone: number",
            "+}",
            "-droppedTargetCounts: null",
        ],
        reason: "these labels are there since a later version, and counts are never null",
    },
    Known {
        requests: &["GET /api/v1/rules"],
        lines: &["+queryOffset: number", "+labels: {", "+}", "+alerts: []", "-alerts: null"],
        reason: "the offset is ours, labels are told since a later version, and a list is never null",
    },
    Known {
        requests: &["GET /api/v1/status/tsdb?limit=10001"],
        lines: &["+400 application/json", "-200 application/json"],
        reason: "more than 10,000 entries are refused since a later version",
    },
    Known {
        requests: &["GET /api/v1/status/runtimeinfo"],
        lines: &[
            "-GODEBUG: text",
            "-GOGC: text",
            "-GOMAXPROCS: number",
            "-GOMEMLIMIT: number",
            "-goroutineCount: number",
        ],
        reason: "there is no runtime of Go",
    },
    Known {
        requests: &["GET /api/v1/status/buildinfo"],
        lines: &["+narthexVersion: text"],
        reason: "version is the Prometheus whose API this is",
    },
    Known {
        requests: &["GET /api/v1/status/walreplay"],
        lines: &[
            "+bytes: number",
            "+bytesTotal: number",
            "+percent: number",
            "+samples: number",
            "+state: done",
        ],
        reason: "more is known of the replay",
    },
    Known {
        requests: &["GET /version"],
        lines: &["+200 application/json", "-200 text/plain"],
        reason: "the body is JSON",
    },
    Known {
        requests: &["POST /-/reload"],
        lines: &["+200 text/plain", "-200 no content type"],
        reason: "the body is an empty text",
    },
    Known {
        requests: &["POST /api/v1/read"],
        lines: &["+404 application/json", "-400 text/plain"],
        reason: "remote read is not there",
    },
    NO_ENDPOINT,
];

/// What servers with nothing switched on differ in.
pub(super) const KNOWN_OF_SWITCHES: &[Known] = &[NO_ENDPOINT];

const NO_ENDPOINT: Known = Known {
    requests: &[
        "GET /api/v1/nothing",
        "GET /api/v1",
        "GET /api/v1/query/",
        "POST /api/v1/otlp/v1/metrics",
    ],
    lines: &["+404 application/json", "-404 text/plain", "-301 text/html"],
    reason: "every error of the API has the same shape, and no path but its own has a meaning",
};
