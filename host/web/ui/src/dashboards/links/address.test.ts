import { describe, expect, it } from "vitest";
import type { DashboardEntry } from "../../dashboardApi";
import { readDashboardLinks, readLinks } from "../read/links";
import { migrateTable } from "../read/legacyTable";
import { withRange } from "../variables/resolve";
import type { Scope } from "../variables/scope";
import { resolveLink, targetOf, type LinkContext, type LinkSubject } from "./address";
import { linkEntries } from "./dashboardLinks";

const RANGE = { fromMs: 1_700_000_000_000, toMs: 1_700_003_600_000 };
const NODES = { values: ["a b", "c&d"], texts: ["a b", "c&d"], isAll: false, isList: true, allValue: "" };
const SCOPE: Scope = withRange(new Map([["node", NODES], ["job", { ...NODES, values: ["web"], texts: ["Web"] }]]), RANGE);
const CONTEXT: LinkContext = {
  scope: SCOPE,
  variables: [{ name: "job", values: ["web"] }, { name: "node", values: ["a b", "c&d"] }],
  range: RANGE,
  rangeText: { from: "now-1h", to: "now" },
  dashboards: [{ uid: "disks", title: "All Disks!" }],
};
const SUBJECT: LinkSubject = {
  cell: 0.5, text: "50%", timeMs: 1_700_000_060_000, calc: "Last *", fieldName: "used", seriesName: "used of sda",
  labels: { device: "sda/1", "k8s.pod": "p" },
  row: [{ name: "host name", cell: "x y", text: "X" }, { name: "size", cell: 3, text: "3 B" }],
};
const href = (url: string) => resolveLink({ title: "", url, opensTab: false }, CONTEXT, SUBJECT).target;

describe("resolveLink", () => {
  it.each([
    ["https://x.example/${__field.labels.device}?v=${__value.raw}", "https://x.example/sda%2F1?v=0.5"],
    ["https://x.example/?pod=${__field.labels.k8s.pod}&also=${__field.labels[\"k8s.pod\"]}", "https://x.example/?pod=p&also=p"],
    ["https://x.example/?${__url_time_range}&${__all_variables}", "https://x.example/?from=now-1h&to=now&var-job=web&var-node=a%20b&var-node=c%26d"],
    ["https://x.example/?t=${__value.time}&n=${__value.numeric}&s=${__value.text}&c=${__value.calc}", "https://x.example/?t=1700000060000&n=0.5&s=50%25&c=Last%20*"],
    ["https://x.example/?s=${__series.name}&f=${__field.name}", "https://x.example/?s=used%20of%20sda&f=used"],
    ["https://x.example/?h=${__data.fields[\"host name\"]}&s=${__data.fields.size.text}&n=${__data.fields.size}&i=${__data.fields[0]}&g=${__data.fields.gone}", "https://x.example/?h=x%20y&s=3%20B&n=3&i=x%20y&g="],
    ["https://x.example/?from=${__from}&to=$__to&iso=${__from:date}&s=${__to:date:seconds}", "https://x.example/?from=1700000000000&to=1700003600000&iso=2023-11-14T22:13:20.000Z&s=1700003600"],
    ["https://x.example/?n=$node&${node:queryparam}&j=[[job]]&u=${unknown}", "https://x.example/?n=a%20b%2Cc%26d&var-node=a%20b&var-node=c%26d&j=web&u=${unknown}"],
    ["http://${job}:9090/${job}", "http://web:9090/web"],
    ["mailto:ops@x.example?subject=${__series.name}", "mailto:ops@x.example?subject=used%20of%20sda"],
    ["query?g0.expr=up", "query?g0.expr=up"],
    ["//x.example/d/disks", "//x.example/d/disks"],
  ])("%s", (url, expected) => expect(href(url)).toEqual({ type: "address", href: expected }));

  it.each(["javascript:alert(1)", " JavaScript:alert(1)", "java\nscript:alert(1)", "data:text/html,x", "vbscript:x", "file:///etc/passwd", ""])(
    "refuses %j",
    (url) => expect(href(url)).toMatchObject({ type: "none" }),
  );

  it("refuses what only a value makes a script", () => {
    const subject = { ...SUBJECT, cell: "javascript:alert(1)", text: "" };
    for (const url of ["${__value.raw}", "${__value.raw:raw}", "${__field.labels.device:raw}"]) {
      const own = { ...subject, labels: { device: "javascript:alert(1)" } };
      expect(resolveLink({ title: "", url, opensTab: false }, CONTEXT, own).target).toMatchObject({ type: "none" });
    }
    const whole = { ...SUBJECT, cell: "https://x.example/a?b=c d" };
    expect(resolveLink({ title: "", url: "${__value.raw}", opensTab: false }, CONTEXT, whole).target).toEqual({ type: "address", href: "https://x.example/a?b=c%20d" });
  });

  it.each([
    ["/d/disks/all-disks?var-device=${__field.labels.device}&${__url_time_range}", "?uid=disks&var-device=sda%2F1&from=now-1h&to=now"],
    ["d/disks", "?uid=disks"],
    ["/grafana/d/disks/x?orgId=1&uid=other#top", "?uid=disks&orgId=1"],
    ["/dashboard/db/all-disks?var-job=$job", "?uid=disks&var-job=web"],
  ])("finds the dashboard of %s here", (url, search) => expect(href(url)).toEqual({ type: "page", page: "dashboards", search }));

  it("says which dashboard is not here, once that is known", () => {
    expect(href("/d/gone/x")).toEqual({ type: "none", problem: "There is no dashboard gone here." });
    expect(targetOf("/d/gone/x", null)).toMatchObject({ type: "page" });
  });

  it("fills in titles", () => {
    const title = (source: string) => resolveLink({ title: source, url: "x", opensTab: false }, CONTEXT, SUBJECT).title;
    expect(title("${__series.name} of $job at ${__field.labels.device}")).toBe("used of sda of Web at sda/1");
    expect(title("")).toBe("x");
  });
});

