/**
 * `import "weftgpu/vitest"` in a test file or a set-up file, then:
 *
 *   await expect("models/lenet.ts").toMatchGolden("test/golden/lenet");   // a model file, with its names
 *   await expect(lenet).toMatchGolden("test/golden/lenet");               // a model
 *
 * `WEFT_UPDATE_GOLDEN=1` or `vitest -u` accepts the output as it is. It extends the vitest that Weft finds beside itself;
 * where a project may have another copy (Weft is linked from a clone), take `weftgpu/golden`.
 */
import { expect } from "vitest";
import { type GoldenMatchers, golden } from "./matcher.ts";

declare module "vitest" {
  // biome-ignore lint/suspicious/noExplicitAny: an interface merges only under the same type parameters
  interface Matchers<T = any> extends GoldenMatchers {}
}

expect.extend(golden);
