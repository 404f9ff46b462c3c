// Teaches this project's vitest `toMatchGolden`: the files in test/golden are what the model compiles to.
import { expect } from "vitest";
import { type GoldenMatchers, golden } from "weftgpu/golden";

expect.extend(golden);

declare module "vitest" {
  // biome-ignore lint/suspicious/noExplicitAny: vitest's interface has this type parameter
  interface Matchers<T = any> extends GoldenMatchers {}
}
