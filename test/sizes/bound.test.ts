/** Numbers in the place of sizes that a run decides: the same model, which everything takes. */
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { dim, input, mean, model, N } from "../../compiler/dsl/index.ts";
import { sizesIn } from "../../compiler/ir/type.ts";
import { bindSizes } from "../../compiler/passes/sizes.ts";
import { verifyGraph } from "../../compiler/passes/verify.ts";
import { fails, scratch, works } from "../cli/weft.ts";
import { message } from "../dsl/message.ts";
import { random, randomArray } from "../oracle/array.ts";
import { evaluate } from "../oracle/oracle.ts";
import { models } from "./models.ts";

const values: Readonly<Record<string, number>> = { T: 5, S: 3 };

describe("a model with numbers gives what it gives with sizes", () => {
  test.each(Object.entries(models))("%s", (_, build) => {
    const open = build();
    const own = sizesIn(open.inputs.map((i) => i.node.type.shape)).map((s) => s.name);
    const bound = bindSizes(open, Object.fromEntries(own.map((name) => [name, values[name] ?? 1])));
    verifyGraph(bound);
    expect(sizesIn(bound.nodes.map((n) => n.type.shape))).toEqual([]);
    if (open.name === "neighbours") return; // an op of its own, which the oracle does not know
    const next = random(6);
    const drawn = (shape: readonly unknown[]) =>
      randomArray(
        shape.map((d) => (typeof d === "number" ? d : d === "N" ? 2 : (values[Object(d).name] ?? 1))),
        next,
      );
    const inputs = Object.fromEntries(open.inputs.map((i) => [i.name, drawn(i.node.type.shape)]));
    const params = Object.fromEntries(
      open.nodes.flatMap((n) => (n.kind === "param" ? [[n.origin.name, drawn(n.type.shape)]] : [])),
    );
    expect(evaluate(bound, inputs, params)).toEqual(evaluate(open, inputs, params));
  });
});

test("some may be left as they are", () => {
  const shapes = bindSizes(models.table(), { S: 3 }).outputs.map((o) => o.node.type.shape);
  expect(sizesIn(shapes).map((s) => s.name)).toEqual(["T"]);
});

test("names and numbers that do not fit are refused", () => {
  const x = input("x", [N, dim("T", { max: 24 }), 6]);
  const { graph } = model("m", { x }, { y: mean(x, { axis: 1 }) });
  expect(message(() => bindSizes(graph, { t: 4 }))).toBe(
    "t is no size of m\n  rule: its size is T\n  try:  T",
  );
  for (const T of [25, 0, 1.5])
    expect(message(() => bindSizes(graph, { T }))).toBe(
      `T of m is to be ${T}
  rule: it is a whole number from 1 to 24, its bound
  try:  T=24, or dim("T", { max: … }) with a larger bound in the model`,
    );
});

test("the command trains, measures and bundles a model that leaves a size open", async () => {
  const folder = scratch();
  const file = join(folder, "rows.ts");
  writeFileSync(
    file,
    `import { dim, input, linear, mean, model, N, relu } from "weftgpu";
const rows = input("rows", [N, dim("T", { max: 64 }), 28]);
const logits = linear(mean(relu(linear(rows, { out: 8 })), { axis: 1 }), { out: 10 });
export default model("rows", { rows }, { logits });
`,
  );
  const out = join(folder, "rows.safetensors");
  const data = ["--limit", "64", "--dim", "T=28"];
  expect(await fails(["train", file, "-o", out, "--limit", "64"])).toContain(
    `"rows" has the size T, which a run decides
  rule: what learns from files takes models whose sizes are numbers, or N
  try:  --dim T=64, or another number up to it; in a script, createTrainer of`,
  );
  await works(["train", file, ...data, "-e", "1", "--batch", "32", "-o", out]);
  await works(["eval", file, ...data, "-w", out]);
  await works(["compile", file, "--train", "--dim", "T=28", "--out", join(folder, "dist")]);
  expect(existsSync(join(folder, "dist/rows.train.bundle.js"))).toBe(true);
  expect(await fails(["train", file, "-o", out, "--dim", "T=..28"])).toContain(
    "--dim T=..28 does not go with a model file",
  );
});
