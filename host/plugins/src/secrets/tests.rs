use serde_json::json;

use super::*;

/// The configuration of a call, its secrets, and the placeholder of each key at the top.
fn call(config: Value, secret: &[&str]) -> (Value, CallSecrets) {
    let is_secret = |keys: &[&str]| secret.contains(&keys.join(".").as_str());
    let (json, secrets) = Sealed::of(config, &is_secret).unwrap().for_call().unwrap();
    (serde_json::from_str(&json).unwrap(), secrets)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

#[test]
fn a_guest_sees_placeholders_and_no_secret() {
    let config = json!({
        "token": "hunter2!", "user": "me", "empty": "", "port": 5,
        "auth": { "password": "pass word", "list": ["one1", "two2"] },
    });
    let names = ["token", "empty", "auth.password", "auth.list"];
    let sealed = Sealed::of(config, &|keys| names.contains(&keys.join(".").as_str())).unwrap();
    let (first, _) = sealed.for_call().unwrap();
    let (second, _) = sealed.for_call().unwrap();
    assert_ne!(first, second, "each call has its own");
    for secret in ["hunter2", "pass word", "one1", "two2"] {
        assert!(!first.contains(secret), "{first}");
    }
    let seen: Value = serde_json::from_str(&first).unwrap();
    assert_eq!((text(&seen["user"]), text(&seen["empty"]), &seen["port"]), ("me", "", &json!(5)));
    assert_eq!(format!("{sealed:?}"), "Sealed(4 secrets)");
}

#[test]
fn a_secret_is_held_back_whatever_its_type() {
    let config = json!({ "pin": 271_828, "on": true, "port": 271_828, "auth": { "code": 3.5 } });
    let (seen, secrets) = call(config, &["pin", "on", "auth.code"]);
    assert_eq!(seen["port"], 271_828);
    for (held, value) in
        [(&seen["pin"], "271828"), (&seen["on"], "true"), (&seen["auth"]["code"], "3.5")]
    {
        assert_eq!(secrets.in_header("x", text(held)), value);
    }
    // Every answer may say `true`.
    let hidden = secrets.hide(r#"{"ok":true,"pin":271828}"#);
    assert_eq!(hidden, format!(r#"{{"ok":true,"pin":{}}}"#, text(&seen["pin"])));
}

#[test]
fn a_value_is_written_as_its_place_wants_it() {
    let (seen, secrets) = call(json!({ "token": "a\"b&c d/é" }), &["token"]);
    let token = text(&seen["token"]);
    assert_eq!(secrets.in_header("x-token", &format!("t {token}")), "t a\"b&c d/é");
    let body = |content_type: &str, around: &str| {
        let sent = secrets.in_body(content_type, &Bytes::from(around.replace("T", token)));
        String::from_utf8(sent.to_vec()).unwrap()
    };
    assert_eq!(body("application/json; charset=utf-8", r#"{"t":"T"}"#), r#"{"t":"a\"b&c d/é"}"#);
    assert_eq!(body("application/x-www-form-urlencoded", "t=T&u=1"), "t=a%22b%26c+d%2F%C3%A9&u=1");
    assert_eq!(body("application/xml", "<t>T</t>"), "<t>a&quot;b&amp;c d/é</t>");
    assert_eq!(body("text/plain", "(T)(T)"), "(a\"b&c d/é)(a\"b&c d/é)");
    assert_eq!(
        &*secrets.in_stream(format!("AUTH {token}\r\n").as_bytes()),
        "AUTH a\"b&c d/é\r\n".as_bytes()
    );
    let url = Url::parse(&format!("https://a.example/bot{token}/x?t={token}")).unwrap();
    assert_eq!(
        secrets.in_url(&url).as_str(),
        "https://a.example/bota%22b%26c%20d%2F%C3%A9/x?t=a%22b%26c%20d%2F%C3%A9"
    );
}

#[test]
fn a_text_that_repeats_a_placeholder_does_not_grow_for_ever() {
    let (seen, secrets) = call(json!({ "token": "x".repeat(500) }), &["token"]);
    let token = text(&seen["token"]);
    let filled = secrets.in_stream(token.repeat(PUT_IN_MAX + 9).as_bytes()).into_owned();
    let expected = ["x".repeat(500).repeat(PUT_IN_MAX), token.repeat(9)].concat();
    assert!(filled == expected.into_bytes());
}

#[test]
fn basic_credentials_are_looked_into() {
    let (seen, secrets) = call(json!({ "password": "open sesame" }), &["password"]);
    let pair = format!("Aladdin:{}", text(&seen["password"]));
    let header = format!("Basic {}", base64::encoded(pair.as_bytes()));
    assert_eq!(secrets.in_header("Authorization", &header), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    // A server that sends the header back gives nothing away.
    assert_eq!(secrets.hide("got QWxhZGRpbjpvcGVuIHNlc2FtZQ=="), "got <secret>");
    let plain = "Basic QTpC";
    assert_eq!(secrets.in_header("authorization", plain), plain);
}

#[test]
fn words_in_base64_on_a_connection_are_looked_into() {
    let (seen, secrets) = call(json!({ "password": "pa ss", "user": "u" }), &["password"]);
    let password = text(&seen["password"]);
    let said = |credentials: &str| {
        let line = format!("AUTH PLAIN {}\r\n", base64::encoded(credentials.as_bytes()));
        String::from_utf8(secrets.in_stream(line.as_bytes()).into_owned()).unwrap()
    };
    assert_eq!(said(&format!("\0user\0{password}")), "AUTH PLAIN AHVzZXIAcGEgc3M=\r\n");
    assert_eq!(said(password), "AUTH PLAIN cGEgc3M=\r\n");
    let other = format!("{HEAD}0-{}", "0".repeat(NONCE_DIGITS));
    let line = format!("AUTH PLAIN {}\r\n", base64::encoded(other.as_bytes()));
    assert_eq!(said(&other), line, "of another call");
    let both = format!("{} {password}", base64::encoded(password.as_bytes()));
    assert_eq!(&*secrets.in_stream(both.as_bytes()), b"cGEgc3M= pa ss");
    assert_eq!(secrets.hide("no such user: cGEgc3M="), "no such user: <secret>");
    let taped = secrets.without_placeholders(both.as_bytes());
    assert_eq!(&*taped, format!("{} <secret>", base64::encoded(b"<secret>")).as_bytes());
}

#[test]
fn what_cannot_be_looked_for_in_answers_is_not_put_in() {
    let (seen, secrets) = call(json!({ "password": "pa ss" }), &["password"]);
    let password = text(&seen["password"]);
    let login = |number: usize| base64::encoded(format!("{number}:{password}").as_bytes());
    for number in 0..SENT_MAX {
        let filled = secrets.in_stream(login(number).as_bytes()).into_owned();
        assert_eq!(filled, base64::encoded(format!("{number}:pa ss").as_bytes()).as_bytes());
    }
    let last = login(SENT_MAX);
    assert_eq!(&*secrets.in_stream(last.as_bytes()), last.as_bytes());
    let header = format!("Basic {last}");
    assert_eq!(secrets.in_header("Authorization", &header), header);
    let first = format!("Basic {}", base64::encoded(b"0:pa ss"));
    assert_eq!(secrets.in_header("Authorization", &format!("Basic {}", login(0))), first);
}

#[test]
fn a_host_is_never_made_of_a_secret() {
    let (seen, secrets) = call(json!({ "token": "evil.example/" }), &["token"]);
    let url = Url::parse(&format!("http://{}.a.example/x", text(&seen["token"]))).unwrap();
    assert_eq!(secrets.in_url(&url), url);
}

#[test]
fn placeholders_of_another_call_stand_for_nothing() {
    let config = json!({ "token": "hunter2" });
    let sealed = Sealed::of(config, &|keys| keys == ["token"]).unwrap();
    let (first, _) = sealed.for_call().unwrap();
    let (_, other) = sealed.for_call().unwrap();
    let seen: Value = serde_json::from_str(&first).unwrap();
    let token = text(&seen["token"]);
    assert_eq!(other.in_header("x", token), token);
    for near in ["narthex-secret-", "narthex-secret-9-", "narthex-secret-0-00", "x"] {
        assert_eq!(other.in_header("x", near), near);
    }
}

#[test]
fn of_a_secret_url_the_host_stays() {
    for (url, head) in [
        ("https://hooks.example/services/T0/B1?x=/y", "https://hooks.example/narthex-secret-0-"),
        ("http://h:8080?key=abc", "http://h:8080/narthex-secret-0-"),
        ("http://u:p%40ss@h/in", "http://narthex-secret-0-"),
        ("https://h\\services", "https://h/narthex-secret-0-"),
        ("https:/h/https://x", "narthex-secret-0-"),
    ] {
        let (seen, secrets) = call(json!({ "url": url }), &["url"]);
        let seen = text(&seen["url"]);
        assert!(seen.starts_with(head), "{seen}");
        for part in ["services", "key", "p%40ss", "u:", "://x"] {
            assert!(!seen.contains(part), "{seen}");
        }
        let Ok(mut parsed) = Url::parse(seen) else { continue };
        parsed.set_username("").unwrap();
        parsed.set_password(None).unwrap();
        let mut expected = Url::parse(url).unwrap();
        expected.set_username("").unwrap();
        expected.set_password(None).unwrap();
        let sent = secrets.in_url(&parsed);
        let tail = |url: &Url| url[url::Position::BeforePath..].trim_start_matches('/').to_owned();
        assert_eq!(tail(&sent), tail(&expected));
    }
    let (seen, _) = call(json!({ "url": "https://h/" }), &["url"]);
    assert_eq!(seen["url"], "https://h/");
}

#[test]
fn the_user_of_a_secret_url_is_a_secret() {
    for (user, sent) in [("app%2D7:p%40ss", "app-7:p@ss"), ("t0ken", "t0ken:"), (":p", ":p")] {
        let (seen, secrets) = call(json!({ "url": format!("https://{user}@h/") }), &["url"]);
        let seen = Url::parse(text(&seen["url"])).unwrap();
        let pair = format!("{}:{}", seen.username(), seen.password().unwrap_or_default());
        assert!(!pair.contains("app") && !pair.contains("t0ken"), "{pair}");
        let basic = format!("Basic {}", base64::encoded(pair.as_bytes()));
        let basic = secrets.in_header("authorization", &basic);
        assert_eq!(basic, format!("Basic {}", base64::encoded(sent.as_bytes())));
    }
}

#[test]
fn the_password_of_a_url_is_a_secret_though_nobody_says_so() {
    let (seen, secrets) = call(json!({ "server": "http://me:p%40s+s@h:1/x" }), &[]);
    let seen = Url::parse(text(&seen["server"])).unwrap();
    assert_eq!((seen.username(), seen.host_str(), seen.path()), ("me", Some("h"), "/x"));
    let pair = format!("me:{}", seen.password().unwrap());
    let sent =
        secrets.in_header("authorization", &format!("Basic {}", base64::encoded(pair.as_bytes())));
    assert_eq!(sent, format!("Basic {}", base64::encoded(b"me:p@s+s")));
}

#[test]
fn what_a_server_sends_back_is_hidden() {
    let (seen, secrets) = call(json!({ "token": "pass/w rd", "pin": "123" }), &["token", "pin"]);
    let token = text(&seen["token"]);
    let hidden = secrets.hide("pass/w rd, pass%2Fw+rd, pass%2Fw%20rd, 123");
    assert_eq!(hidden, format!("{token}, {token}, {token}, 123"));
    assert_eq!(without_placeholders(&format!("a {token}, {token}")), "a <secret>, <secret>");
}
