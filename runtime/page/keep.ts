/** Files that are kept in the origin private file system, each under the digest of its bytes. */
import { WeftError } from "../../contract/errors.ts";

const FOLDER = "weft";

export const isDigest = (text: string): boolean => /^sha256-[A-Za-z0-9+/]{43}=$/.test(text);

/** Throws `WeftError` "weights" where nothing can be hashed. */
export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const { subtle } = globalThis.crypto ?? {};
  if (!subtle) throw new WeftError("weights", "a digest is checked on https and localhost alone");
  const hash = new Uint8Array(await subtle.digest("SHA-256", bytes));
  return `sha256-${btoa(String.fromCharCode(...hash))}`;
}

/** Base64 has slashes, and names of files have none. */
const nameOf = (digest: string): string => digest.replaceAll("/", "_").replaceAll("+", "-");

async function folder(create: boolean): Promise<FileSystemDirectoryHandle | undefined> {
  const root = await globalThis.navigator?.storage?.getDirectory?.();
  return root?.getDirectoryHandle(FOLDER, { create });
}

/** What was kept; undefined where nothing was, or it is damaged, or nothing can be kept. */
export async function kept(digest: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
  try {
    const handle = await (await folder(false))?.getFileHandle(nameOf(digest));
    const bytes = handle && new Uint8Array(await (await handle.getFile()).arrayBuffer());
    return bytes && (await sha256(bytes)) === digest ? bytes : undefined;
  } catch {
    return undefined;
  }
}

/** Where there is no room, or no such file system, nothing is kept. */
export async function keep(digest: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  try {
    const handle = await (await folder(true))?.getFileHandle(nameOf(digest), { create: true });
    const file = await handle?.createWritable?.();
    await file?.write(bytes);
    await file?.close(); // only now is it there, whole
  } catch {
    // It is loaded again at the next visit.
  }
}
