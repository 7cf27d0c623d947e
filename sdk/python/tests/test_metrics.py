import unittest

from narthex_sdk import Histogram, Metrics


class MetricsTest(unittest.TestCase):
    def test_families_are_sorted_contiguous_and_typed(self) -> None:
        metrics = Metrics()
        metrics.counter("b_total", "Second.").sample({"x": "1"}, 2)
        metrics.gauge("a", "First.").set(0.5)
        metrics.counter("b_total", "Ignored.").sample({"x": "2"}, 1e21)
        metrics.gauge("empty", "Without samples it says nothing.")
        expected = (
            "# HELP a First.\n# TYPE a gauge\na 0.5\n"
            '# HELP b_total Second.\n# TYPE b_total counter\nb_total{x="1"} 2\nb_total{x="2"} 1e+21\n'
        )
        self.assertEqual(metrics.text().text(), expected)

    def test_whatever_names_and_values_come_in_the_text_is_well_formed(self) -> None:
        metrics = Metrics()
        family = metrics.untyped("1 bad-name", 'a\nb\\c"d')
        family.sample({"bad-label": 'x"\n\\'}, float("inf")).sample({"": "y"}, float("nan")).set(True)
        lines = metrics.text().text().splitlines()
        expected = [
            r'# HELP _1_bad_name a\nb\\c"d',
            "# TYPE _1_bad_name untyped",
            r'_1_bad_name{bad_label="x\"\n\\"} +Inf',
            '_1_bad_name{_="y"} NaN',
            "_1_bad_name 1",
        ]
        self.assertEqual(lines, expected)

    def test_a_histogram_has_cumulative_buckets(self) -> None:
        histogram = Histogram([1, 0.5, 1, float("inf")])
        for value in (0.2, 0.7, 3):
            histogram.observe(value)
        metrics = Metrics()
        metrics.histogram("h", "").histogram({"a": "b"}, histogram)
        expected = [
            'h_bucket{a="b",le="0.5"} 1',
            'h_bucket{a="b",le="1.0"} 2',
            'h_bucket{a="b",le="+Inf"} 3',
            'h_sum{a="b"} 3.9',
            'h_count{a="b"} 3',
        ]
        self.assertEqual(metrics.text().text().splitlines()[2:], expected)

    def test_a_summary_has_the_quantiles_of_the_other_side(self) -> None:
        metrics = Metrics()
        metrics.summary("took_seconds", "Took.").summary({"q": "x"}, {0.5: 2, 1: 7}, 9.9, 3)
        expected = (
            "# HELP took_seconds Took.\n# TYPE took_seconds summary\n"
            'took_seconds{q="x",quantile="0.5"} 2\ntook_seconds{q="x",quantile="1.0"} 7\n'
            'took_seconds_sum{q="x"} 9.9\ntook_seconds_count{q="x"} 3\n'
        )
        self.assertEqual(metrics.text().text(), expected)
        self.assertEqual(metrics.open_metrics().text(), expected + "# EOF\n")

    def test_open_metrics_has_units_and_counters_by_their_suffix_alone(self) -> None:
        metrics = Metrics()
        metrics.counter("read_bytes_total", "Read.").unit("bytes").set(1)
        metrics.counter("odd", "Odd.").unit("bytes").set(2)
        expected = (
            "# HELP odd Odd.\n# TYPE odd unknown\nodd 2\n"
            "# HELP read_bytes Read.\n# TYPE read_bytes counter\n# UNIT read_bytes bytes\nread_bytes_total 1\n# EOF\n"
        )
        self.assertEqual(metrics.open_metrics().text(), expected)


if __name__ == "__main__":
    unittest.main()
