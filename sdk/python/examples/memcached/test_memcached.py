import unittest

from memcached import Memcached
from narthex_sdk import PluginError, Target
from narthex_sdk.testing import FakeHost

TARGET = Target("cache:11211")


def lines(pieces: list[bytes]) -> list[str]:
    text = FakeHost().tcp("cache:11211", pieces).collect(Memcached(), {}, TARGET).text()
    return [line for line in text.splitlines() if not line.startswith("#")]


class MemcachedTest(unittest.TestCase):
    def test_statistics_become_metrics(self) -> None:
        # An answer comes in pieces as the network likes them.
        answer = [b"STAT uptime 12\r\nSTAT get_hi", b"ts 5\r\nSTAT get_misses 2\r\nSTAT cmd_set 3\r\n", b"STAT version 1.6.18\r\nEND\r\n"]
        expected = [
            'memcached_commands_total{command="get",status="hits"} 5',
            'memcached_commands_total{command="get",status="misses"} 2',
            'memcached_commands_total{command="set",status="hits"} 3',
            "memcached_uptime_seconds 12",
            'memcached_version_info{version="1.6.18"} 1',
        ]
        self.assertEqual(lines(answer), expected)

    def test_what_is_asked(self) -> None:
        host = FakeHost().tcp("cache:11211", [b"END\r\n"])
        host.collect(Memcached(), {}, TARGET)
        self.assertEqual(host.sent, b"stats\r\n")

    def test_another_protocol_is_told(self) -> None:
        with self.assertRaisesRegex(PluginError, "answered 'HTTP/1.1 400 Bad Request' to stats"):
            lines([b"HTTP/1.1 400 Bad Request\r\n"])

    def test_a_target_without_port_is_told(self) -> None:
        with self.assertRaisesRegex(PluginError, "has no port"):
            FakeHost().collect(Memcached(), {}, Target("cache"))


if __name__ == "__main__":
    unittest.main()
