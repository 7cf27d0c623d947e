//! From matchers to the series of a block.
//!
//! Matchers that want a value come first. Of those, the ones whose lists can be looked up by value
//! are intersected, the shortest leading. What is left may have few series, or a label may have few
//! values: the other matchers are tried on whichever is less, on the candidates' own labels or on
//! the label's values.

use hashbrown::HashMap;
use narthex_model::{MatchOp, Matcher};

use super::error::Fault;
use super::index::{Index, Refs, intersect, subtract, unite};

/// The series that satisfy all matchers, ascending.
pub(super) fn matching(index: &Index, matchers: &[Matcher]) -> Result<Vec<u32>, Fault> {
    let mut lists = Vec::new();
    let mut rest = Vec::new();
    for matcher in matchers {
        match wanted_texts(matcher) {
            _ if accepts_all(matcher) => {}
            Some(texts) => {
                let list = unite(look_up(index, matcher.name(), texts)?);
                if list.is_empty() {
                    return Ok(Vec::new());
                }
                lists.push(list);
            }
            None => rest.push(matcher),
        }
    }
    let mut found = match lists.is_empty() {
        false => Some(intersect(lists)),
        true => None,
    };
    // What selects goes before what takes away.
    rest.sort_by_key(|matcher| matcher.matches_empty());
    for matcher in rest {
        if found.as_ref().is_some_and(Vec::is_empty) {
            break;
        }
        found = Some(narrow(index, matcher, found)?);
    }
    found.map_or_else(|| index.all().map(|all| all.to_vec()), Ok)
}

/// The few texts that a matcher wants the label to have; none of them is the empty one.
fn wanted_texts(matcher: &Matcher) -> Option<Texts<'_>> {
    if matcher.matches_empty() {
        return None;
    }
    match matcher.op() {
        MatchOp::Equal => Some(Texts::One(matcher.value())),
        MatchOp::Regex => matcher.regex()?.set_matches().map(Texts::Several),
        MatchOp::NotEqual | MatchOp::NotRegex => None,
    }
}

#[derive(Clone, Copy)]
enum Texts<'a> {
    One(&'a str),
    Several(&'a [String]),
}

fn accepts_all(matcher: &Matcher) -> bool {
    matcher.op() == MatchOp::Regex && matcher.regex().is_some_and(|regex| regex.matches_all())
}

fn look_up<'a>(index: &'a Index, name: &str, texts: Texts<'_>) -> Result<Vec<Refs<'a>>, Fault> {
    let mut lists = Vec::new();
    match texts {
        // The empty name stands for all series; no series has it.
        _ if name.is_empty() => {}
        Texts::One(text) => lists.push(index.postings(name, text)?),
        Texts::Several(texts) => {
            for text in texts {
                let list = index.postings(name, text)?;
                if !list.is_empty() {
                    lists.push(list);
                }
            }
        }
    }
    Ok(lists)
}

/// What of `found`, or of all, satisfies a matcher.
fn narrow(index: &Index, matcher: &Matcher, found: Option<Vec<u32>>) -> Result<Vec<u32>, Fault> {
    let name = matcher.name();
    let values = if name.is_empty() { 0 } else { index.table().value_count(name) };
    if values == 0 {
        // No series has the label.
        let all = || found.map_or_else(|| index.all().map(|all| all.to_vec()), Ok);
        return if matcher.matches_empty() { all() } else { Ok(Vec::new()) };
    }
    if let Some(found) = &found
        && found.len() <= values
    {
        return try_series(index, matcher, found);
    }
    if !matcher.matches_empty() {
        let lists = try_values(index, matcher, true, found.as_deref())?;
        return Ok(match found {
            Some(found) => intersect(vec![Refs::Owned(found), unite(lists)]),
            None => unite(lists).to_vec(),
        });
    }
    let mut found = match found {
        Some(found) => found,
        None => index.all()?.to_vec(),
    };
    let unwanted = match unwanted_texts(matcher) {
        Some(texts) => look_up(index, name, texts)?,
        None => try_values(index, matcher, false, Some(&found))?,
    };
    subtract(&mut found, &unite(unwanted));
    Ok(found)
}

/// The few texts that a matcher, which accepts an absent label, does not accept.
fn unwanted_texts(matcher: &Matcher) -> Option<Texts<'_>> {
    match matcher.op() {
        MatchOp::NotEqual => Some(Texts::One(matcher.value())),
        MatchOp::NotRegex => matcher.regex()?.set_matches().map(Texts::Several),
        MatchOp::Equal | MatchOp::Regex => None,
    }
}

/// Tries a matcher on the labels of each series.
fn try_series(index: &Index, matcher: &Matcher, series: &[u32]) -> Result<Vec<u32>, Fault> {
    let Some(name) = index.symbol(matcher.name())? else { return Ok(Vec::new()) };
    let absent = matcher.matches_empty();
    // Series next to each other have values in common.
    let mut known: HashMap<u32, bool> = HashMap::new();
    let mut kept = Vec::new();
    for id in series {
        let matches = match index.value_of(*id, name)? {
            None => absent,
            Some(value) => match known.get(&value) {
                Some(matches) => *matches,
                None => {
                    let matches = matcher.matches(index.text(value)?);
                    known.insert(value, matches);
                    matches
                }
            },
        };
        if matches {
            kept.push(*id);
        }
    }
    Ok(kept)
}

/// Tries a matcher on each value of its label: the lists of those for which it says `wanted`.
/// Values that no series of `within` has are left out.
fn try_values<'a>(
    index: &'a Index,
    matcher: &Matcher,
    wanted: bool,
    within: Option<&[u32]>,
) -> Result<Vec<Refs<'a>>, Fault> {
    // Only values with the prefix can match, so only they are looked at when matches are wanted.
    let positive = matcher.op() == MatchOp::Regex;
    let prefix = match matcher.regex() {
        Some(regex) if positive == wanted => regex.prefix(),
        _ => "",
    };
    let mut lists = Vec::new();
    for line in index.table().values_from(index.bytes(), matcher.name(), prefix)? {
        let (value, postings) = line?;
        if !value.starts_with(prefix) {
            break;
        }
        if matcher.matches(value) == wanted {
            let list = index.postings_at(postings)?;
            if within.is_none_or(|within| list.intersects(within)) {
                lists.push(list);
            }
        }
    }
    Ok(lists)
}

#[cfg(test)]
mod tests;
