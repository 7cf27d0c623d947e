use narthex_sdk::{
    Change, Error, ErrorKind, Refreshed, TargetGroup,
    http::{Request, Response},
    testing::FakeHost,
};

use crate::Ec2;

const ZONES: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<DescribeAvailabilityZonesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">
  <requestId>6b9d0a3e-0000-4000-8000-000000000001</requestId>
  <availabilityZoneInfo>
    <item><zoneName>eu-central-1a</zoneName><zoneState>available</zoneState><zoneId>euc1-az2</zoneId></item>
    <item><zoneName>eu-central-1b</zoneName><zoneState>available</zoneState><zoneId>euc1-az3</zoneId></item>
  </availabilityZoneInfo>
</DescribeAvailabilityZonesResponse>"#;

/// An instance with everything that an instance can have.
const WEB: &str = r#"<item>
  <instanceId>i-0aaa</instanceId><imageId>ami-1</imageId>
  <instanceState><code>16</code><name>running</name></instanceState>
  <privateDnsName>ip-10-0-0-5.eu-central-1.compute.internal</privateDnsName>
  <dnsName>ec2-192-0-2-5.eu-central-1.compute.amazonaws.com</dnsName>
  <instanceType>m7g.large</instanceType><platform>windows</platform>
  <placement><availabilityZone>eu-central-1b</availabilityZone><tenancy>default</tenancy></placement>
  <subnetId>subnet-1</subnetId><vpcId>vpc-1</vpcId>
  <privateIpAddress>10.0.0.5</privateIpAddress><ipAddress>192.0.2.5</ipAddress>
  <architecture>arm64</architecture><instanceLifecycle>spot</instanceLifecycle>
  <tagSet>
    <item><key>Name</key><value>web &amp; more</value></item>
    <item><key>team/owner</key><value>infra</value></item>
    <item><key>empty</key><value/></item>
  </tagSet>
  <networkInterfaceSet>
    <item>
      <subnetId>subnet-2</subnetId><attachment><deviceIndex>2</deviceIndex></attachment>
      <ipv6AddressesSet>
        <item><ipv6Address>2001:db8::21</ipv6Address><isPrimaryIpv6>false</isPrimaryIpv6></item>
        <item><ipv6Address>2001:db8::2</ipv6Address><isPrimaryIpv6>true</isPrimaryIpv6></item>
      </ipv6AddressesSet>
    </item>
    <item>
      <subnetId>subnet-1</subnetId><attachment><deviceIndex>0</deviceIndex></attachment>
      <ipv6AddressesSet><item><ipv6Address>2001:db8::1</ipv6Address></item></ipv6AddressesSet>
    </item>
    <item><subnetId>subnet-2</subnetId><attachment><deviceIndex>1</deviceIndex></attachment></item>
  </networkInterfaceSet>
</item>"#;

/// The least that an instance has.
const BARE: &str = r#"<item>
  <instanceId>i-0bbb</instanceId><imageId>ami-2</imageId>
  <instanceState><code>80</code><name>stopped</name></instanceState>
  <privateDnsName/><dnsName/><instanceType>t3.nano</instanceType>
  <placement><availabilityZone>eu-central-1z</availabilityZone></placement>
  <privateIpAddress>10.0.0.6</privateIpAddress>
</item>"#;

/// An instance that has only an IPv6 address.
const SIX: &str = r#"<item>
  <instanceId>i-0ccc</instanceId><imageId>ami-3</imageId>
  <instanceState><code>16</code><name>running</name></instanceState><instanceType>t3.nano</instanceType>
  <placement><availabilityZone>eu-central-1a</availabilityZone></placement>
  <subnetId>subnet-1</subnetId><vpcId>vpc-1</vpcId>
  <networkInterfaceSet><item>
    <subnetId>subnet-1</subnetId><attachment><deviceIndex>0</deviceIndex></attachment>
    <ipv6AddressesSet><item><ipv6Address>2001:db8::6</ipv6Address><isPrimaryIpv6>false</isPrimaryIpv6></item></ipv6AddressesSet>
  </item></networkInterfaceSet>
</item>"#;

/// An instance that has ended: no address, no target.
const GONE: &str = "<item><instanceId>i-0ddd</instanceId><instanceState><name>terminated</name></instanceState></item>";

