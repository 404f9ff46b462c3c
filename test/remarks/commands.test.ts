/** Remarks where people look: on stderr of the commands, in their JSON, in what Studio shows; and not in what is shipped. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { compile } from "../../compiler/compile.ts";
import { loadModel } from "../../compiler/frontend/index.ts";
import { viewOf } from "../../studio/compile/view.ts";
import { weft } from "../cli/weft.ts";

let folder = "";
const file = (name: string): string => join(folder, name);
const before = process.cwd();
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "weft-remarks-"));
  writeFileSync(
    file("head.ts"),
    `import { globalAvgPool2d, input, linear, model, N } from "weftgpu";
const image = input("image", [N, 3, 8, 8]);
const scores = linear(globalAvgPool2d(image), { out: 10 });
export default model("head", { image }, { scores });
`,
  );
  writeFileSync(
    file("shares.ts"),
    `import { flatten, input, linear, model, N, softmax } from "weftgpu";
const image = input("image", [N, 1, 28, 28]);
const shares = softmax(linear(flatten(image), { out: 10 }));
export default model("shares", { image }, { shares });
`,
  );
  process.chdir(folder);
});
afterAll(() => {
  process.chdir(before);
  rmSync(folder, { recursive: true, force: true });
});

const flat = `remark: scores (head.ts:3:16): linear gets [N, 3, 1, 1] and makes [N, 3, 1, 10] of it
  rule: linear works along the last dimension, here the width of a picture: 1 → 10
  try:  flatten(x) before it: 3 → 10, which gives [N, 10]
`;
const twice = `remark: shares (shares.ts:3:16): the output shares comes from softmax, and is trained with crossEntropy
  rule: crossEntropy takes logits: it has the softmax in it, and a second one flattens its gradients
  try:  the layer before it as the output, and this one where the model is used
`;
interface Report {
  readonly remarks: readonly { readonly layer: string }[];
}
const layers = (json: string): readonly string[] => (JSON.parse(json) as Report).remarks.map((r) => r.layer);

test("weft shapes and weft compile", async () => {
  for (const command of ["shapes", "compile"]) {
    expect((await weft([command, "head.ts"])).stderr).toBe(flat);
    expect((await weft([command, "head.ts", "--quiet"])).stderr).toBe("");
    const json = await weft([command, "head.ts", "--format", "json", "--quiet"]);
    expect(layers(json.stdout)).toEqual(["scores"]);
    const silent = await weft([command, "shares.ts", "--format", "json"]);
    expect(silent.stderr).toBe("");
    expect(layers(silent.stdout)).toEqual([]);
  }
});

test("weft compile --train, and what it writes to be shipped is without", async () => {
  const { code, stdout, stderr } = await weft(
    "compile shares.ts --train --format json --out dist".split(" "),
  );
  expect({ code, stderr }).toEqual({ code: 0, stderr: twice });
  expect(layers(stdout)).toEqual(["shares"]);
  expect(readFileSync(file("dist/shares.train.bundle.js"), "utf8")).not.toContain("comes from softmax");
});

test("weft train", async () => {
  const { code, stderr } = await weft(
    "train shares.ts --data synthetic --limit 8 --batch 8 --epochs 1 --out w.safetensors".split(" "),
  );
  expect(stderr).toContain(twice);
  expect(code).toBe(0);
});

test("Studio", async () => {
  const { graph } = await loadModel("head.ts");
  expect(viewOf(compile(graph)).table.remarks.map((r) => [r.layer, r.at?.line])).toEqual([["scores", 3]]);
});
