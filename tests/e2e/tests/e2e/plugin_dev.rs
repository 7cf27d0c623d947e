//! `narthex plugin dev` beside a running host: a file that is saved is built, called, and served.

use std::path::Path;
use std::process::Command;

use narthex_harness::{Host, Process, SECONDS, TempFolder, binary, wait_until};

use crate::support::{config, guest};

/// A project whose build copies a component that is there, or complains as a compiler does.
const MANIFEST: &str = "name = \"good\"\nbuild = [\"sh\", \"build.sh\"]\n\
     component = \"good.wasm\"\nwatch = [\"src\"]\n\n[try]\ntarget = \"localhost:1\"\n";
const BUILD: &str = "if [ -e src/broken ]; then echo 'error: expected `;`' >&2; exit 1; fi\n\
     cp src/plugin.wasm good.wasm\n";

/// As an editor saves: beside it, then over it.
fn save(folder: &Path, name: &str, content: &[u8]) {
    let draft = folder.join(format!("{name}.draft"));
    std::fs::write(&draft, content).expect("write a source");
    std::fs::rename(draft, folder.join("src").join(name)).expect("save a source");
}

#[test]
fn what_is_saved_is_built_and_called_and_served() {
    let version = |name: &str| std::fs::read(guest(name)).expect("the guest is built");
    let project = TempFolder::new();
    project.write("narthex-plugin.toml", MANIFEST);
    project.write("build.sh", BUILD);
    project.write("src/plugin.wasm", version("good"));
    let host = Host::with_config(&config(
        "scrape_configs:\n- job_name: good\n  exporter: { plugin: good }\n  \
         static_configs: [{ targets: [a] }]\n",
    ))
    .file("plugins/good.wasm", version("good"))
    .start();
    let plugins = host.folder().path().join("plugins");
    let dev = Process::spawn(
        Command::new(binary())
            .args([
                "plugin",
                "dev",
                ".",
                "--interval",
                "200ms",
                "--server",
                &host.address(),
                "--into",
            ])
            .arg(&plugins)
            .current_dir(project.path())
            .env("XDG_CACHE_HOME", project.path().join("cache")),
    );
    let shows = |text: &str| {
        wait_until(&format!("it shows {text:?}"), 60 * SECONDS, || dev.output().contains(text));
    };
    shows("good 1.0.0, ");
    shows("good_value 1");
    shows(" of 64.0 MiB, time ");
    shows("the answer is the same");
    shows("server good 1.0.0 is ready");
    shows("kills 0; at most cpu ");

    save(project.path(), "plugin.wasm", &version("good_v2"));
    shows("good 2.0.0, ");
    shows("+     \"good_value 2\"");
    shows("server good 2.0.0 is ready");
    host.wait_for_query("good_value == 2", 30 * SECONDS, |s| s.len() == 1);

    save(project.path(), "broken", b"");
    shows("error: expected `;`");
    shows("\"sh build.sh\" failed; what it says is above");
    // What was built before serves on.
    assert_eq!(host.query("good_value")[0].value, 2.0);

    std::fs::remove_file(project.path().join("src/broken")).expect("mend the source");
    save(project.path(), "plugin.wasm", &version("good"));
    host.wait_for_query("good_value == 1", 30 * SECONDS, |s| s.len() == 1);
    host.stop();
}
