/** The rules of docs/architecture.md that a type checker cannot hold: who may import whom, and what the core may touch. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));

interface Import {
  readonly to: string;
  readonly typeOnly: boolean;
}
interface Source {
  readonly file: string;
  readonly code: string;
  readonly imports: readonly Import[];
}

/** The text with comments and the contents of string literals blanked out, so that prose is not taken for code. */
function withoutProse(text: string): string {
  return text.replace(
    /\/\*[\s\S]*?\*\/|\/\/[^\n]*|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`/g,
    (match) => {
      const keep = match.startsWith("`") ? (match.match(/\$\{[^}]*\}/g) ?? []).join(" ") : "";
      return match.startsWith("/") ? " " : `"${keep}"`;
    },
  );
}

function importsOf(text: string): readonly Import[] {
  const code = text.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/[^\n]*/gm, " ");
  const found: Import[] = [];
  for (const m of code.matchAll(/^\s*(import|export)\s+(type\s+)?([^;"'`]*?)\s*from\s*["']([^"']+)["']/gm)) {
    const named = /^\{([\s\S]*)\}$/.exec(m[3] ?? "")?.[1];
    const names = named?.split(",").flatMap((n) => (n.trim() === "" ? [] : [n.trim()]));
    const typeOnly = m[2] !== undefined || (names?.every((n) => n.startsWith("type ")) ?? false);
    found.push({ to: m[4] ?? "", typeOnly });
  }
  for (const m of code.matchAll(/^\s*import\s+["']([^"']+)["']/gm))
    found.push({ to: m[1] ?? "", typeOnly: false });
  for (const m of code.matchAll(/\bimport\(\s*(?:\/\*[\s\S]*?\*\/\s*)?["']([^"']+)["']/g))
    found.push({ to: m[1] ?? "", typeOnly: false });
  return found;
}

function sources(folder: string): readonly Source[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts") && !name.endsWith(".d.ts"))
    .map((name) => {
      const file = join(folder, name).split(sep).join("/");
      const text = readFileSync(join(root, file), "utf8");
      return { file, code: withoutProse(text), imports: importsOf(text) };
    });
}

const all = ["contract", "compiler", "runtime", "data", "cli", "models", "studio"].flatMap(sources);

/** `compiler/passes/partition.ts` → `compiler/passes`; files of `compiler/` itself are a layer each. */
function layerOf(file: string): string {
  const parts = file.split("/");
  if (file.startsWith("runtime/node/")) return "runtime/node";
  if (parts[0] !== "compiler") return parts[0] ?? "";
  return parts.length > 2 ? `compiler/${parts[1]}` : file;
}

const resolved = (source: Source, to: string): string =>
  to.startsWith(".")
    ? relative(root, join(root, dirname(source.file), to))
        .split(sep)
        .join("/")
    : to;

const core = ["compiler/errors.ts", "compiler/options.ts", "compiler/ir", "compiler/math"];
const elements = ["compiler/ops/scalar.ts", "compiler/ops/codec.ts"];
/** From a graph to steps that say how each kernel is carried out. */
const scheduling = ["compiler/ops", "compiler/passes", "compiler/strategies", "compiler/assemble"];

/** What each layer may import besides itself and the contract: layers, single files, or `node` and `package`. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  contract: [],
  "compiler/errors.ts": [],
  "compiler/options.ts": ["compiler/errors.ts"],
  "compiler/ir": ["compiler/errors.ts"],
  "compiler/math": ["compiler/errors.ts", "compiler/ir"],
  "compiler/ops": core,
  "compiler/dsl": [...core, "compiler/ops"],
  "compiler/passes": [...core, "compiler/ops", "compiler/strategies/target.ts"],
  "compiler/lower": [...core, ...elements],
  // A strategy of several kernels makes regions.
  "compiler/strategies": [
    ...core,
    ...elements,
    "compiler/ops/derived.ts",
    "compiler/passes/analysis.ts",
    "compiler/lower",
  ],
  "compiler/targets": [...core, ...elements],
  "compiler/assemble": [...core, ...elements, "compiler/lower", "compiler/strategies", "compiler/targets"],
  "compiler/report": [...core, "compiler/ops", "compiler/passes"],
  "compiler/carryOut.ts": [...core, ...scheduling],
  "compiler/compile.ts": [...core, ...scheduling, "compiler/carryOut.ts"],
  "compiler/verification.ts": [...core, "compiler/assemble", "compiler/compile.ts"],
  "compiler/train": [
    ...core,
    "compiler/ops",
    "compiler/passes",
    "compiler/compile.ts",
    "compiler/dsl/losses.ts",
  ],
  "compiler/index.ts": [
    ...core,
    "compiler/ops",
    "compiler/dsl",
    "compiler/compile.ts",
    "compiler/report",
    "compiler/train",
    "compiler/verification.ts",
  ],
  "compiler/onnx": [...core, "compiler/ops", "compiler/dsl", "package"],
  "compiler/frontend": [...core, "compiler/ops", "compiler/dsl", "compiler/index.ts", "node", "package"],
  "compiler/emit": ["compiler", "node", "package"],
  runtime: [],
  "runtime/node": ["runtime", "node", "package"],
  models: ["weftgpu", "weftgpu/node", "weftgpu/train"],
  data: ["compiler/errors.ts", "compiler/options.ts", "compiler/ir/graph.ts", "compiler/ops"],
  cli: ["compiler", "runtime", "runtime/node", "data", "node", "package"],
  studio: [
    ...core,
    "compiler/ops",
    "compiler/dsl",
    "compiler/passes",
    "compiler/strategies",
    "compiler/lower",
    "compiler/targets",
    "compiler/assemble",
    "compiler/report",
    "compiler/train",
    "compiler/compile.ts",
    "compiler/index.ts",
    ...["annotate", "default", "early", "excerpt", "failure", "frames", "names", "site", "suggest"].map(
      (name) => `compiler/frontend/${name}.ts`,
    ),
    "runtime",
    ...["clock", "profile"].map((name) => `runtime/node/${name}.ts`),
    "data",
    "compiler/onnx",
    ...["classifier", "output/curve", "input/sizes", "mapping/fill", "mapping/layers", "mapping/plan"].map(
      (name) => `cli/${name}.ts`,
    ),
    "package",
  ],
};

function mayImport(layer: string, target: string): boolean {
  const rules = allowed[layer] ?? [];
  if (target.startsWith("node:")) return rules.includes("node");
  if (!target.includes(".ts")) return rules.includes("package") || rules.includes(target);
  const to = layerOf(target);
  if (to === layer || to === "contract" || rules.includes(to) || rules.includes(target)) return true;
  return rules.includes("compiler") && to.startsWith("compiler/");
}

/** Files that reach each other, a list for each knot of them (strongly connected components; Tarjan 1972). */
function circlesOf(edges: ReadonlyMap<string, readonly string[]>): readonly (readonly string[])[] {
  /** The order in which a file was met, and the first file that is still open and that it reaches. */
  const met = new Map<string, { readonly at: number; low: number; open: boolean }>();
  const stack: string[] = [];
  const circles: (readonly string[])[] = [];
  const visit = (file: string): { readonly at: number; low: number; open: boolean } => {
    const self = { at: met.size, low: met.size, open: true };
    met.set(file, self);
    stack.push(file);
    for (const next of edges.get(file) ?? []) {
      const known = met.get(next);
      if (!known) self.low = Math.min(self.low, visit(next).low);
      else if (known.open) self.low = Math.min(self.low, known.at);
    }
    if (self.low < self.at) return self;
    const circle = stack.splice(stack.indexOf(file));
    for (const each of circle) Object.assign(met.get(each) ?? {}, { open: false });
    if (circle.length > 1 || edges.get(file)?.includes(file)) circles.push(circle.toSorted());
    return self;
  };
  for (const file of edges.keys()) if (!met.has(file)) visit(file);
  return circles;
}

describe("imports", () => {
  test("every layer has a rule", () => {
    expect([...new Set(all.map((s) => layerOf(s.file)))].filter((layer) => !(layer in allowed))).toEqual([]);
  });

  test("go one way, those of types too: contract ← ir ← math ← ops ← dsl, contract ← runtime", () => {
    const breaches = all.flatMap((source) =>
      source.imports
        .map(({ to }) => resolved(source, to))
        .filter((to) => !mayImport(layerOf(source.file), to))
        .map((to) => `${source.file} imports ${to}`),
    );
    expect(breaches).toEqual([]);
  });

  test("have no circle, those of types included", () => {
    const edges = new Map(all.map((s) => [s.file, s.imports.map((i) => resolved(s, i.to))]));
    expect(circlesOf(edges)).toEqual([]);
  });
});

describe("the core", () => {
  const hosted = ["compiler/frontend", "compiler/emit", "cli", "runtime/node", "studio"];
  const pure = all.filter((s) => !hosted.includes(layerOf(s.file)));
  const clocks =
    /(?<![.\w])(?:Date\s*\.\s*now|new\s+Date|Math\s*\.\s*random|performance\s*\.|setTimeout|setInterval)\b/;
  const hosts = /(?<![.\w"])(?:process|window|document|globalThis|require|Deno|Bun|__dirname)\b\s*[.[(]/;

  test("touches no clock, no chance and no platform global", () => {
    const compiler = pure.filter((s) => /^(compiler|contract|data)\//.test(s.file));
    const found = compiler.flatMap(({ file, code }) =>
      [clocks, hosts, /(?<![.\w"])(?:navigator|fetch|Buffer)\b\s*[.[(]/].flatMap((ban) => {
        const hit = ban.exec(code);
        return hit ? [`${file} uses ${hit[0]}`] : [];
      }),
    );
    expect(found).toEqual([]);
  });

  test("runs in a page: the runtime uses nothing of Node's", () => {
    const runtime = pure.filter((s) => /^(runtime|contract)\//.test(s.file));
    const found = runtime.flatMap(({ file, code }) => {
      const hit = /(?<![.\w"])(?:process|require|Buffer|__dirname|setImmediate)\b\s*[.[(]/.exec(code);
      return hit ? [`${file} uses ${hit[0]}`] : [];
    });
    expect(found).toEqual([]);
  });

  test("runs in a page: whatever the studio reaches uses nothing of Node's", () => {
    const byFile = new Map(all.map((s) => [s.file, s]));
    const queue = all.filter((s) => s.file.startsWith("studio/"));
    const reached = new Set(queue);
    const found: string[] = [];
    for (let source = queue.pop(); source; source = queue.pop()) {
      for (const { to, typeOnly } of source.imports) {
        // The build gives the profiler the page's own clock.
        if (to.startsWith("node:") && to !== "node:perf_hooks") found.push(`${source.file} imports ${to}`);
        const next = typeOnly ? undefined : byFile.get(resolved(source, to));
        if (!next || reached.has(next)) continue;
        reached.add(next);
        queue.push(next);
      }
    }
    expect(found).toEqual([]);
    expect(reached.size).toBeGreaterThan(100);
  });

  test("keeps its files short", () => {
    const long = pure
      .map(({ file }) => ({ file, lines: readFileSync(join(root, file), "utf8").split("\n").length }))
      .filter(({ lines }) => lines > 400);
    expect(long).toEqual([]);
  });
});

describe("this test itself", () => {
  test("sees the imports of a file", () => {
    const text = [
      'import { a, type B } from "./a.ts";',
      "import {",
      "  type C,",
      '} from "./c.ts";',
      'export type { D } from "./d.ts";',
      'export * from "./e.ts";',
      '// import { x } from "./x.ts";',
      'const f = await import("./f.ts");',
    ].join("\n");
    expect(importsOf(text).map((i) => `${i.to}${i.typeOnly ? " type" : ""}`)).toEqual([
      "./a.ts",
      "./c.ts type",
      "./d.ts type",
      "./e.ts",
      "./f.ts",
    ]);
  });

  test("finds circles, however long, and each by itself", () => {
    const edges = {
      a: ["b", "e"],
      b: ["c"],
      c: ["a", "d"],
      d: ["e"],
      e: ["f"],
      f: ["e"],
      g: ["g"],
      h: ["a"],
    };
    expect(circlesOf(new Map(Object.entries(edges)))).toEqual([["e", "f"], ["a", "b", "c"], ["g"]]);
    expect(
      circlesOf(
        new Map([
          ["a", ["b", "c"]],
          ["b", ["c"]],
        ]),
      ),
    ).toEqual([]);
  });

  test("rejects what the rules forbid", () => {
    expect(mayImport("compiler/ir", "compiler/ops/index.ts")).toBe(false);
    expect(mayImport("compiler/passes", "node:fs")).toBe(false);
    expect(mayImport("compiler/lower", "compiler/ops/window.ts")).toBe(false);
    for (const file of elements) expect(mayImport("compiler/lower", file)).toBe(true);
    expect(mayImport("compiler/lower", "compiler/strategies/index.ts")).toBe(false);
    expect(mayImport("compiler/passes", "compiler/strategies/index.ts")).toBe(false);
    expect(mayImport("runtime", "compiler/ir/graph.ts")).toBe(false);
    expect(mayImport("runtime", "contract/program.ts")).toBe(true);
    expect(mayImport("compiler/emit", "runtime/index.ts")).toBe(false);
    expect(mayImport("contract", "compiler/ir/expr.ts")).toBe(false);
    expect(mayImport("runtime", "webgpu")).toBe(false);
    expect(mayImport("data", "cli/files.ts")).toBe(false);
    expect(mayImport("data", "node:fs")).toBe(false);
    expect(mayImport("models", "weftgpu")).toBe(true);
  });
});

test("limits of tests stand in test/patience.ts alone, and no test waits for a time in a page", () => {
  const limit =
    /\b(?:timeout|testTimeout|hookTimeout):\s*\d|\}, \d[\d_]{3,}\);|\bwaitForTimeout\(|\bsetConfig\(/;
  const tests = sources("test").filter(
    ({ file }) => file.endsWith(".test.ts") || /\/(?:page|chromium)\.ts$/.test(file),
  );
  expect(tests.length).toBeGreaterThan(100);
  const found = tests.flatMap(({ file, code }) => {
    const hit = limit.exec(code);
    return hit ? [`${file}: ${hit[0]}`] : [];
  });
  expect(found).toEqual([]);
});
