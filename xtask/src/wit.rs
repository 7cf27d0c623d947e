//! What is made of `wit/narthex.wit`: the reference page, and the component that shows the whole contract; and the
//! record of its released text.
//!
//! A released text is never edited: components that were built with it run for as long as its major version is
//! served. Comments are no part of what is recorded, so that they can be mended.

mod reference;

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, anyhow};
use sha2::{Digest as _, Sha256};
use wit_component::{ComponentEncoder, StringEncoding, dummy_module, embed_component_metadata};
use wit_parser::{LiftLowerAbi, ManglingAndAbi, PackageId, Resolve};

use crate::workspace::Workspace;

const STEP: &str = "wit";

/// The contract.
const CONTRACT: &str = "wit/narthex.wit";

/// The reference page.
const REFERENCE: &str = "docs/guide/plugins/reference.md";

/// The component that shows the whole contract.
const COMPONENT: &str = "host/plugins/src/contract.wasm";

/// A world with everything that the contract has.
const EVERYTHING: &str = "
package narthex:contract;
world everything {
    include narthex:plugin/host-imports@VERSION;
    export narthex:plugin/lifecycle@VERSION;
    export narthex:plugin/exporter-api@VERSION;
    export narthex:plugin/discovery-api@VERSION;
    export narthex:plugin/notifier-api@VERSION;
}
";

/// `cargo xtask wit`.
pub(crate) fn run(workspace: &Workspace, _arguments: &[String]) -> anyhow::Result<ExitCode> {
    for (path, bytes) in made(&workspace.root)? {
        let file = workspace.root.join(path);
        if std::fs::read(&file).is_ok_and(|old| old == bytes) {
            workspace.steps.say(STEP, format_args!("{path} is fresh"));
            continue;
        }
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder)
                .with_context(|| format!("create the folder of {path}"))?;
        }
        std::fs::write(&file, bytes).with_context(|| format!("write {path}"))?;
        workspace.steps.say(STEP, format_args!("new {path}"));
    }
    Ok(ExitCode::SUCCESS)
}

/// What does not follow the contract as it stands: a file, and what to do about it.
pub(crate) fn complaints(root: &Path) -> anyhow::Result<Vec<(String, String)>> {
    let mut complaints = Vec::new();
    for (path, bytes) in made(root)? {
        if std::fs::read(root.join(path)).map_or(true, |found| found != bytes) {
            let text = format!("does not follow {CONTRACT}; write it anew by `cargo xtask wit`");
            complaints.push((path.to_owned(), text));
        }
    }
    let text = read(root)?;
    let version = version(&text)?;
    let record = format!("wit/{version}.sha256");
    let recorded = std::fs::read_to_string(root.join(&record)).unwrap_or_default();
    complaints.extend(unrecorded(&text, &version, &recorded).map(|why| (CONTRACT.to_owned(), why)));
    Ok(complaints)
}

/// Why a text is not the one that was released under this version.
fn unrecorded(text: &str, version: &str, recorded: &str) -> Option<String> {
    let digest = digest(text);
    if recorded.trim() == digest {
        return None;
    }
    let record = format!("wit/{version}.sha256");
    if recorded.trim().is_empty() {
        return Some(format!(
            "version {version} has no record; when it is released, {record} holds {digest}"
        ));
    }
    Some(format!(
        "version {version} is released, and a released text is never edited but for its comments: components that were \
         built with it would break. Undo the edit. A function or an interface is added by a new minor version: \
         `package narthex:plugin@` names it, its own record stands beside {record}, and components of {version} are \
         among tests/fixtures/plugins. Anything else is a new major version, a package beside this one (recorded: {}, \
         found: {digest})",
        recorded.trim()
    ))
}

