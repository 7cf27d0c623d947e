import unittest

from narthex_sdk import PluginError, duration_ms


class DurationTest(unittest.TestCase):
    def test_durations_are_read_as_prometheus_writes_them(self) -> None:
        known = {"0": 0, "250ms": 250, "5m": 300_000, "1h30m": 5_400_000, "1y2w3d": 33_004_800_000}
        self.assertEqual({text: duration_ms(text) for text in known}, known)

    def test_what_is_no_duration_is_refused_by_its_key(self) -> None:
        for text in ("", "5", "s", "1m1h", "1m1m", "1.5s", "-1s", "1s\n"):
            with self.subTest(text), self.assertRaisesRegex(PluginError, "^wait: "):
                duration_ms(text, "wait")


if __name__ == "__main__":
    unittest.main()
