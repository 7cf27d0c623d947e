use super::*;

fn grants(used: &[&str], allowed: &[&str]) -> NetGrants {
    NetGrants {
        plugin: "x".to_owned(),
        used: Arc::new(used.iter().map(|text| Endpoint::parse(text).unwrap()).collect()),
        allowed: allowed.iter().map(|text| (*text).to_owned().try_into().unwrap()).collect(),
    }
}

/// Whether `host:port` may be connected to when it resolves to `address`.
#[track_caller]
fn check(used: &[&str], allowed: &[&str], to: (&str, u16, &str), expected: Result<(), &str>) {
    let grants = grants(used, allowed);
    let (host, port, address) = to;
    let admitted = grants
        .admit(host, port)
        .and_then(|admission| grants.admit_address(&admission, address.parse().unwrap()));
    match (admitted, expected) {
        (Ok(()), Ok(())) => {}
        (Err(denied), Err(part)) => assert!(denied.0.contains(part), "{denied}"),
        (got, expected) => panic!("{got:?} and not {expected:?}"),
    }
}

#[test]
fn the_target_of_the_call_may_be_reached_and_nothing_else() {
    check(&["db.example.com:3306"], &[], ("DB.example.com.", 3306, "192.0.2.1"), Ok(()));
    check(&["10.0.0.1:80"], &[], ("10.0.0.1", 80, "10.0.0.1"), Ok(()));
    check(&["10.0.0.1:80"], &[], ("10.0.0.1", 81, "10.0.0.1"), Err("may not connect"));
    check(&["10.0.0.2:80"], &[], ("10.0.0.1", 80, "10.0.0.1"), Err("10.0.0.1:80"));
}

#[test]
fn a_refusal_is_the_line_that_would_grant_it() {
    let denied = grants(&[], &[]).admit("10.0.0.1", 80).unwrap_err();
    assert_eq!(
        denied.0,
        "plugin \"x\" may not connect to 10.0.0.1:80; to allow it: \
         plugins: { allow: { x: { net: [\"10.0.0.1:80\"] } } }"
    );
    let denied = grants(&[], &[]).admit_lookup("db.example.com").unwrap_err();
    assert!(denied.0.ends_with("{ x: { net: [\"db.example.com:*\"] } } }"), "{denied}");
}

#[test]
fn the_line_of_a_refusal_grants_it() {
    for (host, address) in
        [("10.0.0.1", "10.0.0.1"), ("[fd00::1]", "fd00::1"), ("a.b", "192.0.2.1")]
    {
        let denied = grants(&[], &[]).admit(host, 80).unwrap_err().0;
        let line = denied.split('"').nth_back(1).unwrap();
        check(&[], &[line], (host, 80, address), Ok(()));
    }
}

#[test]
fn a_name_never_leads_to_this_machine_or_its_link() {
    let used = &["evil.example.com:80"][..];
    let to = |address| ("evil.example.com", 80, address);
    for address in ["127.0.0.1", "::1", "0.0.0.0", "::", "::ffff:127.0.0.1", "127.8.8.8"] {
        check(used, &[], to(address), Err("an address of this machine"));
    }
    for address in
        ["169.254.169.254", "fe80::1", "::ffff:169.254.169.254", "64:ff9b::169.254.169.254"]
    {
        check(used, &[], to(address), Err("a link-local address"));
        check(&[], &["*:*"], to(address), Err("a link-local address"));
    }
    for address in ["fd00:ec2::254", "fd20:ce::254", "100.100.100.200", "64:ff9b::6464:64c8"] {
        check(used, &[], to(address), Err("where a cloud answers credentials"));
        check(&[], &["*:*"], to(address), Err("where a cloud answers credentials"));
    }
    check(used, &[], to("64:ff9b::7f00:1"), Err("an address of this machine"));
    check(used, &[], to("64:ff9b::c000:201"), Ok(()));
    check(used, &[], to("255.255.255.255"), Err("may not connect"));
    check(used, &[], to("224.0.0.1"), Err("may not connect"));
    check(used, &["169.254.169.254:80"], to("169.254.169.254"), Ok(()));
}

#[test]
fn loopback_is_reached_by_who_names_it() {
    check(&["127.0.0.1:9000"], &[], ("127.0.0.1", 9000, "127.0.0.1"), Ok(()));
    check(&["http://localhost:9000/x"], &[], ("localhost", 9000, "::1"), Ok(()));
    check(&["169.254.169.254:80"], &[], ("169.254.169.254", 80, "169.254.169.254"), Err("link"));
}

