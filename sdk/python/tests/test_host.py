import unittest

from narthex_sdk import (
    Delta,
    Discovery,
    Exporter,
    Exposition,
    Full,
    Metrics,
    PluginError,
    Refreshed,
    Target,
    clock,
    dns,
    files,
    http,
    kv,
    log,
)
from narthex_sdk.plugin import Config
from narthex_sdk.tcp import Connection
from narthex_sdk.testing import FakeHost, answer


class Answering(Discovery):
    name, version, description = "t", "1.0.0", ""

    def __init__(self, refreshed: Refreshed) -> None:
        self.refreshed = refreshed

    def refresh(self, config: Config, cursor: str | None, wait_ms: int) -> Refreshed:
        return self.refreshed


class Configured(Exporter):
    name, version, description = "t", "1.0.0", ""
    schema = {"properties": {"path": {"default": "/"}, "tls": {"default": {}, "properties": {"on": {"default": True}}}}}

    def collect(self, config: Config, target: Target) -> Exposition:
        log.info("asked", path=config["path"])
        metrics = Metrics()
        metrics.gauge("on", "").set(config["tls"]["on"])
        return metrics.text()


class HostTest(unittest.TestCase):
    def test_what_a_test_does_not_provide_is_not_granted(self) -> None:
        asking = [
            lambda: http.get("http://x/"),
            lambda: files.read("proc", "stat"),
            lambda: dns.lookup("x", "A"),
            lambda: Connection("x", 1, 100),
        ]
        for ask in asking:
            with FakeHost().running(), self.assertRaises(PluginError) as raised:
                ask()
            self.assertTrue(raised.exception.is_denied)

    def test_outside_of_a_host_asking_says_what_to_do(self) -> None:
        with self.assertRaisesRegex(PluginError, "call the plugin through a FakeHost"):
            clock.now_ms()

    def test_files_are_listed_by_directory_and_a_missing_one_is_told_as_such(self) -> None:
        host = FakeHost().file("sys", "net/eth0/mtu", "1500\n").link("sys", "net/lo", "../lo")
        with host.running():
            found = [(entry.name, entry.kind) for entry in files.entries("sys", "net")]
            self.assertEqual(found, [("eth0", "directory"), ("lo", "symlink")])
            self.assertEqual(files.read_text("sys", "net/eth0/mtu"), "1500\n")
            with self.assertRaises(PluginError) as raised:
                files.read("sys", "net/eth1/mtu")
        self.assertTrue(raised.exception.is_not_found)

    def test_many_requests_are_answered_in_order_failures_among_them(self) -> None:
        host = FakeHost().http("http://a/", answer(200, "1")).http("http://b/", PluginError.timeout("late"))
        requests = [http.request("GET", "http://b/"), http.request("GET", "http://a/", body_bytes_max=0)]
        with host.running():
            late, cut = http.send_all(requests)
        assert isinstance(late, PluginError) and isinstance(cut, http.Response)
        self.assertTrue(late.retryable and cut.truncated)

    def test_keys_vanish_after_their_time_and_are_exchanged_in_one_step(self) -> None:
        host = FakeHost()
        with host.running():
            kv.put("a", b"1", ttl_ms=1_000)
            self.assertEqual(kv.get("a"), b"1")
            clock.sleep_ms(1_000)
            self.assertIsNone(kv.get("a"))
            self.assertTrue(kv.compare_and_set("b", None, b"1"))
            self.assertFalse(kv.compare_and_set("b", b"2", b"3"))
            self.assertEqual(kv.keys(""), ["b"])
        self.assertEqual(host.slept_ms, 1_000)

    def test_a_connection_reads_until_its_peer_closes_and_no_more_than_it_may(self) -> None:
        host = FakeHost().tcp("x:1", [b"ab", b"cd"])
        with host.running():
            with Connection("x", 1, 100) as connection:
                connection.write_all(b"hello")
                self.assertEqual(connection.read_to_end(4), b"abcd")
            with Connection("x", 1, 100) as connection, self.assertRaises(PluginError) as raised:
                connection.read_until(b"\n", 3)
        self.assertEqual((host.sent, raised.exception.kind), (b"hello", "exhausted"))

    def test_a_server_is_watched(self) -> None:
        host = FakeHost().http("https://x/", answer(301, "gone")).certificates([b"0"])
        with host.running():
            probed = http.probe(http.request("GET", "https://x/"), {"ip": "6,4", "server-name": "y"})
        self.assertEqual((probed.response.status, probed.certificates), (301, [b"0"]))
        known = {"address", "resolve-ns", "connect-ns", "tls-ns", "tls-version", "http-version", "body-bytes"}
        self.assertLessEqual(known, probed.facts.keys())
        self.assertEqual(host.options, [("ip", "6,4"), ("server-name", "y")])

    def test_a_connection_with_options_tells_how_it_came_and_certificates_only_with_tls(self) -> None:
        host = FakeHost().tcp("x:1", [b"ab"]).certificates([b"0"])
        with host.running(), Connection.open_with("x", 1, {"ip": "4"}, 100) as plain:
            self.assertEqual((plain.certificates(), plain.facts().get("tls-version")), ([], None))
            self.assertEqual(plain.facts()["connect-ns"], "1000000")
            plain.start_tls()
            self.assertEqual(plain.certificates(), [b"0"])
            self.assertEqual(Connection.open_with("x", 1, {"tls": "default"}, 100).facts()["tls-version"], "TLS 1.3")

    def test_a_nameserver_is_asked_once_and_is_a_grant_of_its_own(self) -> None:
        host = FakeHost().name_server("ns:53", lambda query: query[::-1])
        with host.running():
            exchanged = dns.exchange("ns", 53, b"ab", {"ip": "4"})
            self.assertEqual((exchanged.message, exchanged.facts["address"]), (b"ba", "ns:53"))
            with self.assertRaises(PluginError) as raised:
                dns.exchange("other", 53, b"ab")
        self.assertTrue(raised.exception.is_denied)

    def test_the_time_of_a_change_and_the_discipline_of_the_clock_are_told(self) -> None:
        host = FakeHost().file("sys", "a", "1").modified("sys", "a", 1_767_225_600_000_000_001)
        with host.running():
            self.assertEqual(files.modified("sys", "a"), 1_767_225_600_000_000_001)
            with self.assertRaises(PluginError) as missing:
                files.modified("sys", "b")
            with self.assertRaises(PluginError) as unkept:
                clock.discipline()
        self.assertEqual((missing.exception.errno, unkept.exception.errno), ("ENOENT", "ENOSYS"))
        with host.discipline({"state": 0, "tick": 10_000}).running():
            self.assertEqual(clock.discipline(), {"state": "0", "tick": "10000"})

    def test_absent_properties_have_the_defaults_of_the_schema(self) -> None:
        host = FakeHost()
        for config in ({"tls": {}}, {}):
            self.assertIn("\non 1\n", host.collect(Configured(), config).text())
        self.assertEqual(host.logs[0].fields, {"path": "/"})

    def test_answers_of_discoveries_that_the_host_would_refuse_are_refused(self) -> None:
        refused = {
            "differences, where everything was asked for": Refreshed(Delta([], [])),
            "a cursor of more than 64 KiB": Refreshed(Full([]), cursor="x" * ((64 << 10) + 1)),
            "more follows, and there is no cursor": Refreshed(Full([]), more=True),
        }
        for why, refreshed in refused.items():
            with self.subTest(why), self.assertRaisesRegex(PluginError, why):
                FakeHost().refresh(Answering(refreshed))
        FakeHost().refresh(Answering(Refreshed(Full([]), cursor="1", more=True)))


if __name__ == "__main__":
    unittest.main()
