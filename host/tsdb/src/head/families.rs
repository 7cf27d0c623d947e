//! What is known of metric families. It is kept for good, as no family says that it is gone.
//!
//! Always holds: there are no more of them, and their texts are no longer, than the bounds say.
//! What goes beyond is stored without metadata.

use std::collections::BTreeMap;

use narthex_model::Metadata;

/// More than any server has metrics by name.
const COUNT_MAX: usize = 1 << 20;
/// Of names, help and units: several hundred bytes for each of a hundred thousand families, which
/// is more than the largest servers have.
const BYTES_MAX: usize = 256 << 20;

/// All families by name.
#[derive(Debug)]
pub(crate) struct Families {
    known: BTreeMap<String, Metadata>,
    bytes: usize,
    count_max: usize,
    bytes_max: usize,
}

impl Default for Families {
    fn default() -> Self {
        Self { known: BTreeMap::new(), bytes: 0, count_max: COUNT_MAX, bytes_max: BYTES_MAX }
    }
}

fn bytes(family: &str, metadata: &Metadata) -> usize {
    family.len() + metadata.help.len() + metadata.unit.len()
}

impl Families {
    /// Whether something new is said of a family and there is room for it beside so many others.
    pub(crate) fn takes(&self, family: &str, metadata: &Metadata, others: usize) -> bool {
        self.known.get(family) != Some(metadata)
            && self.bytes_with(family, metadata, others).is_some()
    }

    /// What is said of a family counts from now on, unless there is no room for it.
    pub(crate) fn insert(&mut self, family: String, metadata: Metadata) {
        if let Some(sum) = self.bytes_with(&family, &metadata, 0) {
            self.known.insert(family, metadata);
            self.bytes = sum;
        }
    }

    /// The bytes of all texts with that of this family; `None`: there is no room for it beside so
    /// many others.
    fn bytes_with(&self, family: &str, metadata: &Metadata, others: usize) -> Option<usize> {
        let before = self.known.get(family);
        let is_full = before.is_none() && self.known.len().saturating_add(others) >= self.count_max;
        let freed = before.map_or(0, |before| bytes(family, before));
        let sum = (self.bytes - freed).saturating_add(bytes(family, metadata));
        (!is_full && sum <= self.bytes_max).then_some(sum)
    }

    /// What was said of a family earlier than what is known.
    pub(crate) fn insert_older(&mut self, family: String, metadata: Metadata) {
        if !self.known.contains_key(&family) {
            self.insert(family, metadata);
        }
    }

    /// The family of this name.
    pub(crate) fn get(&self, family: &str) -> Option<(&String, &Metadata)> {
        self.known.get_key_value(family)
    }

    /// All of them, ascending by name.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&String, &Metadata)> {
        self.known.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(help: &str) -> Metadata {
        Metadata { help: help.to_owned(), ..Metadata::default() }
    }

    fn shown(families: &Families) -> String {
        let each = families.iter().map(|(name, metadata)| format!("{name}: {}", metadata.help));
        each.collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn there_are_so_many_and_no_more() {
        let mut families = Families { count_max: 2, ..Families::default() };
        assert!(families.takes("a", &said("1"), 1) && !families.takes("a", &said("1"), 2));
        for family in ["a", "b", "c", "a"] {
            families.insert(family.to_owned(), said("1"));
        }
        families.insert_older("a".to_owned(), said("0"));
        families.insert("b".to_owned(), said("2"));
        assert_eq!(shown(&families), "a: 1, b: 2");
        assert!(!families.takes("c", &said("1"), 0) && !families.takes("a", &said("1"), 0));
        assert!(families.takes("a", &said("2"), 9));
    }

    #[test]
    fn their_texts_are_so_long_and_no_longer() {
        let mut families = Families { bytes_max: 10, ..Families::default() };
        families.insert("a".to_owned(), said("123456"));
        assert!(!families.takes("b", &said("123"), 0) && families.takes("b", &said("12"), 0));
        families.insert("b".to_owned(), said("123"));
        assert_eq!(shown(&families), "a: 123456");
        families.insert("a".to_owned(), said("1234567890"));
        assert_eq!(shown(&families), "a: 123456");
        families.insert("a".to_owned(), said("12345"));
        families.insert("b".to_owned(), said("123"));
        assert_eq!(shown(&families), "a: 12345, b: 123");
        assert_eq!(families.bytes, 10);
    }
}
