//! How near a text is to what is searched for: from 0, which is not at all, to 1.
//!
//! The numbers are those of Prometheus (`util/strutil`, `web/api/v1/search_filters.go`), so that who sorts
//! by them over several servers finds one order.

/// What is left of the score of a text that is not the term itself, so that only that one has 1.
const INEXACT: f64 = 0.999;

/// What each of the first letters adds that are the same, and how many may.
const PREFIX_WEIGHT: f64 = 0.1;
const PREFIX_MAX: usize = 4;

/// A term that texts are compared with.
#[derive(Clone, Debug)]
pub(super) struct Term {
    text: String,
    letters: Vec<char>,
}

impl Term {
    pub(super) fn new(text: String) -> Self {
        Self { letters: text.chars().collect(), text }
    }

    /// Of a text that has the term in it: 1 at the beginning, 0.1 at the end, evenly in between.
    pub(super) fn substring(&self, text: &str) -> Option<f64> {
        let (before, after) = text.split_once(self.text.as_str())?;
        if before.is_empty() {
            return Some(1.0);
        }
        let (before, after) = (letters(before), letters(after));
        Some(1.0 - 0.9 * before / (before + after))
    }

    /// Of a text that has the letters of the term in this order: long runs of them count for it, what lies
    /// between them and around them against it. 1 if it begins with the term, `None` if it lacks a letter.
    pub(super) fn subsequence(&self, text: &str) -> Option<f64> {
        if text.starts_with(&self.text) {
            return Some(1.0);
        }
        if self.text.len() > text.len() {
            return None;
        }
        let score = if self.text.is_ascii() && text.is_ascii() {
            subsequence(self.text.as_bytes(), text.as_bytes())
        } else {
            subsequence(&self.letters, &text.chars().collect::<Vec<_>>())
        };
        score.filter(|score| *score > 0.0)
    }

