//! Peers: the programs that tests run beside the host.
//!
//! Servers come from Debian's sid, unpacked into a cache beside the system, so that no service starts and no system
//! package changes. A browser needs hundreds of libraries, so it is installed, where that is allowed. Whatever cannot
//! be had leaves a file `<package>.unavailable` with the reason, which the tests repeat when they skip.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};

use crate::apt::{Apt, Release};
use crate::process::{Tool, find_program};
use crate::steps;
use crate::workspace::Workspace;

const STEP: &str = "peers";

/// Packages to unpack, each with what tests need of it: programs, and modules of Python; places below `usr`.
const UNPACKED: &[(&str, &[&str])] = &[
    ("prometheus", &["bin/prometheus"]),
    ("promtool", &["bin/promtool"]),
    ("prometheus-node-exporter", &["bin/prometheus-node-exporter"]),
    ("prometheus-redis-exporter", &["bin/prometheus-redis-exporter"]),
    ("prometheus-mysqld-exporter", &["bin/prometheus-mysqld-exporter"]),
    ("prometheus-nginx-exporter", &["bin/prometheus-nginx-exporter"]),
    ("prometheus-blackbox-exporter", &["bin/prometheus-blackbox-exporter"]),
    ("libtomcat11-java", &["share/java/tomcat11-catalina.jar"]),
    ("tomcat11-admin", &["share/tomcat11-admin/manager/WEB-INF/web.xml"]),
    ("prometheus-alertmanager", &["bin/prometheus-alertmanager", "bin/amtool"]),
    ("python3-prometheus-client", &["lib/python3/dist-packages/prometheus_client/__init__.py"]),
    ("python3-decorator", &["lib/python3/dist-packages/decorator/__init__.py"]),
    ("python3-aiosmtpd", &["lib/python3/dist-packages/aiosmtpd/smtp.py"]),
    ("python3-attr", &["lib/python3/dist-packages/attr/__init__.py"]),
    ("python3-public", &["lib/python3/dist-packages/public/__init__.py"]),
];

/// Packages to install, each with the program that tests run.
const INSTALLED: &[(&str, &str)] = &[
    ("chromium", "chromium"),
    ("dnsmasq-base", "dnsmasq"),
    ("nginx", "nginx"),
    ("redis-server", "redis-server"),
    ("mariadb-server-core", "mariadbd"),
];

/// Packages that only the benchmarks start, each with one program of the same name.
const BENCHED: &[&str] =
    &["prometheus", "victoria-metrics", "prometheus-node-exporter", "prometheus-alertmanager"];

/// The program of a package that is measured beside ours, unpacked if need be; `None` with a note if it cannot be had.
pub(crate) fn benched(workspace: &Workspace, package: &str) -> anyhow::Result<Option<PathBuf>> {
    if !BENCHED.contains(&package) {
        bail!("{package} is not among the packages of benchmarks");
    }
    let cache = cache()?;
    let program = unpacked(&cache, package, &format!("bin/{package}"));
    if !program.is_file() {
        std::fs::create_dir_all(&cache).with_context(|| format!("create {}", cache.display()))?;
        let what = format_args!("unpack {package} of Debian sid");
        let fetched = workspace.steps.timed(STEP, what, || {
            unpack(&Apt::prepare(&cache.join(".apt"), Release::Sid)?, package, &cache)
        });
        settle(workspace, &cache, package, fetched)?;
    }
    Ok(program.is_file().then_some(program))
}

