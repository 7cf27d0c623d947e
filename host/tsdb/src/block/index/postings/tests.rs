use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

fn set() -> impl Strategy<Value = BTreeSet<u32>> {
    prop_oneof![
        prop::collection::btree_set(0_u32..50, 0..40),
        prop::collection::btree_set(0_u32..2_000, 0..300),
    ]
}

fn list(set: &BTreeSet<u32>) -> Refs<'static> {
    Refs::Owned(set.iter().copied().collect())
}

proptest! {
    #[test]
    fn lists_are_sets(sets in prop::collection::vec(set(), 1..4)) {
        let lists = || sets.iter().map(list).collect::<Vec<_>>();
        let (first, rest) = sets.split_first().unwrap();
        let mut common = first.clone();
        let mut all = first.clone();
        let mut left = first.clone();
        for other in rest {
            common = &common & other;
            all = &all | other;
            left = &left - other;
        }
        prop_assert_eq!(intersect(lists()), Vec::from_iter(common));
        prop_assert_eq!(unite(lists()).to_vec(), Vec::from_iter(all));
        let mut taken = list(first).to_vec();
        for other in rest {
            subtract(&mut taken, &list(other));
            prop_assert_eq!(list(other).intersects(&list(first).to_vec()), !other.is_disjoint(first));
        }
        prop_assert_eq!(taken, Vec::from_iter(left));
    }

    #[test]
    fn seeking_finds_the_first_not_below(set in set(), from in 0_usize..60, wanted in 0_u32..2_000) {
        let list = list(&set);
        let from = from.min(list.len());
        let expected = (from..list.len()).find(|place| list.get(*place) >= Some(wanted));
        prop_assert_eq!(list.seek(from, wanted), expected.unwrap_or(list.len()));
    }
}
