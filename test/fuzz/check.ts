/** One random model, from its graph to a verdict. */
import { type Compilation, compile } from "../../compiler/compile.ts";
import type { Graph } from "../../compiler/ir/graph.ts";
import { differences, isMeaningful, reference } from "../oracle/compare.ts";
import { exceptionFor, onnxReference } from "../oracle/onnx.ts";
import { runProgram } from "../oracle/weft.ts";
import { dataFor } from "./data.ts";
import { buildModel, type ModelSpec, printModel } from "./spec.ts";

export interface Verdict {
  readonly graph: Graph;
  readonly compilation: Compilation;
  /** False where f32 has no right answer. */
  readonly compared: boolean;
  /** Why onnxruntime was not asked too. */
  readonly withoutOnnx: string | undefined;
}

/** Throws an error that shows the model file where Weft and a reference differ. */
export async function check(spec: ModelSpec): Promise<Verdict> {
  try {
    const graph = buildModel(spec);
    const { inputs, params } = dataFor(graph, spec.batch, spec.seed, spec.scale);
    const want = reference(graph, inputs, params);
    const compilation = compile(graph, {
      target: (["portable", "octets", "quads", "gpu"] as const)[spec.seed % 4] ?? "portable",
    });
    const [got] = await runProgram(compilation.program, params, inputs);
    const compared = Object.values(want).every((r) => isMeaningful(r));
    const withoutOnnx = exceptionFor(graph)?.reason;
    if (compared) {
      fail("the naive oracle", differences(got ?? {}, want));
      const exact = Object.fromEntries(Object.entries(want).map(([name, { value }]) => [name, value]));
      if (withoutOnnx === undefined)
        fail("onnxruntime", differences(got ?? {}, await onnxReference(graph, inputs, params, { exact })));
    }
    return { graph, compilation, compared, withoutOnnx };
  } catch (e) {
    throw new Error(`${describe(e)}\n\n${printModel(spec)}\n`, {
      cause: e,
    });
  }
}

function fail(against: string, text: string | undefined): void {
  if (text) throw new Error(`against ${against}: ${text}`);
}

/** The message, and the innermost lines of the compiler's own stack where it has one to show. */
function describe(e: unknown): string {
  if (!(e instanceof Error)) return String(e);
  const frames = (e.stack ?? "").split("\n").filter((line) => /\/(compiler|runtime)\//.test(line));
  return [e.message, ...frames.slice(0, 8)].join("\n");
}
