/**
 * The matcher `toMatchGolden` for any copy of vitest.
 *
 * @module
 */
export * from "../../../../compiler/emit/matcher.ts";
