//! From series ids to small numbers, for ids that come close together.
//!
//! Ids are given out one after the other, so pages of them are nearly full: four bytes a series,
//! where a table of pairs takes up to 34.

use hashbrown::HashMap;

use crate::head::series::SeriesId;

/// Ids of a page: those that differ in their last byte.
const PAGE: usize = 256;
/// What stands for no number.
const NONE: u32 = u32::MAX;

/// Numbers by id.
#[derive(Debug, Default)]
pub(crate) struct IdMap {
    /// The pages by what their ids begin with, as places in `pages`.
    places: HashMap<SeriesId, usize>,
    pages: Vec<[u32; PAGE]>,
    /// The page that was looked at last, and its place.
    last: Option<(SeriesId, usize)>,
}

const fn split(id: SeriesId) -> (SeriesId, usize) {
    let [index, ..] = id.to_le_bytes();
    (id >> 8, index as usize)
}

impl IdMap {
    pub(crate) fn get(&mut self, id: SeriesId) -> Option<u32> {
        let (page, index) = split(id);
        let place = match self.last {
            Some((last, place)) if last == page => place,
            _ => *self.places.get(&page)?,
        };
        self.last = Some((page, place));
        let number = self.pages.get(place)?.get(index).copied()?;
        (number != NONE).then_some(number)
    }

    pub(crate) fn insert(&mut self, id: SeriesId, number: u32) {
        let (page, index) = split(id);
        let pages = &mut self.pages;
        let place = *self.places.entry(page).or_insert_with(|| {
            pages.push([NONE; PAGE]);
            pages.len() - 1
        });
        if let Some(held) = self.pages.get_mut(place).and_then(|page| page.get_mut(index)) {
            *held = number;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_a_map(pairs in prop::collection::vec(
            (prop_oneof![0_u64..1_000, any::<u64>()], 0_u32..u32::MAX), 0..500)
        ) {
            let (mut map, mut model) = (IdMap::default(), HashMap::new());
            for (id, number) in pairs {
                prop_assert_eq!(map.get(id), model.get(&id).copied());
                map.insert(id, number);
                model.insert(id, number);
                prop_assert_eq!(map.get(id), Some(number));
                prop_assert_eq!(map.get(id ^ 1), model.get(&(id ^ 1)).copied());
            }
        }
    }
}
