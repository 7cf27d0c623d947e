import json
import unittest

from matrix import Matrix
from narthex_sdk import PluginError, Receipt
from narthex_sdk.testing import FakeHost, alert_group, answer

SERVER = "https://matrix.example"
CONFIG = {"homeserver": SERVER, "room": "!abc:matrix.example", "access_token": "syt_1"}


class MatrixTest(unittest.TestCase):
    def test_a_group_is_told_under_its_idempotency_key(self) -> None:
        host = FakeHost().http_json(SERVER, {"event_id": "$1"})
        receipt = host.notify(Matrix(), CONFIG, alert_group(idempotency_key="k/1", attempt=2))
        self.assertEqual(receipt, Receipt("$1", "room !abc:matrix.example"))
        (request,) = host.requests
        path = "/_matrix/client/v3/rooms/%21abc%3Amatrix.example/send/m.room.message/k%2F1"
        self.assertEqual((request.method, request.url), ("PUT", SERVER + path))
        self.assertIn(("authorization", "Bearer syt_1"), request.headers)
        said = json.loads(request.body)
        self.assertEqual((said["msgtype"], said["body"]), ("m.text", "[FIRING 1] Down\ndb is down"))

    def test_labels_of_alerts_are_no_markup(self) -> None:
        group = alert_group()
        group.alerts[0].labels["path"] = "<b>"
        host = FakeHost().http_json(SERVER, {})
        host.notify(Matrix(), CONFIG, group)
        self.assertIn("path=&lt;b&gt;", json.loads(host.requests[0].body)["formatted_body"])

    def test_a_server_that_is_busy_is_asked_again_and_one_that_refuses_is_not(self) -> None:
        for status, kind, retryable in [(429, "rate-limited", True), (502, "protocol", True), (403, "protocol", False)]:
            with self.subTest(status), self.assertRaises(PluginError) as raised:
                FakeHost().http(SERVER, answer(status)).notify(Matrix(), CONFIG, alert_group())
            self.assertEqual((raised.exception.kind, raised.exception.retryable), (kind, retryable))

    def test_an_alias_is_no_room(self) -> None:
        with self.assertRaisesRegex(PluginError, "room: must be an id"):
            FakeHost().validate(Matrix(), CONFIG | {"room": "#ops:matrix.example"})


if __name__ == "__main__":
    unittest.main()
