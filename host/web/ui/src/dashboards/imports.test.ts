import { describe, expect, it } from "vitest";
import { finishImport, isUid, readImport, uidFrom } from "./imports";

const FILE = JSON.stringify({
  __inputs: [
    { name: "DS_PROM", type: "datasource", pluginId: "prometheus" },
    { name: "VAR_CLUSTER", type: "constant", label: "Cluster", value: "prod" },
  ],
  __requires: [{ type: "panel", id: "stat" }],
  title: "Café – Übersicht",
  panels: [
    { type: "stat", datasource: { uid: "${DS_PROM}" }, targets: [{ expr: 'up{cluster="${VAR_CLUSTER}",job="$job"}' }] },
    { type: "geomap" },
  ],
});

describe("readImport", () => {
  it("says what is in the file and what is to be asked", () => {
    expect(readImport(FILE)).toMatchObject({
      title: "Café – Übersicht",
      uid: "cafe-ubersicht",
      panels: 2,
      unknownTypes: [["geomap", 1]],
      inputs: [{ name: "VAR_CLUSTER", label: "Cluster", value: "prod" }],
    });
  });

  it.each([
    ["{", "not JSON"],
    ["[]", "no dashboard"],
  ])("refuses %s", (source, words) => expect(() => readImport(source)).toThrow(words));
});

it("fills in what was asked", () => {
  const json = finishImport(readImport(FILE), { title: "T", uid: "u", values: new Map([["VAR_CLUSTER", "test"]]) });
  expect(json).toMatchObject({
    title: "T",
    uid: "u",
    panels: [{ datasource: { uid: "prometheus" }, targets: [{ expr: 'up{cluster="test",job="$job"}' }] }, {}],
  });
  expect(Object.keys(json)).not.toContain("__inputs");
});

it("makes identities", () => {
  expect(uidFrom("  Node Exporter: Full!  ")).toBe("node-exporter-full");
  expect(uidFrom("日本")).toBe("dashboard");
  expect([isUid("rYdddlPWk"), isUid(""), isUid("a/b")]).toEqual([true, false, false]);
});
