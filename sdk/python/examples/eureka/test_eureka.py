import unittest

from eureka import Eureka
from narthex_sdk import Full, PluginError, Unchanged
from narthex_sdk.testing import FakeHost, answer

APPS = """<applications>
  <application>
    <name>META-SERVICE</name>
    <instance>
      <instanceId>meta-1</instanceId>
      <hostName>meta001.example</hostName>
      <ipAddr>192.0.2.1</ipAddr>
      <status>UP</status>
      <port enabled="true">8080</port>
      <securePort enabled="false">443</securePort>
      <dataCenterInfo><name>MyOwn</name></dataCenterInfo>
      <metadata><management.port>8090</management.port></metadata>
    </instance>
  </application>
</applications>"""

CONFIG = {"server": "http://eureka:8761/eureka/v2/"}


def host(body: str = APPS) -> FakeHost:
    return FakeHost().http("http://eureka:8761/eureka/v2/apps", answer(200, body))


class EurekaTest(unittest.TestCase):
    def test_an_instance_becomes_a_target(self) -> None:
        change = host().refresh(Eureka(), CONFIG).change
        assert isinstance(change, Full)
        (group,) = change.groups
        self.assertEqual((group.source, group.targets), ("META-SERVICE/meta-1", ["meta001.example:8080"]))
        self.assertEqual(group.labels["__meta_eureka_app_name"], "META-SERVICE")
        self.assertEqual(group.labels["__meta_eureka_app_instance_secure_port_enabled"], "false")
        self.assertEqual(group.labels["__meta_eureka_app_instance_datacenterinfo_name"], "MyOwn")
        self.assertEqual(group.labels["__meta_eureka_app_instance_metadata_management_port"], "8090")
        self.assertNotIn("__meta_eureka_app_instance_country_id", group.labels)

    def test_the_same_answer_is_no_change_and_another_one_is(self) -> None:
        cursor = host().refresh(Eureka(), CONFIG).cursor
        self.assertIsInstance(host().refresh(Eureka(), CONFIG, cursor).change, Unchanged)
        self.assertEqual(host("<applications/>").refresh(Eureka(), CONFIG, cursor).change, Full([]))

    def test_half_an_answer_keeps_the_targets_by_an_error(self) -> None:
        with self.assertRaisesRegex(PluginError, "read the list of applications"):
            host(APPS[:200]).refresh(Eureka(), CONFIG)

    def test_a_server_without_a_scheme_is_refused(self) -> None:
        with self.assertRaises(PluginError) as raised:
            FakeHost().validate(Eureka(), {"server": "eureka:8761"})
        self.assertEqual(raised.exception.kind, "config")


if __name__ == "__main__":
    unittest.main()
