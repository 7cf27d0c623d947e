//! What is asked: queries of scripts, generated ones, and such with slips of the pen.

use std::collections::BTreeSet;
use std::path::PathBuf;

use narthex_conformance::promql::queries;
use narthex_oracles::Chance;
use narthex_oracles::generate::promql::query;

use crate::differential::{DIALECT, seed};

/// The distinct queries of all shared scripts; none where there are no scripts.
pub(super) fn of_scripts() -> Vec<String> {
    let folder = std::env::var_os("NARTHEX_CONFORMANCE").map(PathBuf::from);
    let folder = folder.unwrap_or_else(|| "../../../shared/conformance".into()).join("promqltest");
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.map(|entry| entry.expect("the folder can be listed").path());
    let mut texts = BTreeSet::new();
    for path in paths.filter(|path| path.extension().is_some_and(|ext| ext == "test")) {
        let script = std::fs::read_to_string(&path).expect("a script");
        texts
            .extend(queries(&script).unwrap_or_else(|error| panic!("{}: {error}", path.display())));
    }
    texts.into_iter().collect()
}

/// Distinct generated queries.
pub(super) fn generated(count: usize) -> Vec<String> {
    let mut chance = Chance::new(seed());
    let mut texts = BTreeSet::new();
    while texts.len() < count {
        texts.insert(query(DIALECT, &mut chance).text);
    }
    texts.into_iter().collect()
}

/// What the parser's own test shows to be refused, with the guarded parts on.
pub(super) fn refused_here() -> Vec<String> {
    let file = include_str!("../../../../../host/promql/tests/refusals.txt");
    let mut texts = Vec::new();
    let mut text: Vec<&str> = Vec::new();
    for line in file.lines().chain([""]) {
        match line.strip_prefix("> ").or(line.strip_prefix('>')) {
            Some(part) => text.push(part),
            None if text.is_empty() => {}
            None => {
                texts.push(text.join("\n"));
                text.clear();
            }
        }
    }
    texts
}

/// Tokens that a slip may leave behind, beside those of other queries.
const WORDS: [&str; 28] = [
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ":",
    "@",
    "=",
    "==",
    "!=",
    "=~",
    "-",
    "+",
    "bool",
    "on",
    "ignoring",
    "group_left",
    "by",
    "without",
    "offset",
    "5m",
    "1.5",
    "\"a\"",
    "and",
    "start()",
    "atan2",
];

/// Distinct texts: the sources, and the sources with one or two tokens lost, doubled, exchanged or
/// too many.
pub(super) fn with_slips(sources: &[String], count: usize) -> Vec<String> {
    let mut chance = Chance::new(seed());
    let mut texts: BTreeSet<String> = sources.iter().cloned().collect();
    let sources: Vec<Vec<String>> = sources.iter().map(|text| tokens(text)).collect();
    while texts.len() < count {
        let mut text = chance.pick(&sources).clone();
        for _ in 0..=chance.index(2) {
            slip(&mut text, &sources, &mut chance);
        }
        texts.insert(text.concat());
    }
    texts.into_iter().collect()
}

pub(super) fn hand_made() -> Vec<String> {
    HAND_MADE.iter().map(|text| (*text).to_owned()).collect()
}

/// What generated queries use seldom.
const HAND_MADE: [&str; 29] = [
    r#"up offset -(5m) * 2"#,
    r#"sum(up offset -(1m) + b)"#,
    r#"sum by (job, "a.b") (rate({"http.requests", code=~"5.."}[5m] offset -1h @ 1.5e3))"#,
    r#"a == bool on (x) group_left (y) b unless ignoring (z) c ^ -2 ^ 3"#,
    r#"max_over_time(rate(x{a!~'b|c'}[5m])[1h30m:15s] @ end() offset 5m)"#,
    r#"label_replace(up, "a", "$1", `b`, "(.*)") or count_values without (x) ("v", y)"#,
    r#"topk(3, a) / on () group_right () quantile by (q) (0.9, b) % 0x1F"#,
    r#"-a + +b * (c - -1) atan2 NaN > Inf"#,
    r#"a[1h / 2 + (3 * 10s)] offset (1d - 2 ^ 3)"#,
    r#"{__name__="on", by="without", le="+Inf"} and offset offset 5m"#,
    r#"time() - timestamp(a) >= bool scalar(b) != bool 1_000.5e-3"#,
    r#"sum(group) by (bool) + avg without (sum) (by{on="\u00e9\n"})"#,
    r#"histogram_quantile(0.9, sum(rate(b_bucket[5m])) by (le))[1d:] @ start()"#,
    r#"sort_by_label(info(a, {b="c"}), "d", "e") # comment"#,
    r#"sum by (without) (x)"#,
    r#"sum by ("without") (x)"#,
    r#"sum by (a:b, "c d", by,) (x)"#,
    r#"x offset 0s offset 5m - x{} offset -0 - max_over_time(y offset 0s[5m])"#,
    r#"a offset (2m) + 1"#,
    r#"a offset (2m) + b"#,
    r#"a offset -(2m) ^ 2"#,
    r#"a offset - -2 ^ 2"#,
    r#"max_over_time(b[5m:1m] offset --1m * 5)"#,
    r#"a / on () group_left () 1 + 1 * ignoring () b"#,
    r#"a ^ on (x) b ^ c * -d ^ 2 or e and f unless g"#,
    r#"avg by (x) (a) without (y)"#,
    r#"{"a.b", c="d", "e.f"!="g"} + {'h i'}"#,
    r#"sum(a) by (inf) + x{nan="1", inf!=""}"#,
    r#"1e-9 + 1e30 - .5 + 5. + 0b1 + 010 + 1m30s + 1ms"#,
];

/// Words, strings, signs, and the blanks between them.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
        let end = match first {
            '"' | '\'' | '`' => {
                let end = rest.char_indices().skip(1).find(|(_, c)| *c == first);
                end.map_or(rest.len(), |(at, c)| at + c.len_utf8())
            }
            c if is_word(c) => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
            c => c.len_utf8(),
        };
        let (token, after) = rest.split_at(end);
        tokens.push(token.to_owned());
        rest = after;
    }
    tokens
}

fn slip(text: &mut Vec<String>, sources: &[Vec<String>], chance: &mut Chance) {
    let at = chance.index(text.len().max(1)).min(text.len().saturating_sub(1));
    let other = match chance.pick(sources) {
        source if chance.once_in(2) => chance.pick(source).clone(),
        _ => (*chance.pick(&WORDS)).to_owned(),
    };
    if text.is_empty() {
        text.push(other);
        return;
    }
    match chance.index(5) {
        0 => drop(text.remove(at)),
        1 => text.insert(at, text[at].clone()),
        2 => text[at] = other,
        3 => text.insert(at, other),
        _ => text.swap(at, at / 2),
    }
}