fn instances(owner: &str, instances: &[&str], token: &str) -> String {
    let instances = instances.concat();
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
        <DescribeInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">
          <requestId>6b9d0a3e-0000-4000-8000-000000000002</requestId>
          <reservationSet><item>
            <reservationId>r-1</reservationId><ownerId>{owner}</ownerId><groupSet/>
            <instancesSet>{instances}</instancesSet>
          </item></reservationSet>{token}
        </DescribeInstancesResponse>"#
    )
}

fn ok(body: &str) -> Result<Response, Error> {
    Ok(Response { status: 200, headers: Vec::new(), body: body.into(), truncated: false })
}

fn form(request: &Request) -> String {
    String::from_utf8(request.body.clone()).unwrap()
}

/// A host on which the API of `url` answers zones, and instances by `pages`.
fn host(url: &str, pages: impl Fn(&str) -> Result<Response, Error> + 'static) -> FakeHost {
    FakeHost::new().http(url, move |request| {
        let form = form(request);
        if form.starts_with("Action=DescribeAvailabilityZones") { ok(ZONES) } else { pages(&form) }
    })
}

const FRANKFURT: &str = "https://ec2.eu-central-1.amazonaws.com/";
const CONFIG: &str = r#"{"region":"eu-central-1"}"#;

#[track_caller]
fn full(refreshed: &Refreshed) -> &[TargetGroup] {
    let Change::Full(groups) = &refreshed.change else { panic!("not full: {refreshed:?}") };
    groups
}

fn shown(group: &TargetGroup) -> Vec<String> {
    let labels = group.labels.iter().map(|label| format!("{}={}", label.name, label.value));
    group.targets.iter().cloned().chain(labels).collect()
}

#[test]
fn an_instance_has_every_label() {
    let host = host(FRANKFURT, |_| ok(&instances("123456789012", &[WEB], "")));
    let refreshed = host.refresh::<Ec2>(CONFIG, None).unwrap();
    let [group] = full(&refreshed) else { panic!("one instance") };
    assert_eq!(group.source, "eu-central-1/i-0aaa");
    assert_eq!(
        shown(group),
        [
            "10.0.0.5:80",
            "__meta_ec2_ami=ami-1",
            "__meta_ec2_architecture=arm64",
            "__meta_ec2_availability_zone=eu-central-1b",
            "__meta_ec2_availability_zone_id=euc1-az3",
            "__meta_ec2_default_ipv6_address=2001:db8::2",
            "__meta_ec2_instance_id=i-0aaa",
            "__meta_ec2_instance_lifecycle=spot",
            "__meta_ec2_instance_state=running",
            "__meta_ec2_instance_type=m7g.large",
            "__meta_ec2_ipv6_addresses=,2001:db8::21,2001:db8::2,2001:db8::1,",
            "__meta_ec2_owner_id=123456789012",
            "__meta_ec2_platform=windows",
            "__meta_ec2_primary_ipv6_addresses=,,,2001:db8::2,",
            "__meta_ec2_primary_subnet_id=subnet-1",
            "__meta_ec2_private_dns_name=ip-10-0-0-5.eu-central-1.compute.internal",
            "__meta_ec2_private_ip=10.0.0.5",
            "__meta_ec2_public_dns_name=ec2-192-0-2-5.eu-central-1.compute.amazonaws.com",
            "__meta_ec2_public_ip=192.0.2.5",
            "__meta_ec2_region=eu-central-1",
            "__meta_ec2_subnet_id=,subnet-2,subnet-1,",
            "__meta_ec2_tag_Name=web & more",
            "__meta_ec2_tag_team_owner=infra",
            "__meta_ec2_vpc_id=vpc-1",
        ]
    );
    assert_eq!(refreshed.next_in_ms, Some(60_000));
}

