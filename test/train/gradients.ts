/**
 * Gradients as the compiler derives and computes them, against central differences of the float64 oracle, which
 * knows nothing of the compiler.
 */
import type { Tensor } from "weftgpu";
import { type Compilation, compile } from "../../compiler/compile.ts";
import { type Graph, type Node, type OpNode, topologicalOrder } from "../../compiler/ir/graph.ts";
import { opNode } from "../../compiler/ops/derived.ts";
import { ops } from "../../compiler/ops/index.ts";
import { differentiate } from "../../compiler/passes/differentiate.ts";
import { verifyGraph, verifyRegion } from "../../compiler/passes/verify.ts";
import { verifyProgram } from "../../compiler/passes/verifyProgram.ts";
import type { TargetName } from "../../compiler/strategies/target.ts";
import type { Program } from "../../contract/program.ts";
import { shapeAt } from "../../contract/type.ts";
import { type Arrays, type NdArray, random, randomArray, sizeOf } from "../oracle/array.ts";
import { type EvaluateOptions, evaluate } from "../oracle/oracle.ts";
import { deviceFor, runProgramOn, usualTarget } from "../oracle/weft.ts";

/** The weights of the loss Σ weights · y. */
const WEIGHTS = "loss.weights";
/** Elements looked at in each tensor. */
const PROBES = 6;
/** The step of a central difference; its error is about h² and 2⁻⁵³/h, both far below f32's. */
const STEP = 1e-5;
/** Two one-sided slopes that differ by more than this share: the function has a kink within a step. */
const KINK = 1e-2;
/** Tolerances: relative to the element, to the largest probed element of its tensor, and to values about 1. */
const RELATIVE = 1e-4;
const FLOOR = 1e-4;
const ROUNDING = 2e-6;

export interface GradientOptions {
  /** The sizes of N, run by one compiled program. Default 1 and 3. */
  readonly batches?: readonly number[];
  readonly seed?: number;
  /** Values in low … high by name; default −1 … 1, and 0.5 … 2 for names with "positive" or "var" in them. */
  readonly range?: Readonly<Record<string, readonly [number, number]>>;
  readonly given?: Arrays;
  /** As a training step is compiled: no parameter is constant, long sums are split. Default true. */
  readonly training?: boolean;
  /** Whether y is an output too. Default false. */
  readonly forward?: boolean;
  readonly custom?: EvaluateOptions["custom"];
  /** Times the tolerance. Default 1. */
  readonly loose?: number;
  /** What runs it. Default: `deviceFor`. */
  readonly device?: (program: Program) => GPUDevice;
  /** Default: `usualTarget`. */
  readonly target?: TargetName;
  /** Takes the gradient of the last op's training form; `custom` says what that computes. Default false. */
  readonly form?: "training";
}

/** Differences say nothing: the values were chosen badly. */
export class MostAtKinks extends Error {}

export interface GradientGraph {
  /** The outputs are loss and d(name) for every operand and parameter. */
  readonly graph: Graph;
  /** The one output is y. */
  readonly forward: Graph;
  /** The tensors that gradients are asked of, by name. */
  readonly operands: ReadonlyMap<string, Node>;
}

/** Σ weights · y, and its gradients for everything that y is made from. */
export function gradientGraph(
  plain: Node,
  { training = true, forward = false, form }: GradientOptions = {},
): GradientGraph {
  const order = topologicalOrder([plain]);
  const y =
    form && plain.kind === "op"
      ? (plain.op.training?.(plain, 0, Number.POSITIVE_INFINITY).value ?? plain)
      : plain;
  const operands = new Map(
    topologicalOrder([y])
      .filter((n) => n.type.dtype === "f32" && (n.kind === "input" || n.kind === "param"))
      .map((n) => [n.origin.name, n]),
  );
  const inputs = order.filter((n) => n.kind === "input").map((node) => ({ name: node.origin.name, node }));
  const weights: Node = { kind: "input", type: y.type, origin: { name: WEIGHTS } };
  const weighted = opNode(ops.mul, {}, [weights, y], { name: "loss.weighted" });
  const loss = opNode(ops.sum, {}, [weighted], { name: "loss" });
  const gradients = differentiate(loss, [...operands.values()]);
  const outputs = [
    { name: "loss", node: loss },
    ...(forward ? [{ name: "y", node: y }] : []),
    ...[...operands].map(([name, node]) => ({ name: `d(${name})`, node: gradientOf(gradients, node) })),
  ];
  const all = { inputs: [...inputs, { name: WEIGHTS, node: weights }], outputs };
  return {
    graph: {
      name: "gradients",
      ...all,
      ...(training ? { updates: [] } : {}),
      nodes: topologicalOrder(outputs.map((o) => o.node)),
    },
    forward: { name: "forward", inputs, outputs: [{ name: "y", node: plain }], nodes: order },
    operands,
  };
}

function gradientOf(gradients: ReadonlyMap<Node, Node>, node: Node): Node {
  const gradient = gradients.get(node);
  if (!gradient) throw new Error(`no gradient of ${node.origin.name}`);
  return gradient;
}

