/**
 * Asks Grafana's own library how it writes values, reduces series and chooses steps, and keeps the answers
 * for the tests of src/dashboards/values. Needs @grafana/data and jsdom in some folder, not here:
 *   npm i --prefix DIR @grafana/data@13.2.3 jsdom@24 react@18 react-dom@18 rxjs
 *   TZ=UTC node dev/grafana-vectors.mjs DIR
 */
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const [dir = "."] = process.argv.slice(2);
const require = createRequire(join(resolve(dir), "package.json"));
const { window } = new (require("jsdom").JSDOM)("", { url: "http://localhost/" });
Object.assign(globalThis, { window, document: window.document, localStorage: window.localStorage });
Object.defineProperty(globalThis, "navigator", { value: window.navigator, configurable: true });
const grafana = require("@grafana/data");

const EVERY_UNIT = [0, 1, 1.5, -42, 1234567.891, 0.00123];
const USUAL = [
  "none", "short", "bytes", "decbytes", "bits", "decbits", "binBps", "Bps", "bps", "pps", "ops", "reqps", "iops", "eps",
  "percent", "percentunit", "ns", "µs", "ms", "s", "m", "h", "d", "hertz", "celsius", "rotrpm", "watt", "volt", "currencyUSD",
  "dtdurations", "dthms", "dtdhms", "clocks", "suffix:apples", "prefix:~", "si:mV", "count:tasks", "bool:on/off", "furlongs",
];
const USUAL_VALUES = [0, 0.5, -0.25, 2.3, 9.99, 59.9, 60, 100, 999.999, 1000, 1024, 3599, 3600, 86400, 123456, 1e6, 31536000, 1e9, 1.5e12, 7e-7];
// Instants depend on the zone and on today, and are ours; the locale's are the machine's.
const OWN = /^(dateTime|locale$)/;

const join3 = ({ prefix = "", text, suffix = "" }) => `${prefix}${text}${suffix}`;
const ids = grafana.getValueFormats().flatMap((group) => group.submenu.map((each) => each.value)).filter((id) => !OWN.test(id));
const units = ids.flatMap((id) => EVERY_UNIT.map((value) => [id, value, null, join3(grafana.getValueFormat(id)(value))]));
for (const id of USUAL) {
  for (const value of USUAL_VALUES) {
    for (const decimals of [null, 0, 2]) units.push([id, value, decimals, join3(grafana.getValueFormat(id)(value, decimals ?? undefined))]);
  }
}

let seed = 1;
const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
const series = [[], [null], [1], [null, 2, null], [3, 1, 2], [0, 0, 0], [NaN, 5, null, 4], [1, 2, 3, 1, 2, 9]];
for (let length = 4; length < 40; length += 6) {
  series.push(Array.from({ length }, () => (random() < 0.15 ? null : Math.round(random() * 2000 - 500) / 8)));
}
const REDUCERS = [
  "lastNotNull", "last", "firstNotNull", "first", "min", "max", "mean", "median", "variance", "stdDev", "sum", "count",
  "range", "delta", "step", "diff", "diffperc", "logmin", "changeCount", "distinctCount", "p50", "p95",
];
const plain = (value) => (value === undefined || value === null ? null : Number.isFinite(value) ? value : String(value));
const reducers = series.map((values) => ({
  values: values.map(plain),
  results: Object.fromEntries(REDUCERS.map((id) => {
    const field = { name: "v", type: "number", config: { nullValueMode: "connected" }, values, state: null };
    return [id, plain(grafana.reduceField({ field, reducers: [id] })[id])];
  })),
}));

const intervals = [];
for (const rangeMs of [1000, 60e3, 300e3, 900e3, 3600e3, 3 * 3600e3, 6 * 3600e3, 86400e3, 7 * 86400e3, 30 * 86400e3, 365 * 86400e3]) {
  for (const points of [50, 100, 437, 1000, 1500]) {
    for (const low of ["1s", "15s", "1m"]) {
      const range = { from: grafana.dateTime(0), to: grafana.dateTime(rangeMs) };
      intervals.push([rangeMs, points, low, grafana.rangeUtil.calculateInterval(range, points, low).intervalMs]);
    }
  }
}

const theme = grafana.createTheme();
const COLORS = ["#00ff00", "#ffff00", "#ff0000"];
const steps = [{ value: -Infinity, color: COLORS[0] }, { value: 50, color: COLORS[1] }, { value: 90, color: COLORS[2] }];
const mappings = [
  { type: "value", options: { 0: { text: "Down", color: "#ff00ff" }, 7: { color: "#0000ff" } } },
  { type: "range", options: { from: 20, to: 30, result: { text: "Twenties" } } },
  { type: "special", options: { match: "null", result: { text: "N/A" } } },
  { type: "special", options: { match: "nan", result: { text: "Not a number" } } },
];
const configs = [
  { unit: "percent", thresholds: { mode: "absolute", steps } },
  { unit: "bytes", decimals: 1, min: 0, max: 1000, thresholds: { mode: "percentage", steps } },
  { unit: "short", mappings, thresholds: { mode: "absolute", steps } },
  { unit: "s", noValue: "none yet", thresholds: { mode: "absolute", steps } },
];
const displays = configs.map((config) => {
  const values = [null, NaN, 0, 7, 25, 49.9, 50, 89, 90, 500, 900, 5000];
  const field = { name: "v", type: "number", config: { ...config, color: { mode: "thresholds" } }, values };
  const display = grafana.getDisplayProcessor({ field, theme });
  const json = { ...config, thresholds: { ...config.thresholds, steps: steps.map(({ value, color }) => ({ color, value: plain(value) === "-Infinity" ? null : value })) } };
  return { config: json, shown: values.map((value) => [plain(value), join3(display(value)), display(value).color]) };
});

const target = fileURLToPath(new URL("../src/dashboards/values/vectors.json", import.meta.url));
const lines = (list) => `[\n${list.map((each) => JSON.stringify(each)).join(",\n")}\n]`;
writeFileSync(target, `{\n"units": ${lines(units)},\n"reducers": ${lines(reducers)},\n"intervals": ${lines(intervals)},\n"displays": ${lines(displays)}\n}\n`);