describe("reading", () => {
  it("reads links of all ages", () => {
    expect(readLinks([{ title: "a", url: "/x", targetBlank: true }, { title: "none" }, null])).toEqual([{ title: "a", url: "/x", opensTab: true }]);
    expect(readLinks([{ type: "dashboard", dashUri: "db/all-disks", keepTime: true, includeVars: true, params: "a=1" }])).toEqual([
      { title: "", url: "/dashboard/db/all-disks?${__url_time_range}&${__all_variables}&a=1", opensTab: false },
    ]);
  });

  it("reads links of old tables", () => {
    const { fieldConfig } = migrateTable({ styles: [{ pattern: "host", type: "string", link: true, linkUrl: "/d/disks?var-node=$__cell&p=${__cell_2:raw}", linkTooltip: "Disks of $__cell" }] });
    expect(fieldConfig).toMatchObject({ overrides: [{ properties: [{ id: "links", value: [{ title: "Disks of ${__value.raw}", url: "/d/disks?var-node=${__value.raw}&p=${__data.fields[2]}" }] }] }] });
  });
});

describe("linkEntries", () => {
  const entry = (uid: string, tags: string[], error: string | null = null): DashboardEntry => ({ uid, title: `T ${uid}`, tags, source: "folder", file: null, error });
  const all = [entry("own", ["node"]), entry("one", ["node", "disk"]), entry("two", ["disk"]), entry("bad", ["node", "disk"], "broken")];
  const entries = (json: object) => linkEntries(readDashboardLinks([json]), CONTEXT, all, "own");

  it("lists the other dashboards with the tags", () => {
    const link = { type: "dashboards", tags: ["disk", "node"], keepTime: true, includeVars: true, targetBlank: true };
    expect(entries(link)).toEqual([
      { title: "T one", tooltip: "", isDropdown: false, links: [{ title: "T one", opensTab: true, target: { type: "page", page: "dashboards", search: "?uid=one&from=now-1h&to=now&var-job=web&var-node=a%20b&var-node=c%26d" } }] },
    ]);
    const [dropdown] = entries({ ...link, tags: ["disk"], asDropdown: true, title: "Disks of $job" });
    expect([dropdown?.title, dropdown?.isDropdown, dropdown?.links.map((each) => each.title)]).toEqual(["Disks of Web", true, ["T one", "T two"]]);
  });

  it("takes time and variables along, before the fragment", () => {
    const target = (json: object) => entries({ type: "link", title: "Manual", ...json })[0]?.links[0]?.target;
    expect(target({ url: "https://x.example/?a=1#part", keepTime: true, includeVars: true })).toEqual({ type: "address", href: "https://x.example/?a=1&from=now-1h&to=now&var-job=web&var-node=a%20b&var-node=c%26d#part" });
    expect(target({ url: "/d/disks", keepTime: true })).toEqual({ type: "page", page: "dashboards", search: "?uid=disks&from=now-1h&to=now" });
    expect(target({ url: "javascript:alert(1)" })).toMatchObject({ type: "none" });
  });
});
