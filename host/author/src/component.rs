//! What stands in a component's bytes beside its code: custom sections, and whether functions have
//! names.
//!
//! Enters: bytes that a server has loaded, or any others. Always holds: every length is checked, and
//! modules within components are walked to a bounded depth.

use std::collections::BTreeMap;

/// Magic and version.
const HEADER_BYTES: usize = 8;

/// Components hold components that hold modules.
const DEPTH_MAX: usize = 4;

/// Custom sections and their sizes together, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sections {
    pub(crate) custom: BTreeMap<String, u64>,
    /// Whether a trap tells the names of functions.
    pub(crate) has_names: bool,
}

/// Looks through a component.
pub(crate) fn sections(bytes: &[u8]) -> Sections {
    let mut found = Sections::default();
    walk(bytes, 0, &mut found);
    found
}

fn walk(bytes: &[u8], depth: usize, found: &mut Sections) {
    // A component says layer 1 where a module says layer 0.
    let is_component = bytes.get(6) == Some(&1);
    let mut rest = bytes.get(HEADER_BYTES..).unwrap_or_default();
    while let Some((id, body, after)) = section(rest) {
        rest = after;
        match id {
            0 => {
                let Some((length, after)) = number(body) else { continue };
                let name = after.get(..length).map(String::from_utf8_lossy);
                let Some(name) = name.map(std::borrow::Cow::into_owned) else { continue };
                found.has_names |= name == "name" && !is_component;
                *found.custom.entry(name).or_default() += u64::try_from(body.len()).unwrap_or(0);
            }
            // A module or a component within.
            1 | 4 if is_component && depth < DEPTH_MAX => walk(body, depth + 1, found),
            _ => {}
        }
    }
}

/// The next section: its kind and its bytes, and what follows.
fn section(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (id, rest) = bytes.split_first()?;
    let (length, rest) = number(rest)?;
    let (body, rest) = rest.split_at_checked(length)?;
    Some((*id, body, rest))
}

/// A number in LEB128, and what follows.
fn number(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut value = 0_usize;
    for (index, byte) in bytes.iter().enumerate().take(5) {
        value |= usize::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Some((value, bytes.get(index + 1..)?));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_of_modules_within_are_found() {
        let custom = |name: &[u8]| {
            let mut body = vec![u8::try_from(name.len()).unwrap()];
            body.extend(name);
            let mut section = vec![0, u8::try_from(body.len()).unwrap()];
            section.extend(body);
            section
        };
        let mut module = b"\0asm\x01\0\0\0".to_vec();
        module.extend(custom(b"name"));
        let mut component = b"\0asm\x0d\0\x01\0".to_vec();
        component.extend(custom(b"producers"));
        component.extend([1, u8::try_from(module.len()).unwrap()]);
        component.extend(&module);
        let found = sections(&component);
        assert!(found.has_names);
        let names: Vec<_> = found.custom.keys().map(String::as_str).collect();
        assert_eq!(names, ["name", "producers"]);
        for cut in 0..component.len() {
            sections(&component[..cut]);
        }
    }
}
