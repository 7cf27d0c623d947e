use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use narthex_platform::SimulatedClock;
use narthex_settings::{Document, error_chain};

use super::*;
use crate::client::tests::server::{Server, ok};

const WAIT: Duration = Duration::from_secs(10);

fn token(name: &str, lasts: &str) -> String {
    ok(&format!(
        "{{\"access_token\": \"{name}\", \"token_type\": \"bearer\", \"expires_in\": {lasts}}}"
    ))
}

fn client(yaml: &str, clock: &SimulatedClock) -> Client {
    let config = Document::parse("f.yml", yaml).unwrap().read().unwrap();
    Client::new(config, ClientOptions { clock: clock.clock(), ..ClientOptions::default() }).unwrap()
}

/// Asks `target` and tells its `Authorization`.
async fn ask(client: &Client, target: &Server) -> Result<String, RequestError> {
    client.request(Request::get(format!("http://127.0.0.1:{}/", target.port), WAIT, 100)).await?;
    let asked = target.asked();
    let line = asked.lines().find_map(|line| line.strip_prefix("authorization: "));
    Ok(line.unwrap_or("").to_owned())
}

#[tokio::test]
async fn a_token_is_kept_until_shortly_before_it_ends() {
    let count = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&count);
    let tokens = Server::start(move |_| {
        let number = counted.fetch_add(1, Ordering::SeqCst);
        token(&format!("t{number}"), if number == 0 { "60" } else { "\"60\"" })
    });
    let target = Server::start(|_| ok("x"));
    let clock = SimulatedClock::at(0);
    let yaml = format!(
        "oauth2: {{client_id: me, client_secret: 'a b', scopes: [x, y], endpoint_params: {{p: q}}, \
         token_url: 'http://127.0.0.1:{}/token'}}\n",
        tokens.port
    );
    let client = client(&yaml, &clock);
    assert_eq!(ask(&client, &target).await.unwrap(), "bearer t0");
    clock.advance(Duration::from_secs(49));
    assert_eq!(ask(&client, &target).await.unwrap(), "bearer t0");
    clock.advance(Duration::from_secs(1));
    assert_eq!(ask(&client, &target).await.unwrap(), "bearer t1");
    assert_eq!(count.load(Ordering::SeqCst), 2);
    let asked = tokens.asked();
    let secret = basic("me", "a+b").to_ascii_lowercase();
    for part in [
        "post /token http/1.1",
        "content-type: application/x-www-form-urlencoded",
        &format!("authorization: {secret}"),
        "\r\n\r\ngrant_type=client_credentials&scope=x+y&p=q",
    ] {
        assert!(asked.contains(part), "{part} in {asked}");
    }
}

#[tokio::test]
async fn a_server_that_wants_the_secret_in_the_body_gets_it_there() {
    let tokens = Server::start(|asked| {
        if asked.contains("client_secret=s") {
            token("t", "1")
        } else {
            "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_owned()
        }
    });
    let target = Server::start(|_| ok("x"));
    let url = format!("http://127.0.0.1:{}/", tokens.port);
    let yaml = format!("oauth2: {{client_id: me, client_secret: s, token_url: '{url}'}}\n");
    let client = client(&yaml, &SimulatedClock::at(0));
    assert_eq!(ask(&client, &target).await.unwrap(), "bearer t");
    assert_eq!(ask(&client, &target).await.unwrap(), "bearer t");
    // Where it was wanted is known: the second token took one request.
    assert_eq!(tokens.unseen(), 3);
}

#[tokio::test]
async fn without_a_token_nothing_is_asked_and_no_secret_is_told() {
    let tokens = Server::start(|_| ok("{\"access_token\": 5, \"refresh_token\": \"hush\"}"));
    let target = Server::start(|_| ok("x"));
    let url = format!("http://127.0.0.1:{}/", tokens.port);
    let yaml = format!("oauth2: {{client_id: me, client_secret: hush, token_url: '{url}'}}\n");
    let error = ask(&client(&yaml, &SimulatedClock::at(0)), &target).await.unwrap_err();
    let error = error_chain(&error);
    assert!(error.contains("access_token is missing") && !error.contains("hush"), "{error}");
    assert_eq!(target.unseen(), 0);
}

#[tokio::test]
async fn a_refusal_is_shown_without_the_secret() {
    let refusal = r#"{"error": "invalid_client", "error_description": "hush! is not yours, nor hush%21",
        "client_secret": "hush!"}"#;
    let length = refusal.len();
    let head =
        format!("HTTP/1.1 401 Unauthorized\r\nContent-Length: {length}\r\nConnection: close");
    let tokens = Server::start(move |_| format!("{head}\r\n\r\n{refusal}"));
    let target = Server::start(|_| ok("x"));
    let url = format!("http://127.0.0.1:{}/", tokens.port);
    let yaml = format!("oauth2: {{client_id: me, client_secret: hush!, token_url: '{url}'}}\n");
    let error = ask(&client(&yaml, &SimulatedClock::at(0)), &target).await.unwrap_err();
    let said = "HTTP status 401 Unauthorized: invalid_client: <secret> is not yours, nor <secret>";
    assert_eq!(error_chain(&error), format!("get an OAuth2 token from {url}: {said}"));
}

