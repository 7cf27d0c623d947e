use serde_json::json;

use super::ear::{Ear, Reading};
use super::*;
use crate::bindings::imports::narthex::plugin::http;
use crate::imports::{self, ErrorKind};
use crate::redact::Redactor;
use crate::rights::SecretRules;
use crate::schema::Schema;
use crate::secrets::CallSecrets;

const SECRET: &str = "sesame-open";

fn redactor() -> Redactor {
    let schema = json!({ "properties": { "token": { "x-secret": true } } }).to_string();
    Redactor::of(
        &Schema::parse(&schema).unwrap(),
        &SecretRules::default(),
        &json!({ "token": SECRET }),
    )
}

fn get(url: &str, body: &str) -> Ask {
    let headers = vec![("Authorization".to_owned(), format!("Bearer {SECRET}"))];
    let (method, body) = ("POST".to_owned(), Content(body.as_bytes().to_vec()));
    Ask::Http(HttpAsk { method, url: url.to_owned(), headers, body })
}

fn response(body: &str) -> http::Response {
    http::Response { status: 200, headers: vec![], body: body.into(), truncated: false }
}

/// The world must not be asked.
async fn nobody<T>() -> Result<T, imports::Error> {
    panic!("the world was asked");
}

async fn recorded(bytes_max: usize) -> Heard {
    let tape = Tape::recording(bytes_max);
    let ear = Ear::new(tape.clone(), redactor(), CallSecrets::default());
    let url = format!("http://h/?t={SECRET}");
    let answered: Result<http::Response, _> =
        ear.ask(|| get(&url, "q"), async { Ok(response("echo sesame-open\n")) }).await;
    assert!(answered.unwrap().body.starts_with(b"echo sesame-open"), "the guest sees all of it");
    let refused: Result<Vec<u8>, _> = ear
        .ask(|| Ask::File { call: "read".into(), root: "proc".into(), path: "x".into() }, async {
            Err(imports::error(ErrorKind::Denied, "no"))
        })
        .await;
    assert!(refused.is_err());
    let tcp = || Ask::Tcp { connect: "db:1".into(), tls: None, options: vec![] };
    let (stream, slot) = ear.connect(tcp, async { Ok(()) }).await.unwrap();
    assert!(stream.is_some());
    ear.exchanged(slot, b"AUTH sesame-open", true);
    ear.exchanged(slot, &[0xff, 0, 1], false);
    assert_eq!(ear.reading(Reading::Monotonic, 500), 500);
    assert_eq!(ear.reading(Reading::Monotonic, 700), 700);
    tape.heard()
}

#[tokio::test]
async fn a_recording_is_readable_and_holds_no_secret() {
    let heard = recorded(1 << 20).await;
    let text = serde_json::to_string(&heard.recording).unwrap();
    assert!(!text.contains(SECRET), "{text}");
    let expected = json!({
        "clock": { "monotonic_ns": [0, 200] },
        "conversation": [
            {
                "http": {
                    "method": "POST", "url": "http://h/?t=<secret>", "body": "q",
                    "headers": [["Authorization", "<secret>"]],
                },
                "answer": { "status": 200, "body": "echo <secret>\n" },
            },
            {
                "file": { "call": "read", "root": "proc", "path": "x" },
                "error": { "kind": "denied", "message": "no" },
            },
            {
                "tcp": { "connect": "db:1" },
                "exchange": [{ "write": "AUTH <secret>" }, { "read": { "base64": "/wAB" } }],
            },
        ],
    });
    assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), expected);
}

#[tokio::test]
async fn what_the_machine_says_of_itself_is_played_too() {
    let state = || vec![imports::Label { name: "state".to_owned(), value: "5".to_owned() }];
    let modified = || Ask::File { call: "modified".into(), root: "proc".into(), path: "x".into() };
    let discipline = || Ask::Clock { clock: "discipline".into() };
    let tape = Tape::recording(1 << 20);
    let ear = Ear::new(tape.clone(), redactor(), CallSecrets::default());
    assert_eq!(ear.ask(modified, async { Ok(7_i64) }).await.unwrap(), 7);
    assert_eq!(ear.ask(discipline, async { Ok(state()) }).await.unwrap().len(), 1);

    let text = serde_json::to_string(&tape.heard().recording).unwrap();
    let tape = Tape::playing(serde_json::from_str(&text).unwrap(), Matching::Exact);
    let ear = Ear::new(tape, redactor(), CallSecrets::default());
    assert_eq!(ear.ask(modified, nobody::<i64>()).await.unwrap(), 7);
    let told: Vec<imports::Label> = ear.ask(discipline, nobody()).await.unwrap();
    assert_eq!((told[0].name.as_str(), told[0].value.as_str()), ("state", "5"));
}

