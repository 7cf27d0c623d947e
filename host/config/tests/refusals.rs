//! Files that Prometheus refuses, each with what is said of it: `refusals.txt` holds our own
//! equivalent of each that its tests have, but for those of discoveries, which plugins judge.

use camino::Utf8Path;
use narthex_config::{Source, load};
use narthex_platform::RealDisk;
use narthex_settings::error_chain;

const CASES: &str = include_str!("refusals.txt");

/// What loading a file of this text says is wrong.
#[expect(clippy::disallowed_methods, reason = "the test acts as the operator")]
fn refusal(text: &str) -> Option<String> {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = Utf8Path::from_path(folder.path()).expect("a path of text");
    let path = folder.join("p.yml");
    std::fs::write(&path, text).expect("the file is written");
    let source = Source { disk: &RealDisk, path: &path, variable: &|_| None, expands_env: false };
    let error = load(&source).err()?;
    Some(error_chain(&error).replace(&format!("{folder}/"), ""))
}

#[test]
fn each_is_refused_for_its_reason_and_at_its_place() {
    let mut wrong = Vec::new();
    let cases = CASES.split("\n== ").skip(1);
    let mut count = 0;
    for case in cases {
        let (name, rest) = case.split_once('\n').unwrap();
        let (expected, text) = rest.split_once('\n').unwrap();
        let expected = expected.strip_prefix("=> ").expect("the second line says what is expected");
        count += 1;
        match refusal(text) {
            Some(message) if message.starts_with(expected) => {}
            Some(message) => wrong.push(format!("{name}: {message}\n  expected: {expected}")),
            None => wrong.push(format!("{name}: taken\n  expected: {expected}")),
        }
    }
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(count > 80, "{count} cases");
}