#[tokio::test]
async fn a_token_server_that_is_silent_is_told_as_such() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", silent.local_addr().unwrap());
    let yaml = format!("oauth2: {{client_id: me, client_secret: s, token_url: '{url}'}}\n");
    let request = |timeout| Request::get("http://127.0.0.1:1/", timeout, 100);
    let client = client(&yaml, &SimulatedClock::at(0));
    let short = Duration::from_millis(50);
    let expected = format!("get an OAuth2 token from {url}: no complete answer within 50ms");
    let error = client.request(request(short)).await.unwrap_err();
    assert_eq!(error_chain(&error), expected);
    // So is it for one who waits until another has asked.
    tokio::select! {
        biased;
        first = client.request(request(WAIT)) => panic!("{first:?}"),
        second = client.request(request(short)) => {
            assert_eq!(error_chain(&second.unwrap_err()), expected);
        }
    }
}

/// A redirect that keeps the body.
fn sent_to(location: &str) -> String {
    let head = "HTTP/1.1 307 Temporary Redirect\r\nContent-Length: 0\r\nConnection: close";
    format!("{head}\r\nLocation: {location}\r\n\r\n")
}

#[tokio::test]
async fn the_secret_in_the_body_goes_to_no_other_host() {
    let far = Server::start(|_| token("t", "60"));
    let port = far.port;
    let tokens = Server::start(move |asked| match asked.split(' ').nth(1) {
        Some("/far") => sent_to(&format!("http://localhost:{port}/")),
        Some("/near") => sent_to("/here"),
        _ => token("t", "60"),
    });
    let target = Server::start(|_| ok("x"));
    let place = |path: &str| {
        let url = format!("http://127.0.0.1:{}/{path}", tokens.port);
        let yaml = format!("oauth2: {{client_id: me, client_secret: s, token_url: '{url}'}}\n");
        client(&yaml, &SimulatedClock::at(0))
    };
    assert_eq!(ask(&place("near"), &target).await.unwrap(), "bearer t");
    let error = ask(&place("far"), &target).await.unwrap_err();
    let error = error_chain(&error);
    assert!(error.ends_with("it is another host, and the request holds a secret"), "{error}");
    assert_eq!((far.unseen(), target.unseen()), (0, 0));
}

#[tokio::test]
async fn an_assertion_is_signed_by_the_key() {
    let tokens = Server::start(|_| token("t", "60"));
    let target = Server::start(|_| ok("x"));
    let key = concat!(env!("CARGO_MANIFEST_DIR"), "/src/client/tests/signer.key.pem");
    let yaml = format!(
        "oauth2: {{client_id: me, client_certificate_key_file: '{key}', client_certificate_key_id: k1, \
         grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', signature_algorithm: RS384, \
         claims: {{team: [a, 1]}}, scopes: [s], token_url: 'http://127.0.0.1:{}/'}}\n",
        tokens.port
    );
    let clock = SimulatedClock::at(1_000_000);
    assert_eq!(ask(&client(&yaml, &clock), &target).await.unwrap(), "bearer t");
    let Grant::Assertion(assertion) = grant(&yaml) else { panic!("another grant") };
    let key = include_str!("../client/tests/signer.key.pem");
    let signed = assertion.sign(key, &config(&yaml), 1_000_000).unwrap();
    let parts: Vec<&str> = signed.split('.').collect();
    let (header, claims) = (decode(parts[0]), decode(parts[1]));
    let header: serde_json::Value = serde_json::from_slice(&header).unwrap();
    assert_eq!(header, serde_json::json!({"alg": "RS384", "kid": "k1", "typ": "JWT"}));
    let mut claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
    assert!(claims.as_object_mut().unwrap().remove("jti").is_some());
    let url = format!("http://127.0.0.1:{}/", tokens.port);
    let expected = serde_json::json!({
        "iss": "me", "sub": "me", "aud": url, "iat": 1000, "exp": 1600, "scope": "s", "team": ["a", 1],
    });
    assert_eq!(claims, expected);
    let said = format!("{}.{}", parts[0], parts[1]);
    let public = assertion::key_pair(key).unwrap().public().as_ref().to_vec();
    let algorithm = &ring::signature::RSA_PKCS1_2048_8192_SHA384;
    let public = ring::signature::UnparsedPublicKey::new(algorithm, public);
    public.verify(said.as_bytes(), &decode(parts[2])).unwrap();
}

fn config(yaml: &str) -> OAuth2 {
    let config: HttpConfig = Document::parse("f.yml", yaml).unwrap().read().unwrap();
    match config.auth {
        Auth::OAuth2(oauth2) => *oauth2,
        other @ (Auth::None | Auth::Basic { .. } | Auth::Header { .. }) => panic!("{other:?}"),
    }
}

fn grant(yaml: &str) -> Grant {
    config(yaml).grant
}

/// RFC 4648, part 5.
fn decode(text: &str) -> Vec<u8> {
    let letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut bits = 0_u32;
    let mut out = Vec::new();
    for (index, letter) in text.chars().enumerate() {
        bits = (bits << 6) | u32::try_from(letters.find(letter).unwrap()).unwrap();
        if index % 4 != 0 {
            let shift = 6 - 2 * (index % 4);
            out.push(u8::try_from((bits >> shift) & 0xff).unwrap());
        }
    }
    out
}
