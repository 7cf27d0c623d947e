//! Our scripts of expositions: what Prometheus' own tests of its readers look at, and where this
//! reader differs from it on purpose.

use std::path::Path;

use narthex_conformance::exposition::{blessed, run};

#[test]
#[expect(clippy::disallowed_methods, reason = "a test reads its data and where that is")]
fn bodies_are_read_as_the_scripts_say() {
    // The package's folder: there cargo runs its tests.
    let folder = Path::new("exposition");
    let blesses = std::env::var_os("UPDATE_EXPECT").is_some();
    let mut complaints = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let file = path.display();
        let script = std::fs::read_to_string(&path).unwrap();
        let outcomes = run(&script).unwrap_or_else(|problem| panic!("{file}: {problem}"));
        let differ = outcomes.iter().filter(|outcome| outcome.differs.is_some()).count();
        println!("{file}: {} bodies", outcomes.len());
        let all_differ = path.ends_with("differences.test");
        assert_eq!(differ, if all_differ { outcomes.len() } else { 0 }, "{file}: `differs`");
        if blesses {
            std::fs::write(&path, blessed(&script, &outcomes)).unwrap();
            continue;
        }
        for outcome in outcomes.iter().filter(|outcome| outcome.found != outcome.expected) {
            complaints.push(format!(
                "{file}:{}\nexpected:\n{}\nfound:\n{}\n",
                outcome.line,
                outcome.expected.join("\n"),
                outcome.found.join("\n")
            ));
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}
