/** Stmt[] → WGSL text. */
import type { Stmt } from "../ir/stmt.ts";

export function printStatements(statements: readonly Stmt[], indent = "  "): string {
  return statements.map((s) => printStatement(s, indent)).join("\n");
}

function printStatement(s: Stmt, indent: string): string {
  switch (s.kind) {
    case "let":
    case "var":
      return `${indent}${s.kind} ${s.name} = ${strip(s.value)};`;
    case "assign":
      return `${indent}${s.target} ${s.op} ${strip(s.value)};`;
    case "for": {
      const next = s.step === 1 ? `${s.name}++` : `${s.name} += ${s.step}`;
      const head = `for (var ${s.name} = 0; ${s.name} < ${s.end}; ${next}) {`;
      return `${indent}${head}\n${printStatements(s.body, `${indent}  `)}\n${indent}}`;
    }
    case "if":
      return `${indent}if (${s.condition}) {\n${printStatements(s.body, `${indent}  `)}\n${indent}}`;
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
