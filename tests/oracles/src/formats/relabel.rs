//! Relabel rules, and the regular expressions in them.
//!
//! Oracles: rules do what a reading of them does that knows no short cuts; what is said of a
//! pattern's matches without running it is so.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use narthex_model::{
    AnchoredRegex, Labels, NameScheme, RelabelAction, RelabelRule, RelabelSpec, relabel,
};
use regex::{Captures, Regex};

use crate::Chance;

/// A line of labels, `name<TAB>value<TAB>…`; each other line a rule: action, source labels with
/// commas, separator, pattern, modulus, target, replacement, alphabet.
pub(super) fn check(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let mut lines = text.lines();
    let mut words = lines.next().unwrap_or("").split('\t');
    let mut labels = BTreeMap::new();
    while let (Some(name), Some(value)) = (words.next(), words.next()) {
        labels.insert(name.to_owned(), value.to_owned());
    }
    labels.retain(|name, value| !name.is_empty() && !value.is_empty());
    let texts: Vec<String> = labels.keys().chain(labels.values()).cloned().collect();
    let read: Vec<(RelabelSpec, NameScheme)> = lines.filter_map(rule).collect();
    let mut rules = Vec::new();
    let mut model = Some(labels.clone());
    for (spec, names) in read {
        check_pattern(&spec.regex, &texts);
        let rule = RelabelRule::try_from(spec.clone()).and_then(|rule| rule.with_names(names));
        let Ok(rule) = rule else { continue };
        rules.push(rule);
        model = model.and_then(|labels| apply(&spec, names, labels));
    }
    let changed = relabel(&Labels::from_pairs(labels), &rules);
    assert_eq!(changed, model.map(Labels::from_pairs), "{rules:?}");
}

fn rule(line: &str) -> Option<(RelabelSpec, NameScheme)> {
    let mut words = line.split('\t');
    let mut word = || words.next().unwrap_or("").to_owned();
    let name = word();
    let (_, action) = RelabelAction::ALL.into_iter().find(|(known, _)| *known == name)?;
    let sources = word();
    let spec = RelabelSpec {
        source_labels: sources.split(',').filter(|it| !it.is_empty()).map(str::to_owned).collect(),
        separator: word(),
        regex: word(),
        modulus: word().parse().unwrap_or(0),
        target_label: word(),
        replacement: word(),
        action,
    };
    Some((spec, if word() == "legacy" { NameScheme::Legacy } else { NameScheme::Utf8 }))
}

fn check_pattern(pattern: &str, texts: &[String]) {
    let Ok(anchored) = AnchoredRegex::new(pattern) else { return };
    let known = anchored.set_matches().unwrap_or(&[]);
    assert!(known.is_sorted(), "{pattern:?}: {known:?}");
    let longer = format!("{}x", anchored.prefix());
    let made = ["", "\n", "x", pattern, anchored.prefix(), &longer];
    for text in texts.iter().map(String::as_str).chain(known.iter().map(String::as_str)).chain(made)
    {
        let is_match = anchored.regex().is_match(text);
        assert_eq!(anchored.is_match(text), is_match, "{pattern:?} on {text:?}");
        let is_known = known.iter().any(|known| known == text);
        assert!(anchored.set_matches().is_none() || is_known == is_match, "{pattern:?}: {text:?}");
        assert!(!is_match || text.starts_with(anchored.prefix()), "{pattern:?} on {text:?}");
        assert!(!anchored.matches_all() || is_match, "{pattern:?} on {text:?}");
        let is_any = anchored.matches_all_but_empty();
        assert!(!is_any || is_match != text.is_empty(), "{pattern:?} on {text:?}");
    }
}

