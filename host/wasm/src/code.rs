//! Compiled components.

use std::fmt;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};
use wasmtime::component::Component;
use wasmtime::{Engine, Error};

use crate::cache::Cache;
use crate::surface::Surface;

/// The largest component that is compiled. Interpreters with their libraries take 20 MiB.
const COMPONENT_BYTES_MAX: usize = 64 << 20;

/// Imports and exports of one component. The contract and WASI have fewer than a hundred.
const NAMES_MAX: usize = 1_000;

/// SHA-256 of a component's bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The digest that 64 hexadecimal digits name.
    #[must_use]
    pub fn from_hex(digits: &str) -> Option<Self> {
        if digits.len() != 64 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.as_bytes().chunks(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
        }
        Some(Self(bytes))
    }

    /// 64 hexadecimal digits.
    #[must_use]
    pub fn hex(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", self.hex())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A component, compiled for this machine. Cheap to clone.
#[derive(Clone)]
pub struct Code {
    component: Component,
    digest: Digest,
    surface: Arc<Surface>,
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Code({})", self.digest)
    }
}

impl Code {
    /// The compiled component, to be linked.
    #[must_use]
    pub fn component(&self) -> &Component {
        &self.component
    }

    /// The digest of the bytes it was compiled from.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// What it imports and exports.
    #[must_use]
    pub fn surface(&self) -> &Surface {
        &self.surface
    }

    fn new(component: Component, digest: Digest) -> Result<Self, CompileError> {
        let names = Surface::names_of(&component);
        if names > NAMES_MAX {
            return Err(CompileError::TooWide { names });
        }
        let surface = Arc::new(Surface::of(&component));
        Ok(Self { component, digest, surface })
    }
}

/// Why bytes could not be compiled.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    /// No bytes, or too few to say anything.
    #[error("this is no WebAssembly file: it has only {bytes} bytes")]
    TooShort {
        /// Bytes in the file.
        bytes: usize,
    },
    /// Something else.
    #[error("this is no WebAssembly file: it does not begin with \\0asm")]
    NotWasm,
    /// A core module where a component was expected.
    #[error(
        "this is a core module and not a component: build it for the target wasm32-wasip2, or wrap \
         it with `wasm-tools component new`"
    )]
    CoreModule,
    /// A component of an encoding that is not known here.
    #[error("this is a component of an unknown encoding ({version:02x?}): it may be cut or newer")]
    UnknownEncoding {
        /// The four bytes after the magic number.
        version: [u8; 4],
    },
    /// Too large.
    #[error("the component has {bytes} bytes and may have {COMPONENT_BYTES_MAX}")]
    TooLarge {
        /// Bytes in the file.
        bytes: usize,
    },
    /// Too many imports and exports.
    #[error("the component has {names} imports and exports and may have {NAMES_MAX}")]
    TooWide {
        /// How many it has.
        names: usize,
    },
    /// The engine refused it.
    #[error("the component is damaged or uses what this host does not have: {message}")]
    Invalid {
        /// The engine's words.
        message: String,
    },
    /// The compiler itself failed.
    #[error("the compiler gave up on this component; it is left alone")]
    CompilerFailed {
        /// The panic.
        source: tokio::task::JoinError,
    },
}

/// Looks at size and head, so that the compiler is not asked about what is no component.
pub(crate) fn check(bytes: &[u8]) -> Result<(), CompileError> {
    if bytes.len() > COMPONENT_BYTES_MAX {
        return Err(CompileError::TooLarge { bytes: bytes.len() });
    }
    let too_short = || CompileError::TooShort { bytes: bytes.len() };
    let (magic, rest) = bytes.split_first_chunk::<4>().ok_or_else(too_short)?;
    if magic != b"\0asm" {
        return Err(CompileError::NotWasm);
    }
    match *rest.first_chunk::<4>().ok_or_else(too_short)? {
        // Version 13 of the encoding, layer 1: a component.
        [0x0d, 0x00, 0x01, 0x00] => Ok(()),
        [0x01, 0x00, 0x00, 0x00] => Err(CompileError::CoreModule),
        version => Err(CompileError::UnknownEncoding { version }),
    }
}

/// What was compiled before.
pub(crate) enum Found {
    Whole(Code),
    /// There is something that cannot be used.
    Damaged,
    Nothing,
}

/// Takes what was compiled before.
pub(crate) fn find(engine: &Engine, cache: Option<&Cache>, bytes: &[u8]) -> Found {
    let digest = Digest::of(bytes);
    let Some(cache) = cache else { return Found::Nothing };
    match cache.load(engine, digest).map(|component| Code::new(component, digest)) {
        Some(Ok(code)) => Found::Whole(code),
        // What is refused is never stored.
        Some(Err(_)) => Found::Damaged,
        None if cache.has(digest) => Found::Damaged,
        None => Found::Nothing,
    }
}

/// Compiles. Uses one thread and may take seconds.
pub(crate) fn compile(
    engine: &Engine,
    cache: Option<&Cache>,
    bytes: &[u8],
) -> Result<Code, CompileError> {
    let digest = Digest::of(bytes);
    let invalid = |error: Error| CompileError::Invalid { message: format!("{error:#}") };
    let component = Component::from_binary(engine, bytes).map_err(invalid)?;
    let code = Code::new(component, digest)?;
    if let Some(cache) = cache {
        cache.store(digest, &code.component);
    }
    Ok(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_component_is_named_before_it_is_compiled() {
        let refused = |bytes: &[u8]| check(bytes).unwrap_err().to_string();
        assert_eq!(refused(b""), "this is no WebAssembly file: it has only 0 bytes");
        assert_eq!(refused(b"\0asm"), "this is no WebAssembly file: it has only 4 bytes");
        assert!(refused(b"#!/bin/sh").ends_with("does not begin with \\0asm"));
        assert!(refused(b"\0asm\x01\0\0\0").contains("wasm32-wasip2"));
        assert!(refused(b"\0asm\x0e\0\x01\0").contains("[0e, 00, 01, 00]"));
        assert!(check(b"\0asm\x0d\0\x01\0").is_ok());
    }

    #[test]
    fn a_digest_shows_its_algorithm() {
        let digest = Digest::of(b"").to_string();
        assert!(digest.starts_with("sha256:e3b0c442") && digest.len() == 71);
    }

    #[test]
    fn a_digest_is_read_as_it_is_written() {
        let digest = Digest::of(b"x");
        assert_eq!(Digest::from_hex(&digest.hex()), Some(digest));
        assert_eq!(Digest::from_hex(&digest.hex().to_uppercase()), Some(digest));
        let hex = digest.hex();
        let cut = |digits| hex.chars().skip(digits).collect::<String>();
        for wrong in [String::new(), "zz".to_owned(), cut(1), format!("{}+f", cut(2))] {
            assert_eq!(Digest::from_hex(&wrong), None, "{wrong}");
        }
    }
}
