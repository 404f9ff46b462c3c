/** Files that are no model files: one message each, with the place where there is one. */
import { describe, expect, it } from "vitest";
import { messageFrom } from "./model-file.ts";

const model = `import { N, input, model, relu } from "weftgpu";
const x = input("x", [N, 4]);
const net = model("m", { x }, { y: relu(x) });
`;

describe("a path that is no model file", () => {
  it("no such file", async () => {
    expect(await messageFrom({ "lenet.ts": "" }, "lennet.ts")).toMatchInlineSnapshot(`
      "no such file: lennet.ts
        try:  lenet.ts"
    `);
    expect(await messageFrom({ "lenet.ts": "" }, "models/other.ts")).toMatchInlineSnapshot(
      `"no such file: models/other.ts"`,
    );
  });
  it("a directory", async () => {
    expect(await messageFrom({ "models/lenet.ts": "" }, "models")).toMatchInlineSnapshot(`
      "models is a directory, not a model file
        try:  models/lenet.ts"
    `);
    expect(await messageFrom({ "empty/readme.md": "" }, "empty")).toMatchInlineSnapshot(
      `"empty is a directory, not a model file"`,
    );
  });
  it("another kind of file", async () => {
    expect(await messageFrom({ "lenet.onnx": "" }, "lenet.onnx")).toMatchInlineSnapshot(`
      "lenet.onnx is not a model file
        rule: a model file is TypeScript or JavaScript: its name ends in .ts, .mts, .js or .mjs"
    `);
  });
});

describe("a file that cannot be read as a module", () => {
  it("syntax error", async () => {
    expect(await messageFrom(`${model}const conv1 = relu(x;\n`)).toMatchInlineSnapshot(`
      "model.ts:4:21: Expected ")" but found ";"
        4 | const conv1 = relu(x;
                                ^"
    `);
  });
  it("syntax error in an imported file", async () => {
    const files = { "model.ts": `import "./parts/block.ts";\n`, "parts/block.ts": "export const = 1;\n" };
    expect(await messageFrom(files)).toMatchInlineSnapshot(`
      "parts/block.ts:1:14: Expected identifier but found "="
        1 | export const = 1;
                         ^"
    `);
  });
  it("an empty file", async () => {
    expect(await messageFrom("")).toMatchInlineSnapshot(`
      "model.ts: the default export is an object, not a model
        rule: a model file exports its model as the default
        try:  export default model(name, { inputs }, { outputs })"
    `);
  });
  it("an import that does not exist", async () => {
    expect(
      await messageFrom(`import { block } from "./block.ts";\nexport default block();\n`),
    ).toMatchInlineSnapshot(`
      "model.ts:1:23: Could not resolve "./block.ts"
        1 | import { block } from "./block.ts";
                                  ^"
    `);
    expect(
      await messageFrom(`import { block } from "some-package";\nexport default block();\n`),
    ).toMatchInlineSnapshot(`
      "model.ts:1:23: Could not resolve "some-package"
        1 | import { block } from "some-package";
                                  ^
        try:  npm install some-package"
    `);
  });
  it("a name that Weft does not export", async () => {
    expect(
      await messageFrom(`import { con2d } from "weftgpu";\nexport default con2d();\n`),
    ).toMatchInlineSnapshot(`
      "model.ts:1:10: "weftgpu" has no export named "con2d"
        1 | import { con2d } from "weftgpu";
                     ^
        try:  conv2d, or an op of your own: defineOp({ name, shape, value })"
    `);
    expect(
      await messageFrom(`import * as nn from "weftgpu";\nexport default nn.fold();\n`),
    ).toMatchInlineSnapshot(`
      "model.ts:2:19: "weftgpu" has no export named "fold"
        2 | export default nn.fold();
                              ^
        try:  an op of your own: defineOp({ name, shape, value })"
    `);
  });
  it.each([
    ["swish", "silu"], // as others call it
    ["Dense", "linear"],
    ["maxPool", "maxPool2d"],
    ["gelus", "gelu"],
  ])("%s, which is Weft's %s", async (theirs, ours) => {
    expect(
      await messageFrom(`import { ${theirs} } from "weftgpu";\nexport default ${theirs}();\n`),
    ).toContain(`try:  ${ours}, or an op of your own: defineOp(`);
  });
});

describe("a default export that is no model", () => {
  it("none", async () => {
    expect(await messageFrom("export const x = 1;\n")).toMatchInlineSnapshot(`
      "model.ts has no default export
        rule: a model file exports its model as the default
        try:  export default model(name, { inputs }, { outputs })"
    `);
  });
  it("a model under a name", async () => {
    expect(await messageFrom(`${model}export { net };\n`)).toMatchInlineSnapshot(`
      "model.ts exports its model as "net", but not as the default
        rule: a model file exports its model as the default
        try:  export default net"
    `);
  });
  it.each([
    ["a tensor", "x", "a tensor [N, 4]"],
    ["a layer", "relu()", "a layer (relu)"],
    ["a function", "function build() {}", "the function build"],
    ["a nameless function", "() => net", "a function"],
    ["a promise", "Promise.resolve(net)", "a promise"],
    ["an object", "{ net }", "an object"],
    ["an array", "[net]", "an array"],
    ["null", "null", "null"],
    ["undefined", "undefined", "undefined"],
    ["a number", "42", "the number 42"],
    ["a string", '"lenet"', 'the string "lenet"'],
  ])("%s", async (_, value, shown) => {
    expect(await messageFrom(`${model}export default ${value};\n`)).toBe(
      `model.ts: the default export is ${shown}, not a model
  rule: a model file exports its model as the default
  try:  export default model(name, { inputs }, { outputs })`,
    );
  });
});

describe("a file that throws", () => {
  it("an error", async () => {
    expect(await messageFrom(`${model}throw new RangeError("no luck");\n`)).toMatchInlineSnapshot(`
      "model.ts:4:7: the model file throws RangeError: no luck
        4 | throw new RangeError("no luck");
                  ^"
    `);
  });
  it("in a function of an imported file", async () => {
    const files = {
      "model.ts": `import { size } from "./size.ts";\nexport default size(undefined);\n`,
      "size.ts": "export function size(x: any) {\n  return x.length;\n}\n",
    };
    expect(await messageFrom(files)).toMatchInlineSnapshot(`
      "size.ts:2:12: the model file throws TypeError: Cannot read properties of undefined (reading 'length')
        2 |   return x.length;
                       ^"
    `);
  });
  it("something that is no error", async () => {
    expect(await messageFrom(`throw "no luck";\n`)).toMatchInlineSnapshot(`"model.ts throws "no luck""`);
    expect(await messageFrom(`throw { code: 3 };\n`)).toMatchInlineSnapshot(`"model.ts throws {"code":3}"`);
  });
  it("a variable that does not exist", async () => {
    expect(await messageFrom(`${model}export default modle("m");\n`)).toMatchInlineSnapshot(`
      "model.ts:4:16: the model file throws ReferenceError: modle is not defined
        4 | export default modle("m");
                           ^"
    `);
  });
  it("in Node", async () => {
    expect(
      await messageFrom(
        `import { readFileSync } from "node:fs";\nexport default readFileSync("no-such-file.json");\n`,
      ),
    ).toMatchInlineSnapshot(`
      "model.ts:2:16: the model file throws Error: ENOENT: no such file or directory, open 'no-such-file.json'
        2 | export default readFileSync("no-such-file.json");
                           ^"
    `);
  });
});
