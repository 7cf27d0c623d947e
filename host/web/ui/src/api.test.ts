import { describe, expect, it } from "vitest";
import { ApiError, openEnvelope } from "./api";

function failure(status: number, body: string): ApiError {
  try {
    openEnvelope(status, body);
  } catch (error) {
    if (error instanceof ApiError) return error;
  }
  throw new Error("expected an ApiError");
}

describe("openEnvelope", () => {
  it("gives data with warnings and infos", () =>
    expect(openEnvelope(200, '{"status":"success","data":[1],"infos":["i"]}')).toEqual({
      data: [1],
      warnings: [],
      infos: ["i"],
    }));

  it("takes no content for success", () => expect(openEnvelope(204, "").data).toBeUndefined());

  it("gives the host's own error", () => {
    const error = failure(400, '{"status":"error","errorType":"bad_data","error":"1:1: parse error"}');
    expect(error).toMatchObject({ kind: "host", errorType: "bad_data", message: "1:1: parse error" });
    expect(error.isTransient).toBe(false);
  });

  it("tells a host that starts from one that is gone", () => {
    expect(failure(503, "Service Unavailable")).toMatchObject({ kind: "not-ready", isTransient: true });
    expect(failure(502, "Bad Gateway")).toMatchObject({ kind: "unreachable", isTransient: true });
  });

  it("does not take a page for an answer", () =>
    expect(failure(200, "<html>")).toMatchObject({ kind: "malformed", isTransient: false }));
});
