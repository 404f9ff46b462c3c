/** Shapes and options that do not fit: the message names the layer, the place, the shapes, the rule and a fix. */
import { describe, expect, it } from "vitest";
import { messageFrom, withBody } from "./model-file.ts";

const message = (body: string, shape?: string): Promise<string> => messageFrom(withBody(body, shape));

describe("a layer that does not fit its input", () => {
  it("kernel larger than the padded input", async () => {
    expect(
      await message("const y = conv2d(image, { out: 6, kernel: 31, padding: 1 });"),
    ).toMatchInlineSnapshot(`
      "y (model.ts:4:11): conv2d cannot place a 31×31 kernel on [N, 1, 28, 28]
        rule: kernel ≤ input + padding in height, but 31 > 28 + 1 + 1
        try:  a kernel of at most 30 or more padding"
    `);
  });
  it("kernel larger than the input in one direction, dilated", async () => {
    expect(
      await message("const y = conv2d(image, { out: 6, kernel: [3, 8], dilation: [1, 4] });"),
    ).toMatchInlineSnapshot(`
      "y (model.ts:4:11): conv2d cannot place a 3×8 kernel on [N, 1, 28, 28]
        rule: kernel ≤ input + padding in width, but 8 (dilation 4 makes it 29) > 28 + 0 + 0
        try:  a kernel of at most 7 or more padding"
    `);
  });
  it("pooling window larger than the input", async () => {
    expect(
      await message("const y = nn.maxPool2d(image, { kernel: 2 });", "[N, 8, 1, 1]"),
    ).toMatchInlineSnapshot(`
      "y (model.ts:4:14): maxPool2d cannot place a 2×2 kernel on [N, 8, 1, 1]
        rule: kernel ≤ input + padding in height, but 2 > 1 + 0 + 0
        try:  a kernel of at most 1 or more padding"
    `);
  });
  it("pooling window that lies in the padding", async () => {
    expect(await message("const y = nn.maxPool2d(image, { kernel: 2, padding: 2 });")).toMatchInlineSnapshot(`
      "y (model.ts:4:14): maxPool2d on [N, 1, 28, 28]: window 0 in height lies wholly in the padding
        rule: each window covers an element of the input, but taps -2, -1 miss 0 … 27
        try:  padding of at most 1"
    `);
  });
  it("wrong linear features", async () => {
    expect(
      await message("const fc = linear(nn.flatten(image), { in: 400, out: 10 });\nconst y = fc;"),
    ).toMatchInlineSnapshot(`
      "fc (model.ts:4:12): linear expects 400 features, but its input is [N, 784]
        rule: in = the last dimension, but 400 ≠ 784
        try:  in: 784, or leave it out: it is inferred"
    `);
  });
  it("linear on an image that was not flattened", async () => {
    expect(await message("const y = linear(image, { in: 784, out: 10 });")).toMatchInlineSnapshot(`
      "y (model.ts:4:11): linear expects 784 features, but its input is [N, 1, 28, 28]
        rule: in = the last dimension, but 784 ≠ 28
        try:  flatten(x) before it, or in: 28"
    `);
  });
  it("convolution of a matrix", async () => {
    expect(
      await message("const y = conv2d(image, { out: 6, kernel: 3 });", "[N, 784]"),
    ).toMatchInlineSnapshot(`
      "y (model.ts:4:11): conv2d needs a 4-dimensional tensor [N, channels, height, width], but its input is [N, 784]
        rule: rank 4 expected, got rank 2"
    `);
  });
  it("mismatched add", async () => {
    expect(
      await message("const a = conv2d(image, { out: 6, kernel: 5 });\nconst y = add(a, image);"),
    ).toMatchInlineSnapshot(`
      "y (model.ts:5:11): add cannot combine [N, 6, 24, 24] with [N, 1, 28, 28]: 24 against 28
        rule: sizes aligned at the right are equal or 1, but dimension 2 of the result has 24 and 28"
    `);
  });
  it("mismatched matmul", async () => {
    expect(
      await message(`const w = param("w", [10, 784]);\nconst y = nn.matmul(nn.flatten(image), w);`),
    ).toMatchInlineSnapshot(`
      "y (model.ts:5:14): matmul cannot multiply [N, 784] by [10, 784]
        rule: columns of the left = rows of the right, but 784 ≠ 10
        try:  transpose(b)"
    `);
  });
  it("channels not divisible by groups", async () => {
    expect(
      await message("const y = conv2d(image, { out: 6, kernel: 3, groups: 4 });", "[N, 6, 8, 8]"),
    ).toMatchInlineSnapshot(`
      "y (model.ts:4:11): conv2d cannot split the 6 input channels of [N, 6, 8, 8] → 6 channels into 4 groups
        rule: groups divides the input channels, but 6 mod 4 = 2
        try:  groups: 3"
    `);
  });
  it("output channels not divisible by groups", async () => {
    expect(
      await message("const y = conv2d(image, { out: 7, kernel: 3, groups: 3 });", "[N, 6, 8, 8]"),
    ).toMatchInlineSnapshot(`
      "y (model.ts:4:11): conv2d cannot split the 7 output channels of [N, 6, 8, 8] → 7 channels into 3 groups
        rule: groups divides the output channels, but 7 mod 3 = 1
        try:  groups: 1"
    `);
  });
  it("concat of different sizes", async () => {
    expect(
      await message(
        "const small = nn.avgPool2d(image, { kernel: 2 });\nconst y = nn.concat([image, small], { axis: 1 });",
      ),
    ).toMatchInlineSnapshot(`
      "y (model.ts:5:14): concat cannot join [N, 1, 28, 28] and [N, 1, 14, 14] along axis 1
        rule: all sizes but that of axis 1 are equal"
    `);
  });
  it("a split whose sizes do not add up", async () => {
    expect(
      await message("const [y, z] = nn.split(image, { axis: -1, sizes: [14, 13] });"),
    ).toMatchInlineSnapshot(`
      "model.ts:4:19: split of [N, 1, 28, 28] along axis -1 into sizes [14, 13]
        rule: the sizes add up to that of the axis, but 14 + 13 = 27 ≠ 28
        try:  sizes: [14, 13, 1]"
    `);
  });
  it("reshape to another number of elements", async () => {
    expect(await message("const y = nn.reshape(image, { shape: [N, 16, 50] });")).toMatchInlineSnapshot(`
      "y (model.ts:4:14): reshape: shape is { shape: ["N", 16, 50] }
        rule: shape is a list, each entry a whole number of at least 1, N, or one −1
        try:  shape: [-1]"
    `);
  });
  it("a residual whose body changes the shape", async () => {
    expect(
      await message("const y = nn.residual(conv2d({ out: 4, kernel: 3 }))(image);"),
    ).toMatchInlineSnapshot(`
      "y (model.ts:4:14): residual cannot add its body's [N, 4, 26, 26] to its shortcut's [N, 1, 28, 28]
        rule: the body and the shortcut end in the same shape
        try:  a shortcut that changes the shape as the body does: residual(body, conv2d({ out, kernel: 1, stride }))"
    `);
  });
  it("a layer of a chain", async () => {
    expect(
      await message(`const net = nn.sequential(
  conv2d({ out: 6, kernel: 5 }),
  nn.avgPool2d({ kernel: 2 }),
  conv2d({ out: 16, kernel: 15 }),
);
const y = net(image);`),
    ).toMatchInlineSnapshot(`
      "conv2 (model.ts:7:3): conv2d cannot place a 15×15 kernel on [N, 6, 12, 12]
        rule: kernel ≤ input + padding in height, but 15 > 12 + 0 + 0
        try:  a kernel of at most 12 or more padding"
    `);
  });
  it("a layer in a function of the user's", async () => {
    expect(
      await message(`function block(x, out) {
  const first = conv2d(x, { out, kernel: 3 });
  const second = conv2d(nn.relu(first), { out, kernel: 27 });
  return second;
}
const block1 = block(image, 8);
const y = block1;`),
    ).toMatchInlineSnapshot(`
      "block1/second (model.ts:6:18): conv2d cannot place a 27×27 kernel on [N, 8, 26, 26]
        rule: kernel ≤ input + padding in height, but 27 > 26 + 0 + 0
        try:  a kernel of at most 26 or more padding"
    `);
  });
});

