use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use narthex_client::{ClientOptions, Request};
use narthex_platform::{Disk, SimulatedClock, SimulatedDisk};
use narthex_settings::error_chain;
use serde_json::json;

use super::super::Environment;
use super::*;

/// 2015-08-30T12:36:00Z, as in the examples that AWS publishes.
const NOW: i64 = 1_440_938_160_000;

fn example() -> Credentials {
    Credentials {
        access_key: "AKIDEXAMPLE".to_owned(),
        secret_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned().into(),
        session_token: None,
        until_millis: None,
    }
}

#[track_caller]
fn check(service: &str, url: &str, headers: &[(&str, &str)], signature: &str) {
    let header = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let headers = headers.iter().map(header).collect();
    let mut request = Request { headers, ..Request::get(url, Duration::ZERO, 0) };
    let scope = sign::Scope { region: "us-east-1", service };
    sign::sign(&mut request, &Url::parse(url).unwrap(), &example(), &scope, NOW).unwrap();
    let (_, value) = request.headers.last().unwrap();
    assert!(value.ends_with(&format!("Signature={signature}")), "{value}");
}

#[test]
fn signatures_are_those_of_the_published_examples() {
    check(
        "service",
        "https://example.amazonaws.com/",
        &[],
        "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
    );
    check(
        "service",
        "https://example.amazonaws.com/?Param2=value2&Param1=value1",
        &[],
        "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
    );
    check(
        "iam",
        "https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08",
        &[("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")],
        "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
    );
}

#[test]
fn what_a_guest_says_of_signatures_does_not_count() {
    let url = "https://ec2.example/?a=b+c";
    let given = [("Authorization", "mine"), ("X-Amz-Date", "yesterday")];
    let given = given.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let mut request = Request { headers: given.to_vec(), ..Request::get(url, Duration::ZERO, 0) };
    let scope = sign::Scope { region: "r", service: "ec2" };
    let with_token = Credentials { session_token: Some("t".to_owned().into()), ..example() };
    sign::sign(&mut request, &Url::parse(url).unwrap(), &with_token, &scope, NOW).unwrap();
    let names: Vec<&str> = request.headers.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["x-amz-date", "x-amz-security-token", "authorization"]);
    assert_eq!(request.headers[0].1, "20150830T123600Z");
    assert!(request.headers[2].1.contains("SignedHeaders=host;x-amz-date;x-amz-security-token,"));
    assert_eq!(request.url, "https://ec2.example/?a=b%20c");
}

#[test]
fn keys_are_taken_out_of_the_item() {
    let mut config = json!({
        "region": "r", "access_key": "a", "secret_key": "hunter2", "profile": null,
        "external_id": 7, "port": 80,
    });
    let login = Login::take(&mut config).unwrap();
    assert_eq!(config, json!({ "region": "r", "port": 80 }));
    assert_eq!((login.access_key.as_str(), login.external_id.as_str()), ("a", "7"));
    assert!(!format!("{login:?}").contains("hunter2"));
    let half = Login::take(&mut json!({ "access_key": "a" })).unwrap_err();
    assert!(half.to_string().contains("secret_key is missing"));
}

fn machine(files: &[(&str, &str)], variables: &[(&str, String)]) -> Machine {
    let disk = SimulatedDisk::new(1);
    for (path, text) in files {
        let path = camino::Utf8Path::new(path);
        disk.create_folder(path.parent().unwrap()).unwrap();
        disk.create(path).unwrap().append(text.as_bytes()).unwrap();
    }
    let variables: Vec<(String, String)> =
        variables.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    let variable = move |name: &str| {
        variables.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
    };
    let clock = SimulatedClock::at(NOW).clock();
    let client = ClientOptions { disk: Arc::new(disk), clock, ..ClientOptions::default() };
    Machine { environment: Environment::new(variable), client }
}

fn signer(config: &mut Value, machine: &Machine) -> Signer {
    let login = Login::take(config).unwrap();
    Signer::new(login, "ec2", config, machine)
}

const SHARED: &[(&str, &str)] = &[
    (
        "/h/.aws/credentials",
        "[default]\naws_access_key_id = one\naws_secret_access_key = s\n[b]\naws_access_key_id=two\n\
         aws_secret_access_key=s\naws_session_token=t\n",
    ),
    (
        "/h/.aws/config",
        "[default]\nregion = eu-1\n[profile b]\nregion = eu-2\n[profile c]\nx = y\n",
    ),
];

