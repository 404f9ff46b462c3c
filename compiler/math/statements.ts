/** Walks over statements and the values in them. */
import type { Stmt } from "../ir/stmt.ts";
import type { Value } from "../ir/value.ts";
import { partsOf } from "./value.ts";

/** The values of a statement itself, without those of statements in it. */
export function valuesOf(s: Stmt): readonly Value[] {
  switch (s.kind) {
    case "let":
    case "var":
    case "assign":
    case "bind":
      return [s.value];
    case "array":
    case "share":
      return s.values;
    case "store":
      return [s.at, s.value];
    case "for":
      return [s.start, s.end];
    case "if":
      return [s.condition];
    case "barrier":
    case "return":
      return [];
  }
}

/** All statements, each before those in it. */
export function visitStatements(statements: readonly Stmt[], visit: (s: Stmt) => void): void {
  for (const s of statements) {
    visit(s);
    if (s.kind === "for" || s.kind === "if") visitStatements(s.body, visit);
    if (s.kind === "if" && s.otherwise) visitStatements(s.otherwise, visit);
  }
}

/** Every value once, in the order of statements, each before its parts. */
export function visitValues(statements: readonly Stmt[], visit: (v: Value) => void): void {
  const seen = new Set<Value>();
  const walk = (v: Value): void => {
    if (seen.has(v)) return;
    seen.add(v);
    visit(v);
    for (const part of partsOf(v)) walk(part);
  };
  visitStatements(statements, (s) => valuesOf(s).forEach(walk));
}

/** A statement of other values and statements. */
export function mapStatement(
  s: Stmt,
  value: (v: Value) => Value,
  body: (inner: readonly Stmt[]) => readonly Stmt[],
): Stmt {
  switch (s.kind) {
    case "let":
    case "var":
    case "assign":
    case "bind":
      return { ...s, value: value(s.value) };
    case "array":
    case "share":
      return { ...s, values: s.values.map(value) };
    case "store":
      return { ...s, at: value(s.at), value: value(s.value) };
    case "for":
      return { ...s, start: value(s.start), end: value(s.end), body: body(s.body) };
    case "if":
      return {
        ...s,
        condition: value(s.condition),
        body: body(s.body),
        ...(s.otherwise && { otherwise: body(s.otherwise) }),
      };
    case "barrier":
    case "return":
      return s;
  }
}

/** The same statements of other values. */
export function mapValues(statements: readonly Stmt[], value: (v: Value) => Value): readonly Stmt[] {
  return statements.map((s) => mapStatement(s, value, (inner) => mapValues(inner, value)));
}
