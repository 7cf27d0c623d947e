/**
 * Asks Grafana's own library how it writes values, reduces series, chooses steps and transforms, and keeps the answers
 * for the tests of src/dashboards/values and src/dashboards/data. Needs @grafana/data and jsdom in some folder, not here:
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

const inputs = {
  series: [
    { refId: "A", name: "web-1", labels: { host: "a", job: "web" }, times: [0, 1000, 2000], values: [1, 5, 3] },
    { refId: "A", name: "web-2", labels: { host: "b", job: "web" }, times: [0, 1000], values: [7, 9] },
    { refId: "B", name: "load", labels: { host: "a" }, times: [1000, 3000], values: [0.5, 0.25] },
  ],
  tables: [
    { refId: "A", columns: [["Time", "time", [0, 0, 0]], ["disk", "string", ["sda", "sdb", "sda"]], ["host", "string", ["x", "x", "y"]], ["Value #A", "number", [10, 30, 20]]] },
    { refId: "B", columns: [["Time", "time", [0, 0]], ["disk", "string", ["sda", "sda"]], ["host", "string", ["x", "y"]], ["Value #B", "number", [1, 2]]] },
  ],
};
const framesOf = {
  series: () =>
    inputs.series.map(({ refId, name, labels, times, values }) =>
      grafana.toDataFrame({
        refId,
        name,
        fields: [
          { name: "Time", type: "time", values: [...times], config: {} },
          { name: "Value", type: "number", labels, values: [...values], config: { displayNameFromDS: name } },
        ],
      }),
    ),
  tables: () =>
    inputs.tables.map(({ refId, columns }) =>
      grafana.toDataFrame({ refId, fields: columns.map(([name, type, values]) => ({ name, type, values: [...values], config: {} })) }),
    ),
};
const byName = (name) => ({ matcher: { id: "byName", options: name } });
const filter = (fieldName, id, options) => ({ fieldName, config: { id, options } });
const binary = (left, operator, right) => ["calculateField", { mode: "binary", binary: { left, operator, right } }];
const cases = [
  ["series", ["labelsToFields", {}], ["merge", {}]],
  ["series", ["labelsToFields", { keepLabels: ["host"] }], ["merge", {}]],
  ["series", ["labelsToFields", { valueLabel: "host" }], ["merge", {}]],
  ["series", ["reduce", { reducers: ["max", "lastNotNull"] }]],
  ["series", ["reduce", { reducers: ["mean"], labelsToFields: true }]],
  ["series", ["reduce", { reducers: ["max"], mode: "reduceFields" }]],
  ["series", ["reduce", { reducers: ["sum"] }], ["organize", { renameByName: { Field: "host", Total: "all" }, indexByName: { Total: 0, Field: 1 } }]],
  ["tables", ["reduce", { reducers: ["lastNotNull", "count"] }]],
  ["series", ["joinByField", { byField: "Time", mode: "outer" }]],
  ["series", ["joinByField", { byField: "Time", mode: "inner" }]],
  ["series", ["joinByField", {}]],
  ["tables", ["joinByField", { byField: "host", mode: "outer" }]],
  ["tables", ["joinByField", { byField: "host", mode: "outerTabular" }]],
  ["tables", ["joinByField", { byField: "host", mode: "inner" }]],
  ["series", ["seriesToRows", {}]],
  ["series", ["merge", {}]],
  ["tables", ["merge", {}]],
  ["series", ["filterFieldsByName", { include: { names: ["Time", "web-1"] } }]],
  ["series", ["filterFieldsByName", { include: { pattern: "/web/" } }]],
  ["series", ["filterFieldsByName", { exclude: { names: ["web-1"] } }]],
  ["series", ["filterByRefId", { include: "B" }]],
  ...["include", "exclude"].flatMap((type) =>
    ["any", "all"].flatMap((match) => [
      ["tables", ["filterByValue", { type, match, filters: [filter("host", "equal", { value: "x" }), filter("Value #A", "greater", { value: 15 })] }]],
      ["series", ["filterByValue", { type, match, filters: [filter("web-1", "greaterOrEqual", { value: 3 })] }]],
    ]),
  ),
  ...[
    ["equal", { value: "20" }], ["notEqual", { value: 20 }], ["lower", { value: 20 }], ["lowerOrEqual", { value: 20 }], ["isNull", {}],
    ["isNotNull", {}], ["between", { from: 10, to: 30 }],
  ].map(([id, options]) => ["tables", ["filterByValue", { type: "include", match: "any", filters: [filter("Value #A", id, options)] }]]),
  ...[["regex", { value: "a$" }], ["substring", { value: "DA" }], ["notSubstring", { value: "sda" }]].map(([id, options]) => [
    "tables", ["filterByValue", { type: "include", match: "any", filters: [filter("disk", id, options)] }],
  ]),
  ["tables", ["groupBy", { fields: { host: { operation: "groupby" }, "Value #A": { operation: "aggregate", aggregations: ["sum", "count", "lastNotNull"] } } }]],
  ["series", ["sortBy", { sort: [{ field: "Time", desc: true }] }]],
  ["tables", ["sortBy", { sort: [{ field: "host", desc: true }] }]],
  ["series", ["limit", { limitField: 1 }]],
  ["series", ["calculateField", { mode: "reduceRow", reduce: { reducer: "sum" } }]],
  ["series", ["calculateField", { mode: "reduceRow", reduce: { reducer: "max", include: ["web-1", "web-2"] }, alias: "top", replaceFields: true }]],
  ["series", binary("web-1", "+", "web-2")],
  ["series", binary(byName("web-1"), "-", byName("load"))],
  ["series", ["calculateField", { mode: "binary", alias: "double", replaceFields: true, binary: { left: "web-1", operator: "*", right: "2" } }]],
  ["series", binary({ matcher: { id: "byType", options: "number" } }, "/", { fixed: "2" })],
  ["series", ["calculateField", { mode: "unary", unary: { operator: "abs", fieldName: "web-1" } }]],
  ["series", ["calculateField", { mode: "index" }]],
  ["series", ["calculateField", { mode: "cumulativeFunctions", cumulative: { field: "web-1", reducer: "sum" } }]],
  ["tables", ["filterByRefId", { include: "A" }], ["groupingToMatrix", { rowField: "host", columnField: "disk", valueField: "Value #A", emptyValue: "null" }]],
  ["tables", ["convertFieldType", { conversions: [{ targetField: "Value #A", destinationType: "string" }] }]],
  ["tables", ["convertFieldType", { conversions: [{ targetField: "disk", destinationType: "number" }] }]],
  ...["trailing", "centered"].flatMap((windowAlignment) =>
    [["mean", "fixed", 2], ["stdDev", "fixed", 3], ["variance", "percentage", 0.5]].map(([reducer, windowSizeMode, windowSize]) => [
      "series", ["filterByRefId", { include: "A" }], ["limit", { limitField: 2 }],
      ["calculateField", { mode: "windowFunctions", window: { field: "web-1", reducer, windowAlignment, windowSizeMode, windowSize } }],
    ]),
  ),
  ["series", ["renameByRegex", { regex: "web-(.*)", renamePattern: "node $1" }]],
  ["series", ["organize", { renameByName: { "web-1": "one" }, excludeByName: { load: true } }]],
];
const { lastValueFrom } = require("rxjs");
const known = new Map(Object.values(grafana.standardTransformers).map((each) => [each.id, each]));
grafana.standardTransformersRegistry.setInit(() => [...known.values()].map((each) => ({ id: each.id, name: each.name, transformation: async () => each })));
const transforms = [];
for (const [input, ...steps] of cases) {
  const frames = await lastValueFrom(grafana.transformDataFrame(steps.map(([id, options]) => ({ id, options })), framesOf[input]()));
  const cells = (values) => Array.from(values, plainCell);
  transforms.push({
    input,
    steps: steps.map(([id, options]) => ({ id, options })),
    tables: frames.map((frame) => frame.fields.map((field) => [grafana.getFieldDisplayName(field, frame, frames), field.type, cells(field.values)])),
  });
}
function plainCell(value) {
  return typeof value === "number" ? plain(value) : (value ?? null);
}

const READINGS = [
  { fields: "" },
  { calcs: ["count"], fields: "" },
  { values: true, fields: "" },
  { values: true, fields: "", limit: 1 },
  { fields: "/^disk$/" },
  { calcs: ["firstNotNull"], fields: "host" },
  { values: true, fields: "/^disk$/" },
  { values: true, fields: "Value #A" },
  { fields: "/o/" },
];
const replaceVariables = (text) => text;
const readings = Object.keys(framesOf).flatMap((input) =>
  READINGS.map((json) => {
    const fieldConfig = { defaults: {}, overrides: [] };
    const fieldConfigRegistry = new grafana.FieldConfigOptionsRegistry();
    const data = grafana.applyFieldOverrides({ data: framesOf[input](), fieldConfig, theme, replaceVariables, timeZone: "utc", fieldConfigRegistry });
    const reduceOptions = { calcs: ["lastNotNull"], values: false, ...json };
    const shown = grafana.getFieldDisplayValues({ data, fieldConfig, replaceVariables, theme, reduceOptions, timeZone: "utc" });
    // Where nothing is picked, Grafana has one value that says so.
    return [input, reduceOptions, shown.filter((each) => each.display.title !== undefined).map((each) => [each.display.title, join3(each.display)])];
  }),
);
const beside = fileURLToPath(new URL("../src/dashboards/data/transforms.json", import.meta.url));
writeFileSync(beside, `{\n"series": ${lines(inputs.series)},\n"tables": ${lines(inputs.tables)},\n"cases": ${lines(transforms)},\n"readings": ${lines(readings)}\n}\n`);
