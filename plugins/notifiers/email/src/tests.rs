use expect_test::{Expect, expect};
use narthex_sdk::{
    AlertGroup, Error, Receipt,
    json::{Value, json},
    testing::{FakeHost, alert, group},
};

use crate::Email;

/// 2026-11-27T02:56:23Z
const NOW_MS: i64 = 1_795_748_183_288;

const HELLO: &str = "250-test\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n";

/// MAIL, RCPT, DATA, the mail.
const TAKEN: [&str; 4] = ["250 ok\r\n", "250 ok\r\n", "354 go\r\n", "250 queued\r\n"];

fn with(changes: Value) -> String {
    let config = json!({
        "smarthost": "mx.example:25",
        "require_tls": false,
        "from": "Al Mgr <am@example.com>",
        "to": "a@x.org",
        "default_subject": "[FIRING:1] Down",
        "html": "",
        "text": "hi",
    });
    let (Value::Object(mut config), Value::Object(changes)) = (config, changes) else {
        panic!("both are objects");
    };
    config.extend(changes);
    Value::Object(config).to_string()
}

fn down() -> AlertGroup {
    group(vec![alert(&[("alertname", "Down")], &[])])
}

/// A smarthost that says this, then takes the mail.
#[track_caller]
fn told(changes: Value, says: &[&str]) -> (Result<Receipt, Error>, FakeHost, String) {
    let pieces: Vec<&[u8]> = says.iter().chain(&TAKEN).map(|piece| piece.as_bytes()).collect();
    let host = FakeHost::new().now_ms(NOW_MS);
    let host = ["mx.example:25", "mx.example:465", "127.0.0.1:25"]
        .iter()
        .fold(host, |host, address| host.tcp(address, &pieces));
    let answer = host.notify::<Email>(&with(changes), &down());
    let said = String::from_utf8(host.sent()).unwrap();
    (answer, host, said)
}

/// What is said to a server that offers nothing, with `\r` left out.
#[track_caller]
fn check(changes: Value, said: &Expect) {
    let (answer, _, sent) = told(changes, &["220 test\r\n", HELLO]);
    answer.unwrap();
    assert!(sent.lines().count() == sent.matches("\r\n").count(), "each line ends in CR LF");
    said.assert_eq(&sent.replace('\r', ""));
}

