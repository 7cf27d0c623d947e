//! Secrets and certificates in files, while the client is used.

#![expect(clippy::disallowed_methods, reason = "files are written as an operator would")]

use std::process::Command;
use std::time::Duration;

use narthex_platform::SimulatedClock;
use narthex_settings::error_chain;

use super::super::*;
use super::paths::authority;
use super::server::{Server, ok};
use super::{client, get};
use crate::secret::basic;

/// A folder for files of a client, and a clock that stands still.
fn folder() -> (tempfile::TempDir, ClientOptions, SimulatedClock) {
    let (folder, clock) = (tempfile::tempdir().unwrap(), SimulatedClock::at(0));
    let path = Utf8PathBuf::from_path_buf(folder.path().to_owned()).unwrap();
    let options = ClientOptions { folder: path, clock: clock.clock(), ..ClientOptions::default() };
    (folder, options, clock)
}

const YAML: &str = "basic_auth: {username: me, password_file: secret}\n";

#[tokio::test]
async fn secrets_are_renewed_while_the_client_is_used() {
    let server = Server::start(|_| ok("x"));
    let (folder, options, clock) = folder();
    let client = client(YAML, options);
    let url = format!("http://127.0.0.1:{}/", server.port);
    let error = client.request(get(&url)).await.unwrap_err();
    assert!(matches!(error, RequestError::SecretFile { .. }), "{error:?}");

    let file = folder.path().join("secret");
    std::fs::write(&file, "one\n").unwrap();
    let asked_as = |password: &str| {
        let (asked, known) = (server.asked(), basic("me", password).to_ascii_lowercase());
        assert!(asked.contains(&format!("authorization: {known}\r\n")), "{password}: {asked}");
    };
    client.request(get(&url)).await.unwrap();
    asked_as("one");
    std::fs::write(&file, "two\n").unwrap();
    clock.advance(Duration::from_secs(4));
    client.request(get(&url)).await.unwrap();
    asked_as("one");
    clock.advance(Duration::from_secs(1));
    client.request(get(&url)).await.unwrap();
    asked_as("two");
}

/// A file that is read when someone writes it, at the latest when the test ends.
struct Hanging(std::path::PathBuf);

impl Drop for Hanging {
    fn drop(&mut self) {
        // Opened for both, it lets those who wait go on, and waits for nobody.
        std::fs::OpenOptions::new().read(true).write(true).open(&self.0).unwrap();
    }
}

#[tokio::test]
async fn a_disk_that_hangs_holds_no_request_and_one_thread() {
    let server = Server::start(|_| ok("x"));
    let (folder, options, _clock) = folder();
    let file = folder.path().join("secret");
    assert!(Command::new("mkfifo").arg(&file).status().unwrap().success());
    let hanging = Hanging(file.clone());
    let client = client(YAML, options);
    let url = format!("http://127.0.0.1:{}/", server.port);
    for _ in 0..3 {
        let request = Request { timeout: Duration::from_millis(20), ..get(&url) };
        let error = error_chain(&client.request(request).await.unwrap_err());
        assert_eq!(error, format!("read {}: timed out", file.display()));
    }
    // Were there a second reader, it would wait for a second writer.
    std::fs::write(&file, "late").unwrap();
    client.request(get(&url)).await.unwrap();
    drop(hanging);
    let (asked, known) = (server.asked(), basic("me", "late").to_ascii_lowercase());
    assert!(asked.contains(&known), "{asked}");
}

#[tokio::test]
async fn certificates_are_renewed_while_the_client_is_used() {
    let server = Server::with_tls(|_| ok("secret"));
    let (folder, options) = authority();
    let clock = SimulatedClock::at(0);
    let options = ClientOptions { clock: clock.clock(), ..options };
    let yaml = "tls_config: {ca_file: ca.pem, server_name: named.test}\n";
    let client = client(yaml, options);
    let url = format!("https://localhost:{}/", server.port);
    client.request(get(&url)).await.unwrap();

    let file = folder.path().join("ca.pem");
    std::fs::write(&file, "half of a").unwrap();
    clock.advance(Duration::from_secs(5));
    client.request(get(&url)).await.unwrap();

    std::fs::write(&file, include_str!("authority_b.pem")).unwrap();
    client.request(get(&url)).await.unwrap();
    clock.advance(Duration::from_secs(5));
    let error = client.request(get(&url)).await.unwrap_err();
    assert!(error_chain(&error).contains("certificate"), "{}", error_chain(&error));

    std::fs::write(&file, include_str!("authority_a.pem")).unwrap();
    clock.advance(Duration::from_secs(5));
    client.request(get(&url)).await.unwrap();
}
