/**
 * `import "weftgpu/vitest"` in a test file or a set-up file, then:
 *
 *   await expect("models/lenet.ts").toMatchGolden("test/golden/lenet");   // a model file, with its names
 *   await expect(lenet).toMatchGolden("test/golden/lenet");               // a model
 *
 * `WEFT_UPDATE_GOLDEN=1` or `vitest -u` accepts the output as it is.
 */
import { expect } from "vitest";
import { compile } from "../compile.ts";
import { isModel } from "../dsl/index.ts";
import { loadModel } from "../frontend/index.ts";
import type { Graph } from "../ir/graph.ts";
import { checkGolden } from "./golden.ts";

interface GoldenMatchers {
  /**
   * Whether a model compiles to the WGSL, the shape table and the plan in `folder`. Takes a model or the path of a
   * model file; to be awaited. Like a snapshot, a folder that holds none yet is written, except in CI.
   */
  toMatchGolden(folder: string): Promise<void>;
}

declare module "vitest" {
  // biome-ignore lint/suspicious/noExplicitAny: an interface merges only under the same type parameters
  interface Matchers<T = any> extends GoldenMatchers {}
}

expect.extend({
  async toMatchGolden(received: unknown, folder: string) {
    const compilation = compile(await graphOf(received));
    const mode = snapshotMode(this);
    const update = mode === "all" || process.env["WEFT_UPDATE_GOLDEN"] === "1";
    const first = await checkGolden(compilation, folder, { update });
    const result =
      first.empty && mode === "new" ? await checkGolden(compilation, folder, { update: true }) : first;
    const { name } = compilation.program;
    return {
      pass: result.ok,
      message: () =>
        result.ok
          ? `${name} compiles to what ${folder} holds`
          : `${name} does not compile to what ${folder} holds\n\n${result.report}\n\n` +
            "WEFT_UPDATE_GOLDEN=1 or vitest -u accepts it as it is",
    };
  },
});

/** `all` under `vitest -u`, `none` in CI, else `new`. Vitest keeps it in a field that its types call private. */
function snapshotMode(state: object): unknown {
  const snapshots: unknown = "snapshotState" in state ? state.snapshotState : undefined;
  if (typeof snapshots !== "object" || snapshots === null) return undefined;
  return "_updateSnapshot" in snapshots ? snapshots._updateSnapshot : undefined;
}

async function graphOf(received: unknown): Promise<Graph> {
  if (typeof received === "string") return (await loadModel(received)).graph;
  if (isModel(received)) return received.graph;
  throw new TypeError("toMatchGolden wants a model, or the path of a model file");
}
