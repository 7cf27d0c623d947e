//! What a configuration is made of, to tell whether it is another by now.
//!
//! Invariant: names and content of files count, not when or how often they are written.

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};
use narthex_platform::expand_pattern;
use xxhash_rust::xxh3::Xxh3;

use crate::load::{Loader, Source};

/// The configuration file and the files that it names, as they are at a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inputs {
    folders: BTreeSet<Utf8PathBuf>,
    digest: u128,
}

impl Inputs {
    /// Reads all of them. What is no configuration counts as what it is: it may be one the next time.
    #[must_use]
    pub fn of(source: &Source<'_>) -> Self {
        let loader = Loader::new(source);
        let mut reading = Reading { folders: BTreeSet::new(), hash: Xxh3::new() };
        let text = reading.file(&loader, source.path);
        let document = text.and_then(|text| loader.quiet_document(source.path, &text).ok());
        if let Some(document) = document {
            let root = document.root();
            let read = |key| root.get(key).map(|node| (node, key));
            for (node, key) in ["rule_files", "scrape_config_files"].into_iter().filter_map(read) {
                let patterns: Vec<String> = document.read_node(node, key).unwrap_or_default();
                for pattern in patterns {
                    let pattern = loader.folder.join(pattern);
                    reading.folder_of(&pattern);
                    for path in expand_pattern(source.disk, &pattern).unwrap_or_default() {
                        reading.file(&loader, &path);
                    }
                }
            }
            if let Some((node, key)) = read("alertmanager_config_file") {
                let name: String = document.read_node(node, key).unwrap_or_default();
                reading.file(&loader, &loader.folder.join(name));
            }
        }
        Self { folders: reading.folders, digest: reading.hash.digest128() }
    }

    /// Where a change of them is to be seen.
    #[must_use]
    pub const fn folders(&self) -> &BTreeSet<Utf8PathBuf> {
        &self.folders
    }
}

struct Reading {
    folders: BTreeSet<Utf8PathBuf>,
    hash: Xxh3,
}

impl Reading {
    fn folder_of(&mut self, path: &Utf8Path) {
        let folder = path.parent().filter(|folder| !folder.as_str().is_empty());
        self.folders.insert(folder.unwrap_or(Utf8Path::new(".")).to_owned());
    }

    fn file(&mut self, loader: &Loader<'_>, path: &Utf8Path) -> Option<String> {
        self.folder_of(path);
        let text = loader.text(path).ok();
        self.part(path.as_str());
        // A file that cannot be read is another than an empty one.
        self.hash.update(&[u8::from(text.is_some())]);
        self.part(text.as_deref().unwrap_or_default());
        text
    }

    /// With its length, so that no two lists of parts are the same bytes.
    fn part(&mut self, text: &str) {
        self.hash.update(&text.len().to_le_bytes());
        self.hash.update(text.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use narthex_platform::{Disk, SimulatedDisk};

    use super::*;

    fn of(disk: &SimulatedDisk) -> Inputs {
        let path = Utf8Path::new("/c/p.yml");
        Inputs::of(&Source { disk, path, variable: &|_| None, expands_env: false })
    }

    #[test]
    fn every_file_that_is_read_counts_and_nothing_else() {
        let disk = SimulatedDisk::new(1);
        let write = |path: &str, text: &str| {
            let path = Utf8Path::new(path);
            disk.create_folder(path.parent().unwrap()).unwrap();
            narthex_platform::replace(&disk, path, text.as_bytes()).unwrap();
        };
        write(
            "/c/p.yml",
            "rule_files: ['r/*.yml']\nscrape_config_files: [s/a.yml]\nalertmanager_config_file: /d/am.yml\n",
        );
        write("/c/r/one.yml", "groups: []");
        write("/d/am.yml", "");
        let mut known = of(&disk);
        let folders: Vec<&str> = known.folders().iter().map(|folder| folder.as_str()).collect();
        assert_eq!(folders, ["/c", "/c/r", "/c/s", "/d"]);
        for (path, text, is_other) in [
            ("/c/r/one.yml", "groups: []", false),
            ("/c/r/one.yml", "groups: [{name: a}]", true),
            ("/c/r/two.yml", "", true),
            ("/c/r/two.txt", "not named", false),
            ("/c/s/a.yml", "", true),
            ("/c/s/b.yml", "not named", false),
            ("/d/am.yml", "route: {}", true),
            ("/c/p.yml", "rule_files: [", true),
            ("/c/p.yml", "", true),
        ] {
            write(path, text);
            let now = of(&disk);
            assert_eq!(now != known, is_other, "{path} {text}");
            known = now;
        }
    }
}
