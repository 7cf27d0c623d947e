import { expect, it } from "vitest";
import { readingsOf } from "../panels/readings";
import { readPanel } from "../read/panel";
import { joinFormatted } from "../values/units";
import { drawnOf } from "./drawn";
import { fieldsOf } from "./fields";
import type { Series } from "./series";
import vectors from "./transforms.json";

const SCHEME = { isDark: false, text: "#000000", surface: "#ffffff" };
const PLACE = { x: 0, y: 0, w: 12, h: 8 };

function series(refId: string, name: string, labels: Record<string, string>, samples: [number, number][], isTable = false): Series {
  return { refId, name, labels, times: samples.map(([time]) => time), values: samples.map(([, value]) => value), stepMs: 1000, isTable };
}

const WEB = [
  series("A", "used", { host: "a" }, [[0, 30], [1000, 50]]),
  series("B", "size", { host: "a" }, [[0, 100], [1000, 200], [2000, 400]]),
];
const BUILDS = [
  series("A", "{version=\"1.2\"}", { version: "1.2", host: "a" }, [[0, 3]], true),
  series("A", "{version=\"1.3\"}", { version: "1.3", host: "b" }, [[0, 5]], true),
];

/** What a panel shows as single values: "title: text". */
function readings(json: object, all: readonly Series[]): string[] {
  const panel = readPanel(json as never, "1", PLACE);
  const fields = fieldsOf(panel, drawnOf(panel, all).series, new Map(), SCHEME);
  return readingsOf(panel.options, fields, { scheme: SCHEME, zone: "utc" })[0].map((each) => `${each.title}: ${joinFormatted(each.shown)}`);
}

it("draws the series as they came where nothing transforms them", () => {
  expect(drawnOf({ type: "timeseries", transformations: [] }, WEB).series).toEqual(WEB);
});

it("draws computed series over time, without the moments that have none", () => {
  const panel = readPanel({ type: "timeseries", transformations: [
    { id: "joinByField", options: { byField: "Time", mode: "outer" } },
    { id: "calculateField", options: { mode: "binary", alias: "share", replaceFields: true, binary: { left: "used", operator: "/", right: "size" } } },
  ] }, "1", PLACE);
  expect(drawnOf(panel, WEB)).toMatchObject({ unknown: [], series: [{ name: "share", times: [0, 1000], values: [0.3, 0.25], stepMs: 1000 }] });
});

it("keeps labels and the order of times, and leaves texts out of graphs", () => {
  const panel = readPanel({ type: "timeseries", transformations: [{ id: "labelsToFields" }, { id: "sortBy", options: { sort: [{ field: "Time", desc: true }] } }] }, "1", PLACE);
  expect(drawnOf(panel, WEB).series.map(({ name, times }) => [name, times])).toEqual([["used", [0, 1000]], ["size", [0, 1000, 2000]]]);
});

it("leaves nothing to draw over time where the times are gone", () => {
  const panel = readPanel({ type: "timeseries", transformations: [{ id: "reduce", options: { reducers: ["max"] } }] }, "1", PLACE);
  expect(drawnOf(panel, WEB).series).toEqual([]);
});

it("shows a value for each row, named by its texts", () => {
  const reduced = { type: "bargauge", transformations: [{ id: "reduce", options: { reducers: ["max"] } }], options: { reduceOptions: { values: true } } };
  expect(readings(reduced, WEB)).toEqual(["used: 50", "size: 400"]);
  expect(readings({ type: "piechart", options: { reduceOptions: { values: true } } }, BUILDS)).toEqual(["a 1.2: 3", "b 1.3: 5"]);
});

it("names rows by their own fields", () => {
  const named = (displayName: string) => ({ type: "bargauge", fieldConfig: { defaults: { displayName }, overrides: [] }, options: { reduceOptions: { values: true } } });
  expect(readings(named("on ${__data.fields.host} (${__data.fields[\"version\"]})"), BUILDS)).toEqual(["on a (1.2): 3", "on b (1.3): 5"]);
});

it("shows a text where a field of texts is named", () => {
  expect(readings({ type: "stat", options: { reduceOptions: { calcs: ["lastNotNull"], fields: "/^version$/" } } }, BUILDS)).toEqual(["version: 1.3"]);
  expect(readings({ type: "stat", options: { reduceOptions: { calcs: ["lastNotNull"], fields: "" } } }, BUILDS)).toEqual(["Value: 5"]);
});

it("sets fields by the names that transformations gave", () => {
  const json = {
    type: "stat",
    transformations: [{ id: "renameByRegex", options: { regex: "us(.*)", renamePattern: "in us$1" } }],
    fieldConfig: { defaults: {}, overrides: [{ matcher: { id: "byName", options: "in used" }, properties: [{ id: "unit", value: "percent" }] }] },
  };
  expect(readings(json, WEB)).toEqual(["in used: 50%", "size: 400"]);
});

it("gives each row of a field its own color of the palette", () => {
  const panel = readPanel({ type: "piechart", fieldConfig: { defaults: { color: { mode: "palette-classic" } }, overrides: [] }, options: { reduceOptions: { values: true } } }, "1", PLACE);
  const [shown] = readingsOf(panel.options, fieldsOf(panel, drawnOf(panel, BUILDS).series, new Map(), SCHEME), { scheme: SCHEME, zone: "utc" });
  expect(new Set(shown.map((each) => each.color)).size).toBe(2);
});

it.each(vectors.readings.map(([input, options, shown]) => [input, JSON.stringify(options), shown] as const))("shows of %s with %s what Grafana shows", (input, options, shown) => {
  const all: Record<string, Series[]> = {
    series: vectors.series.map((each) => ({ ...each, labels: each.labels as unknown as Record<string, string>, stepMs: 1000, isTable: false })),
    tables: vectors.tables.flatMap(({ refId, columns }) => {
      const cells = new Map(columns.map(([name, , values]) => [name as string, values as (string | number)[]]));
      return (cells.get("disk") ?? []).map((disk, row): Series => ({
        refId, name: "", labels: { disk: String(disk), host: String(cells.get("host")?.[row]) }, times: [0], values: [Number(cells.get(`Value #${refId}`)?.[row])], stepMs: null, isTable: true,
      }));
    }),
  };
  expect(readings({ type: "stat", options: { reduceOptions: JSON.parse(options) } }, all[input as string] ?? []).map((line) => line.split(": "))).toEqual(shown);
});
