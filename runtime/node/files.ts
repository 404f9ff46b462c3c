/** Weights on disk. */
import { randomBytes } from "node:crypto";
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { WeftError } from "../errors.ts";
import type { Tensor } from "../tensor.ts";
import { readSafetensors, type Weights, writeSafetensors } from "../weights.ts";

/** Reads a safetensors file. Throws `WeftError` "weights" that names the file. */
export async function readWeights(path: string): Promise<Record<string, Tensor>> {
  try {
    return readSafetensors(await readFile(path));
  } catch (error) {
    throw about(path, error);
  }
}

/** Writes a safetensors file, whole or not at all. */
export async function writeWeights(path: string, tensors: Weights): Promise<void> {
  const partial = `${path}.${process.pid}.${randomBytes(4).toString("hex")}.tmp`;
  try {
    await writeFile(partial, writeSafetensors(tensors));
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true });
    throw about(path, error);
  }
}

function about(path: string, error: unknown): WeftError {
  const message = (error as Error).message.replace(/^weights: /, "");
  return new WeftError("weights", `${path}: ${message}`);
}
