//! What `narthex plugin new` writes: each kind in each language builds as it is, passes its native test, and does what
//! `sdk/templates/README.md` says that templates do, name for name.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use narthex_harness::{Answer, Replies, TempFolder, binary, skip};

use crate::plugin_tutorials::{fetched, has_wasip2};

/// A language, and how its tools are had without fetching them for each project.
struct Language {
    name: &'static str,
    /// The native test, as the project's README has it.
    test: &'static [&'static str],
    prepare: fn(&Path, &Path),
}

/// The page that an exporter asks for, and the list that a discovery does.
const PAGE: &str = "a.example:80\nb.example:81\n";

/// Projects of one language in one folder.
struct Workshop {
    folder: TempFolder,
    language: Language,
}

impl Workshop {
    /// Runs a program in a project; what it printed.
    #[track_caller]
    fn run(&self, project: &Path, program: &Path, arguments: &[&str]) -> String {
        let output = Command::new(program)
            .args(arguments)
            .current_dir(project)
            .env("XDG_CACHE_HOME", self.folder.path().join("cache"))
            .env("CARGO_NET_OFFLINE", "true")
            .env("PYTHONPATH", "sdk")
            .env_remove("CARGO_TARGET_DIR")
            .output();
        let output = output.unwrap_or_else(|error| panic!("{}: {error}", program.display()));
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text).into_owned();
        let command = arguments.join(" ");
        assert!(output.status.success(), "{} {command}: {text}", program.display());
        text
    }

    /// A project of a kind: written, built, tested.
    #[track_caller]
    fn project(&self, kind: &str) -> PathBuf {
        let name = format!("my-{kind}");
        let within = self.folder.path();
        let order = ["plugin", "new", &name, "--kind", kind, "--lang", self.language.name];
        self.run(within, &binary(), &order);
        let project = within.join(&name);
        (self.language.prepare)(&project, within);
        self.run(&project, &binary(), &["plugin", "build", "."]);
        let [program, arguments @ ..] = self.language.test else { panic!("no native test") };
        self.run(&project, Path::new(program), arguments);
        project
    }

    /// Calls a project's component; what it answers.
    #[track_caller]
    fn call(&self, project: &Path, arguments: &[&str]) -> String {
        let call = [&["plugin", "run", ".", "--no-build"][..], arguments].concat();
        self.run(project, &binary(), &call)
    }
}

#[track_caller]
fn check(language: Language) {
    let server = Replies::start();
    server.answer("/page", Answer::ok("text/plain", PAGE));
    server.answer("/hook", Answer::status(200, ""));
    let (folder, address) = (TempFolder::new(), server.address().to_string());
    let workshop = Workshop { folder, language };

    let exporter = workshop.project("exporter");
    let told =
        workshop.call(&exporter, &["--target", &address, "--config", r#"{"path": "/page"}"#]);
    assert!(told.contains("my_exporter_http_status 200\n"), "{told}");
    assert!(told.contains(&format!("my_exporter_page_bytes {}\n", PAGE.len())), "{told}");

    let discovery = workshop.project("discovery");
    let url = server.url("/page");
    let found = workshop.call(&discovery, &["--config", &format!(r#"{{"url": "{url}"}}"#)]);
    for part in [r#""a.example:80""#, r#""b.example:81""#, r#""__meta_my_discovery_url""#] {
        assert!(found.contains(part), "{part}: {found}");
    }

    let notifier = workshop.project("notifier");
    let config = format!(r#"{{"url": "{}"}}"#, server.url("/hook"));
    let call = ["--config", &config, "--alert", "alertname=DiskFull,severity=page"];
    let receipt = workshop.call(&notifier, &call);
    assert!(receipt.contains(r#""note": "status 200""#), "{receipt}");
    let requests = server.requests();
    let sent = requests.iter().find(|request| request.method == "POST").expect("it was posted");
    assert_eq!(sent.json()["alerts"][0]["labels"]["alertname"], "DiskFull", "{}", sent.json());
}

#[test]
fn templates_for_rust() {
    if !has_wasip2() {
        return skip("rustup has not added wasm32-wasip2");
    }
    check(Language {
        name: "rust",
        test: &["cargo", "test", "--quiet"],
        prepare: |project, within| {
            // What all three need is built once.
            let shared = within.join("target");
            std::fs::create_dir_all(&shared).expect("make the folder of builds");
            symlink(shared, project.join("target")).expect("link the folder of builds");
        },
    });
}

#[test]
fn templates_for_typescript() {
    if fetched("js/node_modules/.narthex-packages").is_none() {
        return skip("`cargo xtask langs` could not fetch what JavaScript needs");
    }
    check(Language {
        name: "js",
        test: &["npm", "test", "--silent"],
        prepare: |project, _| {
            let install = ["install", "--no-audit", "--no-fund", "--prefer-offline"];
            let installed = Command::new("npm").args(install).current_dir(project).output();
            let installed = installed.expect("npm runs");
            assert!(installed.status.success(), "{}", String::from_utf8_lossy(&installed.stderr));
        },
    });
}

#[test]
fn templates_for_python() {
    if fetched("venv/narthex-packages").is_none() {
        return skip("`cargo xtask langs` could not fetch what Python needs");
    }
    check(Language {
        name: "python",
        test: &[".venv/bin/python", "-m", "unittest"],
        prepare: |project, _| {
            let tools = fetched("venv").expect("the tools were fetched");
            symlink(tools, project.join(".venv")).expect("link the tools");
        },
    });
}
