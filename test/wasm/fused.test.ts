/** Modules that multiply and add at once: the same but for products that are added as they are made. */
import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { compile } from "../../compiler/compile.ts";
import { conv2d, input, linear, model, N, sigmoid } from "../../compiler/index.ts";
import { fused, fuses } from "../../contract/wasm.ts";
import { bytesOf } from "./device.ts";

const [MUL, NOTHING, MADD] = [
  [0xfd, 0xe6, 1],
  [1, 1, 1],
  [0xfd, 0x85, 2],
];

const image = input("image", [N, 3, 9, 9]);
const features = sigmoid(conv2d(image, { out: 8, kernel: 3 }));
const { graph } = model("fused", { image }, { features });
const plain = bytesOf(compile(graph, { target: "wasm" }).program.module?.code ?? "");

test("products and the additions that take them up are put, and nothing else", () => {
  const both = fused(plain);
  expect(both.length).toBe(plain.length);
  const changed = [...plain.keys()].filter((i) => plain[i] !== both[i]);
  const products = changed.filter((i) => both[i] === 1 && both[i - 1] !== 1);
  expect(products.length).toBeGreaterThan(3);
  const additions = changed.filter((i) => both[i] === MADD[1]);
  expect(additions.length).toBe(products.length);
  // Four bytes of each pair differ: all but the product's last one, which is 1, and the addition's prefix.
  expect(changed.length).toBe(4 * products.length);
  for (const i of products) {
    expect([...plain.subarray(i, i + 3)]).toEqual(MUL);
    expect([...both.subarray(i, i + 3)]).toEqual(NOTHING);
  }
  for (const i of additions) expect([...both.subarray(i - 1, i + 2)]).toEqual(MADD);
});

test("a module without products of vectors stays as it is", () => {
  const x = input("x", [N, 5]);
  const { program } = compile(model("plain", { x }, { y: sigmoid(x) }).graph, { target: "wasm" });
  const bytes = bytesOf(program.module?.code ?? "");
  expect(fused(bytes)).toEqual(bytes);
});

/** Runs a product of 8 rows in both ways where relaxed SIMD is known, by a flag if need be. */
test("both give the same numbers but for roundings", () => {
  const x = input("x", [8, 300]);
  const { program } = compile(model("rows", { x }, { y: linear(x, { out: 24, bias: false }) }).graph, {
    target: "wasm",
  });
  const code = bytesOf(program.module?.code ?? "");
  const { buffers, grid } = program.dispatches[0] ?? { buffers: [], grid: { items: 0 } };
  const script = `
    const codes = ${JSON.stringify([code, fused(code)].map((c) => Buffer.from(c).toString("base64")))};
    const [results, at] = [[], [1 << 16, 1 << 17, 1 << 18]];
    for (const code of codes) {
      const memory = new WebAssembly.Memory({ initial: 16, maximum: 65536 });
      const numbers = new Float32Array(memory.buffer);
      for (let i = 0; i < 2400; i++) numbers[at[0] / 4 + i] = Math.fround(Math.sin(i + 1));
      for (let i = 0; i < 7200; i++) numbers[at[1] / 4 + i] = Math.fround(Math.cos(i * 3));
      const module = new WebAssembly.Module(Buffer.from(code, "base64"));
      const run = new WebAssembly.Instance(module, { "": { m: memory } }).exports["${program.dispatches[0]?.kernel}"];
      run(0, ${grid.items}, 0, ...at);
      results.push([...numbers.subarray(at[2] / 4, at[2] / 4 + 192)]);
    }
    console.log(JSON.stringify(results));`;
  expect(buffers.length).toBe(3);
  const flags = fuses() ? [] : ["--experimental-wasm-relaxed-simd"];
  const [once, twice] = JSON.parse(
    execFileSync(process.execPath, [...flags, "-e", script], { encoding: "utf8" }),
  );
  const differences = once.map((v: number, i: number) => Math.abs(v - twice[i]));
  expect(Math.max(...once.map(Math.abs))).toBeGreaterThan(0.1);
  expect(Math.max(...differences)).toBeLessThan(300 * 2 ** -24);
  expect(Math.max(...differences)).toBeGreaterThan(0);
});
