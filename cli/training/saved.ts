/** What a training leaves on the disk: weights, and a checkpoint beside them to go on from. */
import { existsSync } from "node:fs";
import { plural, UserError } from "../../compiler/errors.ts";
import { WeftError } from "../../contract/errors.ts";
import { type Checkpoint, readMetadata, readSafetensors, writeSafetensors } from "../../runtime/train.ts";
import type { Files } from "../adapters/index.ts";
import { readBytes, shownPath } from "../files.ts";
import type { EpochPoint } from "../output/curve.ts";
import { writeFiles } from "../write.ts";
import { type Given, type Settings, settingsFrom } from "./settings.ts";

export interface Saved {
  readonly checkpoint: Checkpoint;
  /** Epochs finished. */
  readonly epoch: number;
  /** The figures of the finished epochs. */
  readonly history: readonly EpochPoint[];
  readonly settings: Given;
}

/** `lenet.safetensors` has `lenet.checkpoint.safetensors` beside it. */
export function checkpointPath(out: string): string {
  return `${out.replace(/\.safetensors$/, "")}.checkpoint.safetensors`;
}

/** Writes the files and the checkpoint, each whole. Equal trainings give equal bytes: no time goes into them. */
export async function save(
  out: string,
  files: Files,
  checkpoint: Checkpoint,
  history: readonly EpochPoint[],
  settings: Settings,
): Promise<void> {
  const notes = { history: JSON.stringify(history), settings: JSON.stringify(settings) };
  await writeFiles([
    ...files,
    [checkpointPath(out), writeSafetensors(checkpoint.tensors, { ...checkpoint.metadata, ...notes })],
  ]);
}

/** Throws `UserError` where there is no checkpoint, or the file is none. */
export async function readSaved(out: string): Promise<Saved> {
  const path = checkpointPath(out);
  if (!existsSync(path))
    throw new UserError({
      problem: `there is no checkpoint to resume from: ${shownPath(path)} does not exist`,
      rule: "the checkpoint lies beside the file that --out names",
      fix: "name the same --out as before, or begin without --resume",
    });
  const bytes = await readBytes(path, "the checkpoint");
  try {
    const metadata = readMetadata(bytes);
    const { epoch } = JSON.parse(metadata["position"] ?? "null") ?? {};
    if (!Number.isSafeInteger(epoch) || epoch < 0)
      throw new WeftError("weights", "it has no position of a training");
    // JSON has no NaN, which is what an accuracy is where there is none.
    const history: unknown = JSON.parse(metadata["history"] ?? "[]", (key, value) =>
      value === null && key.endsWith("ccuracy") ? Number.NaN : value,
    );
    const settings = settingsFrom(JSON.parse(metadata["settings"] ?? "{}"));
    if (!isHistory(history) || !settings)
      throw new WeftError("weights", "its history or settings are damaged");
    return { checkpoint: { tensors: readSafetensors(bytes), metadata }, epoch, history, settings };
  } catch (error) {
    if (!(error instanceof WeftError || error instanceof SyntaxError)) throw error;
    throw new UserError({
      problem: `${shownPath(path)} is no checkpoint that can be read: ${error.message.replace(/^weights: /, "")}`,
      fix: "begin anew with --restart, which replaces it, or name another --out",
    });
  }
}

function isHistory(value: unknown): value is EpochPoint[] {
  const fits = (point: unknown): boolean =>
    ["epoch", "loss"].every((key) => Number.isFinite(Object(point)[key])) &&
    ["trainAccuracy", "testAccuracy"].every((key) => typeof Object(point)[key] === "number");
  return Array.isArray(value) && value.every(fits);
}

/** Throws `UserError` where a new training would replace what may still be wanted. */
export async function protect(out: string, named: boolean): Promise<void> {
  const path = checkpointPath(out);
  if (existsSync(path)) {
    const { epoch, settings } = await readSaved(out);
    if (epoch < (settings.epochs ?? 0))
      throw new UserError({
        problem: `${shownPath(path)} is of a training that was stopped after ${epoch} of ${settings.epochs} ${plural(Number(settings.epochs), "epoch")}`,
        rule: "an unfinished training is not overwritten unasked",
        fix: "--resume goes on with it, --restart begins anew, another --out keeps both",
      });
  }
  if (!named && existsSync(out))
    throw new UserError({
      problem: `${shownPath(out)} exists already`,
      rule: "weights are not overwritten unless --out names them",
      fix: `--out FILE writes elsewhere, --resume goes on with that training, --restart replaces it`,
    });
}
