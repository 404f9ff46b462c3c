/** One random model, from its graph to a verdict. */
import { type Compilation, compile } from "../../compiler/compile.ts";
import type { Graph, Node } from "../../compiler/ir/graph.ts";
import { checker } from "../check/device.ts";
import type { Arrays, NdArray } from "../oracle/array.ts";
import { differences, isMeaningful, type Reference, reference } from "../oracle/compare.ts";
import { exceptionFor, onnxReference } from "../oracle/onnx.ts";
import { evaluate } from "../oracle/oracle.ts";
import { dequantised } from "../oracle/quantised.ts";
import { device, hereFor, runProgramOn } from "../oracle/weft.ts";
import { interpreter } from "../wgsl/device.ts";
import { type Data, dataFor } from "./data.ts";
import { checkProperties, withOwnBuffers } from "./properties.ts";
import { buildModel, type ModelSpec, printModel } from "./spec.ts";
import { userMeanings } from "./userOps.ts";

/** Who is asked besides the oracle, and what is looked at besides the results. */
export interface Opinions {
  /** The kernels run on this machine's adapter too, not only in this process. Not those for WebAssembly. */
  readonly adapter?: boolean;
  readonly onnx?: boolean;
  /** A buffer for each tensor and another order of threads give the same bits, compiling again the same program. */
  readonly twice?: boolean;
}

/** All of them: what a model that was once wrong is asked. */
export const EVERYTHING: Opinions = { adapter: true, onnx: true, twice: true };

export interface Verdict {
  readonly graph: Graph;
  readonly compilation: Compilation;
  /** False where f32 has no right answer for any output. */
  readonly compared: boolean;
  /** Why onnxruntime was not asked, where it should have been. */
  readonly withoutOnnx: string | undefined;
}

/** Throws an error that shows the model file where Weft and a reference differ. */
export async function check(spec: ModelSpec, opinions: Opinions = EVERYTHING): Promise<Verdict> {
  try {
    const graph = buildModel(spec);
    const data = spec.batches.map((batch, i) =>
      dataFor(graph, batch, spec.seed + i, spec.scale, spec.sizes?.[i]),
    );
    const params = data[0]?.params ?? {};
    const compilation = compiled(graph, spec, params);
    checkProperties(compilation);
    const meant = dequantised(compilation.program, params);
    const run = async (on: GPUDevice, program = compilation.program) =>
      await runProgramOn(
        on,
        program,
        params,
        data.map((d) => d.inputs),
      );
    const isWasm = compilation.program.module !== undefined;
    const got = await run(hereFor(compilation.program));
    const wants = data.map(({ inputs }, i) => {
      const want = meaningful(graph, inputs, meant, spec, 1);
      if (differences(got[i] ?? {}, want) === undefined) return want;
      // One sample of what rounding does may have been lucky.
      const surer = meaningful(graph, inputs, meant, spec, MORE_SAMPLES);
      fail("the naive oracle", differences(got[i] ?? {}, surer));
      return surer;
    });
    if (opinions.adapter && !isWasm && (await hasFeatures(compilation)))
      (await run(await device())).forEach((result, i) => {
        fail("the naive oracle, on the adapter", differences(result, wants[i] ?? {}));
      });
    if (opinions.twice) {
      const apart = withOwnBuffers(compilation.program);
      equalBits("with a buffer for each tensor", got, await run(hereFor(apart), apart));
      if (!isWasm)
        equalBits("from the last thread to the first", got, await run(interpreter({ backwards: true })));
      // It carries out what the kernels are made of, whatever they became.
      (await run(checker(compilation))).forEach((result, i) => {
        fail("the naive oracle, carried out by the check target", differences(result, wants[i] ?? {}));
      });
      const again = compiled(buildModel(spec), spec, params);
      if (JSON.stringify(again.program) !== JSON.stringify(compilation.program))
        throw new Error("compiled again, the program is another one");
    }
    const withoutOnnx = opinions.onnx ? await askOnnx(graph, data, meant, spec, got, wants) : undefined;
    const compared = wants.some((want) => Object.keys(want).length > 0);
    return { graph, compilation, compared, withoutOnnx };
  } catch (e) {
    throw new Error(`${describe(e)}\n\n${printModel(spec)}\n`, {
      cause: e,
    });
  }
}

function compiled(graph: Graph, { how }: ModelSpec, params: Arrays): Compilation {
  const { target, precision, quantise, bake } = how;
  return compile(graph, {
    target,
    precision,
    ...(quantise && { quantise }),
    ...(bake ? { bake: params } : {}),
  });
}

type Results = Awaited<ReturnType<typeof runProgramOn>>;

const MORE_SAMPLES = 30;

/** The outputs for which f32 has a right answer: none that a number goes into which is not finite. */
function meaningful(
  graph: Graph,
  inputs: Arrays,
  params: Arrays,
  { how }: ModelSpec,
  samples: number,
): Record<string, Reference> {
  const spoilt = new Set<Node>();
  const watch = (node: Node, { data }: NdArray): void => {
    const operands = node.kind === "op" ? node.inputs : [];
    if (operands.some((n) => spoilt.has(n)) || !data.every(Number.isFinite)) spoilt.add(node);
  };
  const exact = evaluate(graph, inputs, params, { custom: userMeanings, watch });
  const all = reference(graph, inputs, params, {
    custom: userMeanings,
    storage: how.precision,
    samples,
    exact,
  });
  return Object.fromEntries(
    graph.outputs.flatMap(({ name, node }) => {
      const found = all[name];
      return found && !spoilt.has(node) && isMeaningful(found) ? [[name, found] as const] : [];
    }),
  );
}

async function hasFeatures({ program }: Compilation): Promise<boolean> {
  const { features } = await device();
  return program.features?.every((f) => features.has(f)) ?? true;
}

function equalBits(how: string, a: Results, b: Results): void {
  a.forEach((result, i) => {
    for (const [name, { data }] of Object.entries(result)) {
      const other = b[i]?.[name]?.data;
      const at = data.findIndex((v, j) => !Object.is(v, other?.[j]));
      if (at >= 0) throw new Error(`${how} ${name}[${at}] is ${other?.[at]}, else ${data[at]}`);
    }
  });
}

/** Throws where onnxruntime disagrees. Why it was not asked. */
async function askOnnx(
  graph: Graph,
  data: readonly Data[],
  params: Arrays,
  spec: ModelSpec,
  got: Results,
  wants: readonly Record<string, Reference>[],
): Promise<string | undefined> {
  if (spec.how.precision === "f16") return "onnxruntime computes in f32";
  if (spec.sizes) return "sizes are N or numbers there";
  const reason = exceptionFor(graph)?.reason;
  if (reason !== undefined) return reason;
  const [first, want = {}] = [data[0], wants[0]];
  if (!first) return undefined;
  const all = await onnxReference(graph, first.inputs, params);
  const asked = Object.fromEntries(Object.entries(all).filter(([name]) => Object.hasOwn(want, name)));
  fail("onnxruntime", differences(got[0] ?? {}, asked));
  return undefined;
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
