//! `cargo xtask deny`: what dependencies may be, as deny.toml says it.
//!
//! cargo-deny takes longer to build than the host's own crates, and its advisory database comes over the network. So
//! licenses, sources and bans are checked here from `cargo metadata`, always and in a second; where cargo-deny is
//! installed, it judges the same file as well and adds the advisories.

mod license;

use std::collections::BTreeMap;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use serde_json::Value;
use toml::Table;

use crate::process::{Tool, find_program};
use crate::steps;
use crate::suite;
use crate::tally::Tally;
use crate::workspace::Workspace;

const STEP: &str = "deny";

/// The one registry that crates come from, as `cargo metadata` spells its index.
const REGISTRY: &str = "crates.io-index";

/// `cargo xtask deny`.
pub(crate) fn run(workspace: &Workspace, _arguments: &[String]) -> anyhow::Result<ExitCode> {
    let mut tally = Tally::default();
    check(workspace, &mut tally)?;
    Ok(suite::conclude(&tally))
}

/// Fails with all findings. Counts each check that passed or could not be made.
pub(crate) fn check(workspace: &Workspace, tally: &mut Tally) -> anyhow::Result<()> {
    let path = workspace.root.join("deny.toml");
    let text = std::fs::read_to_string(&path).context("read deny.toml")?;
    let policy = Policy::parse(&text)?;
    let metadata = workspace.metadata(&[])?;
    let packages =
        metadata.get("packages").and_then(Value::as_array).context("packages in cargo metadata")?;
    let doubles = doubles(packages);
    if !doubles.is_empty() {
        workspace.steps.say(STEP, format_args!("several versions of {}", doubles.join(", ")));
    }
    let findings: Vec<String> = packages
        .iter()
        .filter_map(Crate::read)
        .flat_map(|package| policy.judge(&package))
        .collect();
    for finding in &findings {
        steps::complain(finding);
    }
    if !findings.is_empty() {
        bail!("{} findings, listed above", findings.len());
    }
    tally.count(1, 0);
    ask_cargo_deny(workspace, tally);
    Ok(())
}

fn ask_cargo_deny(workspace: &Workspace, tally: &mut Tally) {
    if find_program("cargo-deny").is_none() {
        tally.skip("security advisories", "cargo-deny is not installed");
        return;
    }
    let judge = |checks: &[&str]| Tool::cargo(workspace).args(["deny", "check"]).args(checks).run();
    match judge(&["bans", "licenses", "sources"]) {
        Ok(()) => tally.count(1, 0),
        Err(error) => tally.fail("cargo deny", &error),
    }
    let fetched = Tool::cargo(workspace).args(["deny", "fetch", "db"]).run();
    match fetched {
        Err(_) => tally.skip("security advisories", "the advisory database cannot be fetched"),
        Ok(()) => match judge(&["--disable-fetch", "advisories"]) {
            Ok(()) => tally.count(1, 0),
            Err(error) => tally.fail("security advisories", &error),
        },
    }
}

/// The part of deny.toml that is checked here.
#[derive(Debug, Default)]
struct Policy {
    licenses: Vec<String>,
    /// Crate and reason.
    banned: BTreeMap<String, String>,
}

/// What is known of a crate.
#[derive(Debug)]
struct Crate<'a> {
    name: &'a str,
    version: &'a str,
    license: Option<&'a str>,
    /// `None` for a crate of the workspace.
    source: Option<&'a str>,
    /// Dependencies from a registry that take any version.
    wildcards: Vec<&'a str>,
}

impl Policy {
    fn parse(text: &str) -> anyhow::Result<Self> {
        let table: Table = text.parse().context("parse deny.toml")?;
        let list = |section: &str, key: &str| {
            let list = table
                .get(section)
                .and_then(|section| section.get(key))
                .and_then(toml::Value::as_array);
            list.with_context(|| format!("deny.toml has no list `{key}` under [{section}]"))
        };
        let licenses =
            list("licenses", "allow")?.iter().filter_map(toml::Value::as_str).map(str::to_owned);
        let entry = |entry: &toml::Value| {
            let text = |key: &str| entry.get(key).and_then(toml::Value::as_str).map(str::to_owned);
            text("crate")
                .zip(text("reason"))
                .context("an entry of [bans] deny has no `crate` or no `reason`")
        };
        let banned = list("bans", "deny")?.iter().map(entry).collect::<anyhow::Result<_>>()?;
        Ok(Self { licenses: licenses.collect(), banned })
    }

