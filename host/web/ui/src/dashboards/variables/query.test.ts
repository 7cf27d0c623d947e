import { describe, expect, it } from "vitest";
import { customOptions, optionsOf, parseQuery } from "./query";

describe("parseQuery", () => {
  it.each([
    ["label_names()", { type: "labelNames", selector: "" }],
    ["label_values(instance)", { type: "labelValues", label: "instance", selector: "" }],
    ['label_values(node_uname_info{job="a", x="b,c"}, nodename)', { type: "labelValues", label: "nodename", selector: 'node_uname_info{job="a", x="b,c"}' }],
    ["label_values(haproxy_process_start_time_seconds,instance)", { type: "labelValues", label: "instance", selector: "haproxy_process_start_time_seconds" }],
    ["metrics(node_.*)", { type: "metrics", pattern: "node_.*" }],
    ["query_result(topk(3, up))", { type: "expression", expr: "topk(3, up)" }],
    ['up{job="a"}', { type: "series", selector: 'up{job="a"}' }],
  ])("%s", (text, expected) => expect(parseQuery(text)).toEqual(expected));
});

const values = (options: { value: string }[]) => options.map((each) => each.value);

describe("optionsOf", () => {
  it("filters and takes groups", () => {
    const found = ['up{instance="a:1"} 1 0', 'up{instance="b:2"} 1 0', "down"];
    expect(values(optionsOf(found, '/.*instance="([^"]*)".*/', 0))).toEqual(["a:1", "b:2"]);
    expect(optionsOf(["n1|One"], "/(?<value>.*)\\|(?<text>.*)/", 0)).toEqual([{ value: "n1", text: "One" }]);
  });

  it("matches all of a value without slashes, a part between them", () => {
    const found = ["node", "node-2", "my node"];
    expect(values(optionsOf(found, "node", 0))).toEqual(["node"]);
    expect(values(optionsOf(found, "node.*", 0))).toEqual(["node", "node-2"]);
    expect(values(optionsOf(found, "/NODE/i", 0))).toEqual(found);
  });

  it("refuses an expression that cannot be read", () => expect(() => optionsOf(["a"], "/(/", 0)).toThrow("Not a regular expression: /(/"));

  it("sorts", () => {
    const found = ["disk10", "disk2", "Zeta", "alpha"];
    expect(values(optionsOf(found, "", 0))).toEqual(found);
    expect(values(optionsOf(found, "", 1))).toEqual(["Zeta", "alpha", "disk10", "disk2"]);
    expect(values(optionsOf(found, "/disk.*/", 3))).toEqual(["disk2", "disk10"]);
    expect(values(optionsOf(found, "", 6))).toEqual(["Zeta", "disk2", "disk10", "alpha"]);
    expect(values(optionsOf(found, "/disk.*/", 8))).toEqual(["disk10", "disk2"]);
  });

  it("names each value once", () => expect(values(optionsOf(["a", "a"], "", 0))).toEqual(["a"]));
});

it("reads lists of one's own", () => {
  expect(customOptions("a, b\\,c,d : 4")).toEqual([
    { value: "a", text: "a" },
    { value: "b,c", text: "b,c" },
    { value: "4", text: "d" },
  ]);
});
