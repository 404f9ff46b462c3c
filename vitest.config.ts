import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const source = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  resolve: {
    // Tests run the sources; whole names only, so that `weftgpu` does not swallow `weftgpu/node`.
    alias: [
      { find: /^weftgpu$/, replacement: source("compiler/index.ts") },
      { find: /^weftgpu\/runtime$/, replacement: source("runtime/index.ts") },
      { find: /^weftgpu\/train$/, replacement: source("runtime/train.ts") },
      { find: /^weftgpu\/node$/, replacement: source("runtime/node/index.ts") },
      { find: /^weftgpu\/vitest$/, replacement: source("compiler/emit/vitest.ts") },
      { find: /^weftgpu\/esbuild$/, replacement: source("compiler/emit/esbuild.ts") },
      { find: /^weftgpu\/load$/, replacement: source("compiler/frontend/index.ts") },
    ],
  },
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["scripts/build-once.ts"],
    // A process of its own per file: the WebGPU adapter is loaded into the process and cannot be unloaded.
    pool: "forks",
    // A software adapter takes every core it can get, so more workers than this only slow each other down.
    maxWorkers: Math.max(1, Math.min(4, availableParallelism())),
    testTimeout: 60_000,
    hookTimeout: 120_000,
    passWithNoTests: true,
  },
});
