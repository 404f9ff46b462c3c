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

export function costOf({ body, workgroup }: KernelModule): number {
  return Math.round(workgroup * ofStatements(body));
}

function ofStatements(statements: readonly Stmt[]): number {
  return statements.reduce(
    (sum, s) => sum + valuesOf(s).reduce((a, v) => a + ofValue(v), 1) + ofBlocks(s),
    0,
  );
}

function ofBlocks(s: Stmt): number {
  if (s.kind === "if") return Math.max(ofStatements(s.body), ofStatements(s.otherwise ?? []));
  if (s.kind !== "for") return 0;
  const [start, end] = [mostOf(s.start), mostOf(s.end)];
  const turns = Math.max(0, Math.ceil((end - (Number.isFinite(start) ? start : 0)) / s.step));
  return (Number.isFinite(turns) ? turns : UNKNOWN) * (1 + ofStatements(s.body));
}

/** The most that a whole number is, where its text says so; else infinite. */
function mostOf(v: Value): number {
  if (v.kind === "literal") return v.value;
  return v.kind === "call" && v.fn === "min" ? Math.min(...v.args.map(mostOf)) : Number.POSITIVE_INFINITY;
}

function ofValue(v: Value): number {
  const own =
    v.kind === "literal" || v.kind === "variable" ? 0 : v.kind === "call" && isFunction(v.fn) ? FUNCTION : 1;
  return partsOf(v).reduce((sum, p) => sum + ofValue(p), own);
}