    fn judge(&self, package: &Crate<'_>) -> Vec<String> {
        let mut findings = Vec::new();
        let mut find =
            |text: String| findings.push(format!("{} {}: {text}", package.name, package.version));
        if let Some(reason) = self.banned.get(package.name) {
            find(format!("is banned: {reason}"));
        }
        for name in &package.wildcards {
            find(format!("takes any version of {name}"));
        }
        let Some(source) = package.source else { return findings };
        if !(source.starts_with("registry+") && source.contains(REGISTRY)) {
            find(format!("comes from {source}, not from the registry"));
        }
        match package.license.map(|text| license::is_allowed(text, &self.licenses)) {
            Some(Ok(true)) => {}
            Some(Ok(false)) => {
                find(format!("license `{}` is not allowed", package.license.unwrap_or_default()));
            }
            Some(Err(error)) => find(error.to_string()),
            None => find("states no license".to_owned()),
        }
        findings
    }
}

impl<'a> Crate<'a> {
    fn read(record: &'a Value) -> Option<Self> {
        let text = |key: &str| record.get(key).and_then(Value::as_str);
        let source = text("source");
        let dependencies =
            record.get("dependencies").and_then(Value::as_array).into_iter().flatten();
        // Only our own manifests are ours to mend.
        let wildcards = dependencies
            .filter(|_| source.is_none())
            .filter(|entry| entry.get("path").is_none())
            .filter(|entry| entry.get("req").and_then(Value::as_str) == Some("*"))
            .filter_map(|entry| entry.get("name").and_then(Value::as_str));
        Some(Self {
            name: text("name")?,
            version: text("version")?,
            license: text("license"),
            source,
            wildcards: wildcards.collect(),
        })
    }
}

/// Crates of which more than one version is built, with their number.
fn doubles(packages: &[Value]) -> Vec<String> {
    let mut counts = BTreeMap::<&str, u32>::new();
    for name in packages.iter().filter_map(|package| package.get("name").and_then(Value::as_str)) {
        *counts.entry(name).or_default() += 1;
    }
    // Import libraries of another system come in many versions and are never built here.
    let several =
        counts.into_iter().filter(|(name, count)| *count > 1 && !name.starts_with("windows"));
    several.map(|(name, count)| format!("{name} ({count})")).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const POLICY: &str = r#"
        [licenses]
        allow = ["MIT", "Apache-2.0"]
        [bans]
        deny = [{ crate = "openssl-sys", reason = "TLS is rustls" }]
    "#;

    #[track_caller]
    fn check_crate(record: &Value, expected: &[&str]) {
        let policy = Policy::parse(POLICY).unwrap();
        assert_eq!(policy.judge(&Crate::read(record).unwrap()), expected);
    }

    #[test]
    fn each_kind_of_finding_is_named() {
        let registry = format!("registry+https://example/{REGISTRY}");
        check_crate(
            &json!({ "name": "a", "version": "1.0.0", "license": "MIT", "source": registry }),
            &[],
        );
        check_crate(
            &json!({ "name": "openssl-sys", "version": "0.9.0", "license": "GPL-3.0", "source": registry }),
            &[
                "openssl-sys 0.9.0: is banned: TLS is rustls",
                "openssl-sys 0.9.0: license `GPL-3.0` is not allowed",
            ],
        );
        check_crate(
            &json!({ "name": "b", "version": "1.0.0", "source": "git+https://example/b" }),
            &[
                "b 1.0.0: comes from git+https://example/b, not from the registry",
                "b 1.0.0: states no license",
            ],
        );
        check_crate(
            &json!({ "name": "ours", "version": "0.1.0", "source": null,
                "dependencies": [{ "name": "c", "req": "*" }, { "name": "room", "req": "*", "path": "/r" }] }),
            &["ours 0.1.0: takes any version of c"],
        );
    }
}