#[tokio::test]
async fn what_was_recorded_is_played_and_nothing_else() {
    let recording = recorded(1 << 20).await.recording.unwrap();
    let text = serde_json::to_string(&recording).unwrap();
    let recording: Recording = serde_json::from_str(&text).unwrap();
    let tape = Tape::playing(recording, Matching::Exact);
    // Whoever plays it has other secrets, or the words that stand for them.
    let ear = Ear::new(tape.clone(), redactor(), CallSecrets::default());
    let url = format!("http://h/?t={SECRET}");
    let answer: http::Response = ear.ask(|| get(&url, "q"), nobody()).await.unwrap();
    assert_eq!(answer.body, b"echo <secret>\n");
    let again: Result<http::Response, _> = ear.ask(|| get(&url, "q"), nobody()).await;
    assert!(again.is_err(), "it was asked once");
    let (stream, slot) = ear
        .connect::<()>(|| Ask::Tcp { connect: "db:1".into(), tls: None, options: vec![] }, nobody())
        .await
        .unwrap();
    assert!(stream.is_none());
    ear.write(slot, b"AUTH ").unwrap().unwrap();
    ear.write(slot, b"<secret>").unwrap().unwrap();
    assert_eq!(ear.read(slot, 2).unwrap().unwrap(), [0xff, 0]);
    assert_eq!(ear.read(slot, 9).unwrap().unwrap(), [1]);
    assert!(ear.read(slot, 9).unwrap().is_err());
    let clocks: Vec<i64> = (0..3).map(|_| ear.reading(Reading::Monotonic, 9)).collect();
    assert_eq!(clocks, [0, 200, 200]);
    let heard = tape.heard();
    assert_eq!(
        heard.misses,
        [
            "the recording does not answer: POST http://h/?t=<secret> with 1 bytes",
            "read from db:1: the recording ends here",
        ]
    );
    assert_eq!(heard.not_asked, ["read proc:x"]);
}

#[tokio::test]
async fn other_words_at_the_same_place_are_a_matter_of_matching() {
    let recording = recorded(1 << 20).await.recording.unwrap();
    for (matching, is_answered) in [(Matching::Exact, false), (Matching::Place, true)] {
        let tape = Tape::playing(recording.clone(), matching);
        let ear = Ear::new(tape.clone(), Redactor::default(), CallSecrets::default());
        let answer: Result<http::Response, _> =
            ear.ask(|| get("http://h/?other", "in other words"), nobody()).await;
        assert_eq!(answer.is_ok(), is_answered, "{matching:?}");
        let connect = || Ask::Tcp { connect: "db:1".into(), tls: None, options: vec![] };
        let (_, slot) = ear.connect::<()>(connect, nobody()).await.unwrap();
        assert_eq!(ear.write(slot, b"HELLO").unwrap().is_ok(), is_answered, "{matching:?}");
    }
}

#[tokio::test]
async fn a_recording_beyond_its_bound_is_none() {
    assert_eq!(recorded(300).await.recording, None);
}

#[tokio::test]
async fn every_text_of_a_question_and_an_answer_counts() {
    let long = "x".repeat(2000);
    let root = Ask::File { call: "read".into(), root: long.clone(), path: "p".into() };
    let name = Ask::Dns { name: long.clone(), kind: "A".into() };
    let pair = vec![("name".to_owned(), long.clone())];
    let tcp = Ask::Tcp { connect: "db:1".into(), tls: None, options: pair.clone() };
    let headers = Ask::Http(HttpAsk {
        method: "GET".into(),
        url: "http://h/".into(),
        headers: pair,
        body: Content::default(),
    });
    for ask in [root, name, tcp, headers] {
        let tape = Tape::conversing(1000);
        let ear = Ear::new(tape.clone(), Redactor::default(), CallSecrets::default());
        let answer: Result<http::Response, _> = ear.ask(|| ask, async { Ok(response("")) }).await;
        answer.unwrap();
        assert_eq!(tape.heard().recording, None);
    }
    let short = || Ask::Dns { name: "n".into(), kind: "A".into() };
    let header = vec![imports::Label { name: "name".into(), value: long.clone() }];
    for answer in [
        Err(imports::error(ErrorKind::Denied, long.clone())),
        Ok(http::Response { headers: header, ..response("") }),
    ] {
        let tape = Tape::conversing(1000);
        let ear = Ear::new(tape.clone(), Redactor::default(), CallSecrets::default());
        let is_answered = answer.is_ok();
        let told: Result<http::Response, _> = ear.ask(short, async { answer }).await;
        assert_eq!(told.is_ok(), is_answered);
        assert_eq!(tape.heard().recording, None);
    }
}
