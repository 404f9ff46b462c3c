/**
 * Draws the picture of docs/architecture.md: what flows through `compile()`, read off its text. A row for each call, a line
 * for each thing that a later call reads, with a dot wherever it is read.
 *
 *   node scripts/run.mjs docs/draw-flow.ts        writes docs/flow-light.svg and docs/flow-dark.svg
 */
import { writeFileSync } from "node:fs";
import { join, posix } from "node:path";
import { type CallExpression, type Identifier, Node, Project, type SourceFile } from "ts-morph";
import { must } from "../compiler/errors.ts";
import { COLORS, escaped, type Theme } from "./draw-lenet.ts";

/** A call: the function, its file, what it reads and what it gives. */
export interface Stage {
  /** Of calls within a call: all, the innermost first. */
  readonly name: string;
  readonly file: string;
  readonly reads: readonly string[];
  readonly gives: readonly string[];
}

const COMPILE = "compiler/compile.ts";

/** The calls of `compile()` in their order: each `const … = f(…)`. Checks give nothing and are left out. */
export function stagesOf(root: string): readonly Stage[] {
  const source = new Project({ compilerOptions: { noLib: true } }).addSourceFileAtPath(join(root, COMPILE));
  const compile = source.getFunctionOrThrow("compile");
  /** What a name stands for: itself, or what it was made of without a call. */
  const known = new Map<string, readonly string[]>(
    compile.getParameters().map((p) => [p.getName(), [p.getName()]]),
  );
  const files = importedFrom(source);
  const stages: Stage[] = [];
  for (const statement of compile.getStatements().filter(Node.isVariableStatement)) {
    for (const declaration of statement.getDeclarations()) {
      const value = declaration.getInitializerOrThrow();
      const words = [value, ...value.getDescendants()].filter(Node.isIdentifier).filter(isValue);
      const called = words.filter(isCalled).map((w) => w.getText());
      const reads = [...new Set(words.flatMap((w) => known.get(w.getText()) ?? []))];
      const gives = namesIn(declaration.getNameNode());
      const [outermost] = called;
      for (const name of gives) known.set(name, outermost === undefined ? reads : [name]);
      if (outermost === undefined) continue; // a part of what there is, or what is handed back
      const file = files.get(outermost) ?? COMPILE;
      stages.push({ name: called.toReversed().join(" → "), file, reads, gives });
    }
  }
  return stages;
}

/** Not a property's name. */
const isValue = (word: Identifier): boolean => {
  const parent = word.getParent();
  if (Node.isPropertyAccessExpression(parent)) return parent.getNameNode() !== word;
  return !(Node.isPropertyAssignment(parent) && parent.getNameNode() === word);
};

/** `f(…)`, or the `f` of `list.map(f)`. */
function isCalled(word: Identifier): boolean {
  const parent = word.getParent();
  if (!Node.isCallExpression(parent)) return false;
  const call: CallExpression = parent;
  return call.getExpression() === word || call.getExpression().getText().endsWith(".map");
}

function namesIn(name: Node): readonly string[] {
  if (Node.isIdentifier(name)) return [name.getText()];
  return Node.isObjectBindingPattern(name) ? name.getElements().map((e) => e.getName()) : [];
}

function importedFrom(source: SourceFile): ReadonlyMap<string, string> {
  return new Map(
    source.getImportDeclarations().flatMap((i) => {
      const file = posix.join("compiler", i.getModuleSpecifierValue());
      return i.getNamedImports().map((n) => [n.getName(), file] as const);
    }),
  );
}

const BOX = { x: 8, width: 218, height: 40 };
const ROW = 54;
const LANE = 26;
const FIRST = BOX.x + BOX.width + 34;

