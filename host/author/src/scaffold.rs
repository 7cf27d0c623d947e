//! `narthex plugin new`: a project from the templates that the binary carries.

use std::fmt;

use camino::Utf8PathBuf;
use narthex_platform::{Disk, replace};

use crate::console::Console;

/// Files of `sdk/` and `wit/`: paths from the root of the repository, and bytes.
static FILES: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/files.rs"));

/// What a plugin does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Answers scrapes.
    Exporter,
    /// Finds targets.
    Discovery,
    /// Delivers alerts.
    Notifier,
}

/// What it is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lang {
    /// Rust.
    Rust,
    /// TypeScript.
    Js,
    /// Python.
    Python,
}

/// A plugin that is to be made.
#[derive(Clone, Debug)]
pub struct Order {
    /// Its name.
    pub name: String,
    /// What it does.
    pub kind: Kind,
    /// What it is written in.
    pub lang: Lang,
    /// Its folder.
    pub folder: Utf8PathBuf,
}

/// Why no project is made.
#[derive(Debug, thiserror::Error)]
pub enum NewError {
    /// It cannot be loaded under this name.
    #[error(
        "{0:?} is no name of a plugin: a lower-case letter first, then lower case, digits, - and _, \
         63 at most"
    )]
    Name(String),
    /// Something is there already.
    #[error("{0} exists; name another folder with --dir")]
    Exists(Utf8PathBuf),
    /// This binary has no such template.
    #[error("this narthex has no template of {kind} in {lang}")]
    NoTemplate {
        /// What was wanted.
        kind: Kind,
        /// In which language.
        lang: Lang,
    },
    /// The disk refuses.
    #[error("write {file}")]
    Write {
        /// The file.
        file: Utf8PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Exporter => "exporter",
            Self::Discovery => "discovery",
            Self::Notifier => "notifier",
        })
    }
}

impl fmt::Display for Lang {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rust => "rust",
            Self::Js => "js",
            Self::Python => "python",
        })
    }
}

/// Writes a project.
///
/// # Errors
/// When its name is none, its folder exists, or the disk refuses.
pub fn new(disk: &dyn Disk, order: &Order, console: Console) -> Result<(), NewError> {
    let Order { name, kind, lang, folder } = order;
    let letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    let begins = name.starts_with(|c: char| c.is_ascii_lowercase());
    if !begins || name.len() > 63 || !name.chars().all(letter) {
        return Err(NewError::Name(name.clone()));
    }
    if disk.list(folder).is_ok_and(|files| !files.is_empty()) {
        return Err(NewError::Exists(folder.clone()));
    }
    let files = files(order);
    if !files.iter().any(|(path, _)| path == "narthex-plugin.toml") {
        return Err(NewError::NoTemplate { kind: *kind, lang: *lang });
    }
    for (path, bytes) in files {
        let file = folder.join(&path);
        let parent = file.parent().unwrap_or(folder);
        let written = disk.create_folder(parent).and_then(|()| replace(disk, &file, &bytes));
        written.map_err(|source| NewError::Write { file, source })?;
    }
    console
        .say(&format!("{folder}: {kind} {name} in {lang}; {folder}/README.md says what is next"));
    Ok(())
}

/// The project's files: those that stand later win over those of the same path before.
fn files(order: &Order) -> Vec<(String, Vec<u8>)> {
    let Order { kind, lang, .. } = order;
    let sources = [
        (format!("sdk/{lang}/"), "sdk/"),
        (format!("sdk/templates/{lang}/sdk/"), "sdk/"),
        ("wit/narthex.wit".to_owned(), "sdk/wit/narthex.wit"),
        (format!("sdk/templates/{lang}/common/"), ""),
        (format!("sdk/templates/{lang}/{kind}/"), ""),
    ];
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    for (from, to) in &sources {
        for (path, bytes) in FILES {
            let Some(rest) = path.strip_prefix(from.as_str()) else { continue };
            let is_template = from.contains("/templates/");
            let path = if is_template { filled(rest, order) } else { rest.to_owned() };
            let path = match path.strip_suffix("gitignore") {
                Some(folder) if is_template && (folder.is_empty() || folder.ends_with('/')) => {
                    format!("{folder}.gitignore")
                }
                _ => path,
            };
            let path = format!("{to}{path}");
            let bytes = match std::str::from_utf8(bytes) {
                Ok(text) if is_template => filled(text, order).into_bytes(),
                // The contract stands beside the SDK, and not two folders above.
                Ok(text) => text.replace("\"../../wit\"", "\"wit\"").into_bytes(),
                Err(_) => bytes.to_vec(),
            };
            files.retain(|(known, _)| *known != path);
            files.push((path, bytes));
        }
    }
    files
}

