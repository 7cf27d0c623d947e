//! Alertmanager's own tool, `amtool`, drives the host.

use std::process::Command;

use narthex_harness::{Host, Peer, peer};

use super::routing_host;

const ROUTING: &str = "
route:
  receiver: everybody
  group_wait: 1h
  routes:
  - { receiver: pager, matchers: [severity=page] }
receivers:
- { name: everybody }
- { name: pager, webhook_configs: [{ url: 'http://pager.example/secret' }] }
";

#[track_caller]
fn amtool(host: &Host, arguments: &[&str]) -> String {
    let Some(program) = peer(Peer::Amtool) else { unreachable!("it was looked for before") };
    let output = Command::new(program)
        .arg(format!("--alertmanager.url={}", host.url("")))
        .args(arguments)
        .output()
        .expect("amtool runs");
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "amtool {arguments:?}: {out}{err}");
    out.into_owned()
}

#[test]
fn alerts_and_silences_are_made_and_ended_by_amtool() {
    if peer(Peer::Amtool).is_none() {
        return;
    }
    let host = routing_host(ROUTING);
    amtool(&host, &["alert", "add", "Down", "host=a", "--annotation=summary=it is down"]);
    amtool(&host, &["alert", "add", "Slow", "host=b"]);
    let shown = amtool(&host, &["alert", "query", "-o", "extended"]);
    assert!(shown.contains("it is down") && shown.contains("Slow"), "{shown}");

    let id = amtool(&host, &["silence", "add", "host=~a|x", "--comment=works", "--author=ada"]);
    let id = id.trim();
    let active = amtool(&host, &["alert", "query"]);
    assert!(!active.contains("Down") && active.contains("Slow"), "{active}");
    let silenced = amtool(&host, &["alert", "query", "--silenced"]);
    assert!(silenced.contains("Down") && !silenced.contains("Slow"), "{silenced}");

    let shown = amtool(&host, &["silence", "query", "-o", "json"]);
    let exported = host.folder().write("silences.json", &shown);
    assert!(shown.contains(id) && shown.contains("works"), "{shown}");
    let longer = amtool(&host, &["silence", "update", "--duration=3h", id]);
    assert!(longer.contains("works"), "{longer}");
    amtool(&host, &["silence", "expire", id]);
    assert!(!amtool(&host, &["silence", "query"]).contains("works"));
    assert!(amtool(&host, &["alert", "query"]).contains("Down"));
    amtool(&host, &["silence", "import", "--force", &exported.display().to_string()]);
    assert!(amtool(&host, &["silence", "query"]).contains("works"));
    host.stop();
}

#[test]
fn the_routing_of_the_host_is_shown_and_tested_by_amtool() {
    if peer(Peer::Amtool).is_none() {
        return;
    }
    let host = routing_host(ROUTING);
    let shown = amtool(&host, &["config", "show"]);
    assert!(shown.contains("severity") && !shown.contains("secret'"), "{shown}");
    let routes = amtool(&host, &["config", "routes", "show"]);
    assert!(routes.contains("receiver: pager"), "{routes}");
    let found = amtool(&host, &["config", "routes", "test", "severity=page"]);
    assert_eq!(found.trim(), "pager");
    host.stop();
}
