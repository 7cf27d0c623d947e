//! Debian packages unpacked beside the system: no service starts, no system package changes, no root is needed.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use crate::process::{Tool, find_program};

/// Debian's keys, as the package debian-archive-keyring puts them.
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// Which packages are offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Release {
    /// What this machine would install.
    OfThisMachine,
    /// The newest, from the mirror that this machine uses.
    Sid,
}

/// apt-get over package lists of its own, apart from the system's.
#[derive(Debug)]
pub(crate) struct Apt {
    folder: PathBuf,
    release: Release,
}

impl Apt {
    /// Fetches the package lists into `folder`.
    pub(crate) fn prepare(folder: &Path, release: Release) -> anyhow::Result<Self> {
        for program in ["apt-get", "apt-cache", "dpkg-deb"] {
            if find_program(program).is_none() {
                bail!("{program} is not installed: this is for Debian and its relatives");
            }
        }
        for part in ["lists/partial", "cache/archives/partial", "download"] {
            let part = folder.join(part);
            std::fs::create_dir_all(&part).with_context(|| format!("create {}", part.display()))?;
        }
        let apt = Self { folder: folder.to_path_buf(), release };
        if release == Release::Sid {
            apt.name_sid()?;
        }
        apt.tool("apt-get").arg("update").run().context("fetch the package lists")?;
        Ok(apt)
    }

    /// Unpacks one package over `root`.
    pub(crate) fn unpack(&self, package: &str, root: &Path) -> anyhow::Result<()> {
        let downloads = self.folder.join("download");
        self.tool("apt-get").args(["download", package]).within(&downloads).run()?;
        let prefix = format!("{package}_");
        let archive = std::fs::read_dir(&downloads)
            .context("list the downloads")?
            .filter_map(Result::ok)
            .find(|entry| entry.file_name().to_string_lossy().starts_with(&prefix))
            .with_context(|| format!("apt-get downloaded no {package}"))?;
        Tool::new("dpkg-deb").arg("-x").arg(archive.path()).arg(root).run()?;
        std::fs::remove_file(archive.path()).context("remove the archive")
    }

    /// The packages that a package depends on.
    pub(crate) fn dependencies(&self, package: &str) -> anyhow::Result<Vec<String>> {
        let text = self.tool("apt-cache").args(["depends", package]).capture()?;
        Ok(dependencies_in(&text))
    }

    fn name_sid(&self) -> anyhow::Result<()> {
        if !Path::new(KEYRING).is_file() {
            bail!("the package debian-archive-keyring is not installed");
        }
        let mirror =
            system_mirror().context("the system's package sources name no Debian mirror")?;
        let list = self.folder.join("sources.list");
        std::fs::write(&list, format!("deb [signed-by={KEYRING}] {mirror} sid main\n"))
            .with_context(|| format!("write {}", list.display()))
    }

    fn tool(&self, program: &str) -> Tool {
        let option = |name: &str, path: &Path| format!("{name}={}", path.display());
        let mut options = vec![
            option("Dir::State::lists", &self.folder.join("lists")),
            option("Dir::Cache", &self.folder.join("cache")),
            "APT::Sandbox::User=root".to_owned(),
            "Acquire::Retries=1".to_owned(),
            "Acquire::http::Timeout=30".to_owned(),
        ];
        if self.release == Release::Sid {
            options.push(option("Dir::Etc::sourcelist", &self.folder.join("sources.list")));
            options.push("Dir::Etc::sourceparts=/dev/null".to_owned());
        }
        options.iter().fold(Tool::new(program).arg("-q"), |tool, option| tool.args(["-o", option]))
    }
}

/// Reads `  Depends: name` lines; a virtual package stands in angle brackets and is left out.
fn dependencies_in(text: &str) -> Vec<String> {
    let names = text.lines().filter_map(|line| line.trim().strip_prefix("Depends: "));
    names.filter(|name| !name.starts_with('<')).map(str::to_owned).collect()
}

/// The mirror in the system's own sources, in either of apt's two formats.
fn system_mirror() -> Option<String> {
    let mut files = vec![PathBuf::from("/etc/apt/sources.list")];
    if let Ok(entries) = std::fs::read_dir("/etc/apt/sources.list.d") {
        files.extend(entries.filter_map(Result::ok).map(|entry| entry.path()));
    }
    files.sort();
    files
        .iter()
        .filter_map(|file| std::fs::read_to_string(file).ok())
        .find_map(|text| mirror_in(&text))
}

/// The first address whose path is Debian's main archive.
fn mirror_in(sources: &str) -> Option<String> {
    let lines = sources.lines().map(str::trim);
    let statements = lines.filter(|line| line.starts_with("URIs:") || line.starts_with("deb "));
    let mut words = statements.flat_map(str::split_whitespace);
    words
        .find(|word| word.contains("://") && word.trim_end_matches('/').ends_with("/debian"))
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mirror_is_read_from_both_formats() {
        let deb822 = "Types: deb\n# http://old.example/debian\nURIs: http://mirror.example/debian\nSuites: bookworm\n";
        assert_eq!(mirror_in(deb822).as_deref(), Some("http://mirror.example/debian"));
        let security_first = "deb http://m.example/debian-security bookworm-security main\n\
                              deb [arch=amd64] https://m.example/debian/ bookworm main\n";
        assert_eq!(mirror_in(security_first).as_deref(), Some("https://m.example/debian/"));
        assert_eq!(mirror_in("deb https://other.example/node nodistro main"), None);
    }

    #[test]
    fn dependencies_are_read_without_alternatives_of_virtual_packages() {
        let text = "lld-22\n  Depends: libc6\n  Depends: <libc-dev>\n    libc6-dev\n  Depends: libllvm22\n  Suggests: x\n";
        assert_eq!(dependencies_in(text), ["libc6", "libllvm22"]);
    }
}
