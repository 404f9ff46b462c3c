/** Computes the values of layers by the real kernels: compiles a program whose outputs they are, and runs it. */
import { compile, type TargetName } from "../../../compiler/compile.ts";
import type { Graph } from "../../../compiler/ir/graph.ts";
import { pipelineCount } from "../../../compiler/report/kernels.ts";
import type { ParamSpec } from "../../../contract/program.ts";
import type { Tensor } from "../../../contract/tensor.ts";
import type { Weights } from "../../../contract/weights.ts";
import { load } from "../../../runtime/sized.ts";
import { type Watched, watching } from "./layers.ts";
import type { Inputs } from "./source.ts";
import { type Drawn, initialWeights, misfit } from "./weights.ts";

export interface Wanted {
  readonly graph: Graph;
  /** Those to be watched. */
  readonly layers: readonly Watched[];
  readonly weights: Weights | null;
  readonly target: TargetName;
  readonly drawn: Drawn;
  /** The part of the initial values that is drawn. */
  readonly progress: (part: number) => Promise<void>;
  /** The kernels are about to be built. */
  readonly building: (kernels: number) => Promise<void>;
}

export interface Engine {
  readonly params: readonly ParamSpec[];
  /** Null: initial values are used. */
  readonly weights: Weights | null;
  /** The values that are used. */
  readonly values: Weights;
  /** Why the weights that were wanted are not used. */
  readonly misfit: string | undefined;
  /** The values of the watched layers and of the model's outputs, by `outputName`, for one example. */
  run(inputs: Inputs): Promise<Readonly<Record<string, Tensor>>>;
  destroy(): void;
}

/** Throws what `compile` and `load` throw. */
export async function startEngine(
  { graph, layers, weights, target, drawn, progress, building }: Wanted,
  device: GPUDevice,
): Promise<Engine> {
  const { program } = compile(watching(graph, layers), { target });
  const why = weights ? misfit(program.params, weights) : undefined;
  const used = why === undefined ? weights : null;
  const values = used ?? (await initialWeights(program.params, drawn, progress));
  await building(pipelineCount(program));
  const session = await load(program, { weights: values, device });
  return {
    params: program.params,
    weights: used,
    values,
    misfit: why,
    run: (inputs) => session.run(inputs),
    destroy: () => session.destroy(),
  };
}
