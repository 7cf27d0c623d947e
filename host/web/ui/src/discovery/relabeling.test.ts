import { describe, expect, it } from "vitest";
import { labelChanges, ruleText, stepViews } from "./relabeling";

describe("labelChanges", () => {
  it("tells what came, changed and went, by name", () =>
    expect(labelChanges({ a: "1", b: "2", c: "3" }, { b: "4", c: "3", d: "5" })).toEqual([
      { kind: "removed", name: "a", before: "1", after: null },
      { kind: "changed", name: "b", before: "2", after: "4" },
      { kind: "added", name: "d", before: null, after: "5" },
    ]));
});

describe("ruleText", () => {
  it("leaves out defaults and what has no effect", () => {
    const rule = { separator: ";", regex: ".*:2", replacement: "$1", action: "drop", source_labels: ["__address__"] };
    expect(ruleText(rule)).toBe("action: drop\nsource_labels: [__address__]\nregex: '.*:2'");
  });

  it("keeps what is written, in the order of use", () => {
    const rule = { target_label: "zone", replacement: "it's a", regex: "(.*)", separator: "/", action: "replace" };
    expect(ruleText(rule)).toBe("action: replace\nseparator: '/'\ntarget_label: zone\nreplacement: 'it''s a'");
  });

  it("keeps an empty replacement, which removes a label", () =>
    expect(ruleText({ action: "replace", target_label: "x", replacement: "" })).toContain("replacement: ''"));
});

describe("stepViews", () => {
  const rule = { action: "replace" };

  it("compares each rule with the one before", () => {
    const views = stepViews({ a: "1" }, [
      { rule, output: { a: "1", b: "2" }, keep: true },
      { rule, output: { b: "2" }, keep: true },
    ]);
    expect(views.map((view) => view.changes.map((change) => `${change.kind} ${change.name}`))).toEqual([["added b"], ["removed a"]]);
  });

  it("does not take a dropped target's labels for removed", () => {
    const [view] = stepViews({ a: "1" }, [{ rule, output: {}, keep: false }]);
    expect(view).toMatchObject({ outcome: "dropped", changes: [], output: { a: "1" } });
  });

  it("names the rule that drops a target, not those after it", () => {
    const steps = [true, false, false].map((keep) => ({ rule, output: keep ? { a: "1" } : {}, keep }));
    expect(stepViews({ a: "1" }, steps).map((view) => view.outcome)).toEqual(["kept", "dropped", "skipped"]);
  });
});