#[test]
fn a_mail_is_handed_over() {
    check(
        json!({}),
        &expect![[r#"
        EHLO localhost
        MAIL FROM:<am@example.com> BODY=8BITMIME SMTPUTF8
        RCPT TO:<a@x.org>
        DATA
        From: Al Mgr <am@example.com>
        Subject: [FIRING:1] Down
        To: a@x.org
        Message-Id: <42a17b49de20c976a1589c25e01b5b81@example.com>
        Date: Fri, 27 Nov 2026 02:56:23 +0000
        Content-Type: multipart/alternative; boundary="=_42a17b49de20c976"
        MIME-Version: 1.0

        --=_42a17b49de20c976
        Content-Transfer-Encoding: quoted-printable
        Content-Type: text/plain; charset=UTF-8

        hi
        --=_42a17b49de20c976--
        .
        QUIT
    "#]],
    );
}

#[test]
fn both_forms_of_a_text_are_sent() {
    let changes = json!({
        "hello": "me.example",
        "text": ".dot é\n..\n",
        "html": "<p>hé firing a&lt;b</p>\n",
        "headers": { "subject": "Sübject\r\nBcc: x", "x-foo-BAR": "{plain}", "MESSAGE-ID": "<own@x>" },
        "threading": { "enabled": true },
    });
    check(
        changes,
        &expect![[r#"
        EHLO me.example
        MAIL FROM:<am@example.com> BODY=8BITMIME SMTPUTF8
        RCPT TO:<a@x.org>
        DATA
        From: Al Mgr <am@example.com>
        Subject: =?utf-8?q?S=C3=BCbject=0D=0ABcc:_x?=
        To: a@x.org
        X-Foo-Bar: {plain}
        Message-Id: <own@x>
        References: <alert-af94c9e8f6a30436-2026-11-27@alertmanager>
        In-Reply-To: <alert-af94c9e8f6a30436-2026-11-27@alertmanager>
        Date: Fri, 27 Nov 2026 02:56:23 +0000
        Content-Type: multipart/alternative; boundary="=_42a17b49de20c976"
        MIME-Version: 1.0

        --=_42a17b49de20c976
        Content-Transfer-Encoding: quoted-printable
        Content-Type: text/plain; charset=UTF-8

        ..dot =C3=A9
        ...

        --=_42a17b49de20c976
        Content-Transfer-Encoding: quoted-printable
        Content-Type: text/html; charset=UTF-8

        <p>h=C3=A9 firing a&lt;b</p>

        --=_42a17b49de20c976--
        .
        QUIT
    "#]],
    );
}

#[test]
fn threads_may_last_longer_than_a_day() {
    let (_, _, sent) = told(
        json!({ "threading": { "enabled": true, "thread_by_date": "none" } }),
        &["220 test\r\n", HELLO],
    );
    assert!(sent.contains("In-Reply-To: <alert-af94c9e8f6a30436-@alertmanager>\r\n"), "{sent}");
}

#[test]
fn several_people_get_one_mail() {
    let to = json!({ "to": "a@x.org, \"B, C\" <b@y.org>" });
    let (answer, _, sent) = told(to, &["220 test\r\n", HELLO, "250 ok\r\n"]);
    answer.unwrap();
    assert!(sent.contains("RCPT TO:<a@x.org>\r\nRCPT TO:<b@y.org>\r\nDATA\r\n"), "{sent}");
    assert!(sent.contains("To: a@x.org, \"B, C\" <b@y.org>\r\n"), "{sent}");
}

#[test]
fn attempts_at_one_notification_share_an_id() {
    let id = |change: fn(&mut AlertGroup)| {
        let mut group = down();
        change(&mut group);
        let pieces: Vec<&[u8]> =
            ["220 test\r\n", HELLO].iter().chain(&TAKEN).map(|piece| piece.as_bytes()).collect();
        let host = FakeHost::new().tcp("mx.example:25", &pieces);
        host.notify::<Email>(&with(json!({})), &group).unwrap().remote_id.unwrap()
    };
    assert_eq!(id(|_| {}), id(|group| group.attempt = 2));
    assert_ne!(id(|_| {}), id(|group| group.idempotency_key = "2".into()));
}

/// The first lines that are said.
#[track_caller]
fn greeted(changes: Value, says: &[&str], lines: &[&str]) {
    let (answer, _, sent) = told(changes, says);
    answer.unwrap();
    assert_eq!(sent.lines().take(lines.len()).collect::<Vec<_>>(), lines);
}

#[test]
fn a_connection_becomes_tls_as_the_settings_say() {
    let offers = "250-test\r\n250 STARTTLS\r\n";
    greeted(
        json!({ "require_tls": true }),
        &["220 test\r\n", offers, "220 go\r\n", "250 test\r\n"],
        &["EHLO localhost", "STARTTLS", "EHLO localhost", "MAIL FROM:<am@example.com>"],
    );
    let (answer, host, sent) = told(
        json!({ "smarthost": "mx.example:465", "tls_profile": "own" }),
        &["220 test\r\n", offers],
    );
    answer.unwrap();
    assert!(!sent.contains("STARTTLS"), "{sent}");
    let options: Vec<_> = host.options().into_iter().map(|it| (it.name, it.value)).collect();
    let option = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(options, [option("tls", "own")]);
    let (answer, host, _) = told(
        json!({ "smarthost": "mx.example:465", "force_implicit_tls": false }),
        &["220 test\r\n", HELLO],
    );
    answer.unwrap();
    assert_eq!(host.options(), []);
}

#[test]
fn nothing_is_sent_where_encryption_cannot_be_had() {
    let refused = |says: &[&str]| {
        let (answer, _, sent) = told(json!({ "require_tls": true }), says);
        assert!(!sent.contains("MAIL"), "{sent}");
        answer.unwrap_err().message
    };
    assert_eq!(
        refused(&["220 test\r\n", HELLO]),
        "the smarthost does not offer STARTTLS, and require_tls is true (the default)"
    );
    assert_eq!(
        refused(&["220 test\r\n", "250-test\r\n250 STARTTLS\r\n", "220 go\r\n250 injected\r\n"]),
        "the smarthost sent more than its answer to STARTTLS"
    );
    assert_eq!(
        refused(&["220 test\r\n", "250-test\r\n250 STARTTLS\r\n", "454 no\r\n"]),
        "STARTTLS: the smarthost answered 454 no"
    );
}

fn credentials() -> Value {
    json!({
        "smarthost": "127.0.0.1:25",
        "auth_username": "user", "auth_password": "pa ss", "auth_secret": "tanstaaftanstaaf",
    })
}

/// The lines are those of a real Alertmanager.
#[test]
fn logging_in_takes_the_first_way_that_there_is_a_secret_for() {
    let ehlo = "EHLO localhost";
    let offers = |ways: &str| format!("250-test\r\n250 AUTH {ways}\r\n");
    greeted(
        credentials(),
        &["220 t\r\n", &offers("GSSAPI PLAIN LOGIN"), "235 ok\r\n"],
        &[ehlo, "AUTH PLAIN AHVzZXIAcGEgc3M=", "MAIL FROM:<am@example.com>"],
    );
    greeted(
        credentials(),
        &[
            "220 t\r\n",
            &offers("LOGIN PLAIN"),
            "334 VXNlcm5hbWU6\r\n",
            "334 UGFzc3dvcmQ6\r\n",
            "235 ok\r\n",
        ],
        &[ehlo, "AUTH LOGIN", "dXNlcg==", "cGEgc3M=", "MAIL FROM:<am@example.com>"],
    );
    let challenge = "334 PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+\r\n";
    greeted(
        credentials(),
        &["220 t\r\n", &offers("CRAM-MD5 PLAIN"), challenge, "235 ok\r\n"],
        &[
            ehlo,
            "AUTH CRAM-MD5",
            "dXNlciBiOTEzYTYwMmM3ZWRhN2E0OTViNGU2ZTczMzRkMzg5MA==",
            "MAIL FROM:<am@example.com>",
        ],
    );
    greeted(
        json!({ "auth_password": "p" }),
        &["220 t\r\n", &offers("PLAIN")],
        &[ehlo, "MAIL FROM:<am@example.com>"],
    );
}

#[test]
fn a_login_that_fails_says_why_and_shows_no_secret() {
    let refused = |changes: Value, offers: &str, says: &str| {
        let mut config = credentials();
        config.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        let (answer, _, sent) = told(config, &["220 t\r\n", offers, says]);
        assert!(!sent.contains("MAIL"), "{sent}");
        answer.unwrap_err()
    };
    let plain = "250-test\r\n250 AUTH PLAIN\r\n";
    let error = refused(json!({}), plain, "535 5.7.8 bad credentials\r\n");
    assert_eq!(error.message, "log in: the smarthost answered 535 5.7.8 bad credentials");
    assert!(error.retryable);
    assert_eq!(
        refused(json!({}), "250-test\r\n250 AUTH NTLM\r\n", "").message,
        "log in: the smarthost offers \"NTLM\"; PLAIN and LOGIN need auth_password, CRAM-MD5 needs auth_secret"
    );
    assert_eq!(
        refused(json!({ "smarthost": "mx.example:25" }), plain, "").message,
        "log in: PLAIN would show the password; set require_tls: true"
    );
    let kept = json!({ "auth_secret": "narthex-secret-1-5f" });
    let error = refused(kept, "250-test\r\n250 AUTH CRAM-MD5\r\n", "");
    assert!(error.message.contains("email: { reveal_secrets: true }"), "{error:?}");
}

#[test]
fn what_the_smarthost_refuses_is_tried_again() {
    let refused = |says: &[&str]| {
        let host = says.iter().map(|piece| piece.as_bytes()).collect::<Vec<_>>();
        let host = FakeHost::new().tcp("mx.example:25", &host);
        host.notify::<Email>(&with(json!({})), &down()).unwrap_err()
    };
    #[track_caller]
    fn says(error: &Error, message: &str) {
        assert_eq!((error.message.as_str(), error.retryable), (message, true));
    }
    says(&refused(&["554 go\r\n"]), "greeting: the smarthost answered 554 go");
    says(
        &refused(&["220 t\r\n", "250 t\r\n", "550 no\r\n"]),
        "MAIL: the smarthost answered 550 no",
    );
    says(
        &refused(&["220 t\r\n", "250 t\r\n", "250 ok\r\n", "450-full\r\n450 later\r\n"]),
        "RCPT a@x.org: the smarthost answered 450 full later",
    );
    says(
        &refused(&[
            "220 t\r\n",
            "250 t\r\n",
            "250 ok\r\n",
            "250 ok\r\n",
            "354 go\r\n",
            "552 big\r\n",
        ]),
        "the mail: the smarthost answered 552 big",
    );
    says(&refused(&["220 t\r\n"]), "the smarthost closed the connection");
    says(&refused(&["HTTP/1.1 400\r\n"]), "the smarthost does not speak SMTP");
    says(&refused(&[&"220-\r\n".repeat(20_000)]), "the smarthost answers without end");
    let denied = FakeHost::new().notify::<Email>(&with(json!({})), &down()).unwrap_err();
    assert!(denied.is_denied() && !denied.retryable, "{denied:?}");
}

#[test]
fn an_old_server_is_said_helo_to() {
    greeted(
        json!({}),
        &["220 ", "t\r\n", "502 what\r\n", "250 t\r\n"],
        &["EHLO localhost", "HELO localhost", "MAIL FROM:<am@example.com>"],
    );
}

#[test]
fn a_configuration_that_cannot_work_is_refused() {
    let judged = |changes| FakeHost::new().validate_notifier::<Email>(&with(changes));
    let refused = |changes| judged(changes).unwrap_err().message;
    judged(json!({})).unwrap();
    judged(json!({ "smarthost": "[::1]:25", "from": "{{ .X }}" })).unwrap();
    assert_eq!(
        refused(json!({ "smarthost": "" })),
        "smarthost: missing; set it, or smtp_smarthost under global"
    );
    assert_eq!(refused(json!({ "smarthost": "mx" })), "smarthost: must be host:port");
    assert_eq!(refused(json!({ "from": "" })), "from: missing; set it, or smtp_from under global");
    assert_eq!(
        refused(json!({ "headers": { "a": "", "A": "" } })),
        "headers.a: stands there twice"
    );
    assert_eq!(
        refused(json!({ "headers": { "a b": "" } })),
        "headers.a b: not the name of a header"
    );
    assert_eq!(
        refused(json!({ "headers": { "references": "x" }, "threading": { "enabled": true } })),
        "headers.References: stands beside threading, which writes References; leave one of them out"
    );
    assert_eq!(
        refused(json!({ "auth_password": "p", "auth_password_file": "f" })),
        "auth_password: stands beside auth_password_file; leave one of them out"
    );
    let sent =
        |changes| FakeHost::new().notify::<Email>(&with(changes), &down()).unwrap_err().message;
    assert_eq!(sent(json!({ "to": "nobody" })), "to: not an address of mail: \"nobody\"");
    assert_eq!(sent(json!({ "from": "a@x, b@y" })), "from: 2 addresses; one may stand there");
}