#[test]
fn what_an_instance_lacks_is_no_label_and_without_address_there_is_no_target() {
    let host = host(FRANKFURT, |_| ok(&instances("1", &[BARE, SIX, GONE], "")));
    let config = r#"{"region":"eu-central-1","port":9100,"refresh_interval":"5m"}"#;
    let refreshed = host.refresh::<Ec2>(config, None).unwrap();
    let [bare, six] = full(&refreshed) else { panic!("two instances: {refreshed:?}") };
    assert_eq!(
        shown(bare),
        [
            "10.0.0.6:9100",
            "__meta_ec2_ami=ami-2",
            "__meta_ec2_availability_zone=eu-central-1z",
            "__meta_ec2_instance_id=i-0bbb",
            "__meta_ec2_instance_state=stopped",
            "__meta_ec2_instance_type=t3.nano",
            "__meta_ec2_owner_id=1",
            "__meta_ec2_private_ip=10.0.0.6",
            "__meta_ec2_region=eu-central-1",
        ]
    );
    assert_eq!(
        shown(six),
        [
            "[2001:db8::6]:9100",
            "__meta_ec2_ami=ami-3",
            "__meta_ec2_availability_zone=eu-central-1a",
            "__meta_ec2_availability_zone_id=euc1-az2",
            "__meta_ec2_default_ipv6_address=2001:db8::6",
            "__meta_ec2_instance_id=i-0ccc",
            "__meta_ec2_instance_state=running",
            "__meta_ec2_instance_type=t3.nano",
            "__meta_ec2_ipv6_addresses=,2001:db8::6,",
            "__meta_ec2_owner_id=1",
            "__meta_ec2_primary_subnet_id=subnet-1",
            "__meta_ec2_region=eu-central-1",
            "__meta_ec2_subnet_id=,subnet-1,",
            "__meta_ec2_vpc_id=vpc-1",
        ]
    );
    assert_eq!(refreshed.next_in_ms, Some(300_000));
}

#[test]
fn filters_go_along_with_every_page() {
    let host = host(FRANKFURT, |form| {
        if form.ends_with("&NextToken=a%2Fb%3D") {
            ok(&instances("2", &[SIX], "<nextToken/>"))
        } else {
            ok(&instances("1", &[BARE], "<nextToken>a/b=</nextToken>"))
        }
    });
    let config = r#"{"region":"eu-central-1","filters":[
        {"name":"tag:environment","values":["dev","test env"]},{"name":"vpc-id","values":["vpc-1"]}]}"#;
    let refreshed = host.refresh::<Ec2>(config, None).unwrap();
    let sources: Vec<&str> = full(&refreshed).iter().map(|group| group.source.as_str()).collect();
    assert_eq!(sources, ["eu-central-1/i-0bbb", "eu-central-1/i-0ccc"]);
    let query = "Action=DescribeInstances&Version=2016-11-15&MaxResults=500\
                 &Filter.1.Name=tag%3Aenvironment&Filter.1.Value.1=dev&Filter.1.Value.2=test%20env\
                 &Filter.2.Name=vpc-id&Filter.2.Value.1=vpc-1";
    let requests = host.requests();
    assert_eq!(
        requests.iter().map(form).collect::<Vec<_>>(),
        [
            "Action=DescribeAvailabilityZones&Version=2016-11-15".to_owned(),
            query.to_owned(),
            format!("{query}&NextToken=a%2Fb%3D"),
        ]
    );
    let content_type = &requests[1].headers[0];
    assert_eq!(content_type.value, "application/x-www-form-urlencoded; charset=utf-8");
    assert!(requests.iter().all(|request| request.method == "POST" && request.auth.is_none()));
}

#[test]
fn zones_are_asked_for_until_they_are_known_and_then_no_more() {
    let failing = FakeHost::new().http(FRANKFURT, |request| {
        if form(request).starts_with("Action=DescribeAvailabilityZones") {
            Err(Error::timeout("slow"))
        } else {
            ok(&instances("1", &[SIX], ""))
        }
    });
    let refreshed = failing.refresh::<Ec2>(CONFIG, None).unwrap();
    assert!(full(&refreshed)[0].labels.iter().all(|l| l.name != "__meta_ec2_availability_zone_id"));
    assert_eq!(refreshed.cursor, None);
    assert_eq!(failing.logs()[0].message, "no ids of availability zones");

    let working = host(FRANKFURT, |_| ok(&instances("1", &[SIX], "")));
    let first = working.refresh::<Ec2>(CONFIG, None).unwrap();
    let second = working.refresh::<Ec2>(CONFIG, first.cursor.as_deref()).unwrap();
    assert_eq!(first, second);
    assert_eq!(working.requests().len(), 3);
}

#[track_caller]
fn asks(config: &str, url: &'static str) {
    let host = host(url, |_| ok(&instances("1", &[], "")));
    host.refresh::<Ec2>(config, None).unwrap();
    assert!(host.requests().iter().all(|request| request.url == url));
}

