/** What takes N alone says so, with something to try. */
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { compile, dim, input, linear, mean, model, N } from "weftgpu";
import { emit } from "../../compiler/emit/index.ts";
import { scratch, weft } from "../cli/weft.ts";

const T = dim("T", { max: 64 });
const x = input("x", [N, T, 16]);
const { graph } = model("sized", { x }, { y: linear(mean(x, { axis: 1 }), { out: 4 }) });

test("a typed module and a bundle: nothing is written", async () => {
  const folder = join(scratch(), "out");
  await expect(emit(compile(graph), folder)).rejects.toThrow('"sized" has the size T, which a run decides');
  expect(existsSync(folder)).toBe(false);
});

test("weft run", async () => {
  const file = join(scratch(), "sized.ts");
  writeFileSync(
    file,
    'import { dim, input, mean, model, N } from "weftgpu";\nconst x = input("x", [N, dim("T", { max: 64 }), 16]);\nexport default model("sized", { x }, { y: mean(x, { axis: 1 }) });\n',
  );
  const { code, stderr } = await weft(["run", file]);
  expect(code).toBe(1);
  expect(stderr).toContain('"sized" has the size T, which a run decides');
  expect(stderr).toContain("weft run takes programs whose sizes are numbers, or N");
});
