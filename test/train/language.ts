/** The model language without its types of shapes: tests draw shapes and options at run time. */

import type { Tensor } from "weftgpu";
import * as weft from "weftgpu";
import type { Shape } from "../../contract/type.ts";

type Layers = Readonly<Record<LayerName, (...args: readonly unknown[]) => Tensor>>;
export type LayerName = Exclude<
  keyof typeof weft,
  "compile" | "compileTraining" | "defineOp" | "model" | "N" | "sgd" | "adam" | "split" | "topK"
>;

/** What is wrong is found by the graph's own checks. */
export const lang = weft as unknown as Layers;
export const split = weft.split as unknown as (...args: readonly unknown[]) => readonly Tensor[];
export const topK = weft.topK as unknown as (...args: readonly unknown[]) => readonly Tensor[];

/** `input("x", [N, …])` where the first size is "N". */
export const input = (name: string, shape: Shape): Tensor => lang.input(name, shape);
export const param = (name: string, shape: readonly number[]): Tensor => lang.param(name, shape);
