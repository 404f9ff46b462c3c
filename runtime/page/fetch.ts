/** Files of weights over the network: with progress, taken up where a connection broke, checked, and kept. */
import { WeftError } from "../../contract/errors.ts";
import { isDigest, keep, kept, sha256 } from "./keep.ts";

/** How far a file is. */
export interface Loaded {
  /** So far. */
  readonly bytes: number;
  /** Undefined where the server does not say, or compresses it. */
  readonly of: number | undefined;
  /** Whether they were there from an earlier visit. */
  readonly cached: boolean;
}

/** A file: its address, and what it has to be. */
export interface Source {
  readonly url: string | URL;
  /**
   * `sha256-` and the digest in base64, as of a script's `integrity`. Other bytes are refused; those are kept (in the origin
   * private file system, where there is one), and the next visit loads nothing.
   */
  readonly digest?: string;
}

export interface FetchOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called at the beginning, as bytes come, and at the end. */
  readonly onProgress?: ((loaded: Loaded) => void) | undefined;
}

/** How often a connection is taken up anew, and how long after it broke: milliseconds, twice as long each time. */
const TRIES = 4;
const PAUSE = 250;

/**
 * A file's bytes. A connection that breaks is taken up where it broke, with a range, if the server knows ranges and the file
 * is still the same; servers that are busy are asked again.
 *
 * Throws `WeftError` "weights" for what the server does not have, or has with another digest; what `signal` was aborted with.
 */
export async function fetchBytes(
  source: Source,
  options: FetchOptions = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const { url, digest } = source;
  const { signal, onProgress } = options;
  signal?.throwIfAborted();
  if (digest !== undefined && !isDigest(digest)) fail(url, `its digest has to be sha256-…, got ${digest}`);
  const before = digest && (await kept(digest));
  if (before) {
    onProgress?.({ bytes: before.length, of: before.length, cached: true });
    return before;
  }
  const bytes = await whole(url, options);
  if (digest) {
    const found = await sha256(bytes);
    if (found !== digest) fail(url, `its digest is ${found}, and has to be ${digest}`);
    await keep(digest, bytes);
  }
  return bytes;
}

function fail(url: string | URL, why: string): never {
  throw new WeftError("weights", `${url}: ${why}`);
}

/** What of a file is there. */
class Part {
  bytes = new Uint8Array(0);
  length = 0;
  of: number | undefined;
  /** What says that it is still the same file. */
  etag: string | null = null;

  /** Room for all of it at once, where it is known how much that is. */
  add(chunk: Uint8Array): void {
    const need = this.length + chunk.length;
    if (need > this.bytes.length) {
      const larger = new Uint8Array(Math.max(this.of ?? 0, need, 2 * this.bytes.length));
      larger.set(this.bytes.subarray(0, this.length));
      this.bytes = larger;
    }
    this.bytes.set(chunk, this.length);
    this.length = need;
  }
}

async function whole(
  url: string | URL,
  { signal, onProgress }: FetchOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  const part = new Part();
  for (let tries = 1; ; tries++) {
    const problem = await take(url, part, signal, () =>
      onProgress?.({ bytes: part.length, of: part.of, cached: false }),
    );
    if (!problem) return part.bytes.subarray(0, part.length);
    if (tries === TRIES) fail(url, problem);
    await pause(PAUSE * 2 ** (tries - 1), signal);
  }
}

/** More of the file. Gives why it is not all of it, in words; undefined when it is. */
async function take(
  url: string | URL,
  part: Part,
  signal: AbortSignal | undefined,
  told: () => void,
): Promise<string | undefined> {
  try {
    const { length, etag } = part;
    const range = { range: `bytes=${length}-`, ...(etag && { "if-range": etag }) };
    const response = await fetch(url, { ...(signal && { signal }), ...(length > 0 && { headers: range }) });
    const { status, ok, headers, body } = response;
    if (status === 429 || status >= 500) return `the server answers ${status}`;
    if (!ok) fail(url, `the server answers ${status}`);
    begin(part, status, headers);
    told();
    for (const reader = body?.getReader(); reader; ) {
      const { done, value } = await reader.read();
      if (done) break;
      part.add(value);
      told();
    }
    return part.of === undefined || part.length === part.of
      ? undefined
      : `${part.length} of ${part.of} bytes came`;
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof WeftError) throw error;
    return (error as Error).message; // what fetch and streams throw
  }
}

/** Of an answer with the rest, what there is is kept; of one with all of it, nothing is. */
function begin(part: Part, status: number, headers: Headers): void {
  const size = (text: string | null): number | undefined =>
    text && /^\d+$/.test(text) ? Number(text) : undefined;
  if (status === 206) part.of = size(headers.get("content-range")?.split("/")[1] ?? null);
  else {
    part.length = 0;
    // What is compressed is longer than that.
    part.of = headers.get("content-encoding") ? undefined : size(headers.get("content-length"));
  }
  part.etag = headers.get("etag");
}

function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}
