use super::*;
use crate::sandbox::{Sandbox, SandboxConfig};

const CONTRACT: &str = r#"(component
    (import "acme:plugin/door@1.2.0" (instance
        (type $color (record (field "name" string) (field "depth" u8)))
        (export "color" (type $c (eq $color)))
        (export "open" (func (param "wide" bool) (result (result $c (error string)))))
        (export "knock" (func))))
    (core module $m (func (export "run")))
    (core instance $i (instantiate $m))
    (func $run (canon lift (core func $i "run")))
    (instance $api (export "run" (func $run)))
    (export "acme:plugin/api@1.2.0" (instance $api)))"#;

#[track_caller]
fn check(component: &str, exported: &[&str], expected: &[&str]) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let compile = |sandbox: &Sandbox, text: &str| {
        let bytes = wat::parse_str(text).unwrap();
        runtime.block_on(sandbox.compile(bytes.into())).unwrap()
    };
    let sandbox = Sandbox::start(SandboxConfig::default()).unwrap();
    let contract = Contract::new(compile(&sandbox, CONTRACT));
    let found = contract.misfits(&compile(&sandbox, component), exported);
    let words: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert_eq!(words, expected);
}

#[track_caller]
fn check_import(version: &str, exports: &str, expected: &[&str]) {
    let component =
        format!(r#"(component (import "acme:plugin/door@{version}" (instance {exports})))"#);
    check(&component, &[], expected);
}

#[test]
fn a_contract_fits_itself() {
    check(CONTRACT, &["acme:plugin/api"], &[]);
}

#[test]
fn an_import_may_leave_functions_out() {
    check_import("1.0.0", r#"(export "knock" (func))"#, &[]);
}

#[test]
fn a_function_of_a_later_version_is_named_with_both_versions() {
    check_import(
        "1.3.0",
        r#"(export "knock" (func)) (export "ring" (func))"#,
        &["it imports `ring` of acme:plugin/door@1.3.0; this host offers \
             acme:plugin/door@1.2.0, which has no such function: the component needs a newer host"],
    );
}

#[test]
fn a_function_that_never_was_is_named() {
    check_import(
        "1.2.0",
        r#"(export "ring" (func))"#,
        &["it imports `ring` of acme:plugin/door@1.2.0; this host offers \
           acme:plugin/door@1.2.0, which has no such function"],
    );
}

#[test]
fn a_type_that_differs_is_told_by_its_place() {
    let head = "`open` of acme:plugin/door@1.2.0 is not that of this host's acme:plugin/door@1.2.0";
    let color = |fields: &str, answer: &str| {
        format!(
            r#"(type $color (record (field "name" string) {fields})) (export "color" (type $c (eq $color)))
               (export "open" (func (param "wide" bool) (result {answer})))"#
        )
    };
    let told = |place: &str| format!("{head}: {place}");
    check_import(
        "1.2.0",
        &color(r#"(field "depth" u16)"#, "(result $c (error string))"),
        &[&told("the answer, field depth: u16 in the component, u8 in the host")],
    );
    check_import(
        "1.2.0",
        &color(r#"(field "depth" u8) (field "gloss" u8)"#, "(result $c (error string))"),
        &[&told(
            "the answer: a record of name, depth, gloss in the component, a record of name, depth in \
             the host",
        )],
    );
    check_import(
        "1.2.0",
        &color(r#"(field "depth" u8)"#, "(result $c)"),
        &[&told("the answer, its error: nothing in the component, string in the host")],
    );
    check_import(
        "1.2.0",
        r#"(export "open" (func (param "wide" bool) (param "slow" bool)))"#,
        &[&told("the parameters wide, slow in the component, the parameters wide in the host")],
    );
    check_import(
        "1.2.0",
        r#"(export "open" (func (param "wide" u8)))"#,
        &[&told("parameter wide: u8 in the component, bool in the host")],
    );
}

#[test]
fn what_must_be_exported_is_asked_for() {
    check(
        "(component)",
        &["acme:plugin/api"],
        &["it does not export acme:plugin/api@1.2.0, which this host asks of every plugin"],
    );
    check(
        r#"(component (instance $api) (export "acme:plugin/api@1.0.0" (instance $api)))"#,
        &["acme:plugin/api"],
        &[
            "it exports acme:plugin/api@1.0.0 without `run`, which acme:plugin/api@1.2.0 of this host has",
        ],
    );
    check("(component)", &[], &[]);
}
