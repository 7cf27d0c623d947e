//! The prober `dns`: asks a nameserver and judges the records of its answer.

use narthex_sdk::{clock::Stopwatch, dns, facts};

use crate::{
    message::{Message, query},
    module::{Dns, Records, Transport},
    probe::{Failure, Probe, failed},
    record::{self, Record},
    tcp::{Talk, host_and_port},
};

pub(crate) fn probe(module: &Dns, target: &str, probe: &mut Probe) -> Result<(), Failure> {
    let port = if module.dns_over_tls { 853 } else { 53 };
    let bare = target.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(target);
    let (host, port) = host_and_port(target).unwrap_or((bare, port));
    let kind = record::kind(&module.query_type).unwrap_or(record::ANY);
    let class = record::class(&module.query_class).unwrap_or(record::INTERNET);
    let Some(query) = query(&module.query_name, kind, class, module.recursion_desired) else {
        return failed(format!("{:?} is no name", module.query_name));
    };
    let mut took = Took::default();
    let answer = match module.transport_protocol {
        Transport::Udp => by_datagram(module, (host, port), &query, &mut took, probe),
        Transport::Tcp => by_stream(module, (host, port), &query, &mut took, probe),
    };
    let message = answer.and_then(|bytes| match Message::read(&bytes) {
        Some(message) => Ok(message),
        None => failed("the answer is no message of DNS"),
    });
    if let Err(ours @ Failure::Ours(_)) = message {
        return Err(ours);
    }
    add(probe, &took, message.as_ref().ok());
    let message = message?;
    if kind == record::SOA {
        let serial = message.answers.iter().rev().find_map(|record| record.serial);
        let serial = serial.unwrap_or_default();
        probe.gauge("probe_dns_serial", "The serial number of the zone.", serial);
    }
    judge(module, &message)
}

/// What each phase took, in seconds.
#[derive(Default)]
struct Took {
    resolve: f64,
    connect: f64,
    request: f64,
}

fn by_datagram(
    module: &Dns,
    (host, port): (&str, u16),
    query: &[u8],
    took: &mut Took,
    probe: &mut Probe,
) -> Result<Vec<u8>, Failure> {
    let versions = module.preferred_ip_protocol.versions(module.ip_protocol_fallback);
    let exchanged = dns::exchange(host, port, query, &[("ip", versions)], probe.left());
    let known = match &exchanged {
        Ok(exchanged) => &exchanged.facts,
        Err(error) => &error.details,
    };
    probe.add_address(known);
    let seconds = |name: &str| facts::time(known, name).unwrap_or_default().as_secs_f64();
    (took.resolve, took.request) = (seconds("resolve-ns"), seconds("processing-ns"));
    Ok(exchanged?.message)
}

/// Over TCP a message has its length before it (RFC 1035, part 4.2.2).
fn by_stream(
    module: &Dns,
    server: (&str, u16),
    query: &[u8],
    took: &mut Took,
    probe: &mut Probe,
) -> Result<Vec<u8>, Failure> {
    let versions = module.preferred_ip_protocol.versions(module.ip_protocol_fallback);
    let tls = module.dns_over_tls.then_some(&module.tls_config);
    let mut talk = Talk::new();
    let name = module.tls_config.server_name.as_deref();
    talk.open(server, versions, tls, name, probe)?;
    let known = talk.connection()?.facts();
    let seconds = |name: &str| facts::time(&known, name).unwrap_or_default().as_secs_f64();
    took.resolve = seconds("resolve-ns");
    took.connect = seconds("connect-ns") + seconds("tls-ns");
    let watch = Stopwatch::start();
    let len = u16::try_from(query.len()).unwrap_or(u16::MAX);
    talk.connection()?.write_all(&[&len.to_be_bytes(), query].concat())?;
    let len = talk.take(2, probe)?.unwrap_or_default();
    let len = len.first_chunk::<2>().map(|len| u16::from_be_bytes(*len));
    let answer = match len {
        Some(len) => talk.take(len.into(), probe)?,
        None => None,
    };
    took.request = watch.elapsed().as_secs_f64();
    match answer {
        Some(answer) if answer.first_chunk::<2>() == query.first_chunk::<2>() => Ok(answer),
        Some(_) => failed("the answer has another number than the query"),
        None => failed("the server closed the connection before it answered"),
    }
}

fn add(probe: &mut Probe, took: &Took, message: Option<&Message>) {
    let family =
        probe.metrics.gauge("probe_dns_duration_seconds", "How long each phase of the query took.");
    for (phase, took) in
        [("resolve", took.resolve), ("connect", took.connect), ("request", took.request)]
    {
        family.sample(&[("phase", phase)], took);
    }
    let count = |section: fn(&Message) -> &Vec<Record>| message.map_or(0, |m| section(m).len());
    for (section, count) in [
        ("answer", count(|message| &message.answers)),
        ("authority", count(|message| &message.authorities)),
        ("additional", count(|message| &message.additionals)),
    ] {
        let help = "How many records the section of the answer has.";
        probe.gauge(&format!("probe_dns_{section}_rrs"), help, count);
    }
    let help = "Whether the query was answered.";
    probe.gauge("probe_dns_query_succeeded", help, message.is_some());
}

fn judge(module: &Dns, message: &Message) -> Result<(), Failure> {
    let is_valid = |code: &String| record::rcode(code) == Some(message.rcode);
    if !module.valid_rcodes.iter().any(is_valid) {
        return failed(format!("the server answered {}", record::rcode_name(message.rcode)));
    }
    for (rules, records) in [
        (&module.validate_answer_rrs, &message.answers),
        (&module.validate_authority_rrs, &message.authorities),
        (&module.validate_additional_rrs, &message.additionals),
    ] {
        check(rules, records).map_err(Failure::Theirs)?;
    }
    Ok(())
}

/// Whether records look as they should; if not, what is wrong.
fn check(rules: &Records, records: &[Record]) -> Result<(), String> {
    let texts: Vec<&[u8]> = records.iter().map(|record| record.text.as_bytes()).collect();
    let shown = || records.iter().map(|record| record.text.clone()).collect::<Vec<_>>().join("; ");
    let wants_some = !rules.fail_if_not_matches_regexp.is_empty()
        || !rules.fail_if_none_matches_regexp.is_empty();
    if texts.is_empty() && wants_some {
        return Err("a section has no records, and some are wanted".into());
    }
    for pattern in &rules.fail_if_matches_regexp {
        if texts.iter().any(|text| pattern.0.is_match(text)) {
            return Err(format!("a record matches {}: {}", pattern.0, shown()));
        }
    }
    for pattern in &rules.fail_if_not_matches_regexp {
        if texts.iter().any(|text| !pattern.0.is_match(text)) {
            return Err(format!("a record does not match {}: {}", pattern.0, shown()));
        }
    }
    // Read against its name: blackbox_exporter fails here unless every record matches every expression, and modules are
    // written for what it does.
    for pattern in &rules.fail_if_all_match_regexp {
        if texts.iter().any(|text| !pattern.0.is_match(text)) {
            return Err(format!("not all records match {}: {}", pattern.0, shown()));
        }
    }
    let none = &rules.fail_if_none_matches_regexp;
    if !none.is_empty() && !none.iter().any(|p| texts.iter().any(|text| p.0.is_match(text))) {
        return Err(format!("no record matches: {}", shown()));
    }
    Ok(())
}
