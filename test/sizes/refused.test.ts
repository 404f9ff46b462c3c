/** What takes N alone says so, with something to try. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { compile, dim, input, linear, mean, model, N } from "weftgpu";
import { emit } from "../../compiler/emit/index.ts";
import { scratch } from "../cli/weft.ts";

const T = dim("T", { max: 64 });
const x = input("x", [N, T, 16]);
const { graph } = model("sized", { x }, { y: linear(mean(x, { axis: 1 }), { out: 4 }) });

test("a typed module and a bundle: nothing is written", async () => {
  const folder = join(scratch(), "out");
  await expect(emit(compile(graph), folder)).rejects.toThrow('"sized" has the size T, which a run decides');
  expect(existsSync(folder)).toBe(false);
});
