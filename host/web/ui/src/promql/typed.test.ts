import { expect, it } from "vitest";
import { insertedName, selectorText, typedAt } from "./typed";

it.each([
  ["", "", false],
  ["sum(node_cp", "node_cp", false],
  ["a + job:x:ra", "job:x:ra", false],
  ["http.req", "http.req", false],
  ["up{jo", "jo", false],
  ['up{job="no', "no", true],
  ["up{job='a\"b", 'a"b', true],
  ['up{job="a\\"b c', 'a\\"b c', true],
  ['up{job="node", in', "in", false],
  ["up{job=`a\\`, x", "x", false],
  ['{"http.re', "http.re", true],
  ["# it's\nup", "up", false],
  ["up # it's", "s", false],
])("knows what is typed at the end of %j", (before, text, isQuoted) => expect(typedAt(before)).toEqual({ text, isQuoted }));

it("puts names in quotes where they need them", () => {
  expect(insertedName("up", "metrics", false)).toBe("up");
  expect(insertedName("http.requests", "metrics", false)).toBe('{"http.requests"}');
  expect(insertedName("http.requests", "metrics", true)).toBe("http.requests");
  expect(insertedName("service.name", "labels", false)).toBe('"service.name"');
});

it("writes the selector that narrows a search", () => {
  expect(selectorText("", "")).toBeNull();
  expect(selectorText("", 'a="b"')).toBe('{a="b"}');
  expect(selectorText("up", "")).toBe("up");
  expect(selectorText("up", 'a="b"')).toBe('up{a="b"}');
  expect(selectorText("a.b", 'a="b"')).toBe('{"a.b",a="b"}');
});