/// The SHA-256 of a text without comments, each run of blanks as one.
fn digest(text: &str) -> String {
    let code = without_comments(text);
    let words: Vec<&str> = code.split_whitespace().collect();
    Sha256::digest(words.join(" ")).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// WIT has `//` to the end of the line, and `/* */`, which nest. It has no texts in which these could stand.
fn without_comments(text: &str) -> String {
    let mut code = String::new();
    let (mut rest, mut depth) = (text, 0_usize);
    while let Some(letter) = rest.chars().next() {
        if rest.starts_with("/*") {
            depth += 1;
            rest = rest.get(2..).unwrap_or_default();
        } else if depth > 0 && rest.starts_with("*/") {
            depth -= 1;
            code.push(' ');
            rest = rest.get(2..).unwrap_or_default();
        } else if depth == 0 && rest.starts_with("//") {
            rest = rest.find('\n').and_then(|end| rest.get(end..)).unwrap_or_default();
        } else {
            if depth == 0 {
                code.push(letter);
            }
            rest = rest.get(letter.len_utf8()..).unwrap_or_default();
        }
    }
    code
}

/// The files that are made of the contract.
fn made(root: &Path) -> anyhow::Result<[(&'static str, Vec<u8>); 2]> {
    let text = read(root)?;
    let (resolve, package) = parsed(&text)?;
    let page = reference::page(&resolve, package).context("write the reference page")?;
    let component = component(&text).context("make the component of the contract")?;
    Ok([(REFERENCE, page.into_bytes()), (COMPONENT, component)])
}

fn read(root: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(root.join(CONTRACT)).with_context(|| format!("read {CONTRACT}"))
}

fn parsed(text: &str) -> anyhow::Result<(Resolve, PackageId)> {
    let mut resolve = Resolve::default();
    let package = resolve.push_str(CONTRACT, text).context("parse the contract")?;
    Ok((resolve, package))
}

/// The version of the package that a text declares.
fn version(text: &str) -> anyhow::Result<String> {
    let (resolve, package) = parsed(text)?;
    let package = resolve.packages.get(package).context("find the package")?;
    let version = package.name.version.as_ref();
    version.map(ToString::to_string).ok_or_else(|| anyhow!("{CONTRACT} has no version"))
}

/// A component that imports and exports all of the contract, and does nothing.
fn component(text: &str) -> anyhow::Result<Vec<u8>> {
    let (mut resolve, _) = parsed(text)?;
    let everything = EVERYTHING.replace("VERSION", &version(text)?);
    let package = resolve.push_str("everything.wit", &everything)?;
    let world = resolve.select_world(&[package], None)?;
    let mut module = dummy_module(&resolve, world, ManglingAndAbi::Legacy(LiftLowerAbi::Sync));
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8)?;
    ComponentEncoder::default().module(&module)?.validate(true).encode()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_blanks_are_no_part_of_the_record() {
        let plain = "package a:b@1.0.0; interface c { d: func(); }";
        let commented = "/// What\npackage a:b@1.0.0;\n\n// it /* is\ninterface c { /* nested /* ones */ too */\n  d: func(); }\n";
        assert_eq!(digest(plain), digest(commented));
        assert_ne!(digest(plain), digest("package a:b@1.0.0; interface c { d: func(e: u8); }"));
        assert_ne!(digest("a b"), digest("ab"));
    }

    #[test]
    fn an_edited_text_is_refused_with_the_rule() {
        let (old, new) = ("interface c { }", "interface c { d: func(); }");
        assert_eq!(unrecorded(old, "1.0.0", &format!("{}\n", digest(old))), None);
        let refused = unrecorded(new, "1.0.0", &digest(old)).unwrap();
        assert!(refused.contains("a released text is never edited"), "{refused}");
        assert!(unrecorded(new, "1.1.0", "").unwrap().contains("wit/1.1.0.sha256 holds"));
    }

    #[test]
    fn the_contract_has_what_every_world_has() {
        let text = include_str!("../../wit/narthex.wit");
        let component = component(text).unwrap();
        let has = |name: &str| component.windows(name.len()).any(|part| part == name.as_bytes());
        assert!(has("narthex:plugin/kv@1.0.0") && has("narthex:plugin/notifier-api@1.0.0"));
    }
}