/// `cargo xtask peers`.
pub(crate) fn run(workspace: &Workspace, _arguments: &[String]) -> anyhow::Result<ExitCode> {
    ensure(workspace)?;
    let cache = cache()?;
    let mut complete = true;
    let mut expected = Vec::new();
    for (package, files) in UNPACKED {
        expected.extend(files.iter().map(|file| (*package, unpacked(&cache, package, file))));
    }
    for (package, program) in INSTALLED {
        let found = installed_program(program);
        expected.push((*package, found.unwrap_or_else(|| PathBuf::from("/usr/bin").join(program))));
    }
    for (package, program) in expected {
        if program.is_file() {
            steps::answer(&program.display().to_string());
        } else {
            complete = false;
            let reason = std::fs::read_to_string(note(&cache, package)).unwrap_or_default();
            steps::answer(&format!("{} is missing: {}", program.display(), reason.trim()));
        }
    }
    Ok(if complete { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Fetches what is missing. A peer that cannot be had is no error: its tests say so.
pub(crate) fn ensure(workspace: &Workspace) -> anyhow::Result<()> {
    let cache = cache()?;
    std::fs::create_dir_all(&cache).with_context(|| format!("create {}", cache.display()))?;
    let missing: Vec<&str> = UNPACKED
        .iter()
        .filter(|(package, files)| {
            files.iter().any(|file| !unpacked(&cache, package, file).is_file())
        })
        .map(|(package, _)| *package)
        .collect();
    let wanted: Vec<&str> = INSTALLED
        .iter()
        .filter(|(_, program)| installed_program(program).is_none())
        .map(|(package, _)| *package)
        .collect();
    if missing.is_empty() && wanted.is_empty() {
        workspace.steps.say(STEP, "are all here");
        return Ok(());
    }
    if !missing.is_empty() {
        let apt = Apt::prepare(&cache.join(".apt"), Release::Sid);
        for package in missing {
            let fetched =
                workspace.steps.timed(STEP, format_args!("unpack {package} of Debian sid"), || {
                    match &apt {
                        Ok(apt) => unpack(apt, package, &cache),
                        Err(error) => Err(anyhow::anyhow!("{error:#}")),
                    }
                });
            settle(workspace, &cache, package, fetched)?;
        }
    }
    if !wanted.is_empty() {
        let allowed = may_install().and_then(|()| update_system(workspace));
        for package in wanted {
            let installed = match &allowed {
                Ok(()) => {
                    workspace
                        .steps
                        .timed(STEP, format_args!("apt-get install {package}"), || install(package))
                }
                Err(error) => Err(anyhow::anyhow!("{error:#}")),
            };
            settle(workspace, &cache, package, installed)?;
        }
    }
    Ok(())
}

/// Unpacks one package into its folder, complete or not at all.
fn unpack(apt: &Apt, package: &str, cache: &Path) -> anyhow::Result<()> {
    let partial = cache.join(format!("{package}.partial"));
    let whole = cache.join(package);
    // What an interrupted call left, and an older or incomplete version.
    for folder in [&partial, &whole] {
        if folder.exists() {
            std::fs::remove_dir_all(folder)
                .with_context(|| format!("remove {}", folder.display()))?;
        }
    }
    apt.unpack(package, &partial)?;
    std::fs::rename(&partial, &whole).with_context(|| format!("rename {}", partial.display()))
}

/// Keeps the reason of a failure for the tests, and forgets that of an earlier one.
fn settle(
    workspace: &Workspace,
    cache: &Path,
    package: &str,
    result: anyhow::Result<()>,
) -> anyhow::Result<()> {
    let note = note(cache, package);
    match result {
        Ok(()) if note.exists() => {
            std::fs::remove_file(&note).with_context(|| format!("remove {}", note.display()))
        }
        Ok(()) => Ok(()),
        Err(error) => {
            workspace.steps.say(STEP, format_args!("no {package}: {error:#}"));
            std::fs::write(&note, format!("{error:#}\n"))
                .with_context(|| format!("write {}", note.display()))
        }
    }
}

fn unpacked(cache: &Path, package: &str, file: &str) -> PathBuf {
    cache.join(package).join("usr").join(file)
}

fn note(cache: &Path, package: &str) -> PathBuf {
    cache.join(format!("{package}.unavailable"))
}

fn cache() -> anyhow::Result<PathBuf> {
    if let Some(folder) = std::env::var_os("NARTHEX_PEERS") {
        return std::path::absolute(folder).context("resolve NARTHEX_PEERS");
    }
    let home =
        std::env::var_os("HOME").context("neither NARTHEX_PEERS nor HOME says where peers go")?;
    Ok(PathBuf::from(home).join(".cache/narthex-peers"))
}

fn installed_program(name: &str) -> Option<PathBuf> {
    find_program(name)
        .or_else(|| Some(PathBuf::from("/usr/sbin").join(name)).filter(|file| file.is_file()))
}

/// Whether this machine's packages may be changed: by root, unless the environment forbids it.
fn may_install() -> anyhow::Result<()> {
    if std::env::var_os("NARTHEX_INSTALL").is_some_and(|answer| answer == "no") {
        bail!("not installed, and NARTHEX_INSTALL=no forbids to install it");
    }
    if find_program("apt-get").is_none() {
        bail!("not installed, and there is no apt-get");
    }
    if Tool::new("id").arg("-u").capture()?.trim() != "0" {
        bail!("not installed, and only root may install it");
    }
    Ok(())
}

fn update_system(workspace: &Workspace) -> anyhow::Result<()> {
    workspace
        .steps
        .timed(STEP, "apt-get update", || Tool::new("apt-get").args(["-q", "update"]).run())
}

fn install(package: &str) -> anyhow::Result<()> {
    let _quiet = NoServices::begin()?;
    Tool::new("apt-get")
        .args(["install", "-q", "-y", "--no-install-recommends", package])
        .env("DEBIAN_FRONTEND", "noninteractive")
        .env("RUNLEVEL", "1")
        .run()
}

/// While it lives, no package may start a service: Debian's scripts ask `policy-rc.d` first.
#[derive(Debug)]
struct NoServices {
    /// Only what was not there before is removed.
    ours: bool,
}

impl NoServices {
    const PATH: &str = "/usr/sbin/policy-rc.d";

    fn begin() -> anyhow::Result<Self> {
        let ours = !Path::new(Self::PATH).exists();
        if ours {
            std::fs::write(Self::PATH, "#!/bin/sh\nexit 101\n").context("write policy-rc.d")?;
            Tool::new("chmod").args(["755", Self::PATH]).run()?;
        }
        Ok(Self { ours })
    }
}

impl Drop for NoServices {
    fn drop(&mut self) {
        if self.ours && std::fs::remove_file(Self::PATH).is_err() {
            steps::complain(&format!(
                "could not remove {}: services stay off until it is",
                Self::PATH
            ));
        }
    }
}
