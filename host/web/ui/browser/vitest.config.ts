/** The drive of the pages by a real browser against a running host: `npm run drive`, see README.md. */
import { defineConfig } from "vitest/config";

export default defineConfig({
  root: new URL("..", import.meta.url).pathname,
  // What the drive is told by its environment.
  envPrefix: "NARTHEX_",
  test: {
    include: ["browser/**/*.drive.ts"],
    environment: "node",
    // There is one host, whose silences, plugins and dashboards all drives see and change.
    fileParallelism: false,
    isolate: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    reporters: ["tree"],
  },
});