/** The picture as an SVG document. */
export function drawFlow(root: string, theme: Theme): string {
  const inside = stagesOf(root);
  const built: Stage = { name: "loadModel", file: "compiler/frontend/index.ts", reads: [], gives: ["model"] };
  const run: Stage = { name: "load", file: "runtime/session.ts", reads: ["program"], gives: [] };
  const stages = [built, ...inside, run];
  const rowOf = new Map(stages.flatMap((s, i) => s.gives.map((name) => [name, i] as const)));
  const lastRead = new Map(stages.flatMap((s, i) => s.reads.map((name) => [name, i] as const)));
  const lanes = [...rowOf.keys()].filter((name) => lastRead.has(name));
  const at = (name: string): number => FIRST + LANE * lanes.indexOf(name);
  const middle = (row: number): number => 8 + ROW * row + BOX.height / 2;

  const lines = lanes.map((name) => {
    const [from, to] = [must(rowOf.get(name), "row"), must(lastRead.get(name), "row")];
    return `<path class="lane" d="M${at(name)} ${middle(from) + 9} V${middle(to) - 9}"/>`;
  });
  const boxes = stages.map(({ name, file, reads, gives }, row) => {
    const y = middle(row);
    const read = reads.filter((n) => rowOf.has(n));
    const kept = gives.filter((n) => lanes.includes(n));
    const end = BOX.x + BOX.width;
    const labelAt = kept.length > 0 ? Math.max(...kept.map(at)) + 12 : end + 12;
    return [
      ...(read.length > 0
        ? [`<path class="line" d="M${Math.max(...read.map(at))} ${y - 9} H${end + 7}"/>`]
        : []),
      ...(read.length > 0 ? [`<path class="head" d="M${end + 2} ${y - 9} l8 -4 v8 z"/>`] : []),
      ...(kept.length > 0 ? [`<path class="line" d="M${end} ${y + 9} H${Math.max(...kept.map(at))}"/>`] : []),
      ...read.map((n) => `<circle class="dot" cx="${at(n)}" cy="${y - 9}" r="3.5"/>`),
      ...kept.map((n) => `<circle class="new" cx="${at(n)}" cy="${y + 9}" r="4.5"/>`),
      `<rect class="${file.startsWith("compiler/frontend") || file.startsWith("runtime") ? "box" : "frame"}" x="${BOX.x}" y="${y - BOX.height / 2}" width="${BOX.width}" height="${BOX.height}" rx="6"/>`,
      `<text class="name" x="${BOX.x + 10}" y="${y - 3}">${escaped(name)}</text>`,
      `<text x="${BOX.x + 10}" y="${y + 13}">${escaped(file)}</text>`,
      `<text class="name" x="${labelAt}" y="${y + 13}">${escaped(gives.join(", "))}</text>`,
    ].join("\n");
  });
  const width = FIRST + LANE * lanes.length + 130;
  const height = middle(stages.length - 1) + BOX.height / 2 + 8;
  const c = COLORS[theme];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="title">
<title id="title">compile(): what each call reads and what it gives</title>
<style>
text { font: 12px -apple-system, "Segoe UI", "Noto Sans", Helvetica, Arial, sans-serif; fill: ${c.soft} }
.name { font: 600 12px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; fill: ${c.text} }
.frame { fill: ${c.frame}; fill-opacity: .09; stroke: ${c.frame}; stroke-width: 1.5 }
.box { fill: ${c.box}; stroke: ${c.line} }
.lane { fill: none; stroke: ${c.frame}; stroke-width: 2 }
.line { fill: none; stroke: ${c.line}; stroke-width: 1.2 }
.head, .dot { fill: ${c.line} }
.new { fill: ${c.box}; stroke: ${c.frame}; stroke-width: 2 }
</style>
${[...lines, ...boxes].join("\n")}
</svg>
`;
}

/** Where a picture lies. */
export const flowPath = (theme: Theme): string => `docs/flow-${theme}.svg`;

if (process.argv[1]?.endsWith("draw-flow.ts"))
  for (const theme of ["light", "dark"] as const) writeFileSync(flowPath(theme), drawFlow(".", theme));
