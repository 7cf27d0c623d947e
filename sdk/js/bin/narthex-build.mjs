#!/usr/bin/env node
// Makes a component of a plugin: `narthex-build plugin.ts [--out folder]` writes `<folder>/<name>.wasm`.
//
// The module is first run here, to learn the plugin's kind and name from its default export; then it is bundled with the rim of
// the SDK, and the bundle is put into a component together with the QuickJS engine.

import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

import { build } from "esbuild";
import { componentize } from "componentize-qjs";

const SDK = dirname(dirname(fileURLToPath(import.meta.url)));

/** What a component exports besides `lifecycle`, by the plugin's kind, which is the name of its world. */
const EXPORTS = { exporter: "exporterApi", discovery: "discoveryApi", notifier: "notifierApi" };

/** The SDK by its own name, wherever the plugin lies. */
const alias = {
  "@narthex/sdk/component": join(SDK, "src/component.ts"),
  "@narthex/sdk/testing": join(SDK, "src/testing.ts"),
  "@narthex/sdk": join(SDK, "src/index.ts"),
};

async function main() {
  const { values, positionals } = parseArgs({
    options: { out: { type: "string", default: "dist" } },
    allowPositionals: true,
  });
  const [source] = positionals;
  if (source === undefined || positionals.length > 1) fail("usage: narthex-build plugin.ts [--out folder]");
  const entry = resolve(source);
  if (!existsSync(entry)) fail(`${source}: no such file`);
  const { kind, name } = await look(entry, source);
  const component = await put(await bundled(entry, EXPORTS[kind]), kind);
  await mkdir(values.out, { recursive: true });
  const file = join(values.out, `${name}.wasm`);
  // Beside it and then renamed, so that a host that watches the folder never sees half of it.
  await writeFile(`${file}.new`, component);
  await rename(`${file}.new`, file);
  console.log(`${file} (${kind}, ${Math.round(component.length / 1000)} kB)`);
}

/** Runs the module here, which must not need a host. */
async function look(entry, source) {
  const folder = await mkdtemp(join(tmpdir(), "narthex-build-"));
  try {
    const outfile = join(folder, "plugin.mjs");
    await build({ entryPoints: [entry], outfile, alias, bundle: true, format: "esm", platform: "node", logLevel: "error" });
    const { default: plugin } = await import(pathToFileURL(outfile).href);
    if (!(plugin?.kind in EXPORTS)) {
      fail(`${source}: the default export must be made by exporter(), discovery() or notifier()`);
    }
    if (!/^[a-z0-9_-]{1,63}$/.test(plugin.name)) {
      fail(`${source}: name: ${JSON.stringify(plugin.name)} has more than lower case, digits, - and _, or is longer than 63`);
    }
    return plugin;
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** The plugin, the SDK and the exports of the component in one module; what is left to import is the host. */
async function bundled(entry, api) {
  const contents = `
    import { exportsOf } from "@narthex/sdk/component";
    import plugin from ${JSON.stringify(entry)};
    export const { lifecycle, ${api} } = exportsOf(plugin);`;
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: dirname(entry), loader: "ts" },
    alias,
    bundle: true,
    external: ["narthex:*"],
    format: "esm",
    logLevel: "error",
    // Modules for Node.js are refused here by name, not in the sandbox.
    platform: "neutral",
    mainFields: ["module", "main"],
    target: "es2022",
    write: false,
  });
  return outputFiles[0].text;
}

/** The script in a component of its world. */
async function put(script, world) {
  const contract = [join(SDK, "wit"), join(SDK, "../../wit")].find(existsSync);
  if (contract === undefined) fail(`${join(SDK, "wit")}: the contract is missing; install the SDK anew`);
  const options = { jsSource: script, witPath: contract, world, sync: true };
  const { component } = await componentize(options);
  return component;
}

function fail(message) {
  console.error(`narthex-build: ${message}`);
  process.exit(1);
}

await main().catch((error) => fail(error.message));
