import { describe, expect, it } from "vitest";
import type { Silence } from "../alertingApi";
import { draftOfSilence, endOf, lastsOf, newDraft, problemsOf, termsOf, withInterval, type SilenceDraft } from "./draft";
import { emptyInterval } from "./interval";

const NOW = Date.parse("2026-01-01T12:00:00Z");
const HOUR = 3_600_000;
const MATCHERS = [{ name: "job", value: "backup", isRegex: false, isEqual: true }];

const draft = (fields: Partial<SilenceDraft>): SilenceDraft => ({
  ...newDraft(MATCHERS, "ada"),
  comment: "nightly backup",
  ...fields,
});

const silence = (state: Silence["status"]["state"]): Silence => ({
  id: "i",
  status: { state },
  updatedAt: "2026-01-01T10:00:00Z",
  matchers: MATCHERS,
  startsAt: "2026-01-01T10:00:00.250Z",
  endsAt: "2026-01-01T13:30:00Z",
  createdBy: "ada",
  comment: "c",
  annotations: { ticket: "7" },
  timeIntervals: [{ weekdays: ["sunday"] }],
});

describe("the end", () => {
  it("follows from how long it lasts, and the other way round", () => {
    expect(endOf(draft({ end: { lasts: "2h" } }), NOW)).toBe(NOW + 2 * HOUR);
    expect(endOf(draft({ startsAt: NOW + HOUR, end: { lasts: "1h" } }), NOW)).toBe(NOW + 2 * HOUR);
    expect(lastsOf(draft({ end: { at: NOW + 1.5 * HOUR + 400 } }), NOW)).toBe("1h30m");
  });

  it("is not known while the duration is typed", () => {
    expect(endOf(draft({ end: { lasts: "2hours" } }), NOW)).toBeNull();
    expect(lastsOf(draft({ end: { at: NOW - 1 } }), NOW)).toBe("");
  });
});

describe("problemsOf", () => {
  it("finds none in a whole silence", () => expect(problemsOf(draft({}), NOW)).toBeNull());

  it("names each field that is wrong", () => {
    const fieldsOf = (fields: Partial<SilenceDraft>) => Object.keys(problemsOf(draft(fields), NOW) ?? {});
    expect(fieldsOf({ matchers: [] })).toEqual(["matchers"]);
    expect(fieldsOf({ createdBy: " ", comment: "" })).toEqual(["createdBy", "comment"]);
    expect(fieldsOf({ end: { lasts: "soon" } })).toEqual(["end"]);
    expect(fieldsOf({ end: { lasts: "0s" } })).toEqual(["end"]);
    expect(fieldsOf({ startsAt: NOW - 2 * HOUR, end: { at: NOW - HOUR } })).toEqual(["end"]);
    expect(fieldsOf({ intervals: [emptyInterval("UTC")] })).toEqual(["intervals"]);
  });
});

it("lasts longer with the first times at which it recurs, unless its end was chosen", () => {
  expect(withInterval(draft({}), emptyInterval("UTC"))).toMatchObject({ end: { lasts: "4w" }, intervals: [{}] });
  expect(withInterval(draft({ end: { lasts: "3h" } }), emptyInterval("UTC")).end).toEqual({ lasts: "3h" });
});

it("sends what the host takes", () => {
  expect(termsOf(draft({ createdBy: " ada " }), NOW)).toEqual({
    matchers: MATCHERS,
    startsAt: "2026-01-01T12:00:00.000Z",
    endsAt: "2026-01-01T14:00:00.000Z",
    createdBy: "ada",
    comment: "nightly backup",
  });
});

it("changes nothing of a silence that is opened and saved", () => {
  const opened = silence("active");
  const { id: _id, status: _status, updatedAt: _updatedAt, ...terms } = opened;
  expect(termsOf(draftOfSilence(opened, "bob"), NOW)).toEqual({ ...terms, endsAt: "2026-01-01T13:30:00.000Z" });
});

it("begins anew what is over, for as long as it was", () => {
  const again = draftOfSilence(silence("expired"), "bob");
  expect(again).toMatchObject({ startsAt: null, end: { lasts: "3h30m" }, createdBy: "bob" });
});
