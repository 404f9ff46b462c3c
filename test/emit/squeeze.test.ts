import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compile } from "../../compiler/compile.ts";
import { packProgram } from "../../compiler/emit/pack.ts";
import { deltas, squeeze } from "../../compiler/emit/squeeze.ts";
import type { Program } from "../../contract/program.ts";
import { lenet } from "./models.ts";

/** WGSL's tokens, longest first: a second reading of the same text, to compare with. */
function tokens(wgsl: string): readonly string[] {
  return (
    wgsl
      .replace(/\/\/[^\n]*/g, " ")
      .match(
        /[A-Za-z_]\w*|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[iufh]?|->|&&|\|\||<<=?|>>=?|[<>=!+\-*/%&|^]=|\+\+|--|\S/g,
      ) ?? []
  );
}

describe("squeezed WGSL", () => {
  test.each([
    ["let x = 1; // one", "let x=1;"],
    ["let x = a - -b;", "let x=a- -b;"],
    ["let x = a + +b;", "let x=a+ +b;"],
    ["let x = a - --b;", "let x=a- --b;"],
    ["a / /* no */ b", "a/b"],
    ["a /* 1 /* 2 */ 3 */ b", "a b"],
    ["a // */ /* b\n c", "a c"],
    ["/* // */ x", "x"],
    ["var<storage, read> x: array<vec4<f32>> = y;", "var<storage,read>x:array<vec4<f32>> =y;"],
    ["if (a < b && c > d) { return; }", "if(a<b&&c>d){return;}"],
    ["x & & y", "x& &y"],
    ["1.0 + 2.", "1.0+2."],
    ["a. b", "a. b"],
    [
      "@compute @workgroup_size(64)\nfn main() {\n  return;\n}\n",
      "@compute@workgroup_size(64)fn main(){return;}",
    ],
    ["// only a comment", ""],
    ["let é = 1;", "let é=1;"],
    ["", ""],
  ])("%j becomes %j", (wgsl, small) => {
    expect(squeeze(wgsl)).toBe(small);
  });

  test("of LeNet has the same tokens, and squeezing twice changes nothing", () => {
    for (const { wgsl } of lenet.program.kernels) {
      expect(tokens(squeeze(wgsl))).toEqual(tokens(wgsl));
      expect(squeeze(squeeze(wgsl))).toBe(squeeze(wgsl));
    }
  });

  test("of any sequence of tokens has the same tokens", () => {
    const token = fc.constantFrom(
      "a",
      "b1",
      "1",
      "2.0",
      ".5",
      "1e3",
      ..."+-*/%<>=!&|^(){};,.:@~".split(""),
      "->",
      "--",
    );
    const space = fc.constantFrom(" ", "\n", "  ", "\t", " // x\n");
    fc.assert(
      fc.property(fc.array(fc.tuple(token, space), { maxLength: 20 }), (pairs) => {
        const text = pairs.flat().join("");
        expect(tokens(squeeze(text))).toEqual(tokens(text));
      }),
    );
  });
});

describe("deltas", () => {
  test("make unrolled lines equal", () => {
    const lines = ["acc0 += v7 * w3;", "acc1 += v8 * w3;", "acc2 += v9 * w3;", "acc3 += v8 * w4;"];
    expect(deltas(lines.join("\n")).split("\n")).toEqual([
      "acc0 += v7 * w3;",
      "acc1 += v1 * w0;",
      "acc1 += v1 * w0;",
      "acc1 += v#1 * w1;",
    ]);
  });

  test("leave fractions alone", () => {
    expect(deltas("x = 0.05; x = 10.5;")).toBe("x = 0.05; x = 10.5;");
  });
});

describe("a packed program", () => {
  const unpack = (packed: string): Program => new Function(`return ${packed}`)();
  const squeezed = (p: Program): Program => ({
    ...p,
    kernels: p.kernels.map((k) => ({ ...k, wgsl: squeeze(k.wgsl) })),
  });

  test("is the program again", () => {
    const packed = packProgram(lenet.program);
    expect(unpack(packed)).toEqual(squeezed(lenet.program));
    expect(packed).toContain("=>"); // packed, not written out
  });

  test("keeps fields that only some programs have", () => {
    const [image] = lenet.program.inputs;
    if (!image) throw new Error("no input");
    const rows = {
      ...lenet.program,
      inputs: [{ ...image, dtype: "u32" as const, storage: "u8" as const }],
    };
    const packed = packProgram(rows);
    expect(unpack(packed)).toEqual(squeezed(rows));
    expect(packed).toContain("=>");
  });

  test("keeps which bindings hold f16", () => {
    const { program } = compile(lenet.source, { precision: "f16" });
    expect(program.kernels.flatMap((k) => k.bindings.map((b) => b.storage))).toContain("f16");
    const packed = packProgram(program);
    expect(unpack(packed)).toEqual(squeezed(program));
    expect(packed).toContain("=>");
  });

  test("is written out where the kernels say less than usual", () => {
    const [first, ...rest] = lenet.program.kernels;
    if (!first) throw new Error("no kernel");
    const odd = { ...lenet.program, kernels: [{ ...first, layers: ["another"] }, ...rest] };
    expect(unpack(packProgram(odd))).toEqual(squeezed(odd));
    const long = { ...first, wgsl: `${first.wgsl}\nconst x = 00123456789012345678901234567890;` };
    const numbers = { ...lenet.program, kernels: [long, ...rest] };
    expect(unpack(packProgram(numbers))).toEqual(squeezed(numbers));
  });
});
