import unittest

from narthex_sdk import Full, PluginError, TargetGroup
from narthex_sdk.testing import FakeHost, answer

from plugin import {{Type}}

URL = "http://inventory/list"


class {{Type}}Test(unittest.TestCase):
    def test_a_line_is_a_target(self) -> None:
        host = FakeHost().http(URL, answer(200, "a:80\n\nb:80\n"))
        group = TargetGroup(URL, ["a:80", "b:80"], {"__meta_{{module}}_url": URL})
        self.assertEqual(host.refresh({{Type}}(), {"url": URL}).change, Full([group]))

    def test_a_failure_is_no_empty_list(self) -> None:
        with self.assertRaises(PluginError):
            FakeHost().http(URL, answer(503)).refresh({{Type}}(), {"url": URL})

    def test_a_url_has_its_scheme(self) -> None:
        with self.assertRaises(PluginError):
            FakeHost().validate({{Type}}(), {"url": "inventory/list"})


if __name__ == "__main__":
    unittest.main()