    /// The similarity of Jaro and Winkler: of letters that both have at about the same place.
    pub(super) fn jaro_winkler(&self, text: &str) -> f64 {
        if self.text == text {
            1.0
        } else if self.text.is_ascii() && text.is_ascii() {
            jaro_winkler(self.text.as_bytes(), text.as_bytes())
        } else {
            jaro_winkler(&self.letters, &text.chars().collect::<Vec<_>>())
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "texts are short")]
fn float(count: usize) -> f64 {
    count as f64
}

fn letters(text: &str) -> f64 {
    float(text.chars().count())
}

/// How many letters both begin with.
fn common<T: PartialEq>(one: &[T], other: &[T]) -> usize {
    one.iter().zip(other).take_while(|(one, other)| one == other).count()
}

/// The best of all places where the term may begin, each followed by the letters as early as they come.
fn subsequence<T: PartialEq>(term: &[T], text: &[T]) -> Option<f64> {
    let first = term.first()?;
    let last_start = text.len().checked_sub(term.len())?;
    let starts = text.iter().take(last_start + 1).enumerate();
    let starts = starts.filter(|(_, letter)| *letter == first).map(|(start, _)| start);
    // What lacks a letter from one place on lacks it from all that follow.
    let scores = starts.map_while(|start| subsequence_from(term, text, start));
    let best = scores
        .fold(None, |best: Option<f64>, score| Some(best.map_or(score, |best| best.max(score))));
    // An inexact one that is hardly there at all is none.
    let best = best.filter(|best| *best >= 0.0)?;
    Some(best / float(term.len() * term.len()) * INEXACT)
}

fn subsequence_from<T: PartialEq>(term: &[T], text: &[T], start: usize) -> Option<f64> {
    let share = 1.0 / float(text.len());
    let (mut rest, mut from, mut end, mut score) = (term, start, 0, 0.0);
    while let Some(wanted) = rest.first() {
        from += text.get(from..)?.iter().position(|letter| letter == wanted)?;
        let run = common(rest, text.get(from..)?);
        score -= float(from - end) * share;
        score += float(run * run);
        from += run;
        end = from;
        rest = rest.get(run..)?;
    }
    Some(score - float(text.len() - end) * share * 0.5)
}

fn jaro_winkler<T: PartialEq>(one: &[T], other: &[T]) -> f64 {
    let (short, long) = if one.len() > other.len() { (other, one) } else { (one, other) };
    let reach = (long.len() / 2).saturating_sub(1);
    let mut is_met = vec![false; long.len()];
    let mut met_of_short = Vec::with_capacity(short.len());
    for (place, letter) in short.iter().enumerate() {
        let near = place.saturating_sub(reach)..long.len().min(place + reach + 1);
        let letters = long.get(near.clone()).unwrap_or_default().iter();
        let mut near = letters.zip(is_met.get_mut(near).unwrap_or_default());
        if let Some((_, is_met)) =
            near.find(|(candidate, is_met)| !**is_met && *candidate == letter)
        {
            *is_met = true;
            met_of_short.push(letter);
        }
    }
    if met_of_short.is_empty() {
        return 0.0;
    }
    let met_of_long = long.iter().zip(&is_met).filter(|(_, is_met)| **is_met);
    let met_of_long = met_of_long.map(|(letter, _)| letter);
    let swapped = met_of_short.iter().zip(met_of_long).filter(|(one, other)| **one != *other);
    let (swapped, met) = (float(swapped.count()), float(met_of_short.len()));
    let shares = met * (1.0 / float(short.len())) + met * (1.0 / float(long.len()));
    let jaro = (shares + (met - swapped * 0.5) / met) / 3.0;
    let prefix = common(short, long).min(PREFIX_MAX);
    jaro + float(prefix) * PREFIX_WEIGHT * (1.0 - jaro)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(score: Option<f64>, expected: f64) {
        let score = score.unwrap_or(0.0);
        assert!((score - expected).abs() < 1e-9, "{score} is not {expected}");
    }

    fn term(text: &str) -> Term {
        Term::new(text.to_owned())
    }

    #[test]
    fn a_term_counts_less_the_later_it_stands() {
        check(term("ab").substring("abcd"), 1.0);
        check(term("").substring("abcd"), 1.0);
        check(term("cd").substring("abcd"), 0.1);
        check(term("b").substring("abc"), 0.55);
        // In letters, not in bytes.
        check(term("b").substring("äbc"), 0.55);
        check(term("é").substring("abécd"), 0.55);
        assert_eq!(term("x").substring("abc"), None);
        assert_eq!(term("abcd").substring("abc"), None);
    }

    #[test]
    fn runs_count_for_a_text_and_gaps_against_it() {
        // Behind: 13 letters of 15.
        check(subsequence(b"my", b"my awesome text"), 107.0 / 120.0 * INEXACT);
        check(term("my").subsequence("my awesome text"), 1.0);
        check(term("tex").subsequence("my awesome text"), 247.0 / 270.0 * INEXACT);
        check(term("met").subsequence("my awesome text"), 43.0 / 90.0 * INEXACT);
        check(term("bac").subsequence("babac"), 43.0 / 45.0 * INEXACT);
        check(subsequence(b"handler1", b"handler10"), 1_149_849.0 / 1_152_000.0);
        // The same in letters that are no bytes.
        check(term("bäc").subsequence("bäbäc"), 43.0 / 45.0 * INEXACT);
        for (pattern, text) in [("abcd", "abc"), ("ba", "ab"), ("é", "e"), ("a", "")] {
            assert_eq!(term(pattern).subsequence(text), None, "{pattern} {text}");
        }
    }

    #[test]
    fn likeness_is_that_of_jaro_and_winkler() {
        let check_both = |one: &str, other: &str, expected| {
            check(Some(term(one).jaro_winkler(other)), expected);
            check(Some(term(other).jaro_winkler(one)), expected);
        };
        check_both("martha", "marhta", 17.0 / 18.0 + 0.3 / 18.0);
        check_both("dwayne", "duane", 0.84);
        check_both("dixon", "dicksonx", 23.0 / 30.0 + 0.2 * 7.0 / 30.0);
        check_both("märtha", "märhta", 17.0 / 18.0 + 0.3 / 18.0);
        check_both("mimir", "mimir", 1.0);
        check_both("", "", 1.0);
        for (one, other) in [("", "abc"), ("abc", "xyz"), ("a", "b"), ("äöü", "éèê")] {
            check_both(one, other, 0.0);
        }
    }
}
