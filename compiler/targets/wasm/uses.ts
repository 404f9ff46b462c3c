/** What is known of a kernel before its code is written. */
import type { KernelModule, Stmt } from "../../ir/stmt.ts";
import type { Memory, UniformField, Value, Variable } from "../../ir/value.ts";
import { valuesOf, visitStatements, visitValues } from "../../math/statements.ts";
import { partsOf } from "../../math/value.ts";
import { areNeighbours, loadedPlace, type Place, placeOf } from "./address.ts";

export interface Uses {
  /** Single numbers that are used in all lanes of a vector, and those that are used as they are. */
  readonly spread: ReadonlySet<Variable>;
  readonly single: ReadonlySet<Variable>;
  readonly uniforms: readonly { readonly field: UniformField; readonly slot: number }[];
  /** How far before its base a memory is used, in bytes, apart from what is added: offsets are never negative. */
  readonly bias: ReadonlyMap<Memory, number>;
  /** The places that are counted from a variable, each memory and scale once. */
  readonly places: ReadonlyMap<Variable, readonly Place[]>;
  /** Whether a value reads a variable that is assigned to. */
  changes(v: Value): boolean;
  /** Whether a value is the same wherever it is computed: it reads nothing that is assigned to or stored. */
  isFixed(v: Value): boolean;
}

const BYTES = 4;

export function usesOf({ body }: KernelModule): Uses {
  const spread = new Set<Variable>();
  const single = new Set<Variable>();
  const assigned = new Set<Value>();
  const uniforms = new Map<string, { field: UniformField; slot: number }>();
  const bias = new Map<Memory, number>();
  const places = new Map<Variable, Map<string, Place>>();
  const asUniform = (field: UniformField, slot: number): void => {
    const name = typeof field === "object" ? `size ${field.name}` : field;
    uniforms.set(`${name} ${slot}`, { field, slot });
  };
  const inPlace = (place: Place): void => {
    const { memory, at, scale, offset } = place;
    if (memory.space !== "storage") return;
    bias.set(memory, Math.max(bias.get(memory) ?? 0, -BYTES * offset));
    if (at?.kind !== "variable") return;
    const known = places.get(at) ?? new Map<string, Place>();
    known.set(`${memory.id} ${scale}`, place);
    places.set(at, known);
  };
  const used = (v: Value, isSpread: boolean): void => {
    if (v.kind === "variable" && v.type.width === 1) (isSpread ? spread : single).add(v);
  };
  visitStatements(body, (s) => {
    if (s.kind === "assign") assigned.add(s.to);
    if (s.kind === "var") single.add(s.variable);
    if (s.kind === "store") inPlace(placeOf(s.to, s.at));
    const wide = (s.kind === "assign" && s.to.type.width > 1) || (s.kind === "store" && s.to.type.width > 1);
    for (const v of valuesOf(s)) used(v, wide && v.type.scalar === "f32");
  });
  visitValues(body, (v) => {
    if (v.kind === "uniform") asUniform(v.field, v.slot);
    if (v.kind === "random") for (const field of ["step", "seed"] as const) asUniform(field, 0);
    if (v.kind === "load") inPlace(placeOf(v.from, v.at));
    const place = loadedPlace(v);
    if (place) inPlace(place);
    const isSpread = spreads(v);
    for (const part of partsOf(v)) used(part, isSpread);
  });
  const changing = new Map<Value, boolean>();
  const changes = (v: Value): boolean => {
    const known = changing.get(v) ?? (assigned.has(v) || partsOf(v).some(changes));
    changing.set(v, known);
    return known;
  };
  const fixed = new Map<Value, boolean>();
  const isFixed = (v: Value): boolean => {
    const known =
      fixed.get(v) ??
      (!assigned.has(v) && !(v.kind === "load" && v.from.writable) && partsOf(v).every(isFixed));
    fixed.set(v, known);
    return known;
  };
  return {
    isFixed,
    spread,
    single,
    uniforms: [...uniforms.values()],
    bias,
    places: new Map([...places].map(([variable, list]) => [variable, [...list.values()]])),
    changes,
  };
}

/** Whether single parts of a value go in each lane of it. */
function spreads(v: Value): boolean {
  switch (v.kind) {
    case "binary":
      return Math.max(v.left.type.width, v.right.type.width) > 1;
    case "call":
      return v.type.width > 1;
    case "compose":
      return v.parts.length === 1;
    default:
      return false;
  }
}

export type Store = Extract<Stmt, { kind: "store" }>;

/** The stores from a place on that put a vector's components side by side: of four, or of two that have no more. */
export function storesFrom(statements: readonly Stmt[], from: number): readonly Store[] | undefined {
  const first = statements[from];
  if (first?.kind !== "store" || first.value.kind !== "component" || first.to.type.width > 1)
    return undefined;
  const { of } = first.value;
  const run = statements.slice(from, from + of.type.width).filter((s) => s.kind === "store");
  const isWhole = run.every(
    (s, i) => s.value.kind === "component" && s.value.of === of && s.value.lane === i,
  );
  if (!isWhole || run.length !== of.type.width || run.length < 2) return undefined;
  return areNeighbours(run.map((s) => placeOf(s.to, s.at))) ? run : undefined;
}

/** The variables that a statement, or one in it, reads. */
export function variablesIn(s: Stmt): ReadonlySet<Variable> {
  const found = new Set<Variable>();
  visitValues([s], (v) => {
    if (v.kind === "variable") found.add(v);
  });
  return found;
}
