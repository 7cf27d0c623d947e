//! `narthex alert`, `silence` and `routes` beside `amtool`: the same command lines about the same servers, ours and an
//! Alertmanager.

use narthex_harness::{Peer, binary, peer};
use serde_json::Value;

use super::{ROUTING, Tools, text};
use crate::alertmanager::{Alertmanager, routing_host};

/// The same routes, for servers that start at once: no notifier is compiled.
fn without_webhook() -> String {
    ROUTING.replace(", webhook_configs: [{ url: 'http://pager.example/secret' }]", "")
}

/// What both print of one server, at once: nothing changes between.
#[track_caller]
fn ask(tools: &Tools, url: &str) {
    let server = format!("--alertmanager.url={url}");
    let check = |command: &[&str], arguments: &[&str]| {
        let arguments = [&[server.as_str()], arguments].concat();
        tools.check(command, command, &arguments)
    };
    // To ask is what the commands do without a word.
    for (form, words) in [("simple", 1), ("extended", 2), ("json", 2)] {
        let form = format!("--output={form}");
        for matchers in [
            &[][..],
            &["Down"],
            &["alertname=~D.*|Slow", "host!=a"],
            &["host=~(a|b c)"],
            &["--silenced"],
            &["-s", "-a", "-i", "-u"],
            &["--receiver=tw.*", "-a"],
            &["host=a", "nothing"],
            &["host=~("],
        ] {
            let arguments = [&[form.as_str()], matchers].concat();
            let command = ["alert", "query"];
            check(command.get(..words).unwrap_or(&command), &arguments);
        }
        for query in [
            &[][..],
            &["--expired"],
            &["--within=2h"],
            &["--within=2h", "--expired"],
            &["--within=1.5h", "--timeout=0.5h"],
            &["-q"],
            &["--created-by=ada"],
            &["--created-by=", "--id="],
            &["--id=none"],
            &["host=~a|x"],
            &["\"ä b\"=z"],
            &["nothing"],
            &["--date.format=Jan _2 15:04 MST"],
        ] {
            let arguments = [&[form.as_str()], query].concat();
            let command = ["silence", "query"];
            check(command.get(..words).unwrap_or(&command), &arguments);
        }
    }
    let line = [server.as_str(), "-o", "json", "silence", "query"];
    tools.check(&line, &line, &[]);
    for refused in [
        &["silence", "add"][..],
        &["silence", "add", "a=b"],
        &["silence", "add", "a=b", "-c", "x", "-d", "0s"],
        &[
            "silence",
            "add",
            "a=b",
            "-c",
            "x",
            "--start=2030-01-01T00:00:00Z",
            "--end=2029-01-01T00:00:00Z",
        ],
        &["silence", "add", "a=b", "c", "-c", "x"],
        &["silence", "add", "a=~.*", "-c", "x"],
        &["silence", "add", "a=b", "-c", "x", "--start=tomorrow"],
        &["silence", "expire"],
        &["silence", "expire", "no-id"],
        &["silence", "expire", "00000000-0000-4000-8000-000000000000"],
        &["silence", "update"],
        &["silence", "update", "00000000-0000-4000-8000-000000000000"],
        &["alert", "add", "a=b", "c!=d"],
        &["alert", "add"],
        &["alert", "query", "-o", "xml"],
        &["silence", "query", "--timeout=5x"],
    ] {
        check(refused, &[]);
    }
    // What amtool shows of more than that are addresses in its memory.
    for form in ["simple", "json"] {
        let arguments = [server.as_str(), "-o", form];
        tools.check(&["alertmanager", "config"], &["config", "show"], &arguments);
    }
    for form in ["simple", "extended", "json"] {
        let arguments = [server.as_str(), "-o", form];
        tools.check(&["alertmanager", "cluster"], &["cluster", "show"], &arguments);
    }
    let extended = tools.do_it(&["alertmanager", "config", "-o", "extended", &server]);
    assert!(text(&extended.stdout).contains("\nversion "), "{}", text(&extended.stdout));
    let routes = [server.as_str()];
    tools.check(&["routes", "show"], &["config", "routes", "show"], &routes);
    let tried = [server.as_str(), "sev=page"];
    tools.check(&["routes", "test"], &["config", "routes", "test"], &tried);
}

