/**
 * Induction variables: addresses within a loop that move by the same distance each turn (Aho et al., "Compilers", section
 * 9.1.8, "Induction variables and reduction in strength").
 */
import type { Stmt } from "../../ir/stmt.ts";
import type { Value, Variable } from "../../ir/value.ts";
import { partsOf, withParts } from "../../math/value.ts";
import type { Place } from "./address.ts";
import type { Uses } from "./uses.ts";

export interface Induction {
  readonly place: Place;
  /** Where it is in the first turn: what is counted before the loop. */
  readonly first: Value;
  /** How far it moves each turn. */
  readonly distance: number;
}

/** The places that are counted from the loop's variable, or from what its turns compute of it. */
export function inductionsOf(
  { variable, step, body }: Extract<Stmt, { kind: "for" }>,
  uses: Uses,
): readonly Induction[] {
  const computed = new Map<Variable, Value>([[variable, variable]]);
  const inside = new Set<Variable>([variable]);
  for (const s of body) {
    if (s.kind === "let") computed.set(s.variable, s.value);
    if (s.kind === "let" || s.kind === "var" || s.kind === "for") inside.add(s.variable);
  }
  /** How a value changes with the variable; undefined where not by a factor that is known. */
  const slope = (v: Value): number | undefined => {
    if (v === variable) return 1;
    if (v.kind === "variable") {
      const value = computed.get(v);
      return value ? slope(value) : inside.has(v) || uses.changes(v) ? undefined : 0;
    }
    if (v.kind === "load" || v.kind === "random") return undefined;
    if (v.kind === "binary" && v.type.scalar === "i32") {
      const [left, right] = [slope(v.left), slope(v.right)];
      if (left === undefined || right === undefined) return undefined;
      if (v.op === "+") return left + right;
      if (v.op === "-") return left - right;
      if (v.op === "*" && v.right.kind === "literal") return left * v.right.value;
      return left === 0 && right === 0 ? 0 : undefined;
    }
    return partsOf(v).every((p) => slope(p) === 0) ? 0 : undefined;
  };
  /** A value in terms of what is known before the loop. */
  const before = (v: Value): Value => {
    const value = v.kind === "variable" && v !== variable ? computed.get(v) : undefined;
    if (value) return before(value);
    return withParts(v, partsOf(v).map(before));
  };
  return [...computed.keys()].flatMap((counted) => {
    const each = slope(counted);
    if (each === undefined || each === 0) return [];
    const first = before(counted);
    return (uses.places.get(counted) ?? []).map((place) => ({ place, first, distance: each * step }));
  });
}
