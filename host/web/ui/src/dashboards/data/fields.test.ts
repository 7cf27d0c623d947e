import { describe, expect, it } from "vitest";
import { readPanel } from "../read/panel";
import { configFor, fieldsOf, matches, type Subject } from "./fields";
import { fillLegend, legendNames } from "./legend";
import type { Series } from "./series";

const SUBJECT: Subject = { name: "eth0 receive", refId: "A", type: "number", values: [1, 5] };

describe("matches", () => {
  it.each([
    ["byName", "eth0 receive", true],
    ["byName", "eth0", false],
    ["byRegexp", "/.*receive.*/", true],
    ["byRegexp", "eth0", false],
    ["byRegexp", "eth0.*", true],
    ["byRegexp", "/(/", false],
    ["byNames", { mode: "exclude", names: ["other"] }, true],
    ["byNames", ["eth0 receive"], true],
    ["byType", "number", true],
    ["byFrameRefID", "B", false],
    ["byValue", { reducer: "max", op: "gte", value: 5 }, true],
    ["anyOf", [{ id: "byName", options: "x" }, { id: "byType", options: "number" }], true],
    ["strange", {}, false],
  ])("%s %j", (matcher, matcherOptions, expected) => expect(matches({ matcher, matcherOptions }, SUBJECT)).toBe(expected));
});

it("lets the last override win, by path", () => {
  const override = (path: string, value: unknown) => ({ matcher: "byName", matcherOptions: SUBJECT.name, properties: [{ path, value }] });
  const config = configFor(
    {
      defaults: { unit: "bps", custom: { fillOpacity: 20, lineWidth: 3 } },
      overrides: [override("custom.fillOpacity", 5), override("custom.transform", "negative-Y"), override("custom.fillOpacity", 0)],
    },
    SUBJECT,
  );
  expect(config.unit).toBe("bps");
  expect(config.graph).toMatchObject({ fillOpacity: 0, lineWidth: 3, isNegative: true });
});

it("names fields, and tells those of one name apart", () => {
  const panel = readPanel(
    { type: "stat", fieldConfig: { defaults: { displayName: "${__field.labels.cpu} of $node" }, overrides: [] } },
    "1",
    { x: 0, y: 0, w: 1, h: 1 },
  );
  const series = (cpu: string): Series => ({ refId: "A", name: "n", labels: { cpu }, times: [0], values: [1], stepMs: null, isTable: false });
  const scope = new Map([["node", { values: ["h"], texts: ["h"], isAll: false, isList: false, allValue: "" }]]);
  const fields = fieldsOf(panel, [series("0"), series("0"), series("1")], scope, { isDark: false, text: "#000000", surface: "#ffffff" });
  expect(fields.map((each) => [each.name, each.key])).toEqual([["0 of h", "0 of h"], ["0 of h", "0 of h 2"], ["1 of h", "1 of h"]]);
});

describe("legends", () => {
  it("fills labels in", () => expect(fillLegend("{{ device }}: {{mode}}{{gone}}", { device: "sda", mode: "r" })).toBe("sda: r"));
  it("shows the expression where there are no labels", () => expect(legendNames("", "1 + 1", [{}])).toEqual(["1 + 1"]));
  it("shows only what tells apart", () => {
    const all = [{ __name__: "up", job: "a", zone: "x" }, { __name__: "up", job: "b", zone: "x" }];
    expect(legendNames("__auto", "up", all)).toEqual(["a", "b"]);
    expect(legendNames("__auto", "up", all.slice(0, 1))).toEqual(['up{job="a", zone="x"}']);
  });
});
