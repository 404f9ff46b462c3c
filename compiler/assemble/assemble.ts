/** Steps + memory plan → Program: names, headers, one shader per distinct kernel, dispatches. */
import type {
  BakedParam,
  BatchRange,
  Binding,
  Dispatch,
  Grid,
  Program,
  Shader,
  Signature,
  WasmModule,
} from "../../contract/program.ts";
import { quantisedAs, versionFor } from "../../contract/quantised.ts";
import { showDim, showShape } from "../../contract/shapes.ts";
import type { Size } from "../../contract/type.ts";
import { formatLocation, must } from "../errors.ts";
import type { Graph, Node, OpNode } from "../ir/graph.ts";
import { indexBounds } from "../ir/indices.ts";
import { ExprPrinter, formulas } from "../ir/print.ts";
import type { MemoryPlan, Step } from "../ir/step.ts";
import type { KernelModule } from "../ir/stmt.ts";
import { inBuffer, rowsOf, type Storages, type StorageType, typeOf } from "../ir/storage.ts";
import { isKnown, sizesIn } from "../ir/type.ts";
import { roleOf } from "../lower/evaluate.ts";
import { printSchedule } from "../strategies/index.ts";
import type { Target } from "../strategies/target.ts";
import { costOf } from "../targets/wasm/cost.ts";
import { base64, encodeModule } from "../targets/wasm/module.ts";
import { comment, identifiers } from "../targets/wgsl/names.ts";
import { localNames, printModule, type Uses, usesOf } from "../targets/wgsl/print.ts";
import { moduleIdentity } from "./identity.ts";
import { boundTensors, lowerModule } from "./module.ts";
import type { RangeSteps } from "./ranges.ts";

/** Dispatches that run the same shader; each is a bundle of steps that run side by side. */
interface Group {
  /** The shader's place among the program's. */
  readonly number: number;
  /** Of which list of dispatches the bundles are: the first that it occurs in. */
  readonly list: number;
  readonly bundles: Step[][];
  readonly module: KernelModule;
  readonly uses: Uses;
}

/** What a bundle runs. */
interface Use {
  readonly group: Group;
  readonly grid: Grid;
}

/** What a program is assembled from. */
export interface Parts {
  readonly graph: Graph;
  /** Steps by dispatch: those of one list are independent of each other. */
  readonly bundles: readonly (readonly Step[])[];
  readonly memory: MemoryPlan;
  /** How smaller batches are carried out, in the same buffers. */
  readonly ranges: readonly RangeSteps[];
  readonly storages: Storages;
  /** Parameters whose values stand in the kernels' text. */
  readonly baked: readonly BakedParam[];
  readonly code: Target["code"];
}

/** What a Program says of storage types. */
const spoken: Readonly<Record<StorageType, Pick<Signature, "storage">>> = {
  f32: {},
  f16: { storage: "f16" },
  u32: {},
  i32: {},
  u8: {},
  u16: {},
  i8: { storage: "i8" },
  i4: { storage: "i4" },
};

/** A program, and what its kernels are the text of. */
export interface Assembled {
  readonly program: Program;
  /** In the order of the program's kernels. */
  readonly modules: readonly KernelModule[];
}

