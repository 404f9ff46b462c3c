/** What `weftgpu/verify` holds a program against, kernel by kernel. */
import type { Probe, Probes, Verification } from "../contract/verification.ts";
import { boundTensors } from "./assemble/module.ts";
import { type Compilation, type CompileOptions, compile } from "./compile.ts";
import { UserError } from "./errors.ts";
import type { Expr, ScalarName } from "./ir/expr.ts";
import type { Graph, Node } from "./ir/graph.ts";
import { type Kernel, valuesOf } from "./ir/kernel.ts";
import type { Step } from "./ir/step.ts";
import { typeOf } from "./ir/storage.ts";
import { visit } from "./math/build.ts";

/** Options of a program that can be verified. */
export type VerificationOptions = Omit<CompileOptions, "quantise" | "wasm">;

/**
 * Compiles a model as `compile` does, and once more for WebAssembly with every tensor that its kernels store as an output. What
 * one kernel after the other stores is then compared, on the device of whoever runs it, by `verify` of weftgpu/verify.
 *
 * Throws `UserError` as `compile`; for trainings and quantised weights, which cannot be verified so.
 */
export function verification(model: Graph, options: VerificationOptions = {}): Verification {
  const { quantise, wasm: _, ...given } = options as CompileOptions; // in JavaScript there may be more
  if (quantise)
    throw new UserError({
      problem: "a program with quantised weights is not verified",
      rule: "its reference has the weights themselves, and each program its own blocks of them",
      fix: "leave out quantise: the other kernels are the same",
    });
  const compilation = compile(model, given);
  const { graph, program, bundles, ranges } = compilation;
  const own = new Set<Node>(graph.nodes);
  const inPhase = (list: readonly (readonly Step[])[], phase: Step["region"]["phase"]): Probes =>
    list.filter((b) => b[0]?.region.phase === phase).map((b) => probesOf(b, compilation, own));
  const results = [bundles, ...ranges.map((r) => r.bundles)]
    .flat(2)
    .flatMap((step) => step.kernel.results.map((r) => r.root))
    .filter((root) => own.has(root));
  const outputs = [...new Set(results)].map((node) => ({ name: node.origin.name, node }));
  return {
    format: "weft-verification",
    version: 1,
    program,
    reference: compile({ ...graph, outputs }, { target: "wasm" }).program,
    prepare: inPhase(bundles, "prepare"),
    lists: [bundles, ...ranges.map((r) => r.bundles)].map((list) => inPhase(list, "run")),
  };
}

/** Of a dispatch, in the order of its buffers. What a strategy keeps between its kernels is none of the model's tensors. */
function probesOf(
  bundle: readonly Step[],
  { storages }: Compilation,
  own: ReadonlySet<Node>,
): readonly Probe[] {
  const tensors = bundle.flatMap(({ kernel }) => boundTensors(kernel).map((tensor) => ({ kernel, tensor })));
  return tensors.flatMap(({ kernel, tensor }, binding): Probe[] => {
    if (!own.has(tensor) || !kernel.results.some((r) => r.root === tensor)) return [];
    const order = storages.get(tensor)?.order;
    const half = typeOf(storages, tensor) === "f16";
    return [
      {
        binding,
        layer: tensor.origin.name,
        ...(order && { order }),
        ...(half && { storage: "f16" }),
        ...(jumps(kernel) && { jumps: true }),
      },
    ];
  });
}

const STEPS: ReadonlySet<ScalarName> = new Set<ScalarName>([
  "floor",
  "ceil",
  "round",
  "less",
  "lessOrEqual",
  "equal",
  "select",
]);

/** Whether a small change of what it reads may change what it stores by much. */
function jumps(kernel: Kernel): boolean {
  let found = false;
  const look = (e: Expr): void => {
    found ||= e.kind === "call" && STEPS.has(e.fn);
  };
  for (const value of valuesOf(kernel)) visit(value, look);
  return found;
}
