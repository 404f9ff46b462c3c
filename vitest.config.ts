import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";
import { limits } from "./test/patience.ts";

const source = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** What takes longest begins first: else a worker is left alone with it at the end. Files of 7 s of CPU and more, as measured. */
const LONG = [
  "test/docs/guide.test.ts",
  "test/models/",
  "test/studio/model.test.ts",
  "test/studio/surroundings.test.ts",
  "test/fuzz/fuzz.test.ts",
  "test/docs/readme.test.ts",
  "test/types/",
  "test/pages/text-page.test.ts",
  "test/pages/train-page.test.ts",
  "test/studio/access.test.ts",
  "test/studio/try.test.ts",
  "test/cli/packed.test.ts",
  "test/studio/lecture.test.ts",
  "test/cli/train.test.ts",
  "test/studio/train.test.ts",
  "test/cli/hush.test.ts",
  "test/cli/train-process.test.ts",
  "test/train/gradients.test.ts",
  "test/frontend/models.test.ts",
  "test/ops/resize.test.ts",
  "test/studio/open.test.ts",
];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId, project }: TestSpecification): number => {
      if (project.name === "alone") return -1;
      const at = LONG.findIndex((name) => moduleId.includes(`/${name}`));
      return at < 0 ? LONG.length : at;
    };
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}

/** Tests that take devices, adapters or the process itself away have a process of their own for each file. */
const ALONE = ["test/faults/*.test.ts"];

export const shared = {
  resolve: {
    // Tests run the sources; whole names only, so that `weftgpu` does not swallow `weftgpu/node`.
    alias: [
      { find: /^weftgpu$/, replacement: source("compiler/index.ts") },
      { find: /^weftgpu\/runtime$/, replacement: source("runtime/index.ts") },
      { find: /^weftgpu\/train$/, replacement: source("runtime/train.ts") },
      { find: /^weftgpu\/quantised$/, replacement: source("runtime/quantised.ts") },
      { find: /^weftgpu\/page$/, replacement: source("runtime/page/index.ts") },
      { find: /^weftgpu\/verify$/, replacement: source("runtime/verify/index.ts") },
      { find: /^weftgpu\/weights$/, replacement: source("runtime/weights.ts") },
      { find: /^weftgpu\/wasm$/, replacement: source("runtime/wasm/index.ts") },
      { find: /^weftgpu\/node$/, replacement: source("runtime/node/index.ts") },
      { find: /^weftgpu\/vitest$/, replacement: source("compiler/emit/vitest.ts") },
      { find: /^weftgpu\/golden$/, replacement: source("compiler/emit/matcher.ts") },
      { find: /^weftgpu\/esbuild$/, replacement: source("compiler/emit/esbuild.ts") },
      { find: /^weftgpu\/vite$/, replacement: source("compiler/emit/vite.ts") },
      { find: /^weftgpu\/webpack$/, replacement: source("compiler/emit/webpack.ts") },
      { find: /^weftgpu\/onnx$/, replacement: source("compiler/onnx/index.ts") },
      { find: /^weftgpu\/load$/, replacement: source("compiler/frontend/index.ts") },
    ],
  },
};

/** A compiler makes many objects that die young: with more room for them the collector has less to look at. */
const NODE = ["--max-semi-space-size=64", "--min-semi-space-size=16"];

const common = { pool: "forks", execArgv: NODE, ...limits } as const;

export default defineConfig({
  test: {
    // A software adapter takes every core it can get: a third worker on two cores made the suite longer.
    maxWorkers: Math.max(1, Math.min(4, availableParallelism())),
    passWithNoTests: true,
    sequence: { sequencer: LongestFirst },
    projects: [
      { ...shared, test: { ...common, name: "alone", include: ALONE } },
      // One process runs many files: what they share, such as TypeScript, the adapter and the browser, is loaded once.
      {
        ...shared,
        test: {
          ...common,
          name: "together",
          include: ["test/**/*.test.ts"],
          exclude: ALONE,
          isolate: false,
          setupFiles: ["test/fresh.ts"],
          globalSetup: ["scripts/build-once.ts"],
        },
      },
    ],
  },
});
