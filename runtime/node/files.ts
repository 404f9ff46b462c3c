/** Weights on disk. */
import { randomBytes } from "node:crypto";
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { WeftError, type WeftErrorCode } from "../../contract/errors.ts";
import type { Program } from "../../contract/program.ts";
import { readStored, tensorsFor, type Wanting } from "../../contract/stored.ts";
import type { Tensor } from "../../contract/tensor.ts";
import type { Training } from "../../contract/training.ts";
import { validateTraining } from "../../contract/trainValidate.ts";
import { validateProgram } from "../../contract/validate.ts";
import { type Weights, writeSafetensors } from "../../contract/weights.ts";

/**
 * Reads a safetensors file: F32, I32 and U32 as they are, other types as f32, or as the model wants them (`readWeights` of
 * weftgpu/weights). Throws `WeftError` "weights" that names the file.
 */
export async function readWeights(path: string, model?: Wanting): Promise<Record<string, Tensor>> {
  try {
    return tensorsFor(readStored(await readFile(path)), model);
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

/** Reads a `program.json` and validates it. Throws `WeftError` "program" with the file, the place in it and the rule. */
export function readProgram(path: string): Promise<Program> {
  return readJson(path, validateProgram);
}

/** Reads a `training.json` and validates it. Throws `WeftError` "program". */
export function readTraining(path: string): Promise<Training> {
  return readJson(path, validateTraining);
}

async function readJson<T>(path: string, validate: (value: unknown) => T): Promise<T> {
  try {
    return validate(JSON.parse(await readFile(path, "utf8")));
  } catch (error) {
    throw about(path, error, "program");
  }
}

function about(path: string, error: unknown, code: WeftErrorCode = "weights"): WeftError {
  const message = (error as Error).message.replace(/^weights: /, "");
  return new WeftError(code, `${path}: ${message}`);
}
