//! The shared files of AWS' tools: `~/.aws/credentials` and `~/.aws/config`.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};
use narthex_platform::read_to_string;

use super::super::Machine;

/// A shared file is not longer.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// What the shared files say of one profile; what the credentials say goes before the rest.
pub(super) fn profile(machine: &Machine, name: &str) -> BTreeMap<String, String> {
    let home = machine.environment.get("HOME").map(Utf8PathBuf::from);
    let path = |variable: &str, file: &str| {
        let given = machine.environment.get(variable).map(Utf8PathBuf::from);
        given.or_else(|| home.as_ref().map(|home| home.join(".aws").join(file)))
    };
    let read = |path: Option<Utf8PathBuf>, section: &str| {
        // A file that is not there says nothing.
        let text = path.and_then(|path| text(machine, &path)).unwrap_or_default();
        section_of(&text, section)
    };
    let of_config = match name {
        "default" => "default".to_owned(),
        name => format!("profile {name}"),
    };
    let mut all = read(path("AWS_CONFIG_FILE", "config"), &of_config);
    all.extend(read(path("AWS_SHARED_CREDENTIALS_FILE", "credentials"), name));
    all
}

fn text(machine: &Machine, path: &Utf8Path) -> Option<String> {
    read_to_string(&*machine.client.disk, path, FILE_BYTES_MAX).ok()
}

/// The keys of a section, in lower case.
fn section_of(text: &str, wanted: &str) -> BTreeMap<String, String> {
    let mut keys = BTreeMap::new();
    let mut is_wanted = false;
    for line in text.lines() {
        let trimmed = line.trim();
        // What is indented belongs to the key above: settings of single services.
        if trimmed.is_empty() || trimmed.starts_with(['#', ';']) || line.starts_with([' ', '\t']) {
            continue;
        }
        let section = trimmed.strip_prefix('[').and_then(|rest| rest.split(']').next());
        if let Some(section) = section {
            is_wanted = section.split_whitespace().eq(wanted.split_whitespace());
        } else if let (true, Some((key, value))) = (is_wanted, trimmed.split_once('=')) {
            keys.insert(key.trim().to_ascii_lowercase(), value.trim().to_owned());
        }
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_ends_where_the_next_begins() {
        let text = "[default]\nregion = a\n# no\n[profile  b] ; x\nRegion=c\ns3 =\n  region = no\n";
        assert_eq!(section_of(text, "default")["region"], "a");
        assert_eq!(section_of(text, "profile b")["region"], "c");
        assert!(section_of(text, "b").is_empty());
    }
}
