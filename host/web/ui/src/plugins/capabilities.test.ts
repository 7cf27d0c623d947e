import { expect, it } from "vitest";
import { capabilityUse, readImport } from "./capabilities";

it("reads an import's name", () => {
  expect(readImport("narthex:plugin/files@1.0.0")).toEqual({ id: "narthex:plugin/files@1.0.0", name: "files", isOurs: true });
  expect(readImport("wasi:io/streams@0.2.6")).toMatchObject({ name: "streams", isOurs: false });
});

it("sets grants against imports", () => {
  const files = { capability: "files", detail: "proc = /proc", source: "default" };
  const kv = { capability: "kv", detail: "1 MiB", source: "default" };
  const imports = [
    "narthex:plugin/files@1.0.0",
    "narthex:plugin/tcp@1.0.0",
    "narthex:plugin/log@1.0.0",
    "narthex:plugin/exporter-api@1.0.0",
    "wasi:io/poll@0.2.6",
  ];
  expect(capabilityUse({ imports, grants: [files, kv] })).toEqual([
    { capability: "files", grants: [files], isImported: true },
    { capability: "kv", grants: [kv], isImported: false },
    { capability: "net", grants: [], isImported: true },
  ]);
});
