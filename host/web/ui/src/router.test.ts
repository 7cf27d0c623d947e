import { expect, it } from "vitest";
import { pageOf } from "./router";

it.each([
  ["http://h/", "http://h/query", "query"],
  ["http://h/", "http://h/", ""],
  ["http://h/", "http://h/alerts/?state=firing", "alerts"],
  ["http://h/prom/", "http://h/prom/targets", "targets"],
  ["http://h/prom/", "http://h/prom/", ""],
  ["http://h/", "http://h/a/b", "a/b"],
])("under %s, %s is the page %j", (base, url, page) => expect(pageOf(base, url)).toBe(page));
