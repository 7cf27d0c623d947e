import { describe, expect, it } from "vitest";
import { ApiError } from "./api";
import { filterQuery, openPlain } from "./alertingApi";

function failure(status: number, body: string): ApiError {
  try {
    openPlain(status, body);
  } catch (error) {
    if (error instanceof ApiError) return error;
  }
  throw new Error("expected an ApiError");
}

describe("openPlain", () => {
  it("gives bare JSON, and null for nothing", () => {
    expect(openPlain(200, "[1]").data).toEqual([1]);
    expect(openPlain(200, "").data).toBeNull();
  });

  it("gives the host's own error in each of its shapes", () => {
    expect(failure(400, '"bad filter"')).toMatchObject({ kind: "host", message: "bad filter" });
    expect(failure(422, '{"code":602,"message":"m is required"}').message).toBe("m is required");
    expect(failure(404, '{"status":"error","error":"no such endpoint"}').message).toBe("no such endpoint");
  });

  it("tells what is gone from a host that is", () => {
    expect(failure(404, "")).toMatchObject({ kind: "host", message: "It is not there any more." });
    expect(failure(502, "Bad Gateway")).toMatchObject({ kind: "unreachable", isTransient: true });
    expect(failure(503, "")).toMatchObject({ kind: "not-ready" });
  });
});

it("asks for a receiver by its whole name, and for each matcher", () => {
  const matchers = parse([["a", "1"], ["b", "2"]]);
  const query = new URLSearchParams(filterQuery({ matchers, receiver: "team.a", silenced: false }));
  expect(query.getAll("filter")).toEqual(['a="1"', 'b="2"']);
  expect(query.get("receiver")).toBe("team\\.a");
  expect(query.get("silenced")).toBe("false");
  expect(filterQuery({})).toBe("");
});

function parse(pairs: [string, string][]) {
  return pairs.map(([name, value]) => ({ name, value, isRegex: false, isEqual: true }));
}
