import assert from "node:assert/strict";
import { test } from "node:test";

import { Histogram, Metrics } from "@narthex/sdk";

test("families are sorted, contiguous and typed", () => {
  const metrics = new Metrics();
  metrics.counter("b_total", "Second.").sample({ x: "1" }, 2);
  metrics.gauge("a", "First.").set(0.5);
  metrics.counter("b_total", "Ignored.").sample({ x: "2" }, 1e21);
  metrics.gauge("empty", "Without samples it says nothing.");
  assert.equal(
    metrics.text().text(),
    '# HELP a First.\n# TYPE a gauge\na 0.5\n# HELP b_total Second.\n# TYPE b_total counter\nb_total{x="1"} 2\nb_total{x="2"} 1e+21\n',
  );
});

test("whatever names and values come in, the text is well-formed", () => {
  const metrics = new Metrics();
  metrics.untyped("1 bad-name", 'a\nb\\c"d').sample({ "bad-label": 'x"\n\\' }, Infinity).sample({ "": "y" }, NaN);
  assert.equal(
    metrics.text().text(),
    '# HELP _1_bad_name a\\nb\\\\c"d\n# TYPE _1_bad_name untyped\n_1_bad_name{bad_label="x\\"\\n\\\\"} +Inf\n_1_bad_name{_="y"} NaN\n',
  );
});

test("a histogram has cumulative buckets", () => {
  const histogram = new Histogram([1, 0.5, 1, Infinity]);
  [0.2, 0.7, 3].forEach((value) => histogram.observe(value));
  const metrics = new Metrics();
  metrics.histogram("h", "").histogram({ a: "b" }, histogram);
  assert.deepEqual(metrics.text().text().split("\n").slice(2, -1), [
    'h_bucket{a="b",le="0.5"} 1',
    'h_bucket{a="b",le="1.0"} 2',
    'h_bucket{a="b",le="+Inf"} 3',
    'h_sum{a="b"} 3.9',
    'h_count{a="b"} 3',
  ]);
});

test("a summary has the quantiles of the other side", () => {
  const metrics = new Metrics();
  metrics.summary("took_seconds", "Took.").summary({ q: "x" }, [[0.5, 2], [1, 7]], 9.9, 3);
  const lines = [
    "# HELP took_seconds Took.",
    "# TYPE took_seconds summary",
    'took_seconds{q="x",quantile="0.5"} 2',
    'took_seconds{q="x",quantile="1.0"} 7',
    'took_seconds_sum{q="x"} 9.9',
    'took_seconds_count{q="x"} 3',
  ];
  assert.equal(metrics.text().text(), `${lines.join("\n")}\n`);
  assert.equal(metrics.openMetrics().text(), `${lines.join("\n")}\n# EOF\n`);
});

test("OpenMetrics has units, and counters by their suffix alone", () => {
  const metrics = new Metrics();
  metrics.counter("read_bytes_total", "Read.").unit("bytes").set(1);
  metrics.counter("odd", "Odd.").unit("bytes").set(2);
  assert.equal(
    metrics.openMetrics().text(),
    "# HELP odd Odd.\n# TYPE odd unknown\nodd 2\n# HELP read_bytes Read.\n# TYPE read_bytes counter\n# UNIT read_bytes bytes\nread_bytes_total 1\n# EOF\n",
  );
});
