//! Lists of series: ascending references, four bytes each, read where they lie.

use super::super::error::Fault;
use super::super::frame;

/// An ascending list of series.
#[derive(Clone, Debug)]
pub(crate) enum Refs<'a> {
    /// As it lies in the file, big-endian.
    Mapped(&'a [[u8; 4]]),
    /// Made of several.
    Owned(Vec<u32>),
}

impl<'a> Refs<'a> {
    pub(crate) const EMPTY: Self = Self::Mapped(&[]);

    pub(crate) fn read(bytes: &'a [u8], offset: u64) -> Result<Self, Fault> {
        let content = frame::section(bytes, offset, "the postings list's checksum is wrong")?;
        let fault = Fault::new(offset, "the postings list does not hold what it counts");
        let (count, refs) = content.split_first_chunk::<4>().ok_or(fault)?;
        let (refs, rest) = refs.as_chunks::<4>();
        let count = usize::try_from(u32::from_be_bytes(*count)).map_err(|_| fault)?;
        if count == refs.len() && rest.is_empty() { Ok(Self::Mapped(refs)) } else { Err(fault) }
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Mapped(refs) => refs.len(),
            Self::Owned(refs) => refs.len(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(crate) fn get(&self, place: usize) -> Option<u32> {
        match self {
            Self::Mapped(refs) => refs.get(place).map(|bytes| u32::from_be_bytes(*bytes)),
            Self::Owned(refs) => refs.get(place).copied(),
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = u32> {
        (0..self.len()).map_while(|place| self.get(place))
    }

    pub(crate) fn to_vec(&self) -> Vec<u32> {
        self.iter().collect()
    }

    /// The first place from `from` on whose reference is not below `wanted`. Looks ahead in steps
    /// that double, so that a walk over a few references skips the rest of a long list.
    pub(crate) fn seek(&self, from: usize, wanted: u32) -> usize {
        let mut step = 1;
        let mut low = from;
        let mut high = from;
        while self.get(high).is_some_and(|found| found < wanted) {
            low = high + 1;
            high += step;
            step *= 2;
        }
        let mut high = high.min(self.len());
        while low < high {
            let middle = low + (high - low) / 2;
            if self.get(middle).is_some_and(|found| found < wanted) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    /// Whether a reference of the list is among the ascending `others`.
    pub(crate) fn intersects(&self, others: &[u32]) -> bool {
        let mut place = 0;
        others.iter().any(|other| {
            place = self.seek(place, *other);
            self.get(place) == Some(*other)
        })
    }
}

/// What is in all lists. The shortest leads; of the others only the neighborhood of its references
/// is looked at.
pub(crate) fn intersect(mut lists: Vec<Refs<'_>>) -> Vec<u32> {
    lists.sort_by_key(Refs::len);
    let Some((shortest, others)) = lists.split_first() else { return Vec::new() };
    let mut places = vec![0; others.len()];
    let mut found = Vec::new();
    'candidates: for candidate in shortest.iter() {
        for (other, place) in others.iter().zip(&mut places) {
            *place = other.seek(*place, candidate);
            if other.get(*place) != Some(candidate) {
                continue 'candidates;
            }
        }
        found.push(candidate);
    }
    found
}

/// Takes away from ascending references what is in a list.
pub(crate) fn subtract(from: &mut Vec<u32>, list: &Refs<'_>) {
    let mut place = 0;
    from.retain(|reference| {
        place = list.seek(place, *reference);
        list.get(place) != Some(*reference)
    });
}

/// What is in one of the lists.
pub(crate) fn unite<'a>(mut lists: Vec<Refs<'a>>) -> Refs<'a> {
    match (lists.pop(), lists.is_empty()) {
        (None, _) => Refs::EMPTY,
        (Some(only), true) => only,
        (Some(last), false) => {
            let mut all =
                Vec::with_capacity(lists.iter().map(Refs::len).sum::<usize>() + last.len());
            lists.iter().for_each(|list| all.extend(list.iter()));
            all.extend(last.iter());
            // Ascending runs are merged, not sorted anew.
            all.sort();
            all.dedup();
            Refs::Owned(all)
        }
    }
}

#[cfg(test)]
mod tests;
