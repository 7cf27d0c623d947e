//! Paths in the file, which count from its folder.
//!
//! Always holds: a text is a path by the place where it stands, never by its name alone; labels and
//! parameters may be called what they like.

use camino::{Utf8Path, Utf8PathBuf};
use narthex_settings::{Node, Value};

/// Keys of `http_config` that hold keys of paths.
const HTTP_PARTS: [&str; 4] = ["basic_auth", "authorization", "oauth2", "tls_config"];

/// Parts of a receiver that are free text throughout.
const FREE_PARTS: [&str; 4] = ["details", "custom_fields", "labels", "params"];

/// A folder that does not depend on where the program runs.
pub(crate) fn absolute(folder: &Utf8Path) -> Utf8PathBuf {
    let named = if folder.as_str().is_empty() { Utf8Path::new(".") } else { folder };
    camino::absolute_utf8(named).unwrap_or_else(|_| folder.to_owned())
}

/// The paths of a list of scrape jobs, or of Alertmanagers. What plugins read is resolved a second time, by their
/// schemas, and hence by the folder's absolute path.
pub(crate) fn resolve_jobs(jobs: &mut Node, folder: &Utf8Path, absolute: &Utf8Path) {
    each_item(jobs, &mut |job| {
        resolve_http(job, folder);
        each_entry(job, &mut |key, node| match key {
            "scrape_failure_log_file" => resolve(node, folder),
            "exporter" => each_entry(node, &mut |key, config| {
                if key == "config" {
                    resolve_http(config, folder);
                }
            }),
            "file_sd_configs" => each_item(node, &mut |item| {
                each_entry(item, &mut |key, files| {
                    if key == "files" {
                        each_item(files, &mut |file| resolve(file, folder));
                    }
                });
            }),
            _ if key.ends_with("_sd_configs") => {
                each_item(node, &mut |item| resolve_http(item, absolute));
            }
            _ => {}
        });
    });
}

/// The paths of an Alertmanager's configuration.
pub(crate) fn resolve_alertmanager(root: &mut Node, folder: &Utf8Path) {
    each_entry(root, &mut |key, node| match key {
        "global" => resolve_endings(node, folder),
        "receivers" => each_item(node, &mut |receiver| resolve_endings(receiver, folder)),
        _ => {}
    });
}

/// A mapping that has the keys of `http_config`, or of a plugin, in it: keys that end in `_file`,
/// here and in the parts that have some.
fn resolve_http(node: &mut Node, folder: &Utf8Path) {
    each_entry(node, &mut |key, node| match key {
        "http_config" => resolve_http(node, folder),
        "http_headers" => each_entry(node, &mut |_, header| {
            each_entry(header, &mut |key, files| {
                if key == "files" {
                    each_item(files, &mut |file| resolve(file, folder));
                }
            });
        }),
        _ if HTTP_PARTS.contains(&key) => resolve_http(node, folder),
        _ if key.ends_with("_file") => resolve(node, folder),
        _ => {}
    });
}

/// Keys that end in `_file` at any depth, but for parts that are free text.
fn resolve_endings(node: &mut Node, folder: &Utf8Path) {
    each_item(node, &mut |item| resolve_endings(item, folder));
    each_entry(node, &mut |key, node| match key {
        "http_config" => resolve_http(node, folder),
        _ if FREE_PARTS.contains(&key) => {}
        _ if key.ends_with("_file") => resolve(node, folder),
        _ => resolve_endings(node, folder),
    });
}

/// Nothing said stays nothing said.
fn resolve(node: &mut Node, folder: &Utf8Path) {
    if let Value::Scalar { text, .. } = &mut node.value
        && !text.is_empty()
    {
        *text = folder.join(&*text).into_string();
    }
}

fn each_item(node: &mut Node, change: &mut dyn FnMut(&mut Node)) {
    if let Value::List(items) = &mut node.value {
        items.iter_mut().for_each(change);
    }
}

fn each_entry(node: &mut Node, change: &mut dyn FnMut(&str, &mut Node)) {
    if let Value::Map(entries) = &mut node.value {
        for entry in entries {
            change(&entry.key, &mut entry.node);
        }
    }
}

#[cfg(test)]
mod tests {
    use narthex_settings::Document;

    use super::*;

    /// The text of the value that a JSON pointer names once paths are resolved.
    fn resolved(text: &str, resolve: fn(&mut Node, &Utf8Path), pointer: &str) -> String {
        let mut root = Document::parse("f.yml", text).unwrap().root().clone();
        resolve(&mut root, Utf8Path::new("/etc/n"));
        root.locate(pointer).text().unwrap_or_default().to_owned()
    }

    #[track_caller]
    fn check(job: &str, pointer: &str, expected: &str) {
        let pointer = format!("/0/{pointer}");
        let resolve = |node: &mut Node, folder: &Utf8Path| resolve_jobs(node, folder, folder);
        assert_eq!(resolved(&format!("- {job}"), resolve, &pointer), expected, "{job}");
    }

    #[test]
    fn paths_of_jobs_count_from_the_folder() {
        check("{bearer_token_file: t}", "bearer_token_file", "/etc/n/t");
        check("{bearer_token_file: /t}", "bearer_token_file", "/t");
        check("{bearer_token_file: ''}", "bearer_token_file", "");
        check("{basic_auth: {password_file: p}}", "basic_auth/password_file", "/etc/n/p");
        check("{oauth2: {tls_config: {ca_file: c}}}", "oauth2/tls_config/ca_file", "/etc/n/c");
        check("{http_headers: {X: {files: [h]}}}", "http_headers/X/files/0", "/etc/n/h");
        check(
            "{file_sd_configs: [{files: ['t/*.json']}]}",
            "file_sd_configs/0/files/0",
            "/etc/n/t/*.json",
        );
        check(
            "{kubernetes_sd_configs: [{kubeconfig_file: k}]}",
            "kubernetes_sd_configs/0/kubeconfig_file",
            "/etc/n/k",
        );
    }

    #[test]
    fn labels_and_parameters_are_no_paths() {
        check(
            "{static_configs: [{labels: {config_file: x}}]}",
            "static_configs/0/labels/config_file",
            "x",
        );
        check("{params: {a_file: [x]}}", "params/a_file/0", "x");
    }

    #[test]
    fn paths_of_receivers_count_from_the_folder() {
        let text = "route: {match: {a_file: x}}\n\
                    receivers: [{slack_configs: [{api_url_file: u}], \
                    pagerduty_configs: [{details: {a_file: x}, routing_key_file: k}]}]\n\
                    global: {slack_api_url_file: g}\n";
        for (pointer, expected) in [
            ("/route/match/a_file", "x"),
            ("/receivers/0/slack_configs/0/api_url_file", "/etc/n/u"),
            ("/receivers/0/pagerduty_configs/0/details/a_file", "x"),
            ("/receivers/0/pagerduty_configs/0/routing_key_file", "/etc/n/k"),
            ("/global/slack_api_url_file", "/etc/n/g"),
        ] {
            assert_eq!(resolved(text, resolve_alertmanager, pointer), expected, "{pointer}");
        }
    }
}
