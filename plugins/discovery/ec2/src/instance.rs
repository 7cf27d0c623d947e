//! An instance as a target.

use std::collections::BTreeMap;

use narthex_sdk::{Labels, TargetGroup, host_port};

use crate::{Config, xml::Element};

/// Network interfaces of an instance are numbered; the largest instances have some fifty.
const DEVICE_INDEX_MAX: usize = 1024;

/// The target of an instance; none when it has no address.
pub(crate) fn target(
    config: &Config,
    zones: Option<&BTreeMap<String, String>>,
    owner: Option<&str>,
    instance: &Element<'_>,
) -> Option<TargetGroup> {
    let text = |name: &str| instance.text_of(name).filter(|text| !text.is_empty());
    let id = text("instanceId")?;
    let vpc = text("vpcId");
    let ipv6 = vpc.map(|_| Ipv6::of(instance)).unwrap_or_default();
    let address = text("privateIpAddress").or(ipv6.preferred())?;

    let mut labels = Labels::new();
    let mut set = |name: &str, value: &str| {
        labels.set(format!("__meta_ec2_{name}"), value);
    };
    let plain = [
        ("private_ip", "privateIpAddress"),
        ("private_dns_name", "privateDnsName"),
        ("platform", "platform"),
        ("ami", "imageId"),
        ("instance_type", "instanceType"),
        ("instance_lifecycle", "instanceLifecycle"),
        ("architecture", "architecture"),
        ("vpc_id", "vpcId"),
    ];
    for (label, element) in plain {
        set(label, text(element).unwrap_or_default());
    }
    set("instance_id", id);
    set("region", &config.region);
    set("owner_id", owner.unwrap_or_default());
    set("default_ipv6_address", ipv6.preferred().unwrap_or_default());
    set("primary_ipv6_addresses", &list(&ipv6.primary));
    set("ipv6_addresses", &list(&ipv6.all));
    if let Some(public) = text("ipAddress") {
        set("public_ip", public);
        set("public_dns_name", text("dnsName").unwrap_or_default());
    }
    let zone = instance.child("placement").and_then(|place| place.text_of("availabilityZone"));
    let zone = zone.unwrap_or_default();
    set("availability_zone", zone);
    let zone_id = zones.and_then(|zones| zones.get(zone));
    set("availability_zone_id", zone_id.map(String::as_str).unwrap_or_default());
    let state = instance.child("instanceState").and_then(|state| state.text_of("name"));
    set("instance_state", state.unwrap_or_default());
    if vpc.is_some() {
        set("primary_subnet_id", text("subnetId").unwrap_or_default());
        set("subnet_id", &format!(",{},", subnets(instance).join(",")));
    }
    let mut tags = Vec::new();
    for tag in instance.items("tagSet") {
        if let (Some(key), Some(value)) = (tag.text_of("key"), tag.text_of("value")) {
            tags.push((key, value));
        }
    }
    labels.set_each("__meta_ec2_tag_", tags);
    let source = format!("{}/{id}", config.region);
    Some(TargetGroup::one(source, host_port(address, config.port), &labels))
}

/// The IPv6 addresses of an instance.
#[derive(Debug, Default)]
struct Ipv6<'a> {
    /// By the number of the interface; empty where it has no primary one.
    primary: Vec<&'a str>,
    all: Vec<&'a str>,
}

impl<'a> Ipv6<'a> {
    fn of(instance: &'a Element<'_>) -> Self {
        let mut found = Self::default();
        let interfaces = instance.items("networkInterfaceSet");
        for interface in interfaces.filter(|interface| interface.child("subnetId").is_some()) {
            let number = interface
                .child("attachment")
                .and_then(|attachment| attachment.text_of("deviceIndex"))
                .and_then(|number| number.parse::<usize>().ok())
                .filter(|number| *number <= DEVICE_INDEX_MAX);
            for address in interface.items("ipv6AddressesSet") {
                let Some(text) = address.text_of("ipv6Address") else { continue };
                found.all.push(text);
                let is_primary = address.text_of("isPrimaryIpv6") == Some("true");
                if let Some(number) = number.filter(|_| is_primary) {
                    if found.primary.len() <= number {
                        found.primary.resize(number + 1, "");
                    }
                    if let Some(place) = found.primary.get_mut(number) {
                        *place = text;
                    }
                }
            }
        }
        found
    }

    /// The first primary one, else the first.
    fn preferred(&self) -> Option<&'a str> {
        self.primary.iter().chain(&self.all).copied().find(|address| !address.is_empty())
    }
}

/// The subnets of all interfaces, each once, in the order of the answer.
fn subnets<'a>(instance: &'a Element<'_>) -> Vec<&'a str> {
    let mut subnets: Vec<&str> = Vec::new();
    for subnet in instance.items("networkInterfaceSet").filter_map(|each| each.text_of("subnetId"))
    {
        if !subnets.contains(&subnet) {
            subnets.push(subnet);
        }
    }
    subnets
}

/// A list between commas, so that a pattern finds each member alike; nothing for no members.
fn list(members: &[&str]) -> String {
    if members.is_empty() { String::new() } else { format!(",{},", members.join(",")) }
}