#[test]
fn a_star_names_nothing() {
    for (host, address) in [
        ("127.0.0.1", "127.0.0.1"),
        ("localhost", "127.0.0.1"),
        ("a.localhost", "::1"),
        ("[::1]", "::1"),
    ] {
        check(&[], &["*:9000"], (host, 9000, address), Err("an address of this machine"));
    }
    check(&[], &["*:9000", "127.0.0.0/8:*"], ("localhost", 9000, "127.0.0.1"), Ok(()));
    check(&[], &["localhost:9000"], ("localhost", 9000, "127.0.0.1"), Ok(()));
    check(&[], &["*.localhost:9000"], ("a.localhost", 9000, "127.0.0.1"), Ok(()));
    check(&[], &["*:9000"], ("192.0.2.1", 9000, "192.0.2.1"), Ok(()));
}

#[test]
fn an_address_is_known_in_every_dress() {
    let used = &["evil.example.com:80"][..];
    for address in [
        "::169.254.169.254",
        "2002:a9fe:a9fe::1",
        "64:ff9b:1::169.254.169.254",
        "::ffff:0:169.254.169.254",
    ] {
        check(used, &["*:*"], ("evil.example.com", 80, address), Err("a link-local address"));
    }
    // What is no address to us is a name, and what it leads to is judged.
    for name in ["169.254.169.254.", "2852039166", "0251.0376.0251.0376", "0xa9.0xfe.0xa9.0xfe"] {
        check(&[], &["*:*"], (name, 80, "169.254.169.254"), Err("a link-local address"));
        check(&[], &[], (name, 80, "169.254.169.254"), Err("may not connect"));
    }
}

#[test]
fn each_address_of_a_name_is_judged() {
    // A name of which one answer is good and the next one bad: the bad one is not connected to.
    let grants = grants(&["rebinding.example.com:80"], &[]);
    let admission = grants.admit("rebinding.example.com", 80).unwrap();
    for (address, is_good) in [("192.0.2.1", true), ("127.0.0.1", false), ("192.0.2.1", true)] {
        let judged = grants.admit_address(&admission, address.parse().unwrap());
        assert_eq!(judged.is_ok(), is_good, "{address}");
    }
}

#[test]
fn secrets_go_where_the_operator_said() {
    let used = ["https://a.example", "db:5432", "rediss://r.example:6379", "http://p.example"];
    let allowed = ["b.example:443", "*.c.example:443", "d.example:*", "10.0.0.1:9", "10.0.0.0/8:9"];
    let grants = grants(&used, &allowed);
    for (host, port, plain, tls) in [
        ("a.example", 443, false, true),
        ("db", 5432, true, true),
        ("r.example", 6379, false, true),
        ("p.example", 80, true, false),
        ("b.example", 443, false, true),
        ("x.c.example", 443, false, false),
        ("d.example", 443, false, false),
        ("10.0.0.1", 9, false, true),
        ("10.0.0.2", 9, false, false),
        ("evil.example", 443, false, false),
    ] {
        let place = Host::parse(host).unwrap();
        let takes = |is_tls| grants.takes_secrets(&place, port, is_tls);
        assert_eq!((takes(false), takes(true)), (plain, tls), "{host}:{port}");
    }
}

#[test]
fn patterns_cover_what_they_say() {
    check(&[], &["10.0.0.0/8:*"], ("10.9.8.7", 1, "10.9.8.7"), Ok(()));
    check(&[], &["10.0.0.0/8:*"], ("11.0.0.1", 1, "11.0.0.1"), Err("11.0.0.1:1"));
    check(&[], &["10.0.0.0/8:443"], ("name", 443, "10.0.0.1"), Ok(()));
    check(&[], &["10.0.0.0/8:443"], ("name", 443, "192.0.2.1"), Err("name:443 (192.0.2.1)"));
    check(&[], &["*.example.com:443"], ("a.example.com", 443, "192.0.2.1"), Ok(()));
    check(&[], &["*.example.com:443"], ("example.com", 443, "192.0.2.1"), Err("example.com:443"));
    check(&[], &["*.example.com:443"], ("a.example.com", 80, "192.0.2.1"), Err(":80"));
    check(&[], &["0.0.0.0/0:*"], ("1.2.3.4", 5, "1.2.3.4"), Ok(()));
    check(&[], &["[fd00::/8]:*"], ("x", 5, "fd00::1"), Ok(()));
}