/// The silence that was made last, as the server shows it, without what is of the moment.
#[track_caller]
fn last(tools: &Tools, server: &str, id: &str) -> Value {
    let id = format!("--id={}", id.trim());
    let (shown, _) = tools.theirs(&["silence", "query", "-o", "json", server, &id]);
    let mut shown: Value =
        serde_json::from_str(&shown).unwrap_or_else(|error| panic!("{shown}: {error}"));
    let silence = shown[0].as_object_mut().unwrap_or_else(|| panic!("{id} is not shown"));
    silence.retain(|key, _| !["id", "updatedAt", "startsAt", "endsAt"].contains(&key.as_str()));
    shown
}

/// What both do to one server: the same comes of it.
#[track_caller]
fn change(tools: &Tools, url: &str) {
    let server = format!("--alertmanager.url={url}");
    let server = server.as_str();
    for add in [
        &[
            "alert",
            "add",
            "Down",
            "host=a",
            "--annotation=summary=it is down",
            "--annotation=x=<y>",
        ][..],
        &[
            "alert",
            "add",
            "alertname=Slow",
            "host=\"b c\"",
            "sev=page",
            "--generator-url=http://g.example/?a=b&c",
        ],
        &[
            "alert",
            "add",
            "Late",
            "--end=2099-01-01T00:00:00+01:00",
            "--start=2026-01-01T00:00:00Z",
        ],
    ] {
        tools.do_it(&[add, &[server]].concat());
    }
    for new in [
        &[
            "host=~a|x",
            "q!=\"a\\\"b\"",
            "\"ä b\"=z",
            "-c",
            "works",
            "-a",
            "ada",
            "--annotation=k=v",
        ][..],
        &["Down", "--comment=\"two\nlines\"", "-d", "1d12h"],
        &[
            "a=b",
            "--no-require-comment",
            "--start=2098-01-01T00:00:00Z",
            "--end=2099-01-01T00:00:00Z",
        ],
        &["host=a", "-c", "over", "-d", "1h", "--author", "eve"],
    ] {
        let arguments = [&["silence", "add", server], new].concat();
        let ids = [tools.ours(&arguments), tools.theirs(&arguments)];
        assert!(
            ids.iter().all(|(id, code)| id.len() == 37 && *code == Some(0)),
            "{new:?}: {ids:?}"
        );
        let [ours, theirs] = ids.map(|(id, _)| last(tools, server, &id));
        assert_eq!(ours, theirs, "{new:?}");
    }
    let made = tools.do_it(&["silence", "add", server, "host=a", "-c", "x"]);
    let beside = text(&made.stderr);
    assert!(
        beside.contains("1 alert that fires now matches:\n  alertname=\"Down\" host=\"a\""),
        "{beside}"
    );
    let id = text(&made.stdout).trim().to_owned();
    let changed =
        tools.do_it(&["silence", "update", server, "-o", "json", "-d", "3h", "-c", "y", &id]);
    let changed: Value = serde_json::from_slice(&changed.stdout).expect("JSON is asked for");
    assert_eq!(changed[0]["comment"], "y");
    tools.do_it(&["silence", "expire", server, &id]);
    let (over, _) = tools.theirs(&["silence", "query", server, "--expired", "-q"]);
    assert!(over.contains(&id), "{over}");
    // What one writes the other takes.
    let count = |query: &[&str]| {
        tools.theirs(&[&["silence", "query", server, "-q"], query].concat()).0.lines().count()
    };
    let before = count(&[]);
    let exported = tools.do_it(&["silence", "export", server]).stdout;
    assert_eq!(tools.theirs(&["silence", "query", server, "-o", "json"]).0, text(&exported));
    tools.folder.write("silences.json", text(&exported));
    tools.do_it(&["silence", "import", server, "silences.json"]);
    assert_eq!(count(&[]), before, "known silences stay what they are");
    let made = tools.do_it(&["silence", "import", server, "--force", "-w", "3", "silences.json"]);
    assert_eq!(text(&made.stdout).lines().count(), before);
    assert_eq!(count(&[]), 2 * before);
    let mut unknown: Value = serde_json::from_slice(&exported).expect("an export is JSON");
    for (number, silence) in unknown.as_array_mut().expect("a list").iter_mut().enumerate() {
        silence["id"] = format!("00000000-0000-4000-8000-{number:012}").into();
    }
    tools.folder.write("unknown.json", unknown.to_string());
    tools.do_it(&["silence", "import", server, "unknown.json"]);
    assert_eq!(count(&[]), 3 * before, "unknown silences are new");
    for broken in ["", "[1]"] {
        tools.folder.write("broken.json", broken);
        tools.check(&["silence", "import"], &["silence", "import"], &[server, "broken.json"]);
    }
}

