/** Resizing, against the oracle and onnxruntime in every mode; and what PyTorch's names are. */
import { expect, test } from "vitest";
import type { Tensor } from "weftgpu";
import type { OpNode } from "../../compiler/ir/graph.ts";
import { COORDINATES, ROUNDINGS } from "../../compiler/ops/resample.ts";
import { input, lang } from "../train/language.ts";
import { type Case, checkOp, useDevice } from "./cases.ts";

useDevice();

const picture = (h = 5, w = 4): Tensor => input("x", ["N", 2, h, w]);
const resized = (name: string, options: object, x = (): Tensor => picture()): Case => ({
  name,
  build: () => lang.resize(x(), options),
});

for (const coordinates of COORDINATES) {
  const cases: Case[] = [];
  for (const nearest of ROUNDINGS) {
    cases.push(resized(`${nearest} to twice the size`, { scale: 2, coordinates, nearest }));
    cases.push(resized(`${nearest} to other sizes`, { size: [7, 3], coordinates, nearest }));
  }
  for (const mode of ["linear", "cubic"]) {
    cases.push(resized(`${mode} to twice the size`, { scale: 2, mode, coordinates }));
    cases.push(resized(`${mode} to larger sizes that do not divide`, { size: [13, 7], mode, coordinates }));
    cases.push(resized(`${mode} to smaller sizes`, { size: [3, 2], mode, coordinates }));
    cases.push(resized(`${mode} by factors that leave a rest`, { scale: [1.5, 2.3], mode, coordinates }));
    cases.push(resized(`${mode} to a single row`, { size: [1, 6], mode, coordinates }));
    cases.push(resized(`${mode} of a single row`, { size: [4, 6], mode, coordinates }, () => picture(1, 3)));
  }
  cases.push(
    resized("cubic, what lies outside has no weight", {
      scale: [1.75, 3],
      mode: "cubic",
      coordinates,
      excludeOutside: true,
      cubicCoefficient: -0.5,
    }),
  );
  checkOp(`resize ${coordinates}`, cases);
}

checkOp("resize", [
  resized("one axis of sequences", { scale: 3, mode: "linear" }, () => input("x", ["N", 3, 7])),
  resized("cubic of sequences", { scale: 2, mode: "cubic" }, () => input("x", ["N", 3, 7])),
  resized("volumes", { scale: 2, mode: "linear" }, () => input("x", ["N", 1, 2, 3, 2])),
  resized("nearest of volumes", { size: [3, 4, 5] }, () => input("x", ["N", 2, 2, 3, 2])),
  resized("the channels too", { size: [4, 5, 4], mode: "linear" }),
  resized("the same size", { size: [5, 4], mode: "cubic" }),
  resized("a factor for every axis, the batch's too", { scale: [1, 1, 2, 3], mode: "linear" }),
  resized("one axis alone", { scale: [1, 2], mode: "linear" }),
  resized("vectors of four", { scale: 2, mode: "linear" }, () => input("x", ["N", 4, 8, 16])),
  resized("a large picture, made small", { size: [10, 9], mode: "linear" }, () => picture(53, 47)),
]);

checkOp("upsample", [
  { name: "nearest", build: () => lang.upsample(picture(), { scale: 2 }) },
  { name: "nearest by 3/2", build: () => lang.upsample(picture(), { scale: 1.5 }) },
  { name: "linear", build: () => lang.upsample(picture(), { scale: 2, mode: "linear" }) },
  {
    name: "linear, corners aligned",
    build: () => lang.upsample(picture(), { size: 9, mode: "linear", alignCorners: true }),
  },
  { name: "cubic", build: () => lang.upsample(picture(), { scale: 2, mode: "cubic" }) },
  {
    name: "as a layer",
    build: () => lang.relu((lang.upsample({ scale: 2 }) as never as typeof lang.relu)(picture())),
  },
]);

test("upsample is resize in PyTorch's words", () => {
  const attrsOf = (options: object) => (lang.upsample(picture(), options).node as OpNode).attrs;
  expect(attrsOf({ scale: 2 })).toMatchObject({ coordinates: "asymmetric", nearest: "floor", scale: 2 });
  expect(attrsOf({ size: 9, mode: "linear" })).toMatchObject({ coordinates: "halfPixel", mode: "linear" });
  expect(attrsOf({ size: 9, mode: "cubic", alignCorners: true })).toMatchObject({
    coordinates: "alignCorners",
  });
});

test("numbers that were worked out by hand", async () => {
  // PyTorch's documentation of Upsample: [[1, 2], [3, 4]] by 2, bilinear, has 1.25 beside the corner.
  const { evaluate } = await import("../oracle/oracle.ts");
  const { graphOf } = await import("./cases.ts");
  const { ndarray } = await import("../oracle/array.ts");
  const graph = graphOf(lang.upsample(input("x", [1, 1, 2, 2]), { scale: 2, mode: "linear" }));
  const { y } = evaluate(graph, { x: ndarray([1, 1, 2, 2], [1, 2, 3, 4]) }, {});
  expect([...(y?.data ?? [])]).toEqual([
    1, 1.25, 1.75, 2, 1.5, 1.75, 2.25, 2.5, 2.5, 2.75, 3.25, 3.5, 3, 3.25, 3.75, 4,
  ]);
});