#[test]
fn a_wide_network_does_not_mean_this_machine_or_its_link() {
    let name = |address| ("x", 5, address);
    for (network, address, why) in [
        ("0.0.0.0/0:*", "127.0.0.1", "an address of this machine"),
        ("0.0.0.0/1:*", "0.0.0.0", "an address of this machine"),
        ("126.0.0.0/7:*", "127.0.0.1", "an address of this machine"),
        ("0.0.0.0/0:*", "169.254.169.254", "a link-local address"),
        ("169.0.0.0/8:*", "169.254.169.254", "a link-local address"),
        ("100.64.0.0/10:*", "100.100.100.200", "where a cloud answers credentials"),
        ("[::/0]:*", "::1", "an address of this machine"),
        ("[::/0]:*", "fe80::1", "a link-local address"),
        ("[fd00::/8]:*", "fd00:ec2::254", "where a cloud answers credentials"),
        ("[64:ff9b::/96]:*", "64:ff9b::7f00:1", "an address of this machine"),
    ] {
        check(&[], &[network], name(address), Err(why));
        check(&[], &[network], (address, 5, address), Err(why));
    }
    for (network, address) in [
        ("127.0.0.0/8:*", "127.8.8.8"),
        ("169.254.0.0/16:*", "169.254.169.254"),
        ("100.100.100.200:5", "100.100.100.200"),
        ("[fe80::/10]:*", "fe80::1"),
        ("[fd00:ec2::/32]:*", "fd00:ec2::254"),
        ("[64:ff9b::7f00:1]:*", "64:ff9b::7f00:1"),
        ("0.0.0.0/0:*", "192.0.2.1"),
    ] {
        check(&[], &[network], name(address), Ok(()));
    }
}

#[test]
fn texts_that_are_no_patterns_are_refused() {
    for text in ["", "db", "db:http", "fd00::1:80", "10.0.0.0/33:1", "a b:1", ":80", "[::1:80"] {
        assert!(NetPattern::try_from(text.to_owned()).is_err(), "{text}");
    }
}

#[test]
fn hosts_are_found_wherever_a_configuration_names_them() {
    let config = serde_json::json!({
        "url": "https://user:secret@hooks.example.com/a?b",
        "list": [{ "server": "127.0.0.1:8500" }, "[fd00::1]:53", 7, null, "HTTPS://Loud.example.com"],
        "names": ["_http._tcp.example.com"],
        "text": "two words",
    });
    assert_eq!(
        Endpoints::in_texts_of(&config).shown(),
        [
            "127.0.0.1 Some(8500)",
            "[fd00::1] Some(53)",
            "_http._tcp.example.com None",
            "hooks.example.com Some(443)",
            "loud.example.com Some(443)",
        ]
    );
}

#[test]
fn a_long_list_of_names_is_known_to_its_end() {
    let names: Vec<String> = (0..5_000).map(|number| format!("n{number}.example.com")).collect();
    let config = serde_json::json!({ "names": names, "server": "http://consul:8500" });
    let used = Arc::new(Endpoints::in_texts_of(&config));
    let grants = NetGrants { plugin: "x".to_owned(), used, allowed: Vec::new() };
    assert!(grants.admit("consul", 8500).is_ok());
    assert!(names.iter().all(|name| grants.admit_lookup(name).is_ok()));
}

#[test]
fn credentials_go_where_the_scheme_is_the_one_that_was_written() {
    let serves = |texts: &[&str], is_tls| {
        let all: Endpoints = texts.iter().map(|text| Endpoint::parse(text).unwrap()).collect();
        all.have_with_scheme(&Host::Name("h".to_owned()), 443, is_tls)
    };
    for (texts, plain, tls) in [
        (&["h:443"][..], true, true),
        (&["https://h"], false, true),
        (&["https://h", "h:443"], false, true),
        (&["https://h", "http://h:443"], true, true),
        (&["h:444", "https://h:444", "other:443"], false, false),
    ] {
        assert_eq!((serves(texts, false), serves(texts, true)), (plain, tls), "{texts:?}");
    }
}

#[test]
fn a_socket_is_reached_by_its_own_path_alone() {
    let path = "/run/docker.sock";
    for (used, allowed, expected) in [
        (&["unix:///run/docker.sock"][..], &[][..], true),
        (&["unix:unix:///run/docker.sock"], &[], true),
        (&["unix:/run/docker.sock"], &[], true),
        (&[], &["unix:///run/docker.sock"], true),
        (&["unix:///run/other.sock"], &["*:*"], false),
        (&["run/docker.sock:80"], &["unix:///run/other.sock"], false),
    ] {
        let used: Vec<&str> =
            used.iter().copied().filter(|text| Endpoint::parse(text).is_some()).collect();
        let judged = grants(&used, allowed).admit_socket(path);
        assert_eq!(judged.is_ok(), expected, "{used:?} {allowed:?}");
    }
    let denied = grants(&[], &[]).admit_socket(path).unwrap_err().0;
    assert!(denied.ends_with("{ x: { net: [\"unix:///run/docker.sock\"] } } }"), "{denied}");
    assert!(socket_path("unix:///run/../etc/x").is_none());
}
