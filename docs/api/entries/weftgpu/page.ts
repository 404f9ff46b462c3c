/**
 * Loading as a page wants it: `load` with progress, and weights from an address.
 *
 * @module
 */
export * from "../../../../runtime/page/index.ts";