#[test]
fn servers_are_asked_and_changed_as_by_amtool() {
    let (Some(tools), Some(alertmanager)) = (Tools::find(), peer(Peer::Alertmanager)) else {
        return;
    };
    let theirs = Alertmanager::start(&alertmanager, &without_webhook());
    let ours = routing_host(&without_webhook());
    for url in [format!("http://{}", theirs.address), ours.url("")] {
        ask(&tools, &url);
        change(&tools, &url);
        ask(&tools, &url);
    }
    ours.stop();
}

#[test]
fn a_silence_recurs_where_the_server_knows_it_and_is_none_elsewhere() {
    let (Some(tools), Some(alertmanager)) = (Tools::find(), peer(Peer::Alertmanager)) else {
        return;
    };
    let theirs = Alertmanager::start(&alertmanager, &without_webhook());
    let ours = routing_host(&without_webhook());
    let add = |url: &str| {
        let server = format!("--alertmanager.url={url}");
        let recurring =
            "--recurring=times=02:00-04:00 weekdays=monday:friday location=Europe/Berlin";
        tools.run(
            &binary(),
            &["silence", "add", &server, "job=backup", "-c", "nightly", "-d", "30d", recurring],
        )
    };
    let made = add(&ours.url(""));
    assert!(made.status.success(), "{}", text(&made.stderr));
    let server = format!("--alertmanager.url={}", ours.url(""));
    let shown = tools.do_it(&["silence", "query", &server, "-o", "json"]);
    let shown: Value = serde_json::from_slice(&shown.stdout).expect("JSON is asked for");
    assert_eq!(shown[0]["timeIntervals"][0]["location"], "Europe/Berlin");
    // It goes on to recur when something else of it changes.
    let id = text(&made.stdout).trim().to_owned();
    let changed = tools.do_it(&["silence", "update", &server, "-o", "json", "-c", "other", &id]);
    assert!(text(&changed.stdout).contains("\"weekdays\":[\"monday:friday\"]"));

    let refused = add(&format!("http://{}", theirs.address));
    assert!(!refused.status.success());
    let said = text(&refused.stderr);
    assert!(said.contains("does not know silences that recur"), "{said}");
    let server = format!("--alertmanager.url=http://{}", theirs.address);
    assert_eq!(tools.theirs(&["silence", "query", &server, "-q"]).0, "");
    ours.stop();
}

#[test]
fn the_files_of_amtool_say_what_the_command_line_does_not() {
    let Some(tools) = Tools::find() else { return };
    let ours = routing_host(&without_webhook());
    // Debian's place for it; the usual one is read before.
    let theirs = ".config/prometheus/amtool.yml";
    let text_of = |author: &str| {
        format!("author: {author}\ncomment_required: false\noutput: json\nduration: 2d\n")
    };
    tools.folder.write(theirs, text_of("ada"));
    let server = format!("--alertmanager.url={}", ours.url(""));
    let made = [
        tools.ours(&["silence", "add", "a=b", &server]),
        tools.theirs(&["silence", "add", "a=b", &server]),
    ];
    let [first, second] = made.map(|(id, _)| last(&tools, &server, &id));
    assert_eq!(first, second);
    let shown = tools.check(&["silence"], &["silence"], &[&server]);
    assert_eq!(shown.matches("\"createdBy\":\"ada\"").count(), 2, "{shown}");
    tools.check(&["silence"], &["silence"], &["-o", "simple", "--within=1d", &server]);

    tools.folder.write(
        ".config/amtool/config.yml",
        format!("alertmanager.url: {}\nauthor: eve\n", ours.url("")),
    );
    tools.do_it(&["silence", "add", "a=c"]);
    let shown = text(&tools.do_it(&["silence", "query", "a=c"]).stdout);
    assert!(shown.contains("\"createdBy\":\"eve\""), "{shown}");
    tools.folder.write(theirs, "BAD\n");
    tools.check(&["alert"], &["alert"], &[&server]);
    ours.stop();
}