#[tokio::test]
async fn credentials_come_from_the_nearest_place() {
    let home = || ("HOME", "/h".to_owned());
    let env = || {
        let pair = |name, value: &str| (name, value.to_owned());
        [pair("AWS_ACCESS_KEY_ID", "env"), pair("AWS_SECRET_ACCESS_KEY", "s")]
    };
    let no_machine = || ("AWS_EC2_METADATA_DISABLED", "true".to_owned());
    for (config, variables, key, region) in [
        (
            json!({ "access_key": "item", "secret_key": "s", "region": "r" }),
            vec![home()],
            "item",
            "r",
        ),
        (json!({}), vec![home()], "one", "eu-1"),
        (json!({}), vec![home(), ("AWS_PROFILE", "b".to_owned())], "two", "eu-2"),
        (json!({ "profile": "b" }), [vec![home()], env().to_vec()].concat(), "two", "eu-2"),
        (json!({}), [vec![home()], env().to_vec()].concat(), "env", "eu-1"),
        (json!({}), vec![home(), ("AWS_REGION", "us".to_owned())], "one", "us"),
    ] {
        let machine = machine(SHARED, &variables);
        let mut config = config.clone();
        let signer = signer(&mut config, &machine);
        assert_eq!(signer.credentials().await.unwrap().access_key, key);
        assert_eq!(config["region"], region);
    }
    let machine = machine(SHARED, &[home(), no_machine()]);
    for (config, expected) in [
        (json!({ "profile": "c" }), "profile \"c\" of the shared files has no credentials"),
        (json!({ "profile": "d" }), "profile \"d\" of the shared files has no credentials"),
    ] {
        let error = signer(&mut config.clone(), &machine).credentials().await.unwrap_err();
        assert_eq!(error_chain(&error), expected);
    }
}

/// A server that answers by the first line of a request and keeps the requests.
fn serve(
    answers: &'static [(&'static str, &'static str)],
) -> (String, std::sync::mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (asked, requests) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut request = String::new();
            let mut buffer = [0; 4096];
            let body = loop {
                let count = stream.read(&mut buffer).unwrap_or(0);
                request.push_str(&String::from_utf8_lossy(&buffer[..count]));
                let length =
                    request.to_lowercase().split_once("content-length: ").map(|(_, rest)| {
                        rest.lines().next().unwrap_or("").trim().parse::<usize>().unwrap_or(0)
                    });
                if let Some((_, body)) = request.split_once("\r\n\r\n")
                    && body.len() >= length.unwrap_or(0)
                {
                    break body.to_owned();
                }
                assert!(count > 0, "{request}");
            };
            let line = request.lines().next().unwrap_or_default();
            let found = answers.iter().find(|(part, _)| line.contains(part) || body.contains(part));
            let (status, text) = found.map_or(("404 Not Found", ""), |(_, text)| ("200 OK", *text));
            let length = text.len();
            let head = "Connection: close\r\nContent-Length";
            write!(stream, "HTTP/1.1 {status}\r\n{head}: {length}\r\n\r\n{text}").unwrap();
            asked.send(request).ok();
        }
    });
    (url, requests)
}

const ROLE: &str = "<R><Credentials><AccessKeyId>role</AccessKeyId><SecretAccessKey>s2\
    </SecretAccessKey><SessionToken>t2</SessionToken><Expiration>2015-08-30T13:36:00Z</Expiration>\
    </Credentials></R>";

#[tokio::test]
async fn a_role_is_taken_and_kept_until_it_ends() {
    let (url, requests) = serve(&[("Action=AssumeRole&", ROLE)]);
    let machine = machine(SHARED, &[("AWS_ENDPOINT_URL_STS", url)]);
    let mut config = json!({
        "region": "r", "access_key": "a", "secret_key": "hunter2",
        "role_arn": "arn:aws:iam::1:role/x", "external_id": "e",
    });
    let signer = signer(&mut config, &machine);
    let credentials = signer.credentials().await.unwrap();
    assert_eq!(credentials.access_key, "role");
    assert!(credentials.is_good_at(NOW) && !credentials.is_good_at(NOW + 3_600_000));
    assert_eq!(signer.credentials().await.unwrap(), credentials);
    let request = requests.recv().unwrap();
    assert!(request.contains("RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fx&RoleSessionName=narthex"));
    assert!(request.contains("ExternalId=e") && request.contains("Credential=a/20150830/r/sts/"));
    assert!(!request.contains("hunter2"));
    assert!(requests.try_recv().is_err(), "credentials are kept");
}

