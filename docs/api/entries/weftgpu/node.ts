/**
 * What Node needs besides: a device, files, a diagnosis, a profile.
 *
 * @module
 */
export * from "../../../../runtime/node/index.ts";
