//! The compiler of components.
//!
//! The usual way is the target `wasm32-wasip2`, which rustup adds. Where it cannot, Debian's web toolchain does: it
//! brings the sources of the standard library, and the linker that makes components. Without a C library for WASI those
//! are built for `wasm32-unknown-unknown`, whose components import no WASI at all.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use crate::apt::{Apt, Release};
use crate::process::{Tool, find_program};
use crate::workspace::Workspace;

const STEP: &str = "rust";
const WASIP2: &str = "wasm32-wasip2";
const UNKNOWN: &str = "wasm32-unknown-unknown";

/// Debian's packages of the compiler that it builds browsers with.
const PACKAGES: &[&str] =
    &["rustc-web", "libstd-rust-web-dev", "rust-web-src", "rust-web-llvm", "lld-22"];

/// Dependencies of these that a machine does not have already carry a version in their names.
const VERSIONED: &[&str] = &["libstd-rust-web-", "libllvm"];

/// Set to `debian` in order to take the second way where the first is open.
const FORCE: &str = "NARTHEX_GUEST_TOOLCHAIN";

/// What builds components on this machine.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum GuestToolchain {
    /// The standard library of `wasm32-wasip2` is installed.
    Wasip2,
    /// Debian's toolchain is unpacked beside the system.
    Debian(Debian),
}

/// Where Debian's toolchain is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Debian {
    /// Runs the compiler with its own libraries.
    rustc: PathBuf,
    /// Links modules and makes components of them.
    linker: PathBuf,
    /// Links modules.
    wasm_ld: PathBuf,
    /// Apart from the target folder of the other compiler.
    target: PathBuf,
}

impl GuestToolchain {
    pub(crate) fn target(&self) -> &'static str {
        match self {
            Self::Wasip2 => WASIP2,
            Self::Debian(_) => UNKNOWN,
        }
    }

    /// Adds what a cargo call needs in order to build components.
    pub(crate) fn configure(&self, cargo: Tool) -> Tool {
        let cargo = cargo.args(["--target", self.target()]);
        match self {
            Self::Wasip2 => cargo,
            Self::Debian(debian) => cargo
                .args(["-Z", "build-std=std,panic_abort"])
                // Lets a released compiler build the standard library.
                .env("RUSTC_BOOTSTRAP", "1")
                .env("RUSTC", &debian.rustc)
                .env("CARGO_TARGET_DIR", &debian.target)
                .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", &debian.linker)
                .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS", debian.flags()),
        }
    }
}

impl Debian {
    fn flags(&self) -> String {
        let wasm_ld = self.wasm_ld.display();
        format!("-Zunstable-options -Clinker-flavor=wasm-lld -Clink-arg=--wasm-ld-path={wasm_ld}")
    }

    /// The parts of an unpacked toolchain, if they are complete.
    fn at(folder: &Path, workspace: &Workspace) -> anyhow::Result<Self> {
        let usr = folder.join("usr");
        let hosts = usr.join("lib/rustlib");
        let linker = entries(&hosts)?
            .into_iter()
            .map(|host| host.join("bin/wasm-component-ld"))
            .find(|linker| linker.is_file())
            .context("the packages hold no wasm-component-ld")?;
        let wasm_ld = entries(&usr.join("bin"))?
            .into_iter()
            .find(|file| {
                file.file_name().is_some_and(|name| name.to_string_lossy().starts_with("wasm-ld"))
            })
            .context("the packages hold no wasm-ld")?;
        let libraries = entries(&usr.join("lib"))?
            .into_iter()
            .find(|folder| folder.to_string_lossy().ends_with("-linux-gnu"))
            .context("the packages hold no libraries")?;
        let rustc = folder.join("rustc");
        let script = format!(
            "#!/bin/sh\nLD_LIBRARY_PATH='{}' exec '{}' \"$@\"\n",
            libraries.display(),
            usr.join("bin/rustc").display()
        );
        // Written only when it differs: cargo takes a newer compiler for another one.
        if std::fs::read_to_string(&rustc).ok().as_ref() != Some(&script) {
            std::fs::write(&rustc, script).with_context(|| format!("write {}", rustc.display()))?;
            Tool::new("chmod").arg("755").arg(&rustc).run()?;
        }
        Tool::new(&rustc).arg("--version").capture().context("try Debian's compiler")?;
        Ok(Self { rustc, linker, wasm_ld, target: workspace.target.join("debian") })
    }
}

/// Finds or installs a toolchain for components.
pub(crate) fn ensure(workspace: &Workspace) -> anyhow::Result<GuestToolchain> {
    if std::env::var_os(FORCE).is_none_or(|way| way != "debian") {
        if has_wasip2()? {
            return Ok(GuestToolchain::Wasip2);
        }
        if rustup_adds_wasip2(workspace)? {
            return Ok(GuestToolchain::Wasip2);
        }
    }
    let debian = ensure_debian(workspace).with_context(|| {
        format!("components need Rust's target {WASIP2}; rustup could not add it, and Debian's packages did not serve")
    })?;
    Ok(GuestToolchain::Debian(debian))
}