/** Compiles and checks the data of every stage. */
export function compiled(graph: Graph, target: TargetName = usualTarget(graph)): Compilation {
  verifyGraph(graph);
  const compilation = compile(graph, { target });
  verifyGraph(compilation.graph);
  for (const { region } of compilation.steps) verifyRegion(region);
  verifyProgram(compilation.program);
  return compilation;
}

/** Values for every operand, and the loss's weights. */
export function valuesFor(g: GradientGraph, batch: number, seed: number, options: GradientOptions): Arrays {
  const next = random(seed);
  const tensors = [...g.forward.nodes, weightsOf(g)].filter((n) => n.kind === "input" || n.kind === "param");
  const values = tensors
    .map((node) => [node.origin.name, node] as const)
    .map(([name, node]): [string, NdArray] => {
      const shape = shapeAt(node.type.shape, batch);
      const [low, high] = options.range?.[name] ?? (/positive|_var/.test(name) ? [0.5, 2] : [-1, 1]);
      return [name, randomArray(shape, next, low, high)];
    });
  return { ...Object.fromEntries(values), ...options.given };
}

function weightsOf(g: GradientGraph): Node {
  const found = g.graph.inputs.find((i) => i.name === WEIGHTS);
  if (!found) throw new Error("no weights");
  return found.node;
}

/** Throws an error that lists the elements that are wrong, with the seed. Returns how many were compared. */
export async function checkGradients(y: Tensor, options: GradientOptions = {}): Promise<number> {
  const { batches = [1, 3], seed = 1, loose = 1 } = options;
  const g = gradientGraph(y.node, options);
  const { program } = compiled(g.graph, options.target);
  // Parameters are set once, so they are the first batch's.
  const sets = batches.map((batch, i) => valuesFor(g, batch, seed + i, options));
  const params = Object.fromEntries(program.params.map((p) => [p.name, sets[0]?.[p.name] as NdArray]));
  const data = sets.map((values) => ({ ...values, ...params }));
  const results = await runProgramOn(
    options.device?.(program) ?? (await deviceFor(program)),
    program,
    params,
    data,
  );
  const wrong: string[] = [];
  let compared = 0;
  for (const [i, values] of data.entries()) {
    const all = [...g.operands.keys()].map(
      (name) => [name, differencesOf(g, values, name, seed + i, options)] as const,
    );
    const largest = (list: readonly Probe[]): number => Math.max(0, ...list.map((p) => Math.abs(p.slope)));
    const most = largest(all.flatMap(([, probes]) => probes));
    for (const [name, probes] of all) {
      const got = results[i]?.[`d(${name})`];
      // In deep models a gradient that is 0 may be a sum of large terms: then the largest gradient is the measure.
      const scale = loose > 1 ? most : largest(probes);
      for (const { at, slope } of probes) {
        compared++;
        const value = got?.data[at] ?? Number.NaN;
        if (Math.abs(value - slope) <= loose * (RELATIVE * Math.abs(slope) + FLOOR * scale + ROUNDING))
          continue;
        wrong.push(`batch ${batches[i]}, d(${name})[${at}] is ${value}, by differences ${slope}`);
      }
    }
  }
  if (wrong.length > 0)
    throw new Error(
      `${wrong.length} of ${compared} gradients are wrong, seed ${seed}\n${wrong.slice(0, 12).join("\n")}`,
    );
  return compared;
}

interface Probe {
  readonly at: number;
  readonly slope: number;
}

/** ∂loss/∂element by central differences at a few elements of one tensor. Elements at a kink are left out. */
function differencesOf(
  g: GradientGraph,
  values: Arrays,
  name: string,
  seed: number,
  { custom }: GradientOptions,
): readonly Probe[] {
  const x = values[name];
  const weights = values[WEIGHTS];
  if (!x || !weights) throw new Error(`no values for ${name}`);
  const lossWith = (at: number, shift: number): number => {
    const data = Float64Array.from(x.data);
    data[at] = (data[at] ?? 0) + shift;
    const all = { ...values, [name]: { shape: x.shape, data } };
    const y = evaluate(g.forward, all, all, custom ? { custom } : {})["y"];
    return y ? y.data.reduce((a, v, i) => a + v * (weights.data[i] ?? 0), 0) : Number.NaN;
  };
  const next = random(seed + 17);
  const size = sizeOf(x.shape);
  const chosen =
    size <= PROBES
      ? Array.from({ length: size }, (_, i) => i)
      : [...new Set([0, size - 1, ...Array.from({ length: PROBES - 2 }, () => Math.floor(next() * size))])];
  const here = lossWith(0, 0);
  const probes = chosen.flatMap((at): Probe[] => {
    const [above, below] = [lossWith(at, STEP), lossWith(at, -STEP)];
    const [right, left] = [(above - here) / STEP, (here - below) / STEP];
    const kink = Math.abs(right - left) > KINK * (1e-3 + Math.abs(right) + Math.abs(left));
    return kink ? [] : [{ at, slope: (above - below) / (2 * STEP) }];
  });
  if (probes.length * 2 <= chosen.length)
    throw new MostAtKinks(`${name}: most elements lie at a kink, seed ${seed}`);
  return probes;
}

/** The names of the ops that a tensor is made by. */
export function opsOf(y: Tensor): readonly string[] {
  return topologicalOrder([y.node])
    .filter((n): n is OpNode => n.kind === "op")
    .map((n) => n.op.name);
}
