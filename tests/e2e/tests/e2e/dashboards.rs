//! Dashboards over the API: kept as files, as they are, and followed by a reload.

use narthex_harness::{Host, SECONDS, http, wait_until};
use serde_json::{Value, json};

use crate::support::config;

const JSON: [(&str, &str); 1] = [("Content-Type", "application/json")];

fn ask(host: &Host, method: &str, path: &str, body: &str) -> (u16, Value) {
    let answer = http::send(method, &host.url(path), &JSON, body.as_bytes()).expect("an answer");
    (answer.status, serde_json::from_slice(&answer.body).unwrap_or(Value::Null))
}

/// Those of the folder, by title and file.
fn of_folder(host: &Host) -> Vec<(String, String)> {
    let listed = host.json("/api/v1/dashboards")["data"]["dashboards"].clone();
    let listed = listed.as_array().expect("a list").iter();
    let text = |one: &Value, key: &str| one[key].as_str().unwrap_or_default().to_owned();
    listed
        .filter(|one| one["source"] == "folder")
        .map(|one| (text(one, "title"), text(one, "file")))
        .collect()
}

#[test]
fn a_dashboard_is_kept_as_it_is() {
    let host = Host::with_config(&config("dashboards: { dir: boards }\n"))
        .file("boards/old.json", r#"{ "title": "Old", "rows": [] }"#)
        .flag("--web.enable-lifecycle")
        .start();
    assert_eq!(of_folder(&host), [("Old".to_owned(), "old.json".to_owned())]);

    // Its letters stay as they are: numbers, order, spaces.
    let text = r#"{"uid":"abc","title":"New",  "panels":[{"b":1.0,"a":1e3}],"tags":["x"]}"#;
    let (status, told) = ask(&host, "POST", "/api/v1/dashboards", text);
    assert_eq!((status, &told["data"]["uid"]), (200, &json!("abc")), "{told}");
    assert_eq!(
        std::fs::read_to_string(host.folder().path().join("boards/abc.json")).unwrap(),
        text
    );
    let got = http::get(&host.url("/api/v1/dashboards/abc"));
    assert!(got.text().contains(text), "{}", got.text());
    assert_eq!(ask(&host, "POST", "/api/v1/dashboards", text).0, 409);
    assert_eq!(ask(&host, "POST", "/api/v1/dashboards?overwrite=true", text).0, 200);
    for (body, wrong) in [("{", "bad_data"), (r#"{"uid":"../x","title":"t"}"#, "bad_data")] {
        let (status, told) = ask(&host, "POST", "/api/v1/dashboards", body);
        assert_eq!((status, told["errorType"].as_str()), (400, Some(wrong)), "{told}");
    }
    assert_eq!(ask(&host, "GET", "/api/v1/dashboards/none", "").0, 404);
    assert_eq!(ask(&host, "DELETE", "/api/v1/dashboards/none", "").0, 404);
    assert_eq!(ask(&host, "DELETE", "/api/v1/dashboards/old", "").0, 204);
    assert_eq!(of_folder(&host), [("New".to_owned(), "abc.json".to_owned())]);

    // Without a folder there are those of the program alone, and none can be added.
    assert_eq!(host.reload_with(&config("")).status, 200);
    wait_until("the folder is forgotten", 20 * SECONDS, || of_folder(&host).is_empty());
    let (status, told) = ask(&host, "POST", "/api/v1/dashboards", text);
    assert_eq!((status, told["errorType"].as_str()), (403, Some("forbidden")), "{told}");
    assert_eq!(host.json("/api/v1/dashboards")["data"]["isWritable"], false);
    host.stop();
}
