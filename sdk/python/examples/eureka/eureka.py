"""A discovery: the instances that are registered with a Eureka. As `eureka_sd_configs` of Prometheus, without retrying."""

import hashlib
import xml.etree.ElementTree as ElementTree

from narthex_sdk import Discovery, Full, PluginError, Refreshed, TargetGroup, Unchanged
from narthex_sdk import duration_ms, host_port, http, labels, sanitize
from narthex_sdk.plugin import Config

PORT = 80
"""Of an instance without an enabled port."""

FACTS = {
    "hostname": "hostName",
    "homepage_url": "homePageUrl",
    "statuspage_url": "statusPageUrl",
    "healthcheck_url": "healthCheckUrl",
    "ip_addr": "ipAddr",
    "vip_address": "vipAddress",
    "secure_vip_address": "secureVipAddress",
    "status": "status",
    "country_id": "countryId",
    "id": "instanceId",
}
"""Labels by the elements that they come from."""

PREFIX = "__meta_eureka_app_instance"


class Eureka(Discovery):
    name = "eureka"
    version = "1.0.0"
    description = "Targets from the instances of a Eureka."
    schema = {
        "type": "object",
        "additionalProperties": False,
        "required": ["server"],
        "properties": {
            "server": {"type": "string", "description": "As in http://eureka:8761/eureka/v2."},
            "refresh_interval": {"type": "string", "default": "30s", "description": "How often the server is asked."},
        },
        "x-http-config": True,
    }

    def validate(self, config: Config) -> list[str]:
        if not config["server"].startswith(("http://", "https://")):
            raise PluginError.config("server: must begin with http:// or https://").detail("key", "server")
        duration_ms(config["refresh_interval"], "refresh_interval")
        return []

    def refresh(self, config: Config, cursor: str | None, wait_ms: int) -> Refreshed:
        url = config["server"].rstrip("/") + "/apps"
        answer = http.get(url, headers={"accept": "application/xml"}).expect_success()
        digest = hashlib.sha256(answer.body).hexdigest()
        pause = duration_ms(config["refresh_interval"])
        if digest == cursor:
            return Refreshed(Unchanged(), cursor, pause)
        try:
            root = ElementTree.fromstring(answer.body)
        except ElementTree.ParseError as error:
            raise PluginError.protocol(f"read the list of applications: {error}") from None
        groups = [group(app, instance) for app in root.iter("application") for instance in app.iter("instance")]
        return Refreshed(Full(groups), digest, pause)


def group(app: ElementTree.Element, instance: ElementTree.Element) -> TargetGroup:
    name = app.findtext("name", "")
    hostname = instance.findtext("hostName", "")
    found: dict[str, object] = {"__meta_eureka_app_name": name}
    for label, element in FACTS.items():
        found[f"{PREFIX}_{label}"] = instance.findtext(element)
    port = instance.find("port")
    is_enabled = port is not None and port.get("enabled") == "true"
    number = port.text if is_enabled and port is not None and port.text else PORT
    for label in ("port", "securePort"):
        element = instance.find(label)
        if element is not None:
            short = "port" if label == "port" else "secure_port"
            found[f"{PREFIX}_{short}"] = element.text
            found[f"{PREFIX}_{short}_enabled"] = element.get("enabled")
    center = instance.find("dataCenterInfo")
    if center is not None:
        found[f"{PREFIX}_datacenterinfo_name"] = center.findtext("name")
    metadata = instance.find("metadata")
    for entry in [] if metadata is None else metadata:
        found[f"{PREFIX}_metadata_{sanitize(entry.tag)}"] = entry.text
    source = f"{name}/{instance.findtext('instanceId') or hostname}"
    return TargetGroup(source, [host_port(hostname, number)], labels(found))
