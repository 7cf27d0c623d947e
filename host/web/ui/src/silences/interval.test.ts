import { describe, expect, it } from "vitest";
import { describeInterval, draftOf, emptyInterval, intervalOf, intervalProblems, type IntervalDraft } from "./interval";

const draft = (fields: Partial<IntervalDraft>): IntervalDraft => ({ ...emptyInterval("Europe/Berlin"), ...fields });

describe("intervalOf", () => {
  it("writes what the host reads", () =>
    expect(
      intervalOf(draft({ times: "2:00-04:00, 22:00 - 24:00", weekdays: ["monday", "tuesday"], daysOfMonth: "1:5, -1" })),
    ).toEqual({
      times: [
        { start_time: "02:00", end_time: "04:00" },
        { start_time: "22:00", end_time: "24:00" },
      ],
      weekdays: ["monday:tuesday"],
      days_of_month: ["1:5", "-1"],
      location: "Europe/Berlin",
    }));

  it("never lets a range of weekdays go over the end of the host's week", () => {
    const weekdays = (days: string[]) => intervalOf(draft({ weekdays: days })).weekdays;
    expect(weekdays(["saturday", "sunday"])).toEqual(["sunday", "saturday"]);
    expect(weekdays(["friday", "sunday", "monday"])).toEqual(["sunday:monday", "friday"]);
  });

  it("reads what it writes", () => {
    const full = draft({
      times: "02:00-04:00",
      weekdays: ["monday", "wednesday", "sunday"],
      daysOfMonth: "-3:-1",
      months: "january:march, 12",
      years: "2026",
    });
    expect(draftOf(intervalOf(full))).toEqual(full);
  });
});

describe("intervalProblems", () => {
  it("lets good ones pass", () =>
    expect(intervalProblems(draft({ times: "00:00-24:00", months: "May", years: "2026:2027" }))).toBeNull());

  it("names the field that is wrong", () => {
    const fieldOf = (fields: Partial<IntervalDraft>) => Object.keys(intervalProblems(draft(fields)) ?? {});
    expect(fieldOf({ times: "04:00-02:00" })).toEqual(["times"]);
    expect(fieldOf({ times: "25:00-26:00" })).toEqual(["times"]);
    expect(fieldOf({ times: "02:00" })).toEqual(["times"]);
    expect(fieldOf({ daysOfMonth: "0" })).toEqual(["daysOfMonth"]);
    expect(fieldOf({ daysOfMonth: "1:2:3" })).toEqual(["daysOfMonth"]);
    expect(fieldOf({ months: "13" })).toEqual(["months"]);
    expect(fieldOf({ years: "26" })).toEqual(["years"]);
  });

  it("wants some bound", () => expect(intervalProblems(draft({}))).toHaveProperty("times"));
});

it("describes an interval", () => {
  expect(
    describeInterval({
      weekdays: ["monday:friday", "sunday"],
      times: [{ start_time: "02:00", end_time: "04:00" }],
      location: "Europe/Berlin",
    }),
  ).toBe("monday to friday and sunday, 02:00 to 04:00, Europe/Berlin");
  expect(describeInterval({ days_of_month: ["-1"] })).toBe("day -1 of the month, UTC");
});
