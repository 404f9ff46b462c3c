/** One kernel by itself, as a shader: what is measured when schedules are compared. */

import type { Grid, Shader } from "../../contract/program.ts";
import type { Storages } from "../ir/storage.ts";
import { nameBindings } from "./bindings.ts";
import { bindingsOf, boundTensors, emitModule, type Part } from "./emit.ts";
import { identifiers } from "./names.ts";

export interface Single {
  readonly shader: Shader;
  readonly grid: Grid;
}

/** Its bindings are those of the dispatch that runs this kernel alone, in their order. */
export function singleShader(part: Part, storages: Storages, layers: readonly string[]): Single {
  const emitted = emitModule([part], storages);
  const tensors = boundTensors(part);
  const names = identifiers(
    tensors.map((_, i) => (i === tensors.length - 1 ? "y" : `x${i}`)),
    emitted.locals,
  );
  const bindings = bindingsOf(part, names, storages);
  const { usesBatch, grid } = emitted;
  const wgsl = nameBindings(emitted.wgsl, [names]);
  const { workgroup } = part.schedule;
  return { shader: { name: "trial", layers, wgsl, workgroup, usesBatch, bindings }, grid };
}
