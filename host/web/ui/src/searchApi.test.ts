import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { openSearch, search } from "./searchApi";

describe("openSearch", () => {
  it("reads batches and the end", () =>
    expect(
      openSearch(
        200,
        '{"results":[{"name":"up","type":"gauge","help":"Is it?"}],"warnings":["w"]}\n{"results":[{"name":"upper"}]}\n{"status":"success","has_more":true}\n',
      ),
    ).toEqual({ found: [{ name: "up", type: "gauge", help: "Is it?" }, { name: "upper" }], hasMore: true }));

  it("reads values, and an answer without any", () => {
    expect(openSearch(200, '{"results":[{"value":"a b"}]}\n{"status":"success","has_more":false}').found).toEqual([{ name: "a b" }]);
    expect(openSearch(200, '{"results":[]}\n{"status":"success","has_more":false}\n')).toEqual({ found: [], hasMore: false });
  });

  it("does not take a part for the whole", () => {
    expect(() => openSearch(200, '{"results":[{"name":"up"}]}\n')).toThrow("not whole");
    expect(() => openSearch(200, '{"results":[]}\n{"status":"error","error":"gone"}\n')).toThrow("gone");
    expect(() => openSearch(200, "<html>")).toThrow("cannot be read");
  });

  it("gives the host's refusal", () =>
    expect(() => openSearch(400, '{"status":"error","errorType":"bad_data","error":"limit 9 is more"}')).toThrow("limit 9"));
});

describe("search", () => {
  const TERMS = { typed: "cpu", selector: "up", sinceMs: 5_000, limit: 2 };
  const { signal } = new AbortController();
  let asked: string[];

  beforeEach(() => {
    asked = [];
    vi.stubGlobal("document", { baseURI: "http://host/" });
  });
  afterEach(() => vi.unstubAllGlobals());

  function answer(...responses: [status: number, body: string][]) {
    vi.stubGlobal("fetch", (url: string) => {
      asked.push(decodeURIComponent(url));
      const [status, body] = responses.shift() ?? [500, ""];
      return Promise.resolve(new Response(body, { status }));
    });
  }

  it("asks for the nearest", async () => {
    answer([200, '{"results":[]}\n{"status":"success","has_more":false}\n']);
    await search({ of: "values", label: "job" }, TERMS, signal);
    expect(asked).toEqual([
      "http://host/api/v1/search/label_values?limit=2&start=5&case_sensitive=false&search[]=cpu&sort_by=score&match[]=up&label=job",
    ]);
  });

  it("asks for a list where there is no search", async () => {
    answer([404, "404 page not found"], [200, '{"status":"success","data":["a","b"]}']);
    expect(await search({ of: "metrics" }, TERMS, signal)).toEqual({ found: [{ name: "a" }, { name: "b" }], hasMore: false });
    expect(asked[1]).toBe("http://host/api/v1/label/__name__/values?limit=10000&start=5&match[]=up");
  });

  it("does not bother a host that is away twice", async () => {
    answer([503, ""]);
    await expect(search({ of: "labels" }, TERMS, signal)).rejects.toMatchObject({ kind: "not-ready" });
    expect(asked).toHaveLength(1);
  });
});
