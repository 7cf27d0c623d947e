//! `narthex plugin`: a component that is there, called, recorded, replayed, judged, measured.

use std::path::{Path, PathBuf};
use std::process::Command;

use narthex_harness::{Answer, Replies, TempFolder, WebhookReceiver, binary, free_port};
use serde_json::{Value, json};

use crate::support::plugin;

/// A project around a component that was built before.
struct Bench {
    folder: TempFolder,
    case: PathBuf,
}

struct Ran {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Bench {
    /// The notifier `webhook` in a folder of its own, with a receiver at this port.
    fn new(port: u16) -> Self {
        let folder = TempFolder::new();
        let component = std::fs::read(plugin("webhook")).expect("read the plugin webhook");
        folder.write("webhook.wasm", component);
        let manifest = format!(
            "name = \"webhook\"\nbuild = [\"true\"]\n\
             component = \"webhook.wasm\"\n\n[try]\n\
             config = {{ url = \"http://127.0.0.1:{port}/hook-of-team\" }}\n"
        );
        folder.write("narthex-plugin.toml", manifest);
        let case = folder.path().join("tests/page.json");
        Self { folder, case }
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        let output = Command::new(binary())
            .arg("plugin")
            .args(arguments)
            .current_dir(self.folder.path())
            .env("XDG_CACHE_HOME", self.folder.path().join("cache"))
            .output()
            .expect("narthex runs");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ran { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
    }

    fn case(&self) -> Value {
        let text = std::fs::read(&self.case).expect("`--record page` has written tests/page.json");
        serde_json::from_slice(&text).expect("a case is JSON")
    }

    /// Writes the case as somebody has edited it.
    fn edit(&self, change: impl FnOnce(&mut Value)) {
        let mut case = self.case();
        change(&mut case);
        std::fs::write(&self.case, case.to_string()).expect("write the edited case");
    }
}

#[test]
fn a_call_is_recorded_without_secrets_and_replayed_without_the_world() {
    let receiver = WebhookReceiver::start();
    let bench = Bench::new(receiver.address().port());
    let ran = bench.run(&["test", "--record", "page"]);
    assert_eq!(ran.code, Some(0), "{}{}", ran.out, ran.err);
    let text = bench.case().to_string();
    assert!(!text.contains("hook-of-team") && !text.contains("narthex-secret"), "{text}");
    drop(receiver);
    assert_eq!(bench.case()["recording"]["conversation"][0]["http"]["method"], json!("POST"));

    let ran = bench.run(&["test"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), "ok     page.json\n1 replayed, 0 failed\n"));

    bench.edit(|case| case["answer"]["note"] = json!("status 201"));
    let ran = bench.run(&["test"]);
    assert_eq!(ran.code, Some(1));
    for line in ["FAILED page.json", "-   \"note\": \"status 201\"", "+   \"note\": \"status 200\""]
    {
        assert!(ran.out.contains(line), "{line}: {}", ran.out);
    }
    assert_eq!(bench.run(&["test", "--bless"]).code, Some(0));
    assert_eq!(bench.run(&["test"]).code, Some(0));