export function assemble({ graph, bundles, memory, ranges, storages, baked, code }: Parts): Assembled {
  const sizes = sizesIn(graph.inputs.map((i) => i.node.type.shape));
  // Each distinct kernel is lowered once; those that turn out to be the same text, names aside, are one shader, too.
  const groups = new Map<string, Group>();
  const groupOf = new Map<readonly Step[], Use>();
  const known = new Map<string, Use>();
  // The same text may read a shorter tensor: how far it fetches beyond is that of the worst.
  let overhang = 0;
  const enter = (bundle: readonly Step[], list: number): void => {
    const identity = moduleIdentity(bundle, storages);
    let use = known.get(identity);
    if (!use) {
      const module = lowerModule(bundle, storages, code === "wasm");
      overhang = Math.max(overhang, module.overhang);
      const { wgsl } = printModule(module, namelessBindings(module), sizes);
      const group = groups.get(wgsl) ?? {
        number: groups.size,
        list,
        bundles: [],
        module,
        uses: usesOf(module),
      };
      groups.set(wgsl, group);
      use = { group, grid: module.grid };
      known.set(identity, use);
    }
    // Ranges run it for the same layers again.
    if (use.group.list === list) use.group.bundles.push([...bundle]);
    groupOf.set(bundle, use);
  };
  for (const [list, each] of [bundles, ...ranges.map((r) => inRun(r.bundles))].entries())
    for (const bundle of each) enter(bundle, list);
  const all = [...groups.values()];
  const entries = identifiers(all.map((g) => entryName(must(g.bundles[0], "bundle"))));

  const bufferOf = (node: Node, { place } = memory): number =>
    must(place.get(storages.get(node)?.of ?? node), "buffer");
  const dispatch = (bundle: readonly Step[], of: MemoryPlan): Dispatch => {
    const { group, grid } = must(groupOf.get(bundle), "group");
    return {
      kernel: group.number,
      buffers: bundle.flatMap((step) => boundTensors(step.kernel).map((t) => bufferOf(t, of))),
      grid,
      layers: layersOf(bundle),
    };
  };
  const spokenOf = (node: Node): Pick<Signature, "storage"> => {
    const rows = rowsOf(node);
    return rows ? { storage: rows } : spoken[typeOf(storages, node)];
  };
  const signature = (name: string, node: Node): Signature => ({
    name,
    dtype: node.type.dtype,
    shape: node.type.shape.map((d) => (isKnown(d) ? d : showDim(d))),
    buffer: bufferOf(node),
    ...spokenOf(node),
  });
  const indices = indexBounds(graph);
  const features = [...new Set(all.flatMap((g) => g.uses.features))];
  const params = graph.nodes.filter((n) => n.kind === "param").filter((p) => inBuffer(storages, p));
  const inPhase = (phase: Step["region"]["phase"]): Dispatch[] =>
    bundles.filter((b) => b[0]?.region.phase === phase).map((b) => dispatch(b, memory));
  const rangeOf = ({ most, bundles, memory }: RangeSteps): BatchRange => ({
    most,
    dispatches: inRun(bundles).map((b) => dispatch(b, memory)),
  });
  const program: Program = {
    format: "weft-program",
    version: versionFor(
      params.some((p) => quantisedAs(spokenOf(p))),
      sizes.length > 0,
    ),
    name: graph.name,
    inputs: graph.inputs.map(({ name, node }) => {
      const bound = indices.get(node);
      return {
        ...signature(name, node),
        ...(bound && { ...bound, below: isKnown(bound.below) ? bound.below : showDim(bound.below) }),
      };
    }),
    outputs: graph.outputs.map((o) => signature(o.name, o.node)),
    ...(sizes.length > 0 ? { sizes } : {}),
    params: params.map((p) => {
      const order = storages.get(p)?.order;
      const shape = p.type.shape.map(Number);
      return {
        ...signature(p.origin.name, p),
        shape,
        init: p.init,
        ...(p.use ? { use: p.use } : {}),
        ...(order ? { order } : {}),
      };
    }),
    buffers: memory.buffers,
    kernels: all.map((g, i) => shader(g, must(entries[i], "name"), sizes, code)),
    ...(features.length > 0 ? { features } : {}),
    prepare: inPhase("prepare"),
    dispatches: inPhase("run"),
    ...(ranges.length > 0 ? { ranges: ranges.map(rangeOf) } : {}),
    peakBytes: memory.peakBytes,
    maxBatch: memory.maxBatch,
    ...(baked.length > 0 ? { baked } : {}),
    ...(code === "wasm" ? { module: wasmModule(all, sizes, overhang) } : {}),
  };
  return { program, modules: all.map((g) => g.module) };
}

