/** Ops that add, drop, repeat, stack and turn axes, steps of slices, blocks of pixels, and borders. */
import { expect, test } from "vitest";
import * as weft from "weftgpu";
import { input, N, param } from "weftgpu";
import { type Case, checkOp, useDevice } from "./cases.ts";

useDevice();

const image = (c = 3, h = 4, w = 6) => input("x", [N, c, h, w]);
const wide = () => input("x", [N, 2, 3, 8]);

checkOp("squeeze", [
  { name: "all axes of size 1", build: () => weft.squeeze(input("x", [N, 1, 3, 1])) },
  { name: "one of them", build: () => weft.squeeze(input("x", [N, 1, 3, 1]), { axis: 1 }) },
  {
    name: "from the end, after a product",
    build: () => weft.squeeze(weft.matmul(input("x", [N, 3, 4]), param("w", [4, 1])), { axis: -1 }),
  },
]);
checkOp("unsqueeze", [
  { name: "in the middle", build: () => weft.unsqueeze(input("x", [N, 3, 4]), { axis: 2 }) },
  {
    name: "several, from both ends",
    build: () => weft.mul(weft.unsqueeze(input("x", [N, 3]), { axis: [1, -1] }), param("p", [2, 3, 4])),
  },
]);
checkOp("expand", [
  { name: "an axis of size 1", build: () => weft.expand(input("x", [N, 3, 1]), [N, 3, 5]) },
  { name: "more axes in front", build: () => weft.expand(input("x", [4, 1]), [2, 4, 3]), batches: [1] },
  { name: "sizes that x has already", build: () => weft.expand(input("x", [N, 3, 5]), [1, 5]) },
  {
    name: "for each example",
    build: () => weft.add(weft.expand(param("p", [1, 5]), [N, 3, 5]), input("x", [N, 3, 5])),
  },
]);
checkOp("tile", [
  { name: "the last axis", build: () => weft.tile(input("x", [N, 3, 4]), [1, 1, 3]) },
  {
    name: "two axes, of a computed tensor",
    build: () => weft.tile(weft.exp(input("x", [N, 3, 4])), [1, 2, 2]),
  },
  { name: "sizes that vectors do not divide", build: () => weft.tile(input("x", [N, 5, 3]), [1, 2, 3]) },
]);
checkOp("stack", [
  {
    name: "three along axis 1",
    build: () => weft.stack([input("x", [N, 5]), input("y", [N, 5]), param("p", [5])].slice(0, 2)),
  },
  {
    name: "along the last axis",
    build: () => weft.stack([input("x", [N, 3, 4]), input("y", [N, 3, 4])], { axis: -1 }),
  },
  {
    name: "one tensor twice",
    build: () => {
      const x = weft.sigmoid(input("x", [N, 3]));
      return weft.stack([x, x]);
    },
  },
]);
const triangles = { triu: weft.triu, tril: weft.tril };
for (const op of ["triu", "tril"] as const)
  for (const diagonal of [-9, -1, 0, 2])
    checkOp(`${op} from diagonal ${diagonal}`, [
      { name: "of pictures", build: () => triangles[op](wide(), { diagonal }) },
      {
        name: "of a product",
        build: () => triangles[op](weft.sigmoid(weft.mul(image(), 3)), { diagonal }),
      },
      {
        name: "into a convolution",
        build: () => weft.conv2d(triangles[op](image(), { diagonal }), { out: 2, kernel: 3 }),
      },
    ]);

test("a triangle of what is no matrix of each example is refused", () => {
  const rows = weft.input("x", [weft.N, 5]);
  expect(() => weft.triu(rows)).toThrow("triu of [N, 5]");
});

checkOp("flip", [
  { name: "the last axis", build: () => weft.flip(wide(), { axis: -1 }) },
  { name: "channels", build: () => weft.flip(image(), { axis: 1 }) },
  {
    name: "two axes, before a convolution",
    build: () => weft.conv2d(weft.flip(image(), { axis: [2, 3] }), { out: 2, kernel: 3 }),
  },
]);
checkOp("roll", [
  { name: "towards the end", build: () => weft.roll(wide(), { shift: 3 }) },
  { name: "towards the front, along rows", build: () => weft.roll(wide(), { shift: -1, axis: 2 }) },
  { name: "more than once around", build: () => weft.roll(wide(), { shift: 19 }) },
  { name: "by nothing", build: () => weft.roll(wide(), { shift: 8 }) },
]);
checkOp("slice", [
  { name: "every second", build: () => weft.slice(wide(), { axis: -1, step: 2 }) },
  { name: "every third from 1 on", build: () => weft.slice(wide(), { axis: 3, start: 1, step: 3 }) },
  {
    name: "up to an end that no step meets",
    build: () => weft.slice(wide(), { axis: 3, start: 1, end: 7, step: 4 }),
  },
  { name: "backwards", build: () => weft.slice(wide(), { axis: 3, step: -1 }) },
  {
    name: "backwards in steps to an end",
    build: () => weft.slice(wide(), { axis: 3, start: 6, end: 0, step: -2 }),
  },
  {
    name: "of two axes, with a stride of a picture",
    build: () => weft.slice(weft.slice(image(), { axis: 2, step: 2 }), { axis: 3, step: 2 }),
  },
]);
for (const mode of ["DCR", "CRD"] as const) {
  checkOp(`depthToSpace ${mode}`, [
    { name: "blocks of 2", build: () => weft.depthToSpace(input("x", [N, 12, 2, 3]), { block: 2, mode }) },
    {
      name: "blocks of 3 behind a convolution",
      build: () => weft.depthToSpace(weft.conv2d(image(), { out: 18, kernel: 3 }), { block: 3, mode }),
    },
  ]);
  checkOp(`spaceToDepth ${mode}`, [
    { name: "blocks of 2", build: () => weft.spaceToDepth(image(), { block: 2, mode }) },
    {
      name: "undoes depthToSpace",
      build: () =>
        weft.spaceToDepth(weft.depthToSpace(input("x", [N, 12, 2, 3]), { block: 2, mode }), {
          block: 2,
          mode,
        }),
    },
  ]);
}
const borders = (mode: "reflect" | "edge" | "wrap"): readonly Case[] => [
  { name: "around a picture", build: () => weft.pad(image(), { padding: [1, 2, 3, 0], mode }) },
  { name: "as much as there is", build: () => weft.pad(image(), { padding: [3, 3, 3, 3], mode }) },
  {
    name: "of channels and columns",
    build: () => weft.pad(image(), { axis: [1, 3], padding: [1, 2, 0, 4], mode }),
  },
  {
    name: "before a convolution",
    build: () => weft.conv2d(weft.pad(image(), { padding: 1, mode }), { out: 4, kernel: 3 }),
  },
  {
    name: "of a sequence that was computed",
    build: () => weft.pad(weft.exp(input("x", [N, 2, 5])), { axis: -1, padding: 2, mode }),
  },
];
for (const mode of ["reflect", "edge", "wrap"] as const) checkOp(`pad ${mode}`, borders(mode));
checkOp("pad", [
  {
    name: "of one axis",
    build: () => weft.pad(input("x", [N, 3, 5]), { axis: 1, padding: [1, 2], value: 0.5 }),
  },
]);
