#!/usr/bin/env node
// Runs the tests of plugins: `narthex-test [file or folder …]` takes each `*.test.ts` to `node --test`.

import { spawnSync } from "node:child_process";
import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";

const SDK = dirname(dirname(fileURLToPath(import.meta.url)));

/** The SDK by its own name, wherever the tests lie. */
const alias = { "@narthex/sdk/testing": join(SDK, "src/testing.ts"), "@narthex/sdk": join(SDK, "src/index.ts") };

/** A file, or what in a folder has such a name. */
async function found(path, name) {
  if ((await stat(path)).isFile()) return [resolve(path)];
  const entries = await readdir(path, { recursive: true });
  const isOwn = (entry) => name.test(entry) && !/(^|\/)node_modules\//.test(entry);
  return entries.filter(isOwn).sort().map((entry) => resolve(path, entry));
}

const asked = process.argv.slice(2);
const paths = asked.length > 0 ? asked : ["."];
const entryPoints = (await Promise.all(paths.map((path) => found(path, /\.test\.[jt]s$/)))).flat();
if (entryPoints.length === 0) {
  console.error("narthex-test: there is no *.test.ts here");
  process.exit(1);
}
// Here and not in /tmp, so that a test finds the packages of its project.
const folder = await mkdtemp(resolve(".narthex-test-"));
try {
  const outExtension = { ".js": ".mjs" };
  await build({
    entryPoints, outdir: folder, alias, outExtension,
    bundle: true, format: "esm", logLevel: "error", packages: "bundle", platform: "node", sourcemap: "inline",
  });
  const files = await found(folder, /\.mjs$/);
  const options = ["--enable-source-maps", "--test", "--test-reporter=spec"];
  process.exitCode = spawnSync(process.execPath, [...options, ...files], { stdio: "inherit" }).status ?? 1;
} finally {
  await rm(folder, { recursive: true });
}