fn rustup_adds_wasip2(workspace: &Workspace) -> anyhow::Result<bool> {
    if find_program("rustup").is_none() {
        workspace.steps.say(STEP, format_args!("no rustup here that could add {WASIP2}"));
        return Ok(false);
    }
    let added = workspace.steps.timed(STEP, format_args!("rustup target add {WASIP2}"), || {
        Tool::new("rustup").args(["target", "add", WASIP2]).within(&workspace.root).run()
    });
    match added {
        Ok(()) if has_wasip2()? => Ok(true),
        Ok(()) => {
            workspace.steps.say(STEP, "rustup added the target to another toolchain");
            Ok(false)
        }
        Err(error) => {
            workspace.steps.say(STEP, format_args!("{error:#}"));
            Ok(false)
        }
    }
}

fn has_wasip2() -> anyhow::Result<bool> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let sysroot =
        Tool::new(rustc).args(["--print", "sysroot"]).capture().context("find the sysroot")?;
    Ok(Path::new(sysroot.trim()).join("lib/rustlib").join(WASIP2).join("lib").is_dir())
}

/// Unpacks Debian's toolchain into the cache, once.
fn ensure_debian(workspace: &Workspace) -> anyhow::Result<Debian> {
    let cache = cache()?;
    let whole = cache.join("rust-web");
    if !whole.is_dir() {
        workspace.steps.timed(STEP, "unpack Debian's web toolchain (140 MB)", || {
            let apt = Apt::prepare(&cache.join("apt"), Release::OfThisMachine)?;
            let partial = cache.join("rust-web.partial");
            if partial.exists() {
                std::fs::remove_dir_all(&partial)
                    .context("remove what an interrupted call left")?;
            }
            for package in with_versioned_dependencies(|package| apt.dependencies(package))? {
                apt.unpack(&package, &partial)?;
            }
            std::fs::rename(&partial, &whole).context("rename the unpacked toolchain")
        })?;
    }
    Debian::at(&whole, workspace)
}

/// The packages, and those of their dependencies whose names only Debian knows.
fn with_versioned_dependencies(
    dependencies: impl Fn(&str) -> anyhow::Result<Vec<String>>,
) -> anyhow::Result<Vec<String>> {
    let mut all: Vec<String> = PACKAGES.iter().map(|&package| package.to_owned()).collect();
    for package in PACKAGES {
        for name in dependencies(package)? {
            if VERSIONED.iter().any(|prefix| name.starts_with(prefix)) && !all.contains(&name) {
                all.push(name);
            }
        }
    }
    for prefix in VERSIONED {
        if !all.iter().any(|name| name.starts_with(prefix)) {
            bail!("no dependency `{prefix}*`: Debian's packages are cut differently now");
        }
    }
    Ok(all)
}

fn cache() -> anyhow::Result<PathBuf> {
    if let Some(folder) = std::env::var_os("NARTHEX_CACHE") {
        return std::path::absolute(folder).context("resolve NARTHEX_CACHE");
    }
    let home = std::env::var_os("HOME")
        .context("neither NARTHEX_CACHE nor HOME says where the cache is")?;
    Ok(PathBuf::from(home).join(".cache/narthex"))
}

fn entries(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let read = std::fs::read_dir(folder).with_context(|| format!("list {}", folder.display()))?;
    let mut paths: Vec<PathBuf> = read.filter_map(Result::ok).map(|entry| entry.path()).collect();
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_in_package_names_are_asked_for() {
        let packages = with_versioned_dependencies(|package| {
            Ok(match package {
                "libstd-rust-web-dev" => vec!["libstd-rust-web-1.96".to_owned()],
                "lld-22" => vec!["libc6".to_owned(), "libllvm22".to_owned()],
                _ => Vec::new(),
            })
        });
        let packages = packages.unwrap();
        assert!(
            packages.ends_with(&["libstd-rust-web-1.96".to_owned(), "libllvm22".to_owned()]),
            "{packages:?}"
        );
        assert!(with_versioned_dependencies(|_| Ok(Vec::new())).is_err());
    }

    #[test]
    fn an_unpacked_toolchain_is_recognized() {
        let folder = tempfile::tempdir().unwrap();
        let workspace = Workspace::locate().unwrap();
        let write = |path: &str, text: &str| {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, text).unwrap();
            Tool::new("chmod").arg("755").arg(&path).run().unwrap();
        };
        assert!(Debian::at(folder.path(), &workspace).is_err());
        write("usr/lib/rustlib/x86_64-unknown-linux-gnu/bin/wasm-component-ld", "");
        write("usr/lib/x86_64-linux-gnu/libLLVM.so", "");
        write("usr/bin/wasm-ld-22", "");
        write("usr/bin/rustc", "#!/bin/sh\necho rustc 1.96.0 in $LD_LIBRARY_PATH\n");
        let debian = Debian::at(folder.path(), &workspace).unwrap();
        let version = Tool::new(&debian.rustc).capture().unwrap();
        assert!(
            version.starts_with("rustc 1.96.0 in ") && version.contains("x86_64-linux-gnu"),
            "{version}"
        );
        assert!(debian.flags().ends_with("usr/bin/wasm-ld-22"));
    }
}
