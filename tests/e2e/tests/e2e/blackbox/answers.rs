//! How answers of HTTP are judged: every rule by both, on one page.

use narthex_harness::free_port;

use super::judged::Judged;
use crate::nginx::Nginx;

/// Keys of `http`, and what they say. The page is `we are open`, a line, with two headers `X-Kind`.
const RULES: [&str; 38] = [
    "{}",
    "{ valid_status_codes: [200] }",
    "{ valid_status_codes: [204, 301] }",
    "{ valid_http_versions: [HTTP/1.0] }",
    "{ valid_http_versions: [HTTP/1.1, HTTP/2.0] }",
    "{ valid_http_versions: [HTTP/1.1], fail_if_body_matches_regexp: [open] }",
    "{ fail_if_ssl: true }",
    "{ fail_if_not_ssl: true }",
    "{ fail_if_not_ssl: true, fail_if_body_matches_regexp: [open] }",
    "{ fail_if_body_matches_regexp: [open] }",
    "{ fail_if_body_matches_regexp: [closed, OPEN] }",
    "{ fail_if_body_matches_regexp: [closed, '(?i)OPEN'] }",
    "{ fail_if_body_matches_regexp: ['open$'] }",
    "{ fail_if_body_matches_regexp: ['(?m)open$'] }",
    "{ fail_if_body_not_matches_regexp: [open] }",
    "{ fail_if_body_not_matches_regexp: [open, closed] }",
    "{ fail_if_body_not_matches_regexp: ['^we', 'open\\n$'] }",
    "{ fail_if_body_matches_regexp: [closed], fail_if_body_not_matches_regexp: [are] }",
    "{ fail_if_header_matches: [{ header: X-Kind, regexp: shop }] }",
    "{ fail_if_header_matches: [{ header: x-kind, regexp: other }] }",
    "{ fail_if_header_matches: [{ header: X-Kind, regexp: none }] }",
    "{ fail_if_header_matches: [{ header: X-None, regexp: a }] }",
    "{ fail_if_header_matches: [{ header: X-None, regexp: a, allow_missing: true }] }",
    "{ fail_if_header_matches: [{ header: X-Kind, regexp: none }, { header: X-Kind, regexp: '^s' }] }",
    "{ fail_if_header_not_matches: [{ header: X-Kind, regexp: shop }] }",
    "{ fail_if_header_not_matches: [{ header: X-Kind, regexp: other }] }",
    "{ fail_if_header_not_matches: [{ header: X-Kind, regexp: none }] }",
    "{ fail_if_header_not_matches: [{ header: X-None, regexp: a }] }",
    "{ fail_if_header_not_matches: [{ header: X-None, regexp: a, allow_missing: true }] }",
    "{ valid_status_codes: [204], fail_if_body_matches_regexp: [open] }",
    "{ valid_status_codes: [204], fail_if_header_matches: [{ header: X-None, regexp: a }] }",
    "{ body_size_limit: 12B }",
    "{ body_size_limit: 11B }",
    "{ body_size_limit: 11B, fail_if_body_matches_regexp: [closed] }",
    "{ body_size_limit: 11B, fail_if_body_matches_regexp: [open] }",
    "{ body_size_limit: 11B, fail_if_body_not_matches_regexp: [open] }",
    "{ body_size_limit: 11B, fail_if_header_matches: [{ header: X-Kind, regexp: shop }] }",
    "{ method: HEAD, fail_if_body_not_matches_regexp: [open] }",
];

/// The server, and what is asked of it; `None` without an nginx.
pub(super) fn judged() -> Option<(Nginx, Judged)> {
    let port = free_port();
    let server = format!(
        "server {{ listen 127.0.0.1:{port}; default_type text/plain;\n\
         location = / {{ add_header X-Kind shop; add_header X-Kind other; return 200 'we are open\\n'; }} }}\n"
    );
    let nginx = Nginx::start(&server, port)?;
    let module = |rules: &&str| ((*rules).to_owned(), format!("{{ prober: http, http: {rules} }}"));
    let modules = RULES.iter().map(module).collect();
    Some((nginx, Judged { kind: "answers", target: format!("http://127.0.0.1:{port}/"), modules }))
}
