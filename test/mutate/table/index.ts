/** Every mutation there is. */
import type { Mutation } from "../mutation.ts";
import { compiler } from "./compiler.ts";
import { ofFunctions } from "./functions.ts";
import { lower } from "./lower.ts";
import { onnx } from "./onnx.ts";
import { outside } from "./outside.ts";
import { places } from "./places.ts";
import { runtime } from "./runtime.ts";
import { sizes } from "./sizes.ts";
import { training } from "./training.ts";
import { wasm } from "./wasm.ts";

export const mutations: readonly Mutation[] = [
  ...runtime,
  ...training,
  ...compiler,
  ...ofFunctions,
  ...lower,
  ...places,
  ...outside,
  ...sizes,
  ...onnx,
  ...wasm,
];