#[test]
fn the_endpoint_is_that_of_the_regions_partition_unless_configured() {
    asks(r#"{"region":"us-east-1"}"#, "https://ec2.us-east-1.amazonaws.com/");
    asks(r#"{"region":"us-gov-west-1"}"#, "https://ec2.us-gov-west-1.amazonaws.com/");
    asks(r#"{"region":"cn-north-1"}"#, "https://ec2.cn-north-1.amazonaws.com.cn/");
    asks(r#"{"region":"us-isob-east-1"}"#, "https://ec2.us-isob-east-1.sc2s.sgov.gov/");
    asks(r#"{"region":"x","endpoint":"http://127.0.0.1:4566"}"#, "http://127.0.0.1:4566");
}

#[track_caller]
fn fails(status: u16, body: &'static str, kind: ErrorKind, message: &str) -> Error {
    let respond = move |_: &str| {
        Ok(Response { status, headers: Vec::new(), body: body.into(), truncated: false })
    };
    let error = host(FRANKFURT, respond).refresh::<Ec2>(CONFIG, None).unwrap_err();
    assert_eq!((error.kind, error.message.as_str()), (kind, message));
    error
}

#[test]
fn a_bad_answer_is_an_error_of_its_kind() {
    fails(
        401,
        "<Response><Errors><Error><Code>AuthFailure</Code><Message>AWS was not able to validate the provided \
         access credentials</Message></Error></Errors><RequestID>1</RequestID></Response>",
        ErrorKind::Protocol,
        "DescribeInstances: AuthFailure: AWS was not able to validate the provided access credentials (status 401)",
    );
    let limited = fails(
        503,
        "<Response><Errors><Error><Code>RequestLimitExceeded</Code><Message>Slow down</Message></Error></Errors></Response>",
        ErrorKind::RateLimited,
        "DescribeInstances: RequestLimitExceeded: Slow down (status 503)",
    );
    assert!(limited.retryable);
    let down = fails(502, "<html>", ErrorKind::Unreachable, "DescribeInstances: status 502");
    assert!(down.retryable);
    fails(404, "", ErrorKind::Protocol, "DescribeInstances: status 404");
    fails(200, "{}", ErrorKind::Protocol, "DescribeInstances: read the answer as XML: no element");
    fails(
        200,
        "<html></html>",
        ErrorKind::Protocol,
        "DescribeInstances: the answer is <html> and not <DescribeInstancesResponse>",
    );
}

#[test]
fn an_answer_that_was_cut_or_pages_without_end_are_refused() {
    let cut = |_: &str| {
        Ok(Response { status: 200, headers: Vec::new(), body: b"<Des".to_vec(), truncated: true })
    };
    let error = host(FRANKFURT, cut).refresh::<Ec2>(CONFIG, None).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Exhausted);
    let endless = |_: &str| ok(&instances("1", &[], "<nextToken>again</nextToken>"));
    let error = host(FRANKFURT, endless).refresh::<Ec2>(CONFIG, None).unwrap_err();
    assert_eq!(
        (error.kind, error.message.as_str()),
        (ErrorKind::Exhausted, "DescribeInstances: more than 1000 pages")
    );
}

#[track_caller]
fn refused(config: &str, message: &str) {
    let error = FakeHost::new().refresh::<Ec2>(config, None).unwrap_err();
    assert_eq!((error.kind, error.message.as_str()), (ErrorKind::Config, message));
}

#[test]
fn a_configuration_that_cannot_work_is_refused() {
    let empty = "filters[0].values: the values of a filter cannot be empty";
    refused(r#"{"region":"us-east-1","filters":[{"name":"tag:environment","values":[]}]}"#, empty);
    refused(r#"{"region":"us-east-1","filters":[{"name":"tag:environment"}]}"#, empty);
    refused(
        r#"{"region":"us-east-1","refresh_interval":"0"}"#,
        "refresh_interval: must be longer than 0",
    );
    refused(r#"{"region":"a/b"}"#, "region: \"a/b\" is not the name of a region");
    let no_url = "endpoint: it must begin with https:// or http://";
    refused(r#"{"region":"x","endpoint":"ec2.example"}"#, no_url);
    refused(r#"{"region":"x","endpoint":"ftp://ec2.example"}"#, no_url);
    refused("{}", "region: none is configured, and neither environment nor profile name one");
}
