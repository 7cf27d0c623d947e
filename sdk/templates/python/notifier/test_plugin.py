import json
import unittest

from narthex_sdk import PluginError, Receipt
from narthex_sdk.testing import FakeHost, alert_group, answer

from plugin import {{Type}}

URL = "http://receiver/hook"


class {{Type}}Test(unittest.TestCase):
    def test_alerts_are_posted(self) -> None:
        host = FakeHost().http(URL, answer(200))
        self.assertEqual(host.notify({{Type}}(), {"url": URL}, alert_group()), Receipt(note="status 200"))
        alert = {"status": "firing", "labels": {"alertname": "Down"}, "annotations": {"summary": "db is down"}}
        expected = {"status": "firing", "receiver": "team", "alerts": [alert]}
        self.assertEqual(json.loads(host.requests[0].body), expected)

    def test_a_receiver_that_is_busy_is_asked_again_and_one_that_refuses_is_not(self) -> None:
        for status, retryable in [(503, True), (429, True), (400, False)]:
            with self.subTest(status), self.assertRaises(PluginError) as raised:
                FakeHost().http(URL, answer(status)).notify({{Type}}(), {"url": URL}, alert_group())
            self.assertEqual(raised.exception.retryable, retryable)


if __name__ == "__main__":
    unittest.main()
