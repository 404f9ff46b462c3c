/**
 * The software adapter from npm: `@sparticuz/chromium`, where it is installed, carries SwiftShader, a Vulkan driver that runs
 * on the CPU, and a Vulkan loader. Unpacked to the user's cache folder they serve Dawn in this process, without
 * any system library beyond libc's.
 */
import { randomBytes } from "node:crypto";
import {
  accessSync,
  existsSync,
  constants as fsConstants,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { constants, homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { brotliDecompressSync } from "node:zlib";

const FILES = ["libvulkan.so.1", "libvk_swiftshader.so", "vk_swiftshader_icd.json"] as const;
const [LOADER, , MANIFEST] = FILES;

/** glibc's RTLD_NODELETE, which Node does not name: the library stays when `dlopen` fails afterwards. */
const RTLD_NODELETE = 0x1000;

/** Whether this machine can run it, or why not. */
export function softwareProblem(): string | undefined {
  if (process.platform !== "linux" || process.arch !== "x64")
    return `the software adapter of npm runs on Linux x64 only, this is ${process.platform} ${process.arch}`;
  return archivePath() ? undefined : "the package @sparticuz/chromium is not installed";
}

function archivePath(): string | undefined {
  try {
    // …/@sparticuz/chromium/build/cjs/index.cjs: the package exports nothing else.
    const main = createRequire(import.meta.url).resolve("@sparticuz/chromium");
    const path = join(dirname(main), "../../bin/swiftshader.tar.br");
    return existsSync(path) ? path : undefined;
  } catch {
    return undefined;
  }
}

/** The driver's manifest for VK_ICD_FILENAMES, once its loader is in the process. Throws where it cannot be. */
export function loadSoftwareDriver(): string {
  const folder = unpack();
  loadLibrary(join(folder, LOADER));
  return join(folder, MANIFEST);
}

/** Loads a library for whoever asks for its name later; false if there is none. */
export function loadLibrary(path: string): boolean {
  try {
    process.dlopen(
      { exports: {} },
      path,
      constants.dlopen.RTLD_NOW | constants.dlopen.RTLD_GLOBAL | RTLD_NODELETE,
    );
  } catch (error) {
    // It is no Node addon, which Node notices after it has been loaded.
    return /self-register/.test((error as Error).message);
  }
  return true;
}

/** Folders are complete once they bear their final name, so that any number of processes may unpack at once. */
function unpack(): string {
  const archive = archivePath();
  if (!archive) throw new Error(softwareProblem());
  const base = cacheFolder();
  const { size, mtimeMs } = statSync(archive);
  const folder = join(base, `swiftshader-${size}-${Math.floor(mtimeMs)}`);
  if (existsSync(folder)) return folder;
  const partial = `${folder}.${process.pid}.${randomBytes(4).toString("hex")}.tmp`;
  mkdirSync(partial, { recursive: true, mode: 0o700 });
  try {
    for (const [name, bytes] of untar(brotliDecompressSync(readFileSync(archive))))
      if (FILES.some((file) => file === name)) writeFileSync(join(partial, name), bytes, { mode: 0o500 });
    renameSync(partial, folder);
  } catch (error) {
    rmSync(partial, { recursive: true, force: true });
    if (!existsSync(folder)) throw error; // else another process was faster
  }
  return folder;
}

/** `~/.cache/weft`, or where that cannot be written, a private folder that goes when the process does. */
export function cacheFolder(): string {
  const { WEFT_CACHE, XDG_CACHE_HOME } = process.env;
  const folder = WEFT_CACHE || join(XDG_CACHE_HOME || join(homedir(), ".cache"), "weft");
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, fsConstants.W_OK);
    return folder;
  } catch {
    const temporary = mkdtempSync(join(tmpdir(), "weft-"));
    process.on("exit", () => rmSync(temporary, { recursive: true, force: true }));
    return temporary;
  }
}

/** The files of a tar archive (POSIX ustar: 512-byte headers, sizes in octal). */
export function* untar(tar: Buffer): Generator<[name: string, bytes: Buffer]> {
  const text = (from: number, to: number): string => tar.toString("latin1", from, to).replace(/\0.*$/s, "");
  for (let at = 0; at + 512 <= tar.length; ) {
    const name = text(at, at + 100);
    if (name === "") return;
    const size = Number.parseInt(text(at + 124, at + 136), 8);
    yield [name, tar.subarray(at + 512, at + 512 + size)];
    at += 512 + Math.ceil(size / 512) * 512;
  }
}
