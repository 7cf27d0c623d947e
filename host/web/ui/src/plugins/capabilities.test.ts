import { expect, it } from "vitest";
import { capabilityUse, readImport } from "./capabilities";

it("reads an import's name", () => {
  expect(readImport("narthex:plugin/files@1.0.0")).toEqual({ id: "narthex:plugin/files@1.0.0", name: "files", isOurs: true });
  expect(readImport("wasi:io/streams@0.2.6")).toMatchObject({ name: "streams", isOurs: false });
});

it("sets grants against imports", () => {
  const files = { capability: "files", detail: "proc = /proc", source: "default" };
  const http = { capability: "http", detail: "*", source: "plugins.allow.x" };
  const imports = ["narthex:plugin/files@1.0.0", "narthex:plugin/tcp@1.0.0", "narthex:plugin/log@1.0.0", "wasi:io/poll@0.2.6"];
  expect(capabilityUse({ imports, grants: [files, http] })).toEqual([
    { capability: "files", grants: [files], isImported: true },
    { capability: "http", grants: [http], isImported: false },
    { capability: "tcp", grants: [], isImported: true },
  ]);
});
