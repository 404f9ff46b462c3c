/** Names from a model become file names, JavaScript and comments here, and only here. */
import type { Program } from "../../contract/program.ts";
import { comment } from "../targets/wgsl/names.ts";

const LONGEST = 64;

/** Stands in the first line of files that are written anew each time. */
export const MADE_BY = "compiled by Weft";

/** Names that Windows keeps for devices, with any extension. */
const DEVICES = /^(?:con|prn|aux|nul|com\d|lpt\d)$/i;

/** A file name without extension: letters, digits, `_` and `-` alone, so that it is no path and no hidden file. */
export function fileName(name: string, otherwise = "model"): string {
  const plain = name
    .normalize("NFKD")
    .replace(/\p{M}+/gu, "")
    .replace(/[^A-Za-z0-9_-]+/g, "_")
    .replace(/_+/g, "_")
    .replace(/^[_-]+|[_-]+$/g, "")
    .slice(0, LONGEST);
  if (plain === "") return otherwise;
  return DEVICES.test(plain) ? `${plain}_` : plain;
}

/** Distinct file names, also where the file system does not tell `A` from `a`: a repeated one gets `_2`, `_3`, … */
export function fileNames(names: readonly string[], otherwise: string): readonly string[] {
  const used = new Set<string>();
  return names.map((name) => {
    const base = fileName(name, otherwise);
    let candidate = base;
    for (let i = 2; used.has(candidate.toLowerCase()); i++) candidate = `${base}_${i}`;
    used.add(candidate.toLowerCase());
    return candidate;
  });
}

/** A value as a JavaScript expression that is safe inside `<script>` as well: no `</script`, no `<!--`, nothing invisible. */
export function literal(value: unknown): string {
  return JSON.stringify(value).replace(
    /[<\u0080-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** A name as a property: quoted where it is not an ASCII identifier, and `__proto__` always. */
export function propertyName(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) && name !== "__proto__" ? name : literal(name);
}

/** Text for a JSDoc comment: one line that ends neither the comment nor a script, and is no tag of HTML. */
export function docText(text: string): string {
  return comment(text).replace(/\*\//g, "*\\/").replace(/</g, "&lt;").trim();
}

/** The file of each kernel: `conv1_pool1.wgsl`. */
export function kernelFiles(program: Program): readonly string[] {
  const names = program.kernels.map((k) => k.name);
  return fileNames(names, "kernel").map((name) => `${name}.wgsl`);
}
