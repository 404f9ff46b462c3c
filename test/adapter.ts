/** The adapter on which tests compute that are of none. */
import { requestDevice } from "../runtime/node/index.ts";

/**
 * npm's software adapter, even where there is a better one: it builds kernels fastest (Mesa's takes six times as long for
 * LeNet's training step), and every machine computes the same. WEFT_ADAPTER chooses another.
 */
export const ADAPTER = process.env["WEFT_ADAPTER"] ? {} : ({ adapter: "software" } as const);

/** A device of the caller's own. */
export const usualDevice = (): ReturnType<typeof requestDevice> => requestDevice(ADAPTER);
