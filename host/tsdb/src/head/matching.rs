//! From matchers to slots.
//!
//! Matchers that select come first, cheapest first; matchers that exclude only take away.

use hashbrown::HashMap;
use narthex_model::{AnchoredRegex, MatchOp, Matcher};
use roaring::RoaringBitmap;

use crate::head::index::Index;
use crate::head::postings::Postings;
use crate::head::symbols::Symbol;

type Values = HashMap<Symbol, Postings>;

/// The slots of the series that satisfy all matchers.
pub(crate) fn matching(index: &Index, matchers: &[Matcher]) -> RoaringBitmap {
    let (mut selecting, excluding): (Vec<_>, Vec<_>) =
        matchers.iter().partition(|matcher| !matcher.matches_empty());
    selecting.sort_by_key(|matcher| cost(matcher));
    let mut found: Option<RoaringBitmap> = None;
    for matcher in selecting {
        let narrowed = select(index, matcher, found.take());
        if narrowed.is_empty() {
            return narrowed;
        }
        found = Some(narrowed);
    }
    let mut found = found.unwrap_or_else(|| index.all.clone());
    for matcher in excluding {
        exclude(index, matcher, &mut found);
    }
    found
}

/// Equality looks up one list, a set of literals a few, anything else tries all values.
fn cost(matcher: &Matcher) -> u8 {
    match matcher.op() {
        MatchOp::Equal => 0,
        MatchOp::Regex if literals(matcher).is_some() => 1,
        MatchOp::Regex => 2,
        MatchOp::NotEqual | MatchOp::NotRegex => 3,
    }
}

/// The texts that a regular expression lists, if that is all it does.
fn literals(matcher: &Matcher) -> Option<&[String]> {
    matcher.regex()?.set_matches()
}

fn values_of<'a>(index: &'a Index, matcher: &Matcher) -> Option<&'a Values> {
    index.names.get(&index.symbols.find(matcher.name())?)
}

/// What `within` (or all) has that satisfies a matcher which does not accept an absent label.
fn select(index: &Index, matcher: &Matcher, within: Option<RoaringBitmap>) -> RoaringBitmap {
    let Some(values) = values_of(index, matcher) else { return RoaringBitmap::new() };
    let posting = |value: &str| values.get(&index.symbols.find(value)?);
    if matcher.op() == MatchOp::Equal {
        return match (posting(matcher.value()), within) {
            (None, _) => RoaringBitmap::new(),
            (Some(postings), None) => postings.to_bitmap(),
            (Some(postings), Some(mut within)) => {
                postings.intersect(&mut within);
                within
            }
        };
    }
    let mut union = RoaringBitmap::new();
    match (matcher.op(), literals(matcher)) {
        (MatchOp::Regex, Some(literals)) => {
            for postings in literals.iter().filter_map(|literal| posting(literal)) {
                postings.add_to(&mut union);
            }
        }
        _ => {
            for postings in satisfying(index, values, matcher, true, within.as_ref()) {
                postings.add_to(&mut union);
            }
        }
    }
    match within {
        Some(within) => union & within,
        None => union,
    }
}

/// Takes away what does not satisfy a matcher which accepts an absent label.
fn exclude(index: &Index, matcher: &Matcher, found: &mut RoaringBitmap) {
    let Some(values) = values_of(index, matcher) else { return };
    if matcher.op() == MatchOp::Regex && matcher.regex().is_some_and(AnchoredRegex::matches_all) {
        return;
    }
    if matcher.op() == MatchOp::NotEqual {
        let value = index.symbols.find(matcher.value());
        if let Some(postings) = value.and_then(|value| values.get(&value)) {
            postings.subtract(found);
        }
        return;
    }
    if matcher.op() == MatchOp::NotRegex
        && let Some(literals) = literals(matcher)
    {
        let symbols = literals.iter().filter_map(|literal| index.symbols.find(literal));
        symbols.filter_map(|value| values.get(&value)).for_each(|known| known.subtract(found));
        return;
    }
    let mut union = RoaringBitmap::new();
    for postings in satisfying(index, values, matcher, false, Some(found)) {
        postings.add_to(&mut union);
    }
    *found -= union;
}

/// The postings of the values for which the matcher says `wanted`. Values without series in
/// `within` are not even tried: an intersection costs less than a regular expression.
fn satisfying<'a>(
    index: &'a Index,
    values: &'a Values,
    matcher: &'a Matcher,
    wanted: bool,
    within: Option<&'a RoaringBitmap>,
) -> impl Iterator<Item = &'a Postings> {
    let reaches = move |postings: &Postings| within.is_none_or(|set| postings.intersects(set));
    values.iter().filter_map(move |(value, postings)| {
        let wanted = reaches(postings) && matcher.matches(index.symbols.text(*value)) == wanted;
        wanted.then_some(postings)
    })
}
