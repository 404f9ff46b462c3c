import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";
import { limits } from "./test/patience.ts";

const source = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** What takes longest begins first: else a worker is left alone with it at the end. By CPU time, longest first; npm's registry is waited for besides. */
const LONG = [
  "test/cli/newest.test.ts",
  "test/fuzz/fuzz.test.ts",
  "test/studio/model.test.ts",
  "test/studio/train.test.ts",
  "test/studio/try.test.ts",
  "test/studio/lecture.test.ts",
  "test/studio/surroundings.test.ts",
  "test/pages/",
  "test/models/",
  "test/cli/packed.test.ts",
  "test/cli/train-process.test.ts",
  "test/docs/",
  "test/tune/",
];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const at = LONG.findIndex((name) => moduleId.includes(`/${name}`));
      return at < 0 ? LONG.length : at;
    };
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}

/**
 * Tests that open no device and keep nothing in the process: one process runs many files, and loads what they share,
 * such as TypeScript, once.
 */
const PURE = [
  "test/cli/{input,results,train-output}.test.ts",
  "test/compiler/{affine,compile,order}.test.ts",
  "test/data/*.test.ts",
  "test/dsl/{build,define,errors,names,ops,resnet,shared}.test.ts",
  "test/emit/{esbuild,golden,names,squeeze}.test.ts",
  "test/errors/*.test.ts",
  "test/frontend/*.test.ts",
  "test/fuzz/properties.test.ts",
  "test/hostile/{files,pictures,saved}.test.ts",
  "test/mutate/*.test.ts",
  "test/report/*.test.ts",
  "test/runtime/{gpu,init,size}.test.ts",
  "test/studio/*-parts.test.ts",
  "test/{architecture,golden}.test.ts",
];

export const shared = {
  resolve: {
    // Tests run the sources; whole names only, so that `weftgpu` does not swallow `weftgpu/node`.
    alias: [
      { find: /^weftgpu$/, replacement: source("compiler/index.ts") },
      { find: /^weftgpu\/runtime$/, replacement: source("runtime/index.ts") },
      { find: /^weftgpu\/train$/, replacement: source("runtime/train.ts") },
      { find: /^weftgpu\/node$/, replacement: source("runtime/node/index.ts") },
      { find: /^weftgpu\/vitest$/, replacement: source("compiler/emit/vitest.ts") },
      { find: /^weftgpu\/golden$/, replacement: source("compiler/emit/matcher.ts") },
      { find: /^weftgpu\/esbuild$/, replacement: source("compiler/emit/esbuild.ts") },
      { find: /^weftgpu\/load$/, replacement: source("compiler/frontend/index.ts") },
    ],
  },
};

/** A process of its own per file: the WebGPU adapter is loaded into the process and cannot be unloaded. */
const common = { pool: "forks", ...limits } as const;

export default defineConfig({
  test: {
    // A software adapter takes every core it can get, so more workers than this only slow each other down.
    maxWorkers: Math.max(1, Math.min(4, availableParallelism())),
    passWithNoTests: true,
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        ...shared,
        test: {
          ...common,
          name: "whole",
          include: ["test/**/*.test.ts"],
          exclude: PURE,
          globalSetup: ["scripts/build-once.ts"],
        },
      },
      { ...shared, test: { ...common, name: "pure", include: PURE, isolate: false } },
    ],
  },
});
