//! The words of refusals: the queries of `refusals.txt`, each with what is said of it, and those of
//! `refusals_by_default.txt`, which are refused only while guarded parts of the language are off.
//!
//! `UPDATE_EXPECT=1` writes the files anew from the queries that stand in them.

use std::fmt::Write as _;

use expect_test::{ExpectFile, expect_file};
use narthex_promql::{Features, diagnose, parse_with};

/// The lines of the file without refusals, and each query with its refusals.
fn written_anew(file: &str, features: Features) -> String {
    let mut out = String::new();
    let mut query: Vec<&str> = Vec::new();
    for line in file.lines().chain([""]) {
        if let Some(part) = line.strip_prefix("> ").or(line.strip_prefix('>')) {
            query.push(part);
        } else if query.is_empty() {
            // A heading, or the end of a block.
            let is_second_blank = line.is_empty() && out.ends_with("\n\n");
            if !is_second_blank && !line.starts_with("  ") {
                writeln!(out, "{line}").expect("a string takes all");
            }
        } else if line.is_empty() {
            push_query(&query.join("\n"), features, &mut out);
            query.clear();
        }
    }
    out
}

fn push_query(query: &str, features: Features, out: &mut String) {
    for line in query.split('\n') {
        writeln!(out, "> {line}").expect("a string takes all");
    }
    let error = match parse_with(query, features) {
        Ok(expr) => panic!("{query:?} is taken, as {expr}"),
        Err(error) => error,
    };
    let excerpt = error.excerpt();
    let carets = excerpt.lines().last().unwrap_or("");
    writeln!(out, "  {carets}\n  {error}").expect("a string takes all");
    for other in diagnose(query, features).iter().filter(|other| **other != error) {
        writeln!(out, "  also {other}").expect("a string takes all");
    }
    out.push('\n');
}

#[track_caller]
fn check(file: &str, features: Features, expected: &ExpectFile) {
    assert!(file.lines().any(|line| line.starts_with("> ")), "there are queries");
    expected.assert_eq(&written_anew(file, features));
}

#[test]
fn refusals_say_what_is_wrong_and_where() {
    check(include_str!("refusals.txt"), Features::ALL, &expect_file!["refusals.txt"]);
}

#[test]
fn guarded_parts_are_refused_by_default() {
    let file = include_str!("refusals_by_default.txt");
    check(file, Features::default(), &expect_file!["refusals_by_default.txt"]);
}
