import { describe, expect, test } from "vitest";
import { docText, fileName, fileNames, literal, propertyName } from "../../compiler/emit/names.ts";
import { identifier, identifiers } from "../../compiler/targets/wgsl/names.ts";
import { NASTY } from "./models.ts";

describe("file names", () => {
  test.each([
    ["lenet", "lenet"],
    ["LeNet-5", "LeNet-5"],
    ["block2/conv1", "block2_conv1"],
    ["../../etc/passwd", "etc_passwd"],
    ["..", "model"],
    ["", "model"],
    [".hidden", "hidden"],
    ["a b\tc\n", "a_b_c"],
    ["Café", "Cafe"],
    ["模型", "model"],
    ["con", "con_"],
    ["NUL", "NUL_"],
    ["com1", "com1_"],
    ["-rf", "rf"],
    ["C:\\x", "C_x"],
    ["x".repeat(300), "x".repeat(64)],
  ])("%j becomes %j", (name, file) => {
    expect(fileName(name)).toBe(file);
  });

  test("hold letters, digits, _ and - alone", () => {
    expect(fileName(NASTY)).toMatch(/^[A-Za-z0-9_-]+$/);
  });

  test("are distinct, also without regard to case", () => {
    expect(fileNames(["a/b", "a_b", "A b", "c"], "kernel")).toEqual(["a_b", "a_b_2", "A_b_3", "c"]);
    expect(fileNames(["名", "前"], "kernel")).toEqual(["kernel", "kernel_2"]);
  });
});

describe("WGSL", () => {
  test.each([
    ["loop", "loop_"],
    ["vec4", "vec4_"],
    ["main", "main_"],
    ["conv1.weight", "conv1_weight"],
    ["1x", "t_1x"],
    ["__x__", "x"],
    ["模型", "t"],
  ])("%j becomes %j", (name, wanted) => {
    expect(identifier(name)).toBe(wanted);
  });

  test("names are distinct, also from those that are taken", () => {
    expect(identifiers(["a.b", "a_b", "c"], ["c"])).toEqual(["a_b", "a_b_2", "c_2"]);
  });
});

describe("JavaScript", () => {
  test("a literal has the value and can stand inside <script>", () => {
    for (const value of [NASTY, { [NASTY]: [NASTY, 1, null] }]) {
      const text = literal(value);
      expect(new Function(`return ${text}`)()).toEqual(value);
      expect(text).not.toMatch(/[<\n\r\u2028\u2029]/);
    }
  });

  test("a property is quoted where it has to be", () => {
    expect(propertyName("image")).toBe("image");
    expect(propertyName("conv1.weight")).toBe('"conv1.weight"');
    expect(propertyName("__proto__")).toBe('"__proto__"');
    expect(propertyName("é")).toBe('"é"');
    expect(propertyName("1x")).toBe('"1x"');
  });

  test("a comment stays one", () => {
    expect(docText(NASTY)).not.toMatch(/\*\/|[\n\r\u2028\u2029\u0085]/);
  });
});