describe("options that are no sizes", () => {
  it("negative", async () => {
    expect(
      await message("const y = conv2d(image, { out: 6, kernel: 3, padding: -1 });"),
    ).toMatchInlineSnapshot(`
      "y (model.ts:4:11): conv2d: padding is -1
        rule: padding is a whole number of at least 0
        try:  padding: 1"
    `);
    expect(await message("const y = conv2d(image, { out: -6, kernel: 3 });")).toMatchInlineSnapshot(`
      "y (model.ts:4:11): conv2d: out is -6
        rule: out is a whole number of at least 1
        try:  out: 6"
    `);
  });
  it("fractional", async () => {
    expect(await message("const y = conv2d(image, { out: 6, kernel: 2.5 });")).toMatchInlineSnapshot(`
      "y (model.ts:4:11): conv2d: kernel is 2.5
        rule: kernel is a whole number of at least 1
        try:  kernel: 3"
    `);
    expect(await message("const y = linear(nn.flatten(image), { out: 10.5 });")).toMatchInlineSnapshot(`
      "y (model.ts:4:11): linear: out is 10.5
        rule: out is a whole number of at least 1
        try:  out: 11"
    `);
  });
  it("zero and NaN", async () => {
    expect(await message("const y = nn.maxPool2d(image, { kernel: 2, stride: 0 });")).toMatchInlineSnapshot(`
      "y (model.ts:4:14): maxPool2d: stride is 0
        rule: stride is a whole number of at least 1
        try:  stride: 1"
    `);
    expect(await message("const y = nn.leakyRelu(image, { slope: NaN });")).toMatchInlineSnapshot(`
      "y (model.ts:4:14): leakyRelu: slope is NaN
        rule: slope is a finite number
        try:  slope: 1"
    `);
  });
  it("missing", async () => {
    expect(await message("const y = conv2d(image, { out: 6 });")).toMatchInlineSnapshot(`
      "y (model.ts:4:11): conv2d: kernel is undefined
        rule: kernel is a whole number of at least 1
        try:  kernel: 1"
    `);
  });
  it("misspelt", async () => {
    expect(
      await message("const y = conv2d(image, { out: 6, kernel: 3, pading: 1 });"),
    ).toMatchInlineSnapshot(`
      "y (model.ts:4:11): conv2d: unknown option "pading"
        rule: conv2d takes out, kernel, stride, padding, dilation, groups, weight, bias, init
        try:  padding"
    `);
  });
  it("a pair of three", async () => {
    expect(await message("const y = conv2d(image, { out: 6, kernel: [3, 3, 3] });")).toMatchInlineSnapshot(`
      "y (model.ts:4:11): conv2d: kernel is [3, 3, 3]
        rule: kernel is a number or [height, width]
        try:  kernel: [1, 1]"
    `);
  });
  it("in the shape of an input", async () => {
    expect(await message("const y = image;", "[N, -1, 28, 28]")).toMatchInlineSnapshot(`
      "image (model.ts:3:15): input: size 1 of [N, -1, 28, 28] is -1
        rule: every size is a whole number of at least 1; only the first may be N
        try:  [N, 1, 28, 28]"
    `);
    expect(await message("const y = image;", "[N, 1.5, 28, 28]")).toMatchInlineSnapshot(`
      "image (model.ts:3:15): input: size 1 of [N, 1.5, 28, 28] is 1.5
        rule: every size is a whole number of at least 1; only the first may be N
        try:  [N, 2, 28, 28]"
    `);
    expect(await message("const y = image;", "[1, N, 28, 28]")).toMatchInlineSnapshot(`
      "image (model.ts:3:15): input: size 1 of [1, N, 28, 28] is N
        rule: every size is a whole number of at least 1; only the first may be N
        try:  N as the first size, or a number"
    `);
  });
});
