//! What a component imports and exports, and how that differs from what a host offers, in words.

use std::fmt;

use wasmtime::component::Component;

/// The packages of WASI 0.2 that are linked, with an empty context.
const WASI_OFFERED: [&str; 6] = ["cli", "clocks", "filesystem", "io", "random", "sockets"];

/// The package of WASI 0.2 that is linked to be imported, and refused when it is called.
const WASI_REFUSED: &str = "http";

/// A name as in `narthex:plugin/files@1.0.0`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InterfaceName {
    /// `narthex:plugin/files`.
    pub path: String,
    /// Major, minor, patch; absent where the package has no version.
    pub version: Option<(u64, u64, u64)>,
}

impl InterfaceName {
    /// Reads a name. What stands after `@` and is no version of three numbers counts as none;
    /// pre-release marks are left out.
    #[must_use]
    pub fn parse(name: &str) -> Self {
        let (path, version) = name.split_once('@').unwrap_or((name, ""));
        let core = version.split(['-', '+']).next().unwrap_or("");
        let mut numbers = core.split('.').map(|number| number.parse::<u64>().ok());
        let version = match (numbers.next(), numbers.next(), numbers.next(), numbers.next()) {
            (Some(Some(major)), Some(Some(minor)), Some(Some(patch)), None) => {
                Some((major, minor, patch))
            }
            _ => None,
        };
        Self { path: path.to_owned(), version }
    }

    /// Whether an offer of this name serves who wants `wanted`: the same interface, and versions
    /// that semantic versioning calls compatible, either way round.
    #[must_use]
    pub fn serves(&self, wanted: &Self) -> bool {
        let track = |version: Option<(u64, u64, u64)>| match version {
            Some((0, 0, patch)) => (0, 0, patch),
            Some((0, minor, _)) => (0, minor, 0),
            Some((major, _, _)) => (major, 0, 0),
            None => (0, 0, 0),
        };
        self.path == wanted.path && track(self.version) == track(wanted.version)
    }
}

impl fmt::Display for InterfaceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path)?;
        match self.version {
            Some((major, minor, patch)) => write!(f, "@{major}.{minor}.{patch}"),
            None => Ok(()),
        }
    }
}

/// What a component imports and exports, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Surface {
    /// Imports, ascending.
    pub imports: Vec<InterfaceName>,
    /// Exports, ascending.
    pub exports: Vec<InterfaceName>,
}

impl Surface {
    /// How many imports and exports there are.
    pub(crate) fn names_of(component: &Component) -> usize {
        let engine = component.engine();
        let component = component.component_type();
        component.imports(engine).count() + component.exports(engine).count()
    }

    pub(crate) fn of(component: &Component) -> Self {
        let engine = component.engine();
        let component = component.component_type();
        let mut imports: Vec<_> =
            component.imports(engine).map(|(name, _)| InterfaceName::parse(name)).collect();
        let mut exports: Vec<_> =
            component.exports(engine).map(|(name, _)| InterfaceName::parse(name)).collect();
        imports.sort();
        exports.sort();
        Self { imports, exports }
    }

    /// The imports that neither `offered` nor the linked part of WASI serves.
    #[must_use]
    pub fn mismatches(&self, offered: &[InterfaceName]) -> Vec<Mismatch> {
        let unserved = self.imports.iter().filter(|wanted| {
            !is_linked_wasi(wanted) && !offered.iter().any(|offer| offer.serves(wanted))
        });
        unserved
            .map(|wanted| Mismatch {
                wanted: wanted.clone(),
                offered: offered.iter().find(|offer| offer.path == wanted.path).cloned(),
            })
            .collect()
    }
}

fn is_linked_wasi(wanted: &InterfaceName) -> bool {
    wasi_package(wanted)
        .is_some_and(|package| package == WASI_REFUSED || WASI_OFFERED.contains(&package))
}

/// Whether an import is linked only so that it may be imported.
pub(crate) fn is_refused_wasi(import: &str) -> bool {
    wasi_package(&InterfaceName::parse(import)) == Some(WASI_REFUSED)
}

/// `io` of `wasi:io/streams@0.2.6`.
fn wasi_package(wanted: &InterfaceName) -> Option<&str> {
    let is_known = matches!(wanted.version, Some((0, 2, _)));
    let rest = wanted.path.strip_prefix("wasi:").filter(|_| is_known)?;
    rest.split('/').next()
}

/// An import that the host does not serve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// What the component imports.
    pub wanted: InterfaceName,
    /// The same interface in the version that the host has.
    pub offered: Option<InterfaceName>,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.offered {
            Some(offered) => write!(f, "it imports {}, this host offers {offered}", self.wanted),
            None => write!(f, "it imports {}, which this host does not offer", self.wanted),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(wanted: &str, expected: &str) {
        let offered = [InterfaceName::parse("narthex:plugin/files@1.0.0")];
        let surface = Surface { imports: vec![InterfaceName::parse(wanted)], exports: Vec::new() };
        let mismatches = surface.mismatches(&offered);
        let words: Vec<String> = mismatches.iter().map(ToString::to_string).collect();
        assert_eq!(words.join("; "), expected);
    }

    #[test]
    fn a_later_minor_version_is_served() {
        check("narthex:plugin/files@1.4.2", "");
    }

    #[test]
    fn another_major_version_is_named_with_the_one_offered() {
        let expected = "it imports narthex:plugin/files@2.0.0, \
                        this host offers narthex:plugin/files@1.0.0";
        check("narthex:plugin/files@2.0.0", expected);
    }

    #[test]
    fn an_unknown_interface_is_named() {
        check(
            "acme:gpu/run@1.0.0",
            "it imports acme:gpu/run@1.0.0, which this host does not offer",
        );
    }

    #[test]
    fn wasi_0_2_is_served_and_http_among_it_is_refused_when_called() {
        check("wasi:io/streams@0.2.6", "");
        check("wasi:http/types@0.2.10", "");
        assert!(is_refused_wasi("wasi:http/types@0.2.10"));
        assert!(!is_refused_wasi("wasi:io/streams@0.2.6"));
        check(
            "wasi:http/types@0.3.0",
            "it imports wasi:http/types@0.3.0, which this host does not offer",
        );
        check(
            "wasi:keyvalue/store@0.2.0",
            "it imports wasi:keyvalue/store@0.2.0, which this host does not offer",
        );
    }
}
