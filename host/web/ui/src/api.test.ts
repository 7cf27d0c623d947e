import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ApiError, exchange, openEnvelope } from "./api";

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

  it.each(["null", "7", '"up"'])("does not take %s for an answer", (body) =>
    expect(failure(200, body)).toMatchObject({ kind: "malformed", isTransient: false }));
});

describe("exchange", () => {
  const signal = new AbortController().signal;

  beforeEach(() => vi.stubGlobal("document", { baseURI: "http://host/" }));
  afterEach(() => vi.unstubAllGlobals());

  it("takes a host that cannot be asked for one that is away", async () => {
    vi.stubGlobal("fetch", () => Promise.reject(new TypeError("Failed to fetch")));
    await expect(exchange("x", { signal }, () => 1)).rejects.toMatchObject({ kind: "unreachable" });
  });

  it("does not take a host whose answer cannot be read for one that is away", async () => {
    vi.stubGlobal("fetch", () => Promise.resolve(new Response("{}")));
    const open = () => {
      throw new TypeError("no such field");
    };
    await expect(exchange("x", { signal }, open)).rejects.toThrow(TypeError);
  });

  it("rethrows why its caller gave up", async () => {
    const abort = new AbortController();
    abort.abort(new Error("another page"));
    vi.stubGlobal("fetch", () => Promise.reject(new TypeError("aborted")));
    await expect(exchange("x", { signal: abort.signal }, () => 1)).rejects.toThrow("another page");
  });
});
