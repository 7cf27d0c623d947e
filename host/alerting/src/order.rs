//! In which order alerts and groups are told: Alertmanager's.

use std::cmp::Ordering;

use narthex_model::Labels;

/// Alerts are told by job and instance first, those without last.
pub(crate) fn alert_order(one: &Labels, two: &Labels) -> Ordering {
    let by = |name: &str| {
        let (one, two) = (one.get(name), two.get(name));
        one.is_none().cmp(&two.is_none()).then(one.cmp(&two))
    };
    by("job").then_with(|| by("instance")).then_with(|| label_order(one, two))
}

/// Fewer labels come first. Of as many, at the first name in which they differ: who has no such label, then the lesser value.
pub fn label_order(one: &Labels, two: &Labels) -> Ordering {
    let differs = |((name, value), (other_name, other)): ((&str, &str), (&str, &str))| {
        // Who has the lesser name has a label that the other lacks.
        Some(other_name.cmp(name).then_with(|| value.cmp(other))).filter(|order| order.is_ne())
    };
    let first = || one.iter().zip(two.iter()).find_map(differs).unwrap_or(Ordering::Equal);
    one.len().cmp(&two.len()).then_with(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(of: fn(&Labels, &Labels) -> Ordering, sorted: &[&[(&str, &str)]]) {
        let all: Vec<Labels> =
            sorted.iter().map(|pairs| Labels::from_pairs(pairs.iter().copied())).collect();
        for (place, one) in all.iter().enumerate() {
            for (other_place, other) in all.iter().enumerate() {
                assert_eq!(of(one, other), place.cmp(&other_place), "{one:?} {other:?}");
            }
        }
    }

    #[test]
    fn fewer_labels_come_first_and_then_who_lacks_the_first_name() {
        check(
            label_order,
            &[
                &[("z", "1")],
                &[("b", "1"), ("c", "1")],
                &[("a", "1"), ("c", "1")],
                &[("a", "1"), ("b", "1")],
                &[("a", "1"), ("b", "2")],
                &[("a", "2"), ("b", "1")],
                &[("a", "1"), ("b", "1"), ("c", "1")],
            ],
        );
    }

    #[test]
    fn job_and_instance_come_before_everything_else() {
        check(
            alert_order,
            &[
                &[("instance", "2"), ("job", "a")],
                &[("instance", "1"), ("job", "b"), ("x", "1")],
                &[("instance", "2"), ("job", "b")],
                &[("job", "b")],
                &[("instance", "1")],
                &[("a", "1")],
            ],
        );
    }
}