/// A text with the placeholders of `sdk/templates/README.md` replaced.
fn filled(text: &str, order: &Order) -> String {
    let Order { name, kind, .. } = order;
    let module = name.replace('-', "_");
    let mut type_name = String::new();
    for word in name.split(['-', '_']) {
        let mut letters = word.chars();
        type_name.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        type_name.extend(letters);
    }
    let world = kind.to_string();
    [
        ("{{name}}", name.as_str()),
        ("{{module}}", &module),
        ("{{Type}}", &type_name),
        ("{{kind}}", &world),
        ("{{world}}", &world),
        ("{{version}}", env!("CARGO_PKG_VERSION")),
    ]
    .iter()
    .fold(text.to_owned(), |text, (placeholder, value)| text.replace(placeholder, value))
}

#[cfg(test)]
mod tests {
    use camino::Utf8Path;
    use narthex_platform::RealDisk;

    use super::*;

    fn order(name: &str, kind: Kind) -> Order {
        Order { name: name.into(), kind, lang: Lang::Rust, folder: "x".into() }
    }

    #[test]
    fn a_project_is_whole_and_has_no_placeholder() {
        for kind in [Kind::Exporter, Kind::Discovery, Kind::Notifier] {
            let files = files(&order("disk-queue", kind));
            let text = |path: &str| {
                let file = files.iter().find(|(known, _)| known == path);
                let (_, bytes) = file.unwrap_or_else(|| panic!("{kind} lacks {path}"));
                String::from_utf8(bytes.clone()).unwrap()
            };
            assert!(text("narthex-plugin.toml").contains("release/disk_queue.wasm"));
            assert!(text("src/lib.rs").contains("pub struct DiskQueue;"));
            assert!(text("sdk/src/bindings.rs").contains("path: \"wit\""));
            assert!(text("sdk/Cargo.toml").contains("wit-bindgen = { version"));
            assert_eq!(text(".gitignore"), "target/\n");
            assert!(text("sdk/wit/narthex.wit").starts_with("/// The contract"));
            let unfilled = files.iter().find(|(path, bytes)| {
                !path.starts_with("sdk/") && String::from_utf8_lossy(bytes).contains("{{")
            });
            assert_eq!(unfilled.map(|(path, _)| path), None);
        }
    }

    #[test]
    fn every_language_has_every_kind() {
        for lang in [Lang::Rust, Lang::Js, Lang::Python] {
            for kind in [Kind::Exporter, Kind::Discovery, Kind::Notifier] {
                let files = files(&Order { lang, ..order("disk-queue", kind) });
                let manifest = files.iter().find(|(path, _)| path == "narthex-plugin.toml");
                let (_, manifest) = manifest.unwrap_or_else(|| panic!("{kind} in {lang}"));
                let manifest: crate::project::Manifest =
                    toml::from_str(&String::from_utf8_lossy(manifest)).unwrap();
                assert_eq!(manifest.name, "disk-queue");
                let own = files.iter().filter(|(path, _)| !path.starts_with("sdk/"));
                for (path, bytes) in own {
                    let text = String::from_utf8_lossy(bytes);
                    let is_filled = ["{{name}}", "{{module}}", "{{Type}}", "{{version}}"]
                        .iter()
                        .all(|placeholder| {
                            !text.contains(placeholder) && !path.contains(placeholder)
                        });
                    assert!(is_filled, "{lang}: {path}");
                }
            }
        }
    }

    #[test]
    fn the_sdk_of_a_project_depends_on_what_ours_does() {
        let ours: toml::Table = include_str!("../../../sdk/rust/Cargo.toml").parse().unwrap();
        let theirs = files(&order("x", Kind::Exporter));
        let theirs = theirs.iter().find(|(path, _)| path == "sdk/Cargo.toml").unwrap();
        let theirs: toml::Table = String::from_utf8(theirs.1.clone()).unwrap().parse().unwrap();
        let workspace: toml::Table = include_str!("../../../Cargo.toml").parse().unwrap();
        let of_workspace = &workspace["workspace"]["dependencies"];
        for (name, _) in ours["dependencies"].as_table().unwrap() {
            let version = |value: &toml::Value| {
                let own = value.get("version").unwrap_or(value);
                own.as_str().map(str::to_owned)
            };
            let wanted = of_workspace.get(name).and_then(version);
            assert_eq!(theirs["dependencies"].get(name).and_then(version), wanted, "{name}");
        }
        assert_eq!(theirs.get("features"), ours.get("features"));
    }

    #[test]
    fn names_that_no_server_loads_and_folders_in_use_are_refused() {
        const QUIET: Console = Console { say: |_| (), complain: |_| (), is_colored: false };
        let disk = RealDisk::shared();
        for name in ["", "Up", "a b", "1x", "ä"] {
            let refused = new(&*disk, &order(name, Kind::Exporter), QUIET);
            assert!(matches!(refused, Err(NewError::Name(_))), "{name}");
        }
        let folder = tempfile::tempdir().unwrap();
        let folder = Utf8Path::from_path(folder.path()).unwrap();
        let here = Order { folder: folder.join("p"), ..order("p", Kind::Notifier) };
        new(&*disk, &here, QUIET).unwrap();
        assert!(matches!(new(&*disk, &here, QUIET), Err(NewError::Exists(_))));
    }
}
