import { describe, expect, it } from "vitest";
import {
  commonLabels,
  formatMatcher,
  formatMatchers,
  labelsOf,
  matchersOf,
  parseMatchers,
  suggestMatchers,
  withMatcher,
  type Matcher,
} from "./matcher";

const matcher = (name: string, value: string, isEqual = true, isRegex = false): Matcher => ({
  name,
  value,
  isEqual,
  isRegex,
});

describe("parseMatchers", () => {
  it("reads every operator", () =>
    expect(parseMatchers('a=1, b!="2",c=~"x|y", d!~z')).toEqual([
      matcher("a", "1"),
      matcher("b", "2", false),
      matcher("c", "x|y", true, true),
      matcher("d", "z", false, true),
    ]));

  it("reads braces, commas in quotes and a comma at the end", () =>
    expect(parseMatchers('{a="x, y", }')).toEqual([matcher("a", "x, y")]));

  it("reads names with any characters in quotes", () =>
    expect(parseMatchers('"team name"="a\\"b\\nc"')).toEqual([matcher("team name", 'a"b\nc')]));

  it("reads an empty value and no matcher at all", () => {
    expect(parseMatchers("a=")).toEqual([matcher("a", "")]);
    expect(parseMatchers("{}")).toEqual([]);
  });

  it("refuses what is no matcher", () => {
    for (const text of ["a", "=b", 'a="b', 'a="b"c', "a b=c", '""=x', 'a=b c="d"']) {
      expect(parseMatchers(text), text).toBeNull();
    }
  });

  it("reads what it writes", () => {
    const matchers = [matcher("a", 'x"\\\n,}', false, true), matcher("ü b", "")];
    expect(parseMatchers(formatMatchers(matchers))).toEqual(matchers);
    expect(formatMatcher(matcher("a", "b", false, true))).toBe('a!~"b"');
    expect(formatMatchers([])).toBe("");
  });
});

it("turns labels into matchers and back", () => {
  expect(labelsOf(matchersOf({ b: "2", a: "1" }))).toEqual({ a: "1", b: "2" });
  expect(labelsOf([matcher("a", "1", true, true)])).toBeNull();
  expect(labelsOf([matcher("a", "1"), matcher("a", "2")])).toBeNull();
});

it("adds a matcher once", () =>
  expect(withMatcher([matcher("a", "1")], matcher("a", "1"))).toEqual([matcher("a", "1")]));

it("finds what label sets share", () => {
  expect(commonLabels([{ a: "1", b: "2" }, { a: "1", b: "3" }])).toEqual({ a: "1" });
  expect(commonLabels([])).toEqual({});
});

describe("suggestMatchers", () => {
  const known = [{ alertname: "Down", job: "node" }, { alertname: "Slow", job: "node" }];

  it("knows names, and those that begin with the text first", () => {
    expect(suggestMatchers("", known)).toEqual(["alertname=", "job="]);
    expect(suggestMatchers("JO", known)).toEqual(["job="]);
  });

  it("knows values after an operator", () => {
    expect(suggestMatchers("alertname!=", known)).toEqual(['alertname!="Down"', 'alertname!="Slow"']);
    expect(suggestMatchers('alertname="lo', known)).toEqual(['alertname="Slow"']);
    expect(suggestMatchers("other=", known)).toEqual([]);
  });

  it("knows values of a name in quotes, and the name while its quotes are open", () => {
    const utf8 = [{ "team name": 'a "b"', 'q"': "1" }];
    expect(suggestMatchers('"team name"=', utf8)).toEqual(['"team name"="a \\"b\\""']);
    expect(suggestMatchers('"team name"!~"a', utf8)).toEqual(['"team name"!~"a \\"b\\""']);
    expect(suggestMatchers('"q\\""=', utf8)).toEqual(['"q\\""="1"']);
    for (const typed of ['"team', '"team ', '"team name"', "team"]) {
      expect(suggestMatchers(typed, utf8), typed).toEqual(['"team name"=']);
    }
    expect(suggestMatchers('"', utf8)).toHaveLength(2);
  });
});
