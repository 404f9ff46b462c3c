/** Stmt[] → WGSL text. */
import type { Stmt } from "../ir/stmt.ts";

/** Always 1, which no driver can know: a bound times this is one that it cannot see. */
export const ONCE = "once";
export const DECLARE_ONCE = `let ${ONCE} = i32(groups.z);`;

/** Whether a loop hides its end from the driver: one that is no number is not known anyway. */
const hides = (s: Extract<Stmt, { kind: "for" }>, opaque: boolean): boolean =>
  typeof s.end === "number" && (opaque || s.opaque === true);

/** Whether statements need `ONCE`. */
export function usesOnce(statements: readonly Stmt[], opaque: boolean): boolean {
  return statements.some(
    (s) => (s.kind === "for" && hides(s, opaque)) || ("body" in s && usesOnce(s.body, opaque)),
  );
}

/** With `opaque` loops, `ONCE` must have been declared. */
export function printStatements(statements: readonly Stmt[], indent: string, opaque: boolean): string {
  return statements.map((s) => printStatement(s, indent, opaque)).join("\n");
}

function printStatement(s: Stmt, indent: string, opaque: boolean): string {
  const body = (inner: readonly Stmt[]): string => printStatements(inner, `${indent}  `, opaque);
  switch (s.kind) {
    case "let":
    case "var":
      return `${indent}${s.kind} ${s.name} = ${strip(s.value)};`;
    case "assign":
      return `${indent}${s.target} ${s.op} ${strip(s.value)};`;
    case "for": {
      const next = s.step === 1 ? `${s.name}++` : `${s.name} += ${s.step}`;
      const end = hides(s, opaque) ? `${s.end} * ${ONCE}` : s.end;
      const head = `for (var ${s.name} = ${s.start ?? 0}; ${s.name} < ${end}; ${next}) {`;
      return `${indent}${head}\n${body(s.body)}\n${indent}}`;
    }
    case "barrier":
      return `${indent}workgroupBarrier();`;
    case "if":
      return `${indent}if (${s.condition}) {\n${body(s.body)}\n${indent}}`;
  }
}

/** Drops one pair of parentheses that encloses the whole text. */
function strip(text: string): string {
  if (!text.startsWith("(") || !text.endsWith(")")) return text;
  let depth = 0;
  for (let i = 0; i < text.length - 1; i++) {
    depth += text[i] === "(" ? 1 : text[i] === ")" ? -1 : 0;
    if (depth === 0) return text;
  }
  return text.slice(1, -1);
}
