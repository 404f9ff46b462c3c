/** One kernel by itself, as a shader: what is measured when schedules are compared. */

import type { Grid, Shader } from "../../contract/program.ts";
import type { Size } from "../../contract/type.ts";
import type { Storages } from "../ir/storage.ts";
import { identifiers } from "../targets/wgsl/names.ts";
import { localNames, printModule, usesOf } from "../targets/wgsl/print.ts";
import { bindingsOf } from "./assemble.ts";
import { lowerModule, type Part } from "./module.ts";

export interface Single {
  readonly shader: Shader;
  readonly grid: Grid;
}

/** Its bindings are those of the dispatch that runs this kernel alone, in their order; `sizes` those of its program. */
export function singleShader(
  part: Part,
  storages: Storages,
  layers: readonly string[],
  sizes: readonly Size[] = [],
): Single {
  const module = lowerModule([part], storages);
  const { workgroup, grid, bindings } = module;
  const uses = usesOf(module);
  const names = identifiers(
    bindings.map(({ writable }, i) => (writable ? "y" : `x${i}`)),
    [...localNames(module).values(), ...uses.helpers.keys()],
  );
  const { wgsl } = printModule(module, names, sizes);
  const shader = { name: "trial", layers, wgsl, workgroup, usesBatch: uses.batch };
  return { shader: { ...shader, bindings: bindingsOf(module, names) }, grid };
}