/** The bundles that are carried out in every run. */
const inRun = (bundles: readonly (readonly Step[])[]): readonly (readonly Step[])[] =>
  bundles.filter((b) => b[0]?.region.phase === "run");

function layersOf(bundle: readonly Step[]): readonly string[] {
  return bundle.flatMap((step) => step.region.nodes.map((n) => n.origin.name));
}

/** `conv1_pool1`: the first and the last layer. */
function entryName(bundle: readonly Step[]): string {
  const layers = layersOf(bundle);
  const [first, last] = [must(layers[0], "layer"), must(layers.at(-1), "layer")];
  return first === last ? first : `${first} ${last}`;
}

/** Names that say nothing of whose kernel it is. */
const namelessBindings = ({ bindings }: KernelModule): readonly string[] => bindings.map((_, i) => `_${i}`);

/** Names of the bindings: the model's where one dispatch has the kernel to itself, else the operands' roles. */
function bindingNames({ bundles, module, uses }: Group): readonly string[] {
  const own = bundles.length === 1;
  const names = must(bundles[0], "bundle").flatMap(({ kernel }) =>
    boundTensors(kernel).map((tensor) => {
      if (own) return tensor.origin.name;
      return kernel.results.some((r) => r.root === tensor) ? "y" : roleOf(tensor);
    }),
  );
  return identifiers(names, [...localNames(module).values(), ...uses.helpers.keys()]);
}

/** The bindings as the runtime sees them. */
export function bindingsOf({ bindings }: KernelModule, names: readonly string[]): readonly Binding[] {
  return bindings.map(({ writable, type }, i) => ({
    name: must(names[i], "name"),
    access: writable ? "read_write" : "read",
    ...(type.scalar === "f16" ? { storage: "f16" as const } : {}),
  }));
}

function wasmModule(groups: readonly Group[], sizes: readonly Size[], overhang: number): WasmModule {
  const { bytes, bias } = encodeModule(
    groups.map((g) => g.module),
    sizes,
  );
  return { code: base64(bytes), slack: bias + overhang };
}

function shader(group: Group, name: string, sizes: readonly Size[], code: Target["code"]): Shader {
  const { bundles, module, uses } = group;
  const names = bindingNames(group);
  return {
    name,
    layers: bundles.flatMap(layersOf),
    wgsl: `${header(bundles)}\n${printModule(module, names, sizes).wgsl}`,
    workgroup: module.workgroup,
    usesBatch: uses.batch,
    ...(code === "wasm" ? { cost: costOf(module) } : {}),
    bindings: bindingsOf(module, names),
  };
}

/** What the kernel computes: each layer with its op, shapes and model line. */
function header(bundles: readonly (readonly Step[])[]): string {
  const lines = bundles
    .flat()
    .flatMap((step) => [
      step.region.nodes.map((n) => n.origin.name).join(" → "),
      ...step.region.nodes.map((n) => `  ${describe(n)}`),
    ]);
  const parts = must(bundles[0], "bundle").flatMap(({ kernel, region, schedule }) => {
    const print = new ExprPrinter();
    const tuned = schedule.tuned ? ", tuned" : "";
    return [...formulas(region, print), `${kernel.kind}: ${printSchedule(kernel, schedule)}${tuned}`];
  });
  return [...lines, ...parts].map((l) => `// ${comment(l)}`).join("\n");
}

function describe(node: OpNode): string {
  const { options, formula } = node.op.summary(
    node.attrs,
    node.inputs.map((i) => i.type),
    node.type,
  );
  const from = node.inputs[0] ? `${showShape(node.inputs[0].type.shape)} → ` : "";
  const at = node.origin.at ? `, ${formatLocation(node.origin.at)}` : "";
  return `${node.origin.name}: ${node.op.name} ${options} ${from}${showShape(node.type.shape)}${at}${formula ? `  (${formula})` : ""}`.replace(
    / {2,}(?=\S*\[)/,
    " ",
  );
}
