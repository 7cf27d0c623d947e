use super::*;

const ROUTING: &str = r#"
route:
  receiver: default
  routes:
  - { match_re: { test: '^[12]$' }, receiver: one, continue: true }
  - matchers: [test=2]
    routes:
    - { receiver: db, matchers: ['"service name"=~"my.*"', zone!=a] }
    - { receiver: two }
  - { receiver: late, matchers: [sev=page] }
receivers: [{ name: default }, { name: one }, { name: two }, { name: db }, { name: late }]
"#;

fn routes() -> Routes {
    read_routing("am.yml", ROUTING).unwrap().routes().clone()
}

#[track_caller]
fn check(labels: &[(&str, &str)], trial: RouteTrial, expected: &str, is_bad: bool) {
    let labels = Labels::from_pairs(labels.iter().copied());
    let tried = try_routes(&routes(), &labels, trial);
    assert_eq!(tried.answer, expected);
    assert_eq!(tried.is_bad, is_bad);
}

#[test]
fn the_tree_shows_matchers_and_receivers() {
    let expected = r#"Routing tree:
.
└── default-route  receiver: default
    ├── {test=~"^(?:^[12]$)$"}  continue: true  receiver: one
    ├── {test="2"}  receiver: default
    │   ├── {"service name"=~"my.*",zone!="a"}  receiver: db
    │   └── default-route  receiver: two
    └── {sev="page"}  receiver: late

"#;
    assert_eq!(show_routes(&routes()), expected);
}

#[test]
fn an_alert_finds_its_receivers() {
    let plain = RouteTrial::default;
    check(&[], plain(), "default\n", false);
    check(&[("test", "1"), ("sev", "page")], plain(), "one,late\n", false);
    check(&[("test", "2"), ("sev", "page")], plain(), "one,two\n", false);
    let wanted = |names: &str| RouteTrial { expected: Some(names.to_owned()), ..plain() };
    check(&[("test", "1")], wanted("one"), "one\n", false);
    let warned = "one\nWARNING: Expected receivers did not match resolved receivers.\n";
    check(&[("test", "1")], wanted("late"), warned, true);
    let tree = RouteTrial { shows_tree: true, ..plain() };
    let expected = r#"Matching routes:
.
└── default-route
    ├── {test=~"^(?:^[12]$)$"}  receiver: one
    └── {test="2"}
        └── default-route  receiver: two


one,two
"#;
    check(&[("test", "2")], tree, expected, false);
}

#[test]
fn every_route_says_why() {
    let trial = RouteTrial { explains: true, ..RouteTrial::default() };
    let expected = r#"Why:
.
└── default-route  takes every alert
    ├── {test=~"^(?:^[12]$)$"}  yes, and continues  receiver: one
    ├── {test="2"}  yes
    │   ├── {"service name"=~"my.*",zone!="a"}  no: "service name"=~"my.*" is wanted and there is no service name; zone!="a" is wanted and zone is "a"
    │   └── default-route  yes  receiver: two
    └── {sev="page"}  not asked: {test="2"} took it, without continue

one,two
"#;
    check(&[("test", "2"), ("zone", "a")], trial, expected, false);
}

#[test]
fn routing_is_read_from_a_file_of_its_own_or_from_ours() {
    let inner = ROUTING.replace('\n', "\n  ");
    let ours = read_routing("narthex.yml", &format!("alertmanager:{inner}")).unwrap();
    assert_eq!(ours.routes().iter().count(), 6);
    let more = format!("{ROUTING}tracing: {{ endpoint: x }}\n");
    assert!(read_routing("the server's alertmanager.yml", &more).is_ok());
    let error = read_routing("am.yml", "route: { receiver: x }\nrecievers: []\n").unwrap_err();
    assert!(error.to_string().starts_with("am.yml:2:1: "), "{error}");
}
