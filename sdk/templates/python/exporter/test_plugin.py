import unittest

from narthex_sdk import PluginError
from narthex_sdk.testing import FakeHost, answer

from plugin import {{Type}}


class {{Type}}Test(unittest.TestCase):
    def test_status_and_size_of_the_page_are_told(self) -> None:
        host = FakeHost().http("http://localhost/about", answer(200, "hello\n"))
        text = host.collect({{Type}}(), {"path": "/about"}).text()
        samples = [line for line in text.splitlines() if not line.startswith("#")]
        self.assertEqual(samples, ["{{module}}_http_status 200", "{{module}}_page_bytes 6"])

    def test_a_path_begins_with_a_slash(self) -> None:
        self.assertEqual(FakeHost().validate({{Type}}(), {"path": "/about"}), [])
        with self.assertRaises(PluginError):
            FakeHost().validate({{Type}}(), {"path": "about"})


if __name__ == "__main__":
    unittest.main()
