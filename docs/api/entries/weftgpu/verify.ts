/**
 * Whether a device computes what it should: `verify`, and a `load` that looks first.
 *
 * @module
 */
export * from "../../../../runtime/verify/index.ts";