    // Another question than the recorded one is no answer from the world.
    bench.edit(|case| {
        case["call"]["notify"]["alerts"][0]["labels"] = json!([["alertname", "Other"]]);
    });
    let kept = bench.case();
    let ran = bench.run(&["test"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.out.contains("the recording does not answer: POST"), "{}", ran.out);
    assert!(ran.out.contains("it did not: POST"), "{}", ran.out);

    // What was answered to other questions is not taken for right.
    let ran = bench.run(&["test", "--bless"]);
    assert_eq!(ran.code, Some(1), "{}", ran.out);
    assert!(ran.err.contains("record anew what asks otherwise"), "{}", ran.err);
    assert_eq!(bench.case(), kept);
}

#[test]
fn a_test_without_recordings_says_how_to_make_one() {
    let bench = Bench::new(free_port());
    for arguments in [&["test"][..], &["test", "--bless"]] {
        let ran = bench.run(arguments);
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(ran.err.contains("`narthex plugin test --record NAME`"), "{}", ran.err);
    }
}

#[test]
fn what_is_wrong_with_a_project_is_told_once() {
    let bench = Bench::new(free_port());
    let told = |manifest: &str, told: &str| {
        bench.folder.write("narthex-plugin.toml", manifest);
        let ran = bench.run(&["check", "."]);
        assert_eq!(ran.code, Some(1), "{}", ran.out);
        let last = ran.err.lines().last().unwrap_or_default();
        assert_eq!(last, format!("narthex: {told}"), "{}", ran.err);
    };
    let rest = "component = \"webhook.wasm\"\n";
    told(
        &format!("name = \"webhook\"\nbuild = [\"no-such-compiler\", \"-O\"]\n{rest}"),
        "run \"no-such-compiler -O\"; is it installed?: No such file or directory (os error 2)",
    );
    told(
        &format!("name = \"webhook\"\nbuild = [\"false\"]\n{rest}"),
        "\"false\" failed; what it says is above",
    );
    told(
        "name = \"webhook\"\nbuild = [\"true\"]\ncomponent = \"out.wasm\"\n",
        "read ./out.wasm, where `component` in narthex-plugin.toml says that the build leaves it: \
         No such file or directory (os error 2)",
    );
    told(
        &format!("name = \"page\"\nbuild = [\"true\"]\n{rest}"),
        "narthex-plugin.toml says name = \"page\", and the component calls itself \"webhook\"; \
         a server takes one name",
    );
    let ran = bench.run(&["run", "absent.wasm"]);
    let once = "narthex: read absent.wasm: No such file or directory (os error 2)\n";
    assert_eq!((ran.code, ran.err.as_str()), (Some(1), once));
}

#[test]
fn a_call_that_fails_is_a_case_and_its_secret_stays_at_home() {
    let port = free_port();
    let bench = Bench::new(port);
    let ran = bench.run(&["test", "--record", "page"]);
    assert_eq!(ran.code, Some(1), "nobody listens: {}", ran.out);
    let case = bench.case();
    assert!(!case.to_string().contains("hook-of-team"), "{case}");
    assert_eq!(case["config"]["url"], json!(format!("http://127.0.0.1:{port}/<secret>")));
    assert_eq!(case["recording"]["conversation"][0]["error"]["kind"], json!("unreachable"));
    assert_eq!(bench.run(&["test"]).code, Some(0), "the same error is the right answer");
}

#[test]
fn a_call_shows_the_answer_the_log_and_what_was_spent() {
    let receiver = WebhookReceiver::start();
    let bench = Bench::new(receiver.address().port());
    let ran = bench.run(&["run", "--alert", "alertname=DiskFull,severity=page"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(ran.out.contains("\"note\": \"status 200\""), "{}", ran.out);
    assert!(ran.err.contains(" of 64.0 MiB") && ran.err.contains("1 requests"), "{}", ran.err);
    drop(receiver);
    let ran = bench.run(&["run", "webhook.wasm", "--config", "{\"url\": []}"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.err.contains("url"), "{}", ran.err);
}

#[test]
fn a_component_is_told_and_judged() {
    let bench = Bench::new(free_port());
    let ran = bench.run(&["inspect", "--json", "webhook.wasm"]);
    let told: Value = serde_json::from_str(&ran.out).expect("`inspect --json` prints JSON");
    assert_eq!((&told["name"], &told["kind"]), (&json!("webhook"), &json!("notifier")));
    assert!(told["imports"].to_string().contains("narthex:plugin/http@1."), "{told}");
    assert_eq!(told["schema"]["properties"]["url"]["x-secret"], json!(true));
    assert_eq!(told["hasNames"], json!(true));
    let file = std::fs::metadata(bench.folder.path().join("webhook.wasm"));
    assert_eq!(told["bytes"], json!(file.expect("look at the component").len()));

    let ran = bench.run(&["check", "webhook.wasm"]);
    assert!(matches!(ran.code, Some(0 | 3)), "{}", ran.err);
    assert_eq!(ran.code == Some(3), ran.err.contains("lint "), "{}", ran.err);
    assert!(!ran.err.contains("build: "), "a component has no build: {}", ran.err);
    assert!(bench.run(&["check", "."]).err.starts_with("build: true\n"));
    assert!(!bench.run(&["check", ".", "--no-build"]).err.contains("build: "));
    bench.folder.write("broken.wasm", "\0asm nonsense");
    let ran = bench.run(&["check", "broken.wasm"]);
    assert_eq!(ran.code, Some(1), "{}", ran.out);
    let ran = bench.run(&["check", "nowhere"]);
    assert!(ran.err.contains("narthex plugin new"), "{}", ran.err);
}

#[test]
fn calls_are_measured_against_a_recording() {
    let receiver = WebhookReceiver::start();
    let bench = Bench::new(receiver.address().port());
    let ran = bench.run(&["test", "--record", "page"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    drop(receiver);
    let load = ["--calls", "20", "--concurrency", "4", "--replay", "tests/page.json"];
    let ran = bench.run(&[&["bench", "."][..], &load].concat());
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    for line in ["calls              20 in ", "cpu of a call      p50 ", "memory, the most   "] {
        assert!(ran.out.contains(line), "{line}: {}", ran.out);
    }
    let ran = bench.run(&["bench", ".", "--calls", "3"]);
    assert_eq!(ran.code, Some(1), "nobody listens: {}", ran.out);
}

#[test]
fn an_exporter_sees_what_the_command_line_grants() {
    let bench = Bench::new(free_port());
    let node = plugin("node");
    let node = node.to_str().expect("the folder of plugins is UTF-8");
    let config = "{\"collectors\": [\"loadavg\"]}";
    let call = ["--target", "localhost", "--config", config];
    let ran = bench.run(&[&["run", node][..], &call].concat());
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(ran.out.contains("# TYPE node_load1 gauge\n"), "{}", ran.out);
    let ran = bench.run(&["run", node]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.err.contains("--target host:port"), "{}", ran.err);
}

#[test]
fn http_keys_of_a_discovery_are_used_and_not_recorded() {
    let server = Replies::start();
    server.answer("/sd", Answer::ok("application/json", r#"[{"targets": ["a:1"]}]"#));
    let bench = Bench::new(free_port());
    let http = plugin("http");
    let http = http.to_str().expect("the folder of plugins is UTF-8");
    let url = server.url("/sd");
    let auth = json!({ "username": "me", "password": "pass-of-me" });
    let config = json!({ "url": &url, "basic_auth": auth }).to_string();
    let ran = bench.run(&["test", http, "--record", "page", "--config", &config]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert_eq!(server.requests()[0].header("authorization"), Some("Basic bWU6cGFzcy1vZi1tZQ=="));
    assert!(!bench.case().to_string().contains("pass-of-me"), "{}", bench.case());
    assert_eq!(bench.case()["config"], json!({ "url": &url }));
    drop(server);
    let ran = bench.run(&["test", http]);
    assert_eq!(ran.code, Some(0), "{}", ran.out);

    let config = json!({ "url": &url, "basic_auth": auth, "bearer_token": "x" }).to_string();
    let ran = bench.run(&["run", http, "--config", &config]);
    assert!(ran.err.starts_with("narthex: the HTTP keys of the configuration: "), "{}", ran.err);
}

#[test]
fn a_new_project_is_written_once() {
    let bench = Bench::new(free_port());
    for lang in ["rust", "js", "python"] {
        for kind in ["exporter", "discovery", "notifier"] {
            let name = format!("my-{kind}-{lang}");
            let order = ["new", &name, "--kind", kind, "--lang", lang];
            let ran = bench.run(&order);
            assert_eq!(ran.code, Some(0), "{}", ran.err);
            let folder = bench.folder.path().join(&name);
            assert!(is_file(&folder, "narthex-plugin.toml"), "{name}");
            assert!(is_file(&folder, "sdk/wit/narthex.wit"), "{name}");
            let again = bench.run(&order);
            assert!(again.err.contains("exists; name another folder with --dir"), "{}", again.err);
        }
    }
    let ran = bench.run(&["new", "half"]);
    assert!(ran.err.contains("--kind is missing"), "{}", ran.err);
}

fn is_file(folder: &Path, name: &str) -> bool {
    folder.join(name).is_file()
}
