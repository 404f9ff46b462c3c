/**
 * The vitest matcher `toMatchGolden`; imported for its effect.
 *
 * @module
 */
import "../../../../compiler/emit/vitest.ts";
