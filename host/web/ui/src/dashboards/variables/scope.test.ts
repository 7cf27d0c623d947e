import { describe, expect, it } from "vitest";
import { interpolate, interpolateText, namesIn, single, type VariableValue } from "./scope";

const list = (values: string[], more: Partial<VariableValue> = {}): VariableValue => ({
  values, texts: values, isAll: false, isList: true, allValue: "", ...more,
});

const SCOPE = new Map([
  ["job", single("node")],
  ["node", list(["a.example:9100", "b"])],
  ["one", list(["a.b"])],
  ["odd", single('C:\\new "x"\'s')],
  ["odds", list(['C:\\"', "a`\nb"])],
  ["matchers", single('job="node"')],
  ["all", list(["x", "y"], { isAll: true })],
  ["any", list(["x", "y"], { isAll: true, allValue: ".*" })],
]);

describe("interpolate", () => {
  it.each([
    ['up{job="$job"}', 'up{job="node"}'],
    ['up{job="${job}", i=~"[[node]]"}', 'up{job="node", i=~"(a\\\\.example:9100|b)"}'],
    ['{i=~"${one}"}', '{i=~"a\\\\.b"}'],
    ["{i=~`${one}`}", "{i=~`a\\.b`}"],
    ["quantile($one, $all)", "quantile(a.b, (x|y))"],
    ["$any", ".*"],
    ['{i="$odd"}', '{i="C:\\\\new \\"x\\"\'s"}'],
    ["{i='$odd'}", "{i='C:\\\\new \"x\"\\'s'}"],
    ["{i=`$odd`}", "{i=`C:\\new \"x\"'s`}"],
    ['{i=~"$odds"}', '{i=~"(C:\\\\\\\\\\"|a`\\nb)"}'],
    ["{i=~`$odds`}", '{i=~`(C:\\\\"|a\\x60\nb)`}'],
    ['{a="\\"", $matchers, b="$job"}', '{a="\\"", job="node", b="node"}'],
    ["up # it's\n{i=\"$odd\"}", 'up # it\'s\n{i="C:\\\\new \\"x\\"\'s"}'],
    ["${node:regex}", "(a\\.example:9100|b)"],
    ["${node:pipe}", "a.example:9100|b"],
    ["${node:csv}", "a.example:9100,b"],
    ["${node:glob}", "{a.example:9100,b}"],
    ["${node:json}", '["a.example:9100","b"]'],
    ["${node:singlequote}", "'a.example:9100','b'"],
    ["${all:text}", "All"],
    ["$unknown ${also:raw} $1", "$unknown ${also:raw} $1"],
  ])("%s", (text, expected) => expect(interpolate(text, SCOPE)).toBe(expected));
});

it("shows values to people", () => expect(interpolateText("Disks of $node, $all", SCOPE)).toBe("Disks of a.example:9100 + b, All"));

it("finds names", () => expect(namesIn("$a ${b:regex} [[c]] text")).toEqual(["a", "b", "c"]));
