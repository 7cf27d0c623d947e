//! Peers: the programs that tests run beside the host. `cargo xtask peers` fetches them; nothing is fetched here.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::skip;

/// A program known to `cargo xtask peers`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    /// The server whose place the host takes.
    Prometheus,
    /// Its tool, which checks rules, configurations and blocks.
    Promtool,
    /// The exporter whose place the plugin `node` takes.
    NodeExporter,
    /// The exporter whose place the plugin `redis` takes.
    RedisExporter,
    /// What it asks.
    RedisServer,
    /// The exporter whose place the plugin `mysql` takes.
    MysqldExporter,
    /// What it asks.
    MariaDb,
    /// The exporter whose place the plugin `nginx` takes.
    NginxExporter,
    /// The exporter whose place the plugin `blackbox` takes.
    BlackboxExporter,
    /// The alert router.
    Alertmanager,
    /// Its tool.
    Amtool,
    /// A headless browser.
    Chromium,
    /// A DNS server.
    Dnsmasq,
    /// A reverse proxy.
    Nginx,
}

impl Peer {
    /// Debian's package and the program in it.
    #[must_use]
    pub fn package_and_program(self) -> (&'static str, &'static str) {
        match self {
            Self::Prometheus => ("prometheus", "prometheus"),
            Self::Promtool => ("promtool", "promtool"),
            Self::NodeExporter => ("prometheus-node-exporter", "prometheus-node-exporter"),
            Self::RedisExporter => ("prometheus-redis-exporter", "prometheus-redis-exporter"),
            Self::RedisServer => ("redis-server", "redis-server"),
            Self::MysqldExporter => ("prometheus-mysqld-exporter", "prometheus-mysqld-exporter"),
            Self::MariaDb => ("mariadb-server-core", "mariadbd"),
            Self::NginxExporter => ("prometheus-nginx-exporter", "prometheus-nginx-exporter"),
            Self::BlackboxExporter => {
                ("prometheus-blackbox-exporter", "prometheus-blackbox-exporter")
            }
            Self::Alertmanager => ("prometheus-alertmanager", "prometheus-alertmanager"),
            Self::Amtool => ("prometheus-alertmanager", "amtool"),
            Self::Chromium => ("chromium", "chromium"),
            Self::Dnsmasq => ("dnsmasq-base", "dnsmasq"),
            Self::Nginx => ("nginx", "nginx"),
        }
    }
}

/// The path of a peer, or `None` after the test was reported as skipped.
///
/// ```no_run
/// # fn test() {
/// use narthex_harness::{Peer, peer};
/// let Some(promtool) = peer(Peer::Promtool) else { return };
/// # }
/// ```
#[must_use]
pub fn peer(peer: Peer) -> Option<PathBuf> {
    let (package, program) = peer.package_and_program();
    let cache = cache();
    let found = find(&cache, package, program);
    if found.is_none() {
        let reason = std::fs::read_to_string(cache.join(format!("{package}.unavailable")))
            .unwrap_or_else(|_| "not fetched yet: run `cargo xtask peers`".to_owned());
        skip(&format!("needs {program} of Debian's package {package}: {}", reason.trim()));
    }
    found
}

/// A Python that knows the client library for Python, as a command to which a script is given; `None` after the test
/// was reported as skipped.
#[must_use]
pub fn python_client() -> Option<Command> {
    python("prometheus_client", &["python3-prometheus-client", "python3-decorator"])
}

/// A Python that knows aiosmtpd, of which a mail server is made, as a command to which a script is given; `None` after
/// the test was reported as skipped.
#[must_use]
pub fn python_smtpd() -> Option<Command> {
    python("aiosmtpd", &["python3-aiosmtpd", "python3-attr", "python3-public"])
}

/// A Python that knows a module of these packages, the first of which has it.
fn python(module: &str, packages: &[&str]) -> Option<Command> {
    let folders =
        packages.iter().map(|package| cache().join(package).join("usr/lib/python3/dist-packages"));
    let path = std::env::join_paths(folders).expect("the cache's path has no colon");
    let python = || {
        let mut command = Command::new("python3");
        command.env("PYTHONPATH", &path).env("PYTHONDONTWRITEBYTECODE", "1");
        command
    };
    match python().args(["-c", &format!("import {module}")]).output() {
        Ok(output) if output.status.success() => return Some(python()),
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr);
            let last = said.lines().last().unwrap_or("nothing");
            let package = packages.first().unwrap_or(&module);
            skip(&format!("needs Debian's package {package}: python3 says {last}"));
        }
        Err(error) => skip(&format!("needs python3: {error}")),
    }
    None
}

/// A Java that runs a Tomcat, and the folder of its application `manager`; `None` after the test was reported as
/// skipped. A Java is not fetched: it is larger than all other peers together.
#[must_use]
pub fn tomcat() -> Option<(Command, PathBuf)> {
    let jars = cache().join("libtomcat11-java/usr/share/java");
    let manager = cache().join("tomcat11-admin/usr/share/tomcat11-admin/manager");
    if !jars.join("tomcat11-catalina.jar").is_file() || !manager.is_dir() {
        skip(
            "needs Debian's packages libtomcat11-java and tomcat11-admin: run `cargo xtask peers`",
        );
        return None;
    }
    if let Err(error) = Command::new("java").arg("-version").output() {
        skip(&format!("needs java: {error}"));
        return None;
    }
    let mut java = Command::new("java");
    java.arg("-cp").arg(jars.join("*"));
    Some((java, manager))
}

/// Unpacked beside the system first: that version is the one the tests were written against.
fn find(cache: &Path, package: &str, program: &str) -> Option<PathBuf> {
    let unpacked = cache.join(package);
    let mut folders: Vec<PathBuf> = vec![unpacked.join("usr/bin"), unpacked.join("usr/sbin")];
    folders.extend(std::env::var_os("PATH").iter().flat_map(|path| std::env::split_paths(path)));
    folders.push(PathBuf::from("/usr/sbin"));
    folders.into_iter().map(|folder| folder.join(program)).find(|file| file.is_file())
}

fn cache() -> PathBuf {
    match (std::env::var_os("NARTHEX_PEERS"), std::env::var_os("HOME")) {
        (Some(folder), _) => folder.into(),
        (None, Some(home)) => PathBuf::from(home).join(".cache/narthex-peers"),
        (None, None) => PathBuf::from("/var/cache/narthex-peers"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TempFolder;

    #[test]
    fn an_unpacked_program_is_found_in_its_package() {
        let cache = TempFolder::new();
        let file = cache.write("prometheus/usr/bin/promtool", "");
        assert_eq!(find(cache.path(), "prometheus", "promtool"), Some(file));
        assert_eq!(find(cache.path(), "prometheus", "no-such-program-anywhere"), None);
    }
}