/// The rule as its documentation reads; `None`: the set is dropped.
fn apply(
    spec: &RelabelSpec,
    names: NameScheme,
    mut labels: BTreeMap<String, String>,
) -> Option<BTreeMap<String, String>> {
    use RelabelAction as A;

    let get = |name: &String| labels.get(name).map_or("", String::as_str);
    let source =
        spec.source_labels.iter().map(get).collect::<Vec<_>>().join(spec.separator.as_str());
    let regex = Regex::new(&format!("^(?s:{})$", spec.regex)).ok()?;
    let is_match = regex.is_match(&source);
    let is_equal = get(&spec.target_label) == source;
    let target = spec.target_label.clone();
    match spec.action {
        A::Keep if !is_match => return None,
        A::Drop if is_match => return None,
        A::KeepEqual if !is_equal => return None,
        A::DropEqual if is_equal => return None,
        A::Keep | A::Drop | A::KeepEqual | A::DropEqual => {}
        A::Replace => {
            if let Some(captures) = regex.captures(&source) {
                let target = expand(&target, &captures);
                if names.is_label_name(&target) {
                    labels.insert(target, expand(&spec.replacement, &captures));
                }
            }
        }
        A::HashMod => {
            let digest = md5::compute(&source);
            let last = digest.last_chunk::<8>().copied().unwrap_or_default();
            labels.insert(target, (u64::from_be_bytes(last) % spec.modulus).to_string());
        }
        A::Lowercase => drop(labels.insert(target, source.to_lowercase())),
        A::Uppercase => drop(labels.insert(target, source.to_uppercase())),
        A::LabelMap => {
            for (name, value) in labels.clone() {
                if let Some(captures) = regex.captures(&name) {
                    labels.insert(expand(&spec.replacement, &captures), value);
                }
            }
        }
        A::LabelDrop => labels.retain(|name, _| !regex.is_match(name)),
        A::LabelKeep => labels.retain(|name, _| regex.is_match(name)),
    }
    labels.retain(|_, value| !value.is_empty());
    Some(labels)
}

/// The template with groups in place of their names, as Go's regular expressions put them there.
fn expand(template: &str, captures: &Captures<'_>) -> String {
    static REFERENCE: LazyLock<Regex> = LazyLock::new(|| {
        let word = r"[\p{Alphabetic}\p{N}_]+";
        Regex::new(&format!(r"\$(?:(\$)|({word})|\{{({word})\}})")).expect("a pattern")
    });
    let put = |found: &Captures<'_>| {
        if found.get(1).is_some() {
            return "$".to_owned();
        }
        let name = found.get(2).or(found.get(3)).map_or("", |name| name.as_str());
        let group = match name.parse::<u32>().ok().filter(|number| number.to_string() == name) {
            Some(number) => usize::try_from(number).ok().and_then(|number| captures.get(number)),
            None => captures.name(name),
        };
        group.map_or("", |group| group.as_str()).to_owned()
    };
    REFERENCE.replace_all(template, put).into_owned()
}

pub(super) fn generate(chance: &mut Chance) -> Vec<u8> {
    const NAMES: [&str; 6] = ["__address__", "job", "a", "instance", "é.b", "__meta_x"];
    const VALUES: [&str; 6] = ["host:9100", "node", "", "Größe", "a;b", "10.0.0.1"];
    const PATTERNS: [&str; 14] = [
        "(.*)",
        "(.+)",
        "",
        "node|host.*",
        "(?i:NODE|x)",
        "([^:]+)(?::(\\d+))?",
        "__meta_(.+)",
        "(?<rest>.*)",
        "[ab]{1,3}",
        "(a|b)?c",
        "a|ab|abc",
        "x{0}",
        "\\Qa.b\\E",
        "(",
    ];
    const TEMPLATES: [&str; 9] =
        ["$1", "${1}_$2", "a", "", "$$1", "${rest}", "$1_x", "${1", "$é${10}"];
    let mut text = String::new();
    for _ in 0..1 + chance.index(4) {
        text += &format!("{}\t{}\t", chance.pick(&NAMES), chance.pick(&VALUES));
    }
    for _ in 0..1 + chance.index(4) {
        let (action, _) = chance.pick(&RelabelAction::ALL);
        let sources = format!("{},{}", chance.pick(&NAMES), chance.pick(&NAMES));
        let plain = chance.once_in(2);
        let (separator, pattern, modulus) = (
            if plain { ";" } else { "-" },
            chance.pick(&PATTERNS),
            if *action == "hashmod" { 8 } else { 0 },
        );
        let of_names = action.starts_with("label");
        let target = if of_names { "" } else { chance.pick(&["a", "new", "$1", "x_${1}"]) };
        let replacement = if plain { "$1" } else { chance.pick(&TEMPLATES) };
        let sources = if of_names { "" } else { &sources };
        let alphabet = chance.pick(&["utf8", "legacy"]);
        text += &format!(
            "\n{action}\t{sources}\t{separator}\t{pattern}\t{modulus}\t{target}\t{replacement}\t{alphabet}"
        );
    }
    text.into_bytes()
}
