/**
 * Waits for files to change. Their folders are watched, not they themselves: an editor that writes a new file and
 * renames it leaves a watched file behind.
 */
import { createHash } from "node:crypto";
import { type FSWatcher, readdirSync, readFileSync, watch } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, dirname } from "node:path";

/** Milliseconds of quiet after an event: an editor may write in several steps. */
const QUIET = 40;
/** Milliseconds after which a file that is gone counts as deleted. */
const AWAY = 250;
/** Milliseconds between looks, for file systems that tell nothing. */
const LOOK = 1000;

/** A digest of each file by its path; undefined where it cannot be read. */
export type Contents = ReadonlyMap<string, string | undefined>;

/** Names of sources by their folder. */
export type Neighbours = ReadonlyMap<string, ReadonlySet<string>>;

export interface Wanted {
  /** Absolute paths. They need not exist. */
  readonly files: readonly string[];
  /**
   * The sources in the files' folders as they were; a folder that is not in it counts from now. Given, any source there
   * counts too: what failed may have wanted a file that did not exist yet.
   */
  readonly beside?: Neighbours;
  /** What the files held when they were read; those that are not in it count from now. */
  readonly before: Contents;
}

const isSource = (name: string): boolean => /\.(?:[cm]?[jt]s|json)$/.test(name) && !name.startsWith(".");

/** Resolves when the content of one of the files differs from what it was, or when the signal aborts. */
export async function changed(wanted: Wanted, signal: AbortSignal): Promise<void> {
  const { files, beside: known } = wanted;
  let wake = (): void => {};
  let other = false;
  const watchers = [...byFolder(files)].flatMap(([folder, names]) =>
    watchFolder(folder, (name) => {
      const beside = known !== undefined && !names.has(name) && isSource(name);
      if (beside) other = true;
      if (beside || names.has(name)) wake();
    }),
  );
  const aborted = (): void => wake();
  signal.addEventListener("abort", aborted);
  try {
    for (const [folder, names] of byFolder(files)) {
      const there = known?.get(folder);
      if (there) other ||= [...sourcesIn(folder)].some((name) => !there.has(name) && !names.has(name));
    }
    const before: Contents = new Map([...(await contents(files)), ...wanted.before]);
    const differs = (now: Contents): boolean => files.some((file) => now.get(file) !== before.get(file));
    while (!signal.aborted) {
      let now = await contents(files);
      // A file may be away for a moment while an editor puts another in its place.
      if (differs(now) && files.some((file) => now.get(file) === undefined)) {
        await quiet(AWAY);
        now = await contents(files);
      }
      if (other || differs(now)) return;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, LOOK);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      if (!signal.aborted) await quiet(QUIET);
    }
  } finally {
    signal.removeEventListener("abort", aborted);
    for (const watcher of watchers) watcher.close();
  }
}

const quiet = (milliseconds: number): Promise<void> => new Promise((r) => setTimeout(r, milliseconds));

function byFolder(files: readonly string[]): ReadonlyMap<string, ReadonlySet<string>> {
  const folders = new Map<string, Set<string>>();
  for (const file of files) {
    const names = folders.get(dirname(file)) ?? new Set();
    folders.set(dirname(file), names.add(basename(file)));
  }
  return folders;
}

/** No watcher where the folder is gone or the system has no more of them: then files are looked at from time to time. */
function watchFolder(folder: string, onName: (name: string) => void): readonly FSWatcher[] {
  try {
    const watcher = watch(folder, { persistent: false }, (_, name) => onName(name ?? ""));
    return [watcher.on("error", () => watcher.close())];
  } catch {
    return [];
  }
}

/** The names of the sources in each folder of the files. */
export function neighboursOf(files: readonly string[]): Neighbours {
  return new Map([...byFolder(files).keys()].map((folder) => [folder, sourcesIn(folder)]));
}

function sourcesIn(folder: string): ReadonlySet<string> {
  try {
    return new Set(readdirSync(folder).filter(isSource));
  } catch {
    return new Set(); // the folder is gone
  }
}

const digest = (bytes: Uint8Array): string => createHash("sha1").update(bytes).digest("hex");

/** Of one file, at once. */
export function contentOf(file: string): string | undefined {
  try {
    return digest(readFileSync(file));
  } catch {
    return undefined;
  }
}

export async function contents(files: readonly string[]): Promise<Contents> {
  const content = async (file: string): Promise<string | undefined> => {
    const bytes = await readFile(file).catch(() => undefined);
    return bytes && digest(bytes);
  };
  return new Map(await Promise.all(files.map(async (file) => [file, await content(file)] as const)));
}
