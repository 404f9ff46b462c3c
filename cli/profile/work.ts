/** What each dispatch of a run has to do, counted from the model: operations, and bytes that must move. */
import type { Compilation } from "../../compiler/compile.ts";
import { InternalError } from "../../compiler/errors.ts";
import type { Node } from "../../compiler/ir/graph.ts";
import type { Step } from "../../compiler/ir/step.ts";
import { type Storages, typeOf } from "../../compiler/ir/storage.ts";
import { countAt, elements } from "../../compiler/ir/type.ts";
import { codecs } from "../../compiler/ops/codec.ts";
import { costOf } from "../../compiler/report/cost.ts";
import type { Location } from "../../contract/diagnosis.ts";

export interface DispatchWork {
  /** The kernel's name; dispatches of one text share it. */
  readonly kernel: string;
  readonly layers: readonly string[];
  /** Where the last of the layers stands in the model file. */
  readonly at: Location | undefined;
  /** Scalar operations of the layers, as the model defines them: a multiply-add is two, repeats do not count. */
  readonly flops: number;
  /** Bytes of every tensor that is read or written, each once. */
  readonly bytes: number;
}

/** A row per dispatch of a run, in order. */
export function workOf({ program, steps, storages }: Compilation, batch: number): readonly DispatchWork[] {
  const rest = steps.filter((s) => s.region.phase === "run");
  return program.dispatches.map(({ kernel, layers }) => {
    const mine: Step[] = [];
    for (let named = 0; named < layers.length; ) {
      const step = rest.shift();
      if (!step) throw new InternalError(`no step computes ${layers.join(", ")}`);
      mine.push(step);
      named += step.region.nodes.length;
    }
    const sum = (each: (step: Step) => number): number => mine.reduce((total, step) => total + each(step), 0);
    return {
      kernel: program.kernels[kernel]?.name ?? "",
      layers,
      at: mine.at(-1)?.region.nodes.at(-1)?.origin.at,
      flops: sum((s) => s.region.nodes.reduce((f, node) => f + countAt(costOf(node).flops, batch), 0)),
      bytes: sum((s) =>
        [...s.kernel.reads, ...s.kernel.results.map((r) => r.root)].reduce(
          (b, node) => b + bytesOf(node, batch, storages),
          0,
        ),
      ),
    };
  });
}

function bytesOf(node: Node, batch: number, storages: Storages): number {
  return codecs[typeOf(storages, node)].bytes(countAt(elements(node.type.shape), batch));
}
