use super::*;
use crate::Shown;

#[track_caller]
fn error(text: &str) -> String {
    Document::parse("f.yml", text).expect_err("the text is wrong").to_string()
}

#[test]
fn positions_count_from_one() {
    let document = Document::parse("f.yml", "a:\n  b: [1, two]\n").unwrap();
    let two = document.root().locate("/a/b/1");
    assert_eq!((two.text(), two.at), (Some("two"), Position { line: 2, column: 10 }));
}

#[test]
fn a_repeated_key_is_refused_with_both_places() {
    assert_eq!(error("a: 1\nb: 2\na: 3\n"), "f.yml:3:1: key \"a\" stands twice, first on line 1");
}

#[test]
fn keys_of_a_large_mapping_are_told_apart() {
    let mut text = String::from("first: &f {k0: 0, k70: 70, k99: 99}\nall:\n");
    (0..90).for_each(|key| text.push_str(&format!("  k{key}: {key}\n")));
    let document = Document::parse("f.yml", &format!("{text}  <<: *f\n")).unwrap();
    let all = document.root().get("all").unwrap();
    let texts: Vec<&str> =
        all.entries().unwrap().iter().filter_map(|entry| entry.node.text()).collect();
    let expected: Vec<String> = (0..90).chain([99]).map(|key| key.to_string()).collect();
    assert_eq!(texts, expected);
    for (key, line) in [(0, 3), (32, 35), (33, 36), (89, 92)] {
        let message = format!("f.yml:93:3: key \"k{key}\" stands twice, first on line {line}");
        assert_eq!(error(&format!("{text}  k{key}: 1\n")), message);
    }
}

#[test]
fn some_keys_of_a_mapping_can_be_taken_alone() {
    let document = Document::parse("f.yml", "a: 1\nb: [2]\nc: 3\n").unwrap();
    let some = document.root().with_keys(|key| key != "b");
    assert_eq!(some.entries().unwrap().len(), 2);
    assert_eq!(
        (some.at, some.get("c").unwrap().at),
        (document.root().at, Position { line: 3, column: 4 })
    );
}

#[test]
fn aliases_and_merge_keys_are_spelled_out() {
    let text = "base: &b {x: 1, y: 2}\nuse:\n  <<: *b\n  y: 3\n";
    let document = Document::parse("f.yml", text).unwrap();
    let used = document.root().get("use").unwrap();
    assert_eq!(used.get("x").and_then(Node::text), Some("1"));
    assert_eq!(used.get("y").and_then(Node::text), Some("3"));
}

#[test]
fn an_alias_bomb_is_refused() {
    let mut text = String::from("l0: &l0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..9 {
        let below = format!("*l{}", level - 1);
        let list = vec![below; 10].join(", ");
        text.push_str(&format!("l{level}: &l{level} [{list}]\n"));
    }
    assert!(error(&text).contains("more than 2000000 values"));
}

#[test]
fn broken_yaml_names_the_place() {
    assert!(error("a: [1, 2\nb: 3\n").starts_with("f.yml:2:"));
    assert_eq!(error("a: 1\n---\nb: 2\n"), "f.yml:2:1: a second document; the file holds one");
}

#[test]
fn the_first_document_of_several_is_read_alone() {
    let text = "ü: 1\n---\npassword: hunter2\n";
    assert_eq!(error(text), "f.yml:2:1: a second document; the file holds one");
    let document = Document::first("f.yml", text).unwrap();
    assert_eq!(document.second(), Some(Position { line: 2, column: 1 }));
    assert_eq!(document.root().entries().unwrap().len(), 1);
    assert_eq!(document.redacted(&|_, _| Shown::AsWritten), "ü: 1\n");
    for text in ["---\na: 1\n", "a: 1\n...\n", "# nothing\n", ""] {
        assert_eq!(Document::first("f.yml", text).unwrap().second(), None, "{text}");
    }
}

#[test]
fn binary_texts_are_decoded() {
    let document = Document::parse("f.yml", "!!binary bmFtZQ==: !!binary aGVsbG8=\n").unwrap();
    assert_eq!(document.root().get("name").and_then(Node::text), Some("hello"));
    assert_eq!(error("a: !!binary $1\n"), "f.yml:1:4: the !!binary value is not written in base64");
    assert_eq!(error("a: !!binary /w==\n"), "f.yml:1:4: the !!binary value is not a text of UTF-8");
}
