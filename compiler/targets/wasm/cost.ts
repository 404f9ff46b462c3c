/** What a workgroup costs: its operations, counted from its statements. */
import type { KernelModule, Stmt } from "../../ir/stmt.ts";
import type { Value } from "../../ir/value.ts";
import { valuesOf } from "../../math/statements.ts";
import { partsOf } from "../../math/value.ts";
import { isFunction } from "./functions.ts";

/** Turns of a loop whose number a run decides. */
const UNKNOWN = 64;
/** Of a function that is no instruction. */
const FUNCTION = 25;

type Known = ReadonlyMap<Value, Value>;

export function costOf({ body, workgroup }: KernelModule): number {
  return Math.round(workgroup * ofStatements(body, new Map()));
}

/** `known`: what the variables of the statements around these stand for. */
function ofStatements(statements: readonly Stmt[], around: Known): number {
  const known = new Map(around);
  return statements.reduce((sum, s) => {
    if (s.kind === "let") known.set(s.variable, s.value);
    return sum + valuesOf(s).reduce((a, v) => a + ofValue(v), 1) + ofBlocks(s, known);
  }, 0);
}

function ofBlocks(s: Stmt, known: Known): number {
  if (s.kind === "if") return Math.max(ofStatements(s.body, known), ofStatements(s.otherwise ?? [], known));
  if (s.kind !== "for") return 0;
  const [start, end] = [s.start.kind === "literal" ? s.start.value : 0, mostOf(s.end, known)];
  const turns = Math.max(0, Math.ceil((end - start) / s.step));
  return (Number.isFinite(turns) ? turns : UNKNOWN) * (1 + ofStatements(s.body, known));
}

/** The most that a whole number is, where its text says so; else infinite. */
function mostOf(v: Value, known: Known): number {
  if (v.kind === "literal") return v.value;
  const stands = known.get(v);
  if (stands) return mostOf(stands, known);
  const isLeast = v.kind === "call" && v.fn === "min";
  return isLeast ? Math.min(...v.args.map((a) => mostOf(a, known))) : Number.POSITIVE_INFINITY;
}

function ofValue(v: Value): number {
  const own =
    v.kind === "literal" || v.kind === "variable" ? 0 : v.kind === "call" && isFunction(v.fn) ? FUNCTION : 1;
  return partsOf(v).reduce((sum, p) => sum + ofValue(p), own);
}
