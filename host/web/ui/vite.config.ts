import react from "@vitejs/plugin-react";
import { loadEnv } from "vite";
import { defineConfig } from "vitest/config";
import { bundleSize } from "./dev/bundleSize.ts";

/** Where `npm run dev` finds a running host. */
const HOST = "http://127.0.0.1:9090";

/** Where the tests find files that others made: NARTHEX_CONFORMANCE, or beside the repository. */
const CONFORMANCE =
  loadEnv("test", ".", "NARTHEX_")["NARTHEX_CONFORMANCE"] ?? new URL("../../../../shared/conformance", import.meta.url).pathname;

export default defineConfig({
  plugins: [react(), bundleSize()],
  // Relative to <base href> of index.html, so that one build serves under any route prefix.
  base: "./",
  build: {
    target: "es2022",
    // Everything is embedded in the host binary; the query page with its editor is the largest part.
    chunkSizeWarningLimit: 600,
  },
  server: {
    host: "127.0.0.1",
    proxy: { "/api": HOST, "/metrics": HOST, "/-/": HOST },
  },
  test: {
    include: ["src/**/*.test.ts"],
    environment: "node",
    alias: [
      { find: "@conformance", replacement: CONFORMANCE },
      // By its package.json Node would take its older form, and with that CodeMirror a second time.
      { find: /^(@prometheus-io\/codemirror-promql)$/, replacement: "$1/dist/esm/index.js" },
    ],
    server: { deps: { inline: [/@prometheus-io/] } },
  },
});
