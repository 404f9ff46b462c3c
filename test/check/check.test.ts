/** The target that carries kernels out: it computes what their text computes, and reports what is broken on purpose. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as w from "weftgpu";
import { compile } from "../../compiler/compile.ts";
import type { Stmt } from "../../compiler/ir/stmt.ts";
import { binary, builtin, int, less, plus, uint } from "../../compiler/math/value.ts";
import lenet from "../../models/lenet.ts";
import { dataFor } from "../fuzz/data.ts";
import { models } from "../fuzz/draw.ts";
import { buildModel, printModel } from "../fuzz/spec.ts";
import { runProgramOn } from "../oracle/weft.ts";
import { interpreter } from "../wgsl/device.ts";
import { checker } from "./device.ts";

/** How far two numbers are apart that are the same but for how functions round. */
const CLOSE = 1e-4;

describe("it computes what the text computes, and finds nothing wrong", () => {
  test("random models, for every target", async () => {
    let compared = 0;
    for (const spec of fc.sample(models(), { seed: 11, numRuns: 20 })) {
      const graph = buildModel(spec);
      const { inputs, params } = dataFor(graph, spec.batches[0] ?? 1, spec.seed);
      const { target, precision, quantise } = spec.how;
      const compilation = compile(graph, { target, precision, ...(quantise && { quantise }) });
      const [want] = await runProgramOn(interpreter(), compilation.program, params, [inputs]);
      const [got] = await runProgramOn(checker(compilation), compilation.program, params, [inputs]).catch(
        (e) => {
          throw new Error(`${e instanceof Error ? e.message : e}\n${printModel(spec)}`);
        },
      );
      for (const [name, { data }] of Object.entries(want ?? {})) {
        const largest = Math.max(...Array.from(data, Math.abs));
        data.forEach((v: number, i: number) => {
          const mine = got?.[name]?.data[i] ?? Number.NaN;
          if (!(Math.abs(mine - v) <= CLOSE * largest || Number.isNaN(v)))
            expect.fail(`${name}[${i}] is ${mine} here and ${v} there\n${printModel(spec)}`);
          compared++;
        });
      }
    }
    expect(compared).toBeGreaterThan(1000);
  });

  test.each([
    ["octets", 1],
    ["gpu", 1],
  ] as const)("LeNet for %s", async (target, batch) => {
    const compilation = compile(lenet.graph, { target });
    const { inputs, params } = dataFor(lenet.graph, batch, 1);
    const [want] = await runProgramOn(interpreter(), compilation.program, params, [inputs]);
    const [got] = await runProgramOn(checker(compilation), compilation.program, params, [inputs]);
    const [name = ""] = Object.keys(want ?? {});
    expect(Array.from(got?.[name]?.data ?? [])).toEqual(
      Array.from(want?.[name]?.data ?? [], (v) => expect.closeTo(v, 4)),
    );
  });
});

/** Statements with others in the place of some, at any depth. */
function replaced(statements: readonly Stmt[], by: (s: Stmt) => readonly Stmt[]): readonly Stmt[] {
  return statements.flatMap((s) =>
    by(
      s.kind === "for" || s.kind === "if"
        ? {
            ...s,
            body: replaced(s.body, by),
            ...(s.kind === "if" && s.otherwise && { otherwise: replaced(s.otherwise, by) }),
          }
        : s,
    ),
  );
}

/** A replacement of the first statement that fits. */
function first(fits: (s: Stmt) => boolean, by: (s: Stmt) => readonly Stmt[]): (s: Stmt) => readonly Stmt[] {
  let found = false;
  return (s) => {
    if (found || !fits(s)) return [s];
    found = true;
    return by(s);
  };
}

const isBarrier = (s: Stmt): boolean => s.kind === "barrier";
const fillsStage = (s: Stmt): boolean => s.kind === "store" && s.to.space === "workgroup";
const storesResult = (s: Stmt): boolean => s.kind === "store" && s.to.space === "storage";
/** One place too far. */
const again = (s: Stmt): readonly Stmt[] => (s.kind === "store" ? [{ ...s, at: plus(s.at, int(1)) }] : [s]);

/** Of a dense layer whose factors are staged: K is no multiple of the stage's depth, so the last part is not full. */
const matmul = (() => {
  const x = w.input("x", [w.N, 50]);
  return w.model("matmul", { x }, { y: w.linear(x, { out: 37 }) }).graph;
})();

describe("what is broken is reported, with the kernel's line", () => {
  test.each<[string, RegExp, () => (s: Stmt) => readonly Stmt[]]>([
    [
      "no barrier before what was staged is read",
      /another thread writes before they meet/,
      () => first(isBarrier, () => []),
    ],
    [
      "no barrier before the next part is staged",
      /another thread writes before they meet/,
      () => {
        let barriers = 0;
        return (s) => (isBarrier(s) && ++barriers === 2 ? [] : [s]);
      },
    ],
    [
      "a stage that is filled one place too far",
      /which nobody wrote|outside|another thread/,
      () => first(fillsStage, again),
    ],
    ["a stage of which a part is not filled", /which nobody wrote/, () => first(fillsStage, () => [])],
    [
      "a tile that two threads store",
      /another thread writes before they meet/,
      () => (s) =>
        s.kind === "store" && s.to.space === "storage" ? [{ ...s, at: binary("/", s.at, int(2)) }] : [s],
    ],
    [
      "a result beyond the buffer",
      /outside of/,
      () => (s) => (storesResult(s) && s.kind === "store" ? [{ ...s, at: plus(s.at, int(1 << 20)) }] : [s]),
    ],
    [
      "a barrier that some threads miss",
      /is missing at a barrier/,
      () => first(isBarrier, (s) => [{ kind: "if", condition: less(builtin("local"), uint(3)), body: [s] }]),
    ],
  ])("%s", async (_, message, change) => {
    const compilation = compile(matmul, { target: "gpu" });
    expect(compilation.modules.some((m) => m.shared.length > 0)).toBe(true);
    const by = change();
    const modules = compilation.modules.map((m) => ({ ...m, body: replaced(m.body, by) }));
    const { inputs, params } = dataFor(matmul, 70, 1);
    const run = runProgramOn(checker({ ...compilation, modules }), compilation.program, params, [inputs]);
    await expect(run).rejects.toThrow(message);
    await expect(run).rejects.toThrow(/kernel ".+", line \d+: thread \d+/);
  });
});
