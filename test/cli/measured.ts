/** Models of numbers with weights that are known, and data for them: what `weft train` and `weft eval` are given. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { writeSafetensors } from "../../contract/weights.ts";
import { npy } from "./make.ts";
import { scratch, works } from "./weft.ts";

export const folder = scratch();
export const file = (name: string, content: string | Uint8Array): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};
export const model = (name: string, body: string, rest: string, more = ""): string =>
  file(
    `${name}.ts`,
    `import { add, crossEntropy, conv2d, input, linear, mean, model, mul, N, softmax, squaredError } from "weftgpu";
${body}
export default model("${name}", ${rest}${more});
`,
  );
export const words = (text: string): readonly string[] => text.split(" ");
export const tensor = (shape: readonly number[], ...values: number[]) => ({
  shape,
  data: Float32Array.from(values),
});
export const f4 = (shape: readonly number[], ...values: number[]): Buffer =>
  npy("<f4", shape, Float32Array.from(values));
export const eval_ = async (...args: readonly string[]) =>
  JSON.parse(
    (await works(["eval", ...args, "--split", "all", "--device", "wasm", "--format", "json"])).stdout,
  );

/** price ≈ a + 2b */
export const house = model(
  "house",
  "const x = input('x', [N, 2]);\nconst price = linear(x, { out: 1 });",
  "{ x }, { price }",
);
export const houseWeights = file(
  "house.safetensors",
  writeSafetensors({ "price.weight": tensor([1, 2], 1, 2), "price.bias": tensor([1], 0) }),
);
export const houses = file("houses.csv", "a,b,price\n1,0,1\n0,1,4\n1,1,3\n2,0,0\n0,2,4\n1,2,6\n");
