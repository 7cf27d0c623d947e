import { describe, expect, it } from "vitest";
import { parseInline, parseMarkdown, safeHref, type TextNode } from "./markdown";

/** The tree as short text. */
function show(nodes: readonly TextNode[]): string {
  return nodes
    .map((node) => (typeof node === "string" ? node : `<${node.tag}${node.href === undefined ? "" : ` ${node.href}`}>${show(node.children)}</>`))
    .join("");
}

describe("parseMarkdown", () => {
  it.each([
    ["# Title #\ntext", "<h1>Title</><p>text</>"],
    ["a **b** *c* `d*e*` ~~f~~", "<p>a <strong>b</> <em>c</> <code>d*e*</> <del>f</></>"],
    ["- one\n- two\n  - deep\n\nafter", "<ul><li>one</><li>two<ul><li>deep</></></></><p>after</>"],
    ["1. a\n2. b", "<ol><li>a</><li>b</></>"],
    ["> quoted\n> more", "<blockquote><p>quoted\nmore</></>"],
    ["```promql\nrate(x[5m])\n```", "<pre><code>rate(x[5m])</></>"],
    ["| a | b |\n|---|:-:|\n| 1 | **2** |", "<table><thead><tr><th>a</><th>b</></></><tbody><tr><td>1</><td><strong>2</></></></></>"],
    ["---", "<hr></>"],
    ["[docs](https://example.org/x)", "<p><a https://example.org/x>docs</></>"],
    ["snake_case_name and 2 * 3 * 4", "<p>snake_case_name and 2 * 3 * 4</>"],
    ["<script>alert(1)</script>", "<p><script>alert(1)</script></>"],
    ["```\nnever closed", "<pre><code>never closed</></>"],
  ])("%j", (source, tree) => expect(show(parseMarkdown(source))).toBe(tree));

  it("ends, whatever it is given", () => {
    for (const source of ["*".repeat(500), "|\n|", "- ", "#", "[](", "> ", "`", "  x", "1.\n", "***a**", "# a\u2028b"]) parseMarkdown(source);
  });
});

it("follows no address that runs code", () => {
  expect(show(parseInline("[x](javascript:alert(1))"))).not.toContain("<a");
  for (const url of ["javascript:x", "JaVaScRiPt:x", " data:text/html,x", "vbscript:x"]) expect(safeHref(url)).toBeUndefined();
  expect([safeHref("/query?g0.expr=a:b"), safeHref("alerts"), safeHref("mailto:a@b.c")]).toEqual(["/query?g0.expr=a:b", "alerts", "mailto:a@b.c"]);
});
