/** Vitest as `npm run mutate` runs it: nothing is built, each file has its own process, the first failure is enough. */
import { defineConfig } from "vitest/config";
import { shared } from "../../vitest.config.ts";
import { limits } from "../patience.ts";

export default defineConfig({
  ...shared,
  cacheDir: "test/mutate/.cache",
  test: {
    pool: "forks",
    include: ["test/**/*.test.ts"],
    bail: 1,
    maxWorkers: 1,
    // A mutation is killed by what a test expects; how long it may take is the runner's concern.
    ...limits,
  },
});
