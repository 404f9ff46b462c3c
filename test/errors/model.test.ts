/** Models that do not hang together. */
import { describe, expect, it } from "vitest";
import { messageFrom, withBody } from "./model-file.ts";

const message = (body: string): Promise<string> => messageFrom(withBody(body));

describe("a model that does not hang together", () => {
  it("has a cycle", async () => {
    expect(
      await message("const a = add(image, b);\nconst b = conv2d(a, { out: 1, kernel: 1 });\nconst y = b;"),
    ).toMatchInlineSnapshot(`
      "a (model.ts:4:11): "b" is used here, but it is made from this layer: a → b → a
        rule: a model has no cycles: each layer is made from layers above it"
    `);
  });
  it("has a cycle inside a function", async () => {
    expect(
      await message(`function block(x) {
  const a = add(x, c);
  const b = nn.relu(a);
  const c = nn.sigmoid(b);
  return c;
}
const y = block(image);`),
    ).toMatchInlineSnapshot(`
      "a (model.ts:5:13): "c" is used here, but it is made from this layer: a → c → b → a
        rule: a model has no cycles: each layer is made from layers above it"
    `);
  });
  it("has a cycle whose first layer takes no options", async () => {
    expect(
      await message("const a = nn.relu(b);\nconst b = conv2d(a, { out: 1, kernel: 1 });\nconst y = b;"),
    ).toMatchInlineSnapshot(`
      "a (model.ts:4:11): "b" is used here, but it is made from this layer: a → b → a
        rule: a model has no cycles: each layer is made from layers above it"
    `);
  });
  it("uses a layer above its declaration", async () => {
    expect(
      await message("const a = add(image, b);\nconst b = nn.relu(image);\nconst y = a;"),
    ).toMatchInlineSnapshot(`
      "a (model.ts:4:11): "b" is used here, but it is made later, on line 5
        rule: each layer is made from layers above it
        try:  moving "b" up"
    `);
  });
  it("has an input and a parameter of one name", async () => {
    expect(
      await message(`const scale = param("image", [28]);
const y = nn.mul(image, scale);`),
    ).toMatchInlineSnapshot(`
      "scale (model.ts:4:15): two tensors are called "image": an input and a parameter
        rule: names of inputs and parameters are unique: weights are found by them
        try:  another name for one of them, or one tensor used in both places"
    `);
  });
  it("has two parameters of one name", async () => {
    expect(
      await message(`const a = param("scale", [1]);
const b = param("scale", [28]);
const y = nn.mul(nn.mul(image, a), b);`),
    ).toMatchInlineSnapshot(`
      "b (model.ts:5:11): two tensors are called "scale": a parameter and a parameter
        rule: names of inputs and parameters are unique: weights are found by them
        try:  another name for one of them, or one tensor used in both places"
    `);
  });
  it("has an input that nothing uses", async () => {
    expect(
      await messageFrom(`import { N, input, model, relu } from "weftgpu";
const image = input("image", [N, 4]);
const mask = input("mask", [N, 4]);
export default model("m", { image, mask }, { y: relu(image) });
`),
    ).toMatchInlineSnapshot(`
      "model.ts:4:16: model "m": no output needs input "mask"
        rule: every input is used
        try:  a model without "mask", or an output that is computed from it"
    `);
  });
  it("uses an input that it does not declare", async () => {
    expect(
      await messageFrom(`import { N, add, input, model } from "weftgpu";
const image = input("image", [N, 4]);
const mask = input("mask", [N, 4]);
const y = add(image, mask);
export default model("m", { image }, { y });
`),
    ).toMatchInlineSnapshot(`
      "model.ts:5:16: model "m": add1 needs input "mask", which the model does not declare
        try:  mask among the inputs of model()"
    `);
  });
  it("has no outputs", async () => {
    expect(
      await messageFrom(`import { N, input, model } from "weftgpu";
export default model("m", { image: input("image", [N, 4]) }, {});
`),
    ).toMatchInlineSnapshot(`
      "model.ts:2:16: model "m" has no outputs
        rule: a model computes at least one tensor"
    `);
  });
  it("has no name", async () => {
    expect(
      await messageFrom(`import { N, input, model, relu } from "weftgpu";
const image = input("image", [N, 4]);
export default model("", { image }, { y: relu(image) });
`),
    ).toMatchInlineSnapshot(`
      "model.ts:3:16: model: the first argument is its name
        try:  model("lenet", { image }, { logits })"
    `);
  });
  it("has an operand that is no tensor", async () => {
    expect(await message(`const y = add(image, "x");`)).toMatchInlineSnapshot(`
      "y (model.ts:4:11): add: operand 2 is "x", not a tensor
        rule: add works on tensors: the result of input(), param() or another layer
        try:  a tensor in its place"
    `);
    expect(await message(`const y = nn.relu({ image });`)).toMatchInlineSnapshot(`
      "y (model.ts:4:14): relu: unknown option "image"
        rule: relu takes no options
        try:  leaving it out"
    `);
    expect(await message(`const y = add(image, nn.relu());`)).toMatchInlineSnapshot(`
      "y (model.ts:4:11): add: operand 2 is a layer, not a tensor
        rule: add works on tensors: the result of input(), param() or another layer
        try:  calling the layer with its input: layer(x)"
    `);
  });
});