#[tokio::test]
async fn tokens_of_the_web_and_roles_of_profiles_are_taken() {
    let (url, requests) = serve(&[("AssumeRole", ROLE)]);
    let sts = || ("AWS_ENDPOINT_URL_STS", url.clone());
    let web = machine(
        &[("/t", "web\n")],
        &[
            sts(),
            ("AWS_WEB_IDENTITY_TOKEN_FILE", "/t".to_owned()),
            ("AWS_ROLE_ARN", "arn".to_owned()),
        ],
    );
    let found = signer(&mut json!({ "region": "r" }), &web).credentials().await.unwrap();
    assert_eq!(found.access_key, "role");
    let request = requests.recv().unwrap();
    assert!(request.contains("WebIdentityToken=web") && !request.contains("AWS4-HMAC"));

    let files = [
        ("/h/.aws/config", "[profile p]\nrole_arn = arn:p\nsource_profile = default\n"),
        SHARED[0],
    ];
    let profile = machine(&files, &[sts(), ("HOME", "/h".to_owned())]);
    let mut config = json!({ "region": "r", "profile": "p" });
    let found = signer(&mut config, &profile).credentials().await.unwrap();
    assert_eq!(found.access_key, "role");
    assert!(requests.recv().unwrap().contains("Credential=one/"));
}

/// What the shared files lead to: the access key, or the reason why not.
async fn of_files(config: &str, variables: &[(&str, String)]) -> String {
    let home = [("HOME", "/h".to_owned())];
    let files = [("/h/.aws/config", config), SHARED[0], ("/t", "web\n")];
    let machine = machine(&files, &[&home[..], variables].concat());
    let mut item = json!({ "region": "r", "profile": "p" });
    match signer(&mut item, &machine).credentials().await {
        Ok(found) => found.access_key,
        Err(error) => error_chain(&error),
    }
}

#[tokio::test]
async fn a_profile_is_obeyed_and_leads_to_no_other_identity() {
    let (url, requests) = serve(&[("AssumeRole", ROLE)]);
    let variables = [
        ("AWS_ENDPOINT_URL_STS", url),
        ("AWS_ACCESS_KEY_ID", "env".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "s".to_owned()),
        ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
    ];
    let role = "[profile p]\nrole_arn = arn:p\nexternal_id = e1\nrole_session_name = s1\n";
    for (more, expected) in [
        ("source_profile = b\n", "Credential=two/"),
        ("credential_source = Environment\n", "Credential=env/"),
        ("aws_access_key_id = own\naws_secret_access_key = s\n", "Credential=own/"),
        ("web_identity_token_file = /t\n", "WebIdentityToken=web"),
    ] {
        assert_eq!(of_files(&format!("{role}{more}"), &variables).await, "role");
        let request = requests.recv().unwrap();
        assert!(request.contains(expected) && request.contains("RoleSessionName=s1"), "{request}");
        let has_id = !more.starts_with("web");
        assert_eq!(request.contains("ExternalId=e1"), has_id, "{request}");
    }
    let only = "[profile p]\n";
    for (begin, more, expected) in [
        (role, "", "names a role, and no credentials"),
        (role, "credential_source = Moon\n", "has a credential_source other than"),
        (role, "credential_source = EcsContainer\n", "and this is none"),
        (role, "credential_process = x\n", "logs in by a program"),
        (only, "credential_process = x\n", "logs in by a program"),
        (only, "sso_session = x\n", "logs in by single sign-on"),
        (only, "web_identity_token_file = /t\n", "no role_arn for it"),
    ] {
        let told = of_files(&format!("{begin}{more}"), &variables).await;
        assert!(told.contains(expected), "{begin}{more}: {told}");
    }
    assert!(requests.try_recv().is_err(), "nobody was asked");
}

#[tokio::test]
async fn a_machine_knows_its_role_and_its_region() {
    let (url, _requests) = serve(&[
        ("PUT /latest/api/token", "tok"),
        (
            "security-credentials/ours",
            r#"{"AccessKeyId":"m","SecretAccessKey":"s","Token":"t","Expiration":"2015-08-30T13:36:00Z"}"#,
        ),
        ("security-credentials/ ", "ours\n"),
        ("placement/region", "us-9"),
    ]);
    let machine = machine(&[], &[("AWS_EC2_METADATA_SERVICE_ENDPOINT", url)]);
    let signer = signer(&mut json!({}), &machine);
    assert!(signer.lacks_region());
    assert_eq!(signer.region_of_machine().await.unwrap(), "us-9");
    let found = signer.credentials().await.unwrap();
    assert_eq!((found.access_key.as_str(), found.session_token.is_some()), ("m", true));
}

#[tokio::test]
async fn a_refusal_is_told_in_the_words_of_the_service() {
    let (url, _requests) = serve(&[]);
    let machine = machine(&[], &[("AWS_ENDPOINT_URL_STS", url)]);
    let mut config =
        json!({ "region": "r", "access_key": "a", "secret_key": "s", "role_arn": "arn" });
    let error = signer(&mut config, &machine).credentials().await.unwrap_err();
    assert!(error_chain(&error).starts_with("take the role: 404 Not Found"), "{error}");
}
