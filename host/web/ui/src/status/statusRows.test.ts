import { expect, it } from "vitest";
import { statusRows } from "./statusRows";

it("names, reads instants and leaves the empty away", () =>
  expect(
    statusRows({ startTime: "2026-01-01T00:00:00Z", CWD: "/", GODEBUG: "", reloadConfigSuccess: false, storage_retention: "15d" }),
  ).toEqual([
    { name: "Start time", at: Date.UTC(2026, 0, 1), text: "2026-01-01T00:00:00Z" },
    { name: "Working directory", at: null, text: "/" },
    { name: "Last reload of the configuration", at: null, text: "failed: the one before is in force" },
    { name: "Storage retention", at: null, text: "15d" },
  ]));

it("does not take an empty head's bounds for instants", () =>
  expect(statusRows({ minTime: 9223372036854775807 })[0]).toMatchObject({ name: "Oldest sample", at: null, text: "none" }));
