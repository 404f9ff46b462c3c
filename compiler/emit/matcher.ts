/**
 * The matcher for golden files, for any copy of vitest: a project says in a file of its own
 *
 *   import { type GoldenMatchers, golden } from "weftgpu/golden";
 *   import { expect } from "vitest";
 *   expect.extend(golden);
 *   declare module "vitest" {
 *     interface Matchers<T = any> extends GoldenMatchers {}
 *   }
 *
 * and its own vitest has the matcher and its type, wherever Weft lies and whatever versions of vitest and vite there are
 * besides. `weftgpu/vitest` says the same for the vitest that Weft itself finds.
 */
import { compile } from "../compile.ts";
import { isModel } from "../dsl/index.ts";
import { UserError } from "../errors.ts";
import { loadModel } from "../frontend/index.ts";
import type { Graph } from "../ir/graph.ts";
import { noMore, show, takes, text } from "../options.ts";
import { checkGolden } from "./golden.ts";

/** What `expect(…)` gains. */
export interface GoldenMatchers {
  /**
   * Whether a model compiles to the WGSL, the shape table and the plan in `folder`. Takes a model or the path of a
   * model file; to be awaited. Like a snapshot, a folder that holds none yet is written, except in CI.
   */
  toMatchGolden(folder: string): Promise<void>;
}

/** What a matcher says: whether it holds, and what to print where that is not what was expected. */
export interface Verdict {
  readonly pass: boolean;
  /** What differs, or that nothing does. */
  message(): string;
}

const readFolder = takes("toMatchGolden", { folder: text });

/** The matchers, as `expect.extend` takes them. */
export const golden = {
  /** Compares a model's output with the golden files of a folder. */
  async toMatchGolden(this: object, received: unknown, ...args: readonly unknown[]): Promise<Verdict> {
    noMore("toMatchGolden", args, 1);
    const { folder } = readFolder({ folder: args[0] });
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
};

/** `all` under `vitest -u`, `none` in CI, else `new`. Vitest keeps it in a field that its types call private. */
function snapshotMode(state: object): unknown {
  const snapshots: unknown = "snapshotState" in state ? state.snapshotState : undefined;
  if (typeof snapshots !== "object" || snapshots === null) return undefined;
  return "_updateSnapshot" in snapshots ? snapshots._updateSnapshot : undefined;
}

async function graphOf(received: unknown): Promise<Graph> {
  if (typeof received === "string") return (await loadModel(received)).graph;
  if (isModel(received)) return received.graph;
  throw new UserError({
    problem: `toMatchGolden is given ${show(received)}`,
    rule: "what is compared is a model, or the path of a model file",
    fix: 'await expect("models/lenet.ts").toMatchGolden("test/golden/lenet")',
  });
}
