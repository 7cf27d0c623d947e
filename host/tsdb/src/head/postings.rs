//! Lists of slots: a small sorted array first, a roaring bitmap when it grows.

use roaring::RoaringBitmap;

/// From here on a bitmap takes less room than the array (two bytes a slot and some 80 around it).
const ARRAY_LEN_MAX: usize = 32;

/// An ascending set of slots.
#[derive(Debug)]
pub(crate) enum Postings {
    Array(Vec<u32>),
    Bitmap(Box<RoaringBitmap>),
}

impl Default for Postings {
    fn default() -> Self {
        Self::Array(Vec::new())
    }
}

impl Postings {
    pub(crate) fn insert(&mut self, slot: u32) {
        match self {
            Self::Array(array) => {
                let Err(place) = array.binary_search(&slot) else { return };
                if array.len() < ARRAY_LEN_MAX {
                    if array.len() == array.capacity() {
                        // One slot is by far the most common length.
                        array.reserve_exact(array.len().max(1));
                    }
                    array.insert(place, slot);
                    return;
                }
                let mut bitmap: RoaringBitmap = array.iter().copied().collect();
                bitmap.insert(slot);
                *self = Self::Bitmap(Box::new(bitmap));
            }
            Self::Bitmap(bitmap) => {
                bitmap.insert(slot);
            }
        }
    }

    pub(crate) fn remove(&mut self, slot: u32) {
        match self {
            Self::Array(array) => {
                if let Ok(place) = array.binary_search(&slot) {
                    array.remove(place);
                }
            }
            Self::Bitmap(bitmap) => {
                bitmap.remove(slot);
            }
        }
    }

    pub(crate) fn len(&self) -> u64 {
        match self {
            Self::Array(array) => array.len() as u64,
            Self::Bitmap(bitmap) => bitmap.len(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Self::Array(array) => array.is_empty(),
            Self::Bitmap(bitmap) => bitmap.is_empty(),
        }
    }

    pub(crate) fn to_bitmap(&self) -> RoaringBitmap {
        match self {
            Self::Array(array) => array.iter().copied().collect(),
            Self::Bitmap(bitmap) => (**bitmap).clone(),
        }
    }

    pub(crate) fn add_to(&self, union: &mut RoaringBitmap) {
        match self {
            Self::Array(array) => union.extend(array.iter().copied()),
            Self::Bitmap(bitmap) => *union |= &**bitmap,
        }
    }

    /// Keeps in `set` what is also in here.
    pub(crate) fn intersect(&self, set: &mut RoaringBitmap) {
        match self {
            Self::Array(array) => {
                *set = array.iter().copied().filter(|slot| set.contains(*slot)).collect();
            }
            Self::Bitmap(bitmap) => *set &= &**bitmap,
        }
    }

    /// Removes from `set` what is in here.
    pub(crate) fn subtract(&self, set: &mut RoaringBitmap) {
        match self {
            Self::Array(array) => {
                for slot in array {
                    set.remove(*slot);
                }
            }
            Self::Bitmap(bitmap) => *set -= &**bitmap,
        }
    }

    pub(crate) fn intersects(&self, set: &RoaringBitmap) -> bool {
        match self {
            Self::Array(array) => array.iter().any(|slot| set.contains(*slot)),
            Self::Bitmap(bitmap) => !bitmap.is_disjoint(set),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn postings_are_a_set(steps in prop::collection::vec((any::<bool>(), 0_u32..60), 0..200)) {
            let (mut postings, mut model) = (Postings::default(), BTreeSet::new());
            for (insert, slot) in steps {
                if insert {
                    postings.insert(slot);
                    model.insert(slot);
                } else {
                    postings.remove(slot);
                    model.remove(&slot);
                }
            }
            prop_assert_eq!(postings.len(), model.len() as u64);
            let found: Vec<u32> = postings.to_bitmap().iter().collect();
            prop_assert_eq!(found, Vec::from_iter(model));
        }
    }
}
