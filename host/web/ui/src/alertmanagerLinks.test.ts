import { describe, expect, it } from "vitest";
import { ofAlertmanager } from "./alertmanagerLinks";

const led = (hash: string) => {
  const found = ofAlertmanager(hash);
  return found && [found.page, Object.fromEntries(new URLSearchParams(found.search))];
};

describe("ofAlertmanager", () => {
  it("leads from the link in a notification to the groups of its receiver", () =>
    expect(led("#/alerts?receiver=team+x%7Cy")).toEqual(["groups", { receiver: "team x|y" }]));

  it("knows what its own page of alerts shows", () =>
    expect(led("#/alerts?silenced=true&inhibited=false&active=true&filter=%7Bjob%3D%22a%22%7D&receiver=team%5C.a")).toEqual([
      "groups",
      { filter: '{job="a"}', receiver: "team.a", show: "active,silenced,acknowledged" },
    ]));

  it("leads to a new silence, to one, and to its change", () => {
    expect(led("#/silences/new?filter=%7Bjob%3D%22a%22%7D&comment=why")).toEqual([
      "silences",
      { new: '{job="a"}', comment: "why" },
    ]);
    expect(led("#/silences/new")).toEqual(["silences", { new: "" }]);
    expect(led("#/silences/817af565")).toEqual(["silences", { id: "817af565" }]);
    expect(led("#/silences/817af565/edit")).toEqual(["silences", { edit: "817af565" }]);
    expect(led("#/silences?filter=%7Bjob%3D%22a%22%7D")).toEqual(["silences", { search: 'job="a"' }]);
  });

  it("leaves every other hash alone", () => {
    for (const hash of ["", "#main", "#/", "#/elsewhere"]) expect(ofAlertmanager(hash)).toBeNull();
  });
});
