/** From which tensor of a file each parameter of a model is filled, and what stands in the way. */
import { must, UserError } from "../../compiler/errors.ts";
import { closest } from "../../compiler/options.ts";
import { showSizes } from "../../contract/type.ts";
import { type Change, changeOf, type Layer, layersOf, type Named, partOf } from "./layers.ts";
import { type Match, matchLayers, type Rule } from "./match.ts";

/** A parameter that is known. */
export interface Filled {
  readonly to: Named;
  /** Undefined: the map says that it keeps its initial values. */
  readonly from: Named | undefined;
  readonly change: Change;
  readonly rule: Rule;
}

/** Layers of the model that may each be any of some layers of the file. */
export interface Ambiguous {
  readonly wanted: readonly Layer[];
  readonly from: readonly Layer[];
}

export interface Plan {
  /** In the model's order. */
  readonly filled: readonly Filled[];
  readonly missing: readonly Named[];
  readonly ambiguous: readonly Ambiguous[];
  /** Tensors of the file that no parameter takes, in the file's order. */
  readonly left: readonly Named[];
}

/** Names of the model, layers or parameters, and which of the file they are; null: they keep their initial values. */
export type NameMap = Readonly<Record<string, string | null>>;

/** Throws `UserError` where the map names what is not there, or what does not fit. */
export function planOf(params: readonly Named[], tensors: readonly Named[], map: NameMap = {}): Plan {
  const pins = Object.entries(map);
  const single = new Map(pins.flatMap(([to, from]) => pinned(to, from, params, tensors)));
  const taken = new Set([...single.values()].map(({ from }) => from));
  const model = layersOf(params.filter((param) => !single.has(param)));
  const file = layersOf(tensors.filter((tensor) => !taken.has(tensor)));
  const given = new Map(
    pins.flatMap(([to, from]) =>
      params.some(({ name }) => name === to) ? [] : pinnedLayer(to, from, model, file),
    ),
  );
  const kept = new Set([...given].flatMap(([layer, match]) => (match ? [] : [layer])));
  const matched = new Map([...given].flatMap(([layer, match]) => (match ? [[layer, match] as const] : [])));
  const { matches, open } = matchLayers(
    model.filter((layer) => !kept.has(layer)),
    file,
    matched,
  );
  const filled = new Map<Named, Filled>(single);
  for (const layer of kept)
    for (const to of layer.parts.values()) filled.set(to, { to, from: undefined, change: "", rule: "map" });
  for (const [wanted, { from, rule }] of matches)
    for (const [role, to] of wanted.parts) {
      const tensor = from.parts.get(role);
      const change = tensor && changeOf(tensor.shape, to.shape);
      if (tensor && change !== undefined) filled.set(to, { to, from: tensor, change, rule });
    }
  const used = new Set([...filled.values()].map(({ from }) => from));
  const undecided = new Set(open.flatMap(({ wanted }) => wanted.flatMap(({ parts }) => [...parts.values()])));
  return {
    filled: params.flatMap((param) => filled.get(param) ?? []),
    missing: params.filter((param) => !filled.has(param) && !undecided.has(param)),
    ambiguous: open,
    left: tensors.filter((tensor) => !used.has(tensor)),
  };
}

/** What the map says of a parameter by its own name; nothing where the name is a layer's. */
function pinned(
  to: string,
  from: string | null,
  params: readonly Named[],
  tensors: readonly Named[],
): readonly (readonly [Named, Filled])[] {
  const param = params.find(({ name }) => name === to);
  if (!param) return [];
  if (from === null) return [[param, { to: param, from: undefined, change: "", rule: "map" }]];
  const tensor = tensors.find(({ name }) => name === from);
  if (!tensor) throw unknown(from, "the file has no tensor", tensors);
  return [[param, { to: param, from: tensor, change: fitting(tensor, param), rule: "map" }]];
}

/** What the map says of a layer; undefined of it: it keeps its initial values. */
function pinnedLayer(
  to: string,
  from: string | null,
  model: readonly Layer[],
  file: readonly Layer[],
): readonly (readonly [Layer, Match | undefined])[] {
  const wanted = model.find(({ name }) => name === to);
  if (!wanted) throw unknown(to, "the model has no layer or parameter", model);
  if (from === null) return [[wanted, undefined]];
  const layer = file.find(({ name }) => name === from);
  if (!layer) throw unknown(from, "the file has no layer or tensor", file);
  const absent = [...wanted.parts.keys()].find((role) => !layer.parts.has(role));
  if (absent !== undefined)
    throw new UserError({
      problem: `the map says that ${to} is ${from}, which has no ${absent || "such tensor"}`,
      rule: `${to} is ${showParts(wanted)}; ${from} is ${showParts(layer)}`,
      fix: "name the parameters one by one, or another layer",
    });
  for (const [role, param] of wanted.parts) fitting(must(layer.parts.get(role), role), param);
  return [[wanted, { from: layer, rule: "map" }]];
}

function fitting(tensor: Named, param: Named): Change {
  const change = changeOf(tensor.shape, param.shape);
  if (change !== undefined) return change;
  throw new UserError({
    problem: `the map says that ${param.name} ${showSizes(param.shape)} is ${tensor.name} ${showSizes(tensor.shape)}`,
    rule: "shapes are the same, but for sizes of 1 and the order of a matrix's two axes",
    fix: "name another tensor",
  });
}

function unknown(name: string, what: string, known: readonly { readonly name: string }[]): UserError {
  const near = closest(
    name,
    known.map((each) => each.name),
  );
  return new UserError({
    problem: `the map names ${name}, but ${what} of that name`,
    fix: near ?? "weft weights without --map prints the names of both",
  });
}

/** The parts that have a shape, by shape as it is written. */
export function partsByShape({ parts }: Pick<Layer, "parts">): ReadonlyMap<string, readonly string[]> {
  const shapes = new Map<string, readonly string[]>();
  for (const [role, { shape }] of parts) {
    const shown = showSizes(shape);
    shapes.set(shown, [...(shapes.get(shown) ?? []), role]);
  }
  return shapes;
}

/** `weight [64, 3, 3, 3], bias [64]`: parts of one shape together. */
export const showParts = (layer: Pick<Layer, "parts">): string =>
  [...partsByShape(layer)].map(([shape, roles]) => `${roles.join(" ")} ${shape}`.trim()).join(", ");

/** Parameters of one layer, all from one layer of the file. */
export type Run = readonly [Filled, ...Filled[]];

export function runsOf(filled: readonly Filled[]): readonly Run[] {
  const key = ({ to, from, rule }: Filled): string =>
    JSON.stringify([partOf(to.name).layer, from && partOf(from.name).layer, rule]);
  const runs: [Filled, ...Filled[]][] = [];
  for (const each of filled) {
    const last = runs.at(-1);
    if (last && key(last[0]) === key(each)) last.push(each);
    else runs.push([each]);
  }
  return runs;
}
