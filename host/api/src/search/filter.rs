//! Which names are found, and in which order.

use std::cmp::Ordering;

use super::score::Term;

/// How texts may differ from a term.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fuzz {
    /// Letters may stand between its letters.
    Subsequence,
    /// None, or as many as the likeness of Jaro and Winkler allows.
    JaroWinkler,
}

impl Fuzz {
    /// All of them by their names, the default first.
    pub(super) const ALL: [(&'static str, Self); 2] =
        [("subsequence", Self::Subsequence), ("jarowinkler", Self::JaroWinkler)];
}

/// In which order names come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Ascending,
    Descending,
    /// The nearest first; those of one score ascend.
    Nearest,
}

/// What is searched for: names that fit one of the terms, or all where there is none.
#[derive(Clone, Debug)]
pub(super) struct Filter {
    terms: Vec<Term>,
    fuzz: Fuzz,
    /// The least score, in hundredths.
    threshold: u8,
    is_case_sensitive: bool,
}

/// A name that was found.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Found {
    pub(super) name: String,
    pub(super) score: f64,
}

impl Filter {
    pub(super) fn new<'a>(
        terms: impl Iterator<Item = &'a str>,
        fuzz: Fuzz,
        threshold: u8,
        is_case_sensitive: bool,
    ) -> Self {
        let terms = terms.filter(|term| !term.is_empty());
        let cased =
            |term: &str| if is_case_sensitive { term.to_owned() } else { term.to_lowercase() };
        let terms = terms.map(|term| Term::new(cased(term))).collect();
        Self { terms, fuzz, threshold, is_case_sensitive }
    }

    /// How near the name is to the nearest of the terms; `None`: it fits none.
    fn score(&self, name: &str) -> Option<f64> {
        if self.terms.is_empty() {
            return Some(1.0);
        }
        let lower = (!self.is_case_sensitive).then(|| name.to_lowercase());
        let name = lower.as_deref().unwrap_or(name);
        self.terms.iter().filter_map(|term| self.score_of(term, name)).max_by(f64::total_cmp)
    }

    fn score_of(&self, term: &Term, name: &str) -> Option<f64> {
        let threshold = f64::from(self.threshold) / 100.0;
        let is_near = |score: &f64| *score >= threshold;
        match self.fuzz {
            Fuzz::Subsequence => term.subsequence(name).filter(is_near),
            Fuzz::JaroWinkler => term.substring(name).or_else(|| {
                let alike = (self.threshold > 0).then(|| term.jaro_winkler(name));
                alike.filter(is_near)
            }),
        }
    }

    /// The first of the names that fit, so many at most; the names ascend. Ends early where nobody waits.
    pub(super) fn find(
        &self,
        names: Vec<String>,
        order: Order,
        most: usize,
        is_awaited: impl Fn() -> bool,
    ) -> Vec<Found> {
        let found = |name: String| self.score(&name).map(|score| Found { name, score });
        let names = names.into_iter();
        match order {
            Order::Ascending => {
                names.take_while(|_| is_awaited()).filter_map(found).take(most).collect()
            }
            Order::Descending => {
                names.rev().take_while(|_| is_awaited()).filter_map(found).take(most).collect()
            }
            Order::Nearest => {
                let names = names.take_while(|_| is_awaited());
                let mut all: Vec<Found> = names.filter_map(found).collect();
                all.sort_by(nearest_first);
                all.truncate(most);
                all
            }
        }
    }
}

fn nearest_first(one: &Found, other: &Found) -> Ordering {
    other.score.total_cmp(&one.score).then_with(|| one.name.cmp(&other.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(filter: &Filter, order: Order, most: usize, expected: &str) {
        let names = ["Up", "cpu", "cpu_total", "node_cpu", "upper"].map(str::to_owned).to_vec();
        let found = filter.find(names, order, most, || true);
        let found: Vec<String> = found.into_iter().map(|found| found.name).collect();
        assert_eq!(found.join(" "), expected);
    }

    fn filter(terms: &[&str], fuzz: Fuzz, threshold: u8) -> Filter {
        Filter::new(terms.iter().copied(), fuzz, threshold, true)
    }

    #[test]
    fn names_come_in_the_order_that_is_asked_for() {
        let all = filter(&[""], Fuzz::Subsequence, 0);
        check(&all, Order::Ascending, 2, "Up cpu");
        check(&all, Order::Descending, 3, "upper node_cpu cpu_total");
        let cpu = filter(&["cpu"], Fuzz::Subsequence, 0);
        check(&cpu, Order::Nearest, 9, "cpu cpu_total node_cpu");
        check(&cpu, Order::Nearest, 1, "cpu");
        check(
            &filter(&["node", "upp"], Fuzz::Subsequence, 0),
            Order::Ascending,
            9,
            "node_cpu upper",
        );
    }

    #[test]
    fn a_threshold_keeps_what_is_near() {
        check(
            &filter(&["pu"], Fuzz::Subsequence, 0),
            Order::Ascending,
            9,
            "cpu cpu_total node_cpu",
        );
        check(&filter(&["pu"], Fuzz::Subsequence, 90), Order::Ascending, 9, "cpu");
        // A part of the name is near enough, whatever the threshold.
        check(
            &filter(&["pu"], Fuzz::JaroWinkler, 100),
            Order::Ascending,
            9,
            "cpu cpu_total node_cpu",
        );
        check(&filter(&["cpx"], Fuzz::JaroWinkler, 0), Order::Ascending, 9, "");
        check(&filter(&["cpx"], Fuzz::JaroWinkler, 80), Order::Ascending, 9, "cpu");
    }

    #[test]
    fn letters_may_be_small_or_large() {
        let any = |term| Filter::new([term].into_iter(), Fuzz::JaroWinkler, 0, false);
        check(&any("UP"), Order::Ascending, 9, "Up upper");
        check(&filter(&["UP"], Fuzz::JaroWinkler, 0), Order::Ascending, 9, "");
    }

    #[test]
    fn nothing_is_compared_for_nobody() {
        let all = filter(&[], Fuzz::Subsequence, 0);
        for order in [Order::Ascending, Order::Descending, Order::Nearest] {
            assert_eq!(all.find(vec!["a".to_owned()], order, 9, || false), []);
        }
    }
}
