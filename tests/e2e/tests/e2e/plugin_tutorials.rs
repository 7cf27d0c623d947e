//! The tutorials of `docs/guide/plugins`, followed word by word.
//!
//! A page is a script. A block ```` ```sh ```` is run in the folder where the block before it ended; what
//! it starts in the background runs until the page ends. A block with a file's name beside its
//! language is written to that file. Each line of a block ```` ```text ```` must be in what the commands
//! before it printed; `…` stands for anything, and blanks for any blanks. The ports 8000 and 9090 are
//! replaced by free ones, and nothing else is.

use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use narthex_harness::{TempFolder, binary, free_port, repository, skip};

/// A block of a page.
struct Block<'a> {
    language: &'a str,
    file: Option<&'a str>,
    text: &'a str,
}

/// A page that is being followed.
struct Reader {
    folder: TempFolder,
    /// Where the next commands run.
    here: PathBuf,
    /// What the last commands printed.
    printed: String,
    /// The groups of all processes that were started.
    groups: Vec<u32>,
}

impl Drop for Reader {
    fn drop(&mut self) {
        for group in &self.groups {
            // A group whose processes have all ended is none.
            Command::new("kill").args(["--", &format!("-{group}")]).output().ok();
        }
    }
}

impl Reader {
    fn new() -> Self {
        let folder = TempFolder::new();
        let here = folder.path().join("page");
        std::fs::create_dir(&here).expect("make the reader's folder");
        Self { folder, here, printed: String::new(), groups: Vec::new() }
    }

    #[track_caller]
    fn run(&mut self, commands: &str) {
        let (output, place) = (self.folder.path().join("output"), self.folder.path().join("place"));
        // A file and no pipe: what runs in the background would hold a pipe open.
        let file = std::fs::File::create(&output).expect("make a file for what is printed");
        let beside = binary().parent().map(Path::to_owned).expect("a binary lies in a folder");
        let path = std::env::var("PATH").unwrap_or_default();
        let script = format!("{commands}\npwd > '{}'\n", place.display());
        let mut shell = Command::new("bash")
            .args(["-euc", &script])
            .current_dir(&self.here)
            .env("PATH", format!("{}:{path}", beside.display()))
            // What this workspace is built with is here; a reader has the network.
            .env("CARGO_NET_OFFLINE", "true")
            .env_remove("CARGO_TARGET_DIR")
            .stdout(file.try_clone().expect("use one file twice"))
            .stderr(file)
            .process_group(0)
            .spawn()
            .expect("bash runs");
        self.groups.push(shell.id());
        let status = shell.wait().expect("bash ends");
        let printed = std::fs::read(&output).expect("read what was printed");
        self.printed = String::from_utf8_lossy(&printed).into_owned();
        assert!(status.success(), "{status}: {commands}\n{}", self.printed);
        let place = std::fs::read_to_string(&place).expect("read where the commands ended");
        self.here = place.trim_end().into();
    }

    #[track_caller]
    fn expect(&self, text: &str) {
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            assert!(
                self.printed.lines().any(|printed| is_like(printed, line)),
                "the page promises {line:?}, and this was printed:\n{}",
                self.printed
            );
        }
    }
}

/// Whether a line that was printed is the one that a page shows.
fn is_like(printed: &str, shown: &str) -> bool {
    let blanks = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let (printed, mut at) = (blanks(printed), 0);
    shown.split('…').map(blanks).all(|part| {
        match printed.get(at..).unwrap_or_default().find(&part) {
            Some(found) => {
                at += found + part.len();
                true
            }
            None => false,
        }
    })
}

fn blocks(page: &str) -> Vec<Block<'_>> {
    let mut blocks = Vec::new();
    let mut rest = page;
    while let Some((_, after)) = rest.split_once("\n```") {
        let (info, after) = after.split_once('\n').expect("a block has a first line");
        let (text, after) = after.split_once("\n```").expect("a block ends");
        let mut words = info.split(' ');
        let language = words.next().unwrap_or_default();
        blocks.push(Block { language, file: words.next(), text });
        rest = after;
    }
    blocks
}

/// Follows a page of `docs/guide/plugins`.
#[track_caller]
fn follow(page: &str) {
    let text = std::fs::read_to_string(repository().join("docs/guide/plugins").join(page))
        .expect("read the page");
    let port = |text: String, port: &str| text.replace(port, &free_port().to_string());
    let text = port(port(text, "8000"), "9090");
    let mut reader = Reader::new();
    for Block { language, file, text } in blocks(&text) {
        match (language, file) {
            ("sh", _) => reader.run(text),
            ("text", None) => reader.expect(text),
            (_, Some(file)) => std::fs::write(reader.here.join(file), format!("{text}\n"))
                .expect("write a file of the page"),
            (_, None) => {}
        }
    }
}

/// Whether components can be built here.
pub(crate) fn has_wasip2() -> bool {
    let ask = ["--print", "target-libdir", "--target", "wasm32-wasip2"];
    let folder = Command::new("rustc").args(ask).output();
    folder.is_ok_and(|folder| Path::new(String::from_utf8_lossy(&folder.stdout).trim()).is_dir())
}

#[test]
fn the_tutorial_for_rust() {
    if !has_wasip2() {
        return skip("rustup has not added wasm32-wasip2");
    }
    follow("rust.md");
}

/// What `cargo xtask langs` has fetched, if it could: then npm and pip have it, or can have it, too.
pub(crate) fn fetched(path: &str) -> Option<PathBuf> {
    let target = binary().ancestors().nth(2)?.to_owned();
    Some(target.join("langs").join(path)).filter(|path| path.exists())
}

#[test]
fn the_tutorial_for_typescript() {
    if fetched("js/node_modules/.narthex-packages").is_none() {
        return skip("`cargo xtask langs` could not fetch what JavaScript needs");
    }
    follow("js.md");
}

#[test]
fn the_tutorial_for_python() {
    if fetched("venv/narthex-packages").is_none() {
        return skip("`cargo xtask langs` could not fetch what Python needs");
    }
    follow("python.md");
}

#[test]
fn a_line_is_like_what_a_page_shows() {
    assert!(is_like("a   b 12 c", "a b … c"));
    assert!(!is_like("a b 12 d", "a b … c"));
    assert!(is_like("x: ok", "ok"));
}
