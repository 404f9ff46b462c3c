/** Fetches a published data set into the user's cache folder. */
import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "../../compiler/errors.ts";
import { readBytes, shownPath } from "../files.ts";
import { requireWritableFolder, writeFiles } from "../write.ts";
import { addressOf, checkSum, fileList, filesOf, type Published, type PublishedFile } from "./published.ts";

/** No byte for this long and the connection is given up. */
const PATIENCE = 30_000;

export interface Progress {
  start(file: PublishedFile): void;
  /** `bytes` in all so far. */
  advance(bytes: number): void;
  stop(): void;
}

export interface DownloadOptions {
  readonly folder: string;
  /** Another address with the same files; it ends in a slash. */
  readonly from?: string;
  readonly progress: Progress;
}

/** What was done about a file. */
export interface Fetched {
  readonly file: string;
  readonly bytes: number;
  /** Whether it was there already, as published. */
  readonly kept: boolean;
}

/** Throws `UserError` where a file cannot be had, or is not the published one: nothing is kept of it then. */
export async function download(set: Published, options: DownloadOptions): Promise<readonly Fetched[]> {
  const { folder, from = addressOf(set) } = options;
  await requireWritableFolder(folder);
  const done: Fetched[] = [];
  for (const file of filesOf(set)) {
    const path = join(folder, file.name);
    const kept = await isThere(path, file);
    if (!kept) {
      const bytes = await get(`${from.replace(/\/?$/, "/")}${file.name}`, file, set, options);
      await writeFiles([[path, bytes]]);
    }
    done.push({ file: shownPath(path), bytes: file.bytes, kept });
  }
  return done;
}

async function isThere(path: string, file: PublishedFile): Promise<boolean> {
  const size = await stat(path).then(
    (s) => s.size,
    () => -1,
  );
  if (size !== file.bytes) return false;
  return (
    createHash("md5")
      .update(await readBytes(path, "the data"))
      .digest("hex") === file.md5
  );
}

async function get(
  url: string,
  file: PublishedFile,
  set: Published,
  { folder, progress }: DownloadOptions,
): Promise<Uint8Array> {
  const stalled = new AbortController();
  let timer = setTimeout(() => stalled.abort(), PATIENCE);
  const chunks: Uint8Array[] = [];
  let length = 0;
  progress.start(file);
  try {
    const response = await fetch(url, { signal: stalled.signal });
    if (!response.ok || !response.body) throw new Error(`HTTP ${response.status} ${response.statusText}`);
    for await (const chunk of response.body) {
      clearTimeout(timer);
      timer = setTimeout(() => stalled.abort(), PATIENCE);
      chunks.push(chunk);
      length += chunk.length;
      progress.advance(length);
      if (length > file.bytes)
        throw new Error(`it is longer than the ${file.bytes} bytes of the published file`);
    }
  } catch (error) {
    throw new UserError({
      problem: `cannot download ${url}: ${stalled.signal.aborted ? `nothing came for ${PATIENCE / 1000} s` : reason(error)}`,
      rule: `${set} is these four files, from ${addressOf(set)}:${fileList(set)}`,
      fix: `without a network: fetch them elsewhere and put them into ${shownPath(folder)}, or into a folder that --data-dir or WEFT_DATA names`,
    });
  } finally {
    clearTimeout(timer);
    progress.stop();
  }
  const bytes = Buffer.concat(chunks);
  checkSum(bytes, file, set, url);
  return bytes;
}

/** `fetch` hides the cause behind "fetch failed". */
function reason(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return cause instanceof Error ? cause.message || cause.name : String(cause);
}
