/** The adapter on which tests compute that are of none. */
import { vi } from "vitest";
import { requestDevice } from "../runtime/node/index.ts";

/**
 * npm's software adapter, even where there is a better one: it builds kernels fastest (Mesa's takes six times as long for
 * LeNet's training step), and every machine computes the same. WEFT_ADAPTER chooses another.
 */
export const ADAPTER = process.env["WEFT_ADAPTER"] ? {} : ({ adapter: "software" } as const);

/** A device of the caller's own. */
export const usualDevice = (): ReturnType<typeof requestDevice> => requestDevice(ADAPTER);

/** What a user's script or command does that asks for any adapter, on the usual one. */
export async function onUsualAdapter<T>(work: () => Promise<T>): Promise<T> {
  vi.stubEnv("WEFT_ADAPTER", process.env["WEFT_ADAPTER"] || "software");
  try {
    return await work();
  } finally {
    vi.unstubAllEnvs();
  }
}
