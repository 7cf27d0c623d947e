import { expect, it } from "vitest";
import { navEntries } from "./navigation";

it("puts a menu where its first page stands", () => {
  const pages = [
    { page: "query", title: "Query" },
    { page: "flags", title: "Flags", menu: "Status" },
    { page: "rules", title: "Rules" },
    { page: "config", title: "Configuration", menu: "Status" },
  ];
  const shape = navEntries(pages).map((entry) => [entry.menu, entry.pages.map((each) => each.page)]);
  expect(shape).toEqual([[null, ["query"]], ["Status", ["flags", "config"]], [null, ["rules"]]]);
});
