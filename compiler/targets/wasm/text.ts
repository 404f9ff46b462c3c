/**
 * A program's module to be read: what each function does, instructions folded into what they compute. `l7` is a local, a
 * binding has its name, `at(image + l7, 16)` is what lies 16 bytes behind that address.
 */
import type { Program } from "../../../contract/program.ts";
import { must, plural } from "../../errors.ts";
import { type DecodedFunction, decodeModule, type FunctionType, type Instruction } from "./decode.ts";

/** The text of a program's module, a paragraph for each kernel and each function that kernels call. Undefined where it has none. */
export function moduleText({ module, kernels }: Program): string | undefined {
  if (!module) return undefined;
  const bytes = Uint8Array.from(atob(module.code), (c) => c.charCodeAt(0));
  const functions = decodeModule(bytes);
  const types = functions.map((f) => f.type);
  const paragraphs = functions.map((f, i) => {
    const kernel = kernels[i];
    const names = kernel
      ? ["first", "last", "batch", ...kernel.bindings.map((b) => b.name)]
      : Array.from({ length: f.type.takes }, (_, p) => `x${p}`);
    const title = `${i}. ${kernel?.name ?? "function"}(${names.join(", ")})`;
    const size = `${f.bytes} bytes, ${f.locals} ${plural(f.locals, "local")}`;
    return [`${title}: ${size}`, ...linesOf(f, names, types)].join("\n");
  });
  const all = `${bytes.length} bytes, ${functions.length} ${plural(functions.length, "function")}`;
  return [`${all}, ${module.slack} bytes around the memory`, ...paragraphs].join("\n\n");
}

function linesOf(
  f: DecodedFunction,
  names: readonly string[],
  types: readonly FunctionType[],
): readonly string[] {
  const lines: string[] = [];
  const stack: string[] = [];
  let depth = 1;
  const put = (text: string): void => {
    lines.push(`${"  ".repeat(depth)}${text}`);
  };
  const local = (number = 0): string => names[number] ?? `l${number}`;
  for (const instruction of f.instructions) {
    const { name, numbers, takes } = instruction;
    const called = name === "call" ? must(types[numbers[0] ?? 0], "type") : undefined;
    const count = called?.takes ?? takes;
    const taken = count > 0 ? stack.splice(-count) : [];
    if (name === "end" || name === "else") depth--;
    if (name === "block" || name === "loop" || name === "if") {
      put([name, ...taken].join(" "));
      depth++;
    } else if (name === "else") {
      put(name);
      depth++;
    } else if (name === "end") {
      if (depth > 0) put(name);
    } else if (name === "local.set") put(`${local(numbers[0])} = ${taken[0]}`);
    else if (name === "local.tee") stack.push(`(${local(numbers[0])} = ${taken[0]})`);
    else if (name === "local.get") stack.push(local(numbers[0]));
    else if (called?.gives ?? instruction.gives) stack.push(computed(instruction, taken));
    else put(computed(instruction, taken));
  }
  return [...lines, ...stack.map((value) => `  ${value}`)];
}

/** `f32x4.mul(l7, l9)`, `v128.load(at(image, 16))` */
function computed({ name, numbers }: Instruction, taken: readonly string[]): string {
  const [kind, operation = ""] = name.split(".");
  if (operation === "const") return kind === "v128" ? vector(numbers) : `${numbers[0]}`;
  if (/^(?:load|store)/.test(operation)) {
    const [address = "", ...value] = taken;
    const [, offset = 0, lane] = numbers;
    const place = offset > 0 ? `at(${address}, ${offset})` : address;
    return `${name}${lane === undefined ? "" : ` ${lane}`}(${[place, ...value].join(", ")})`;
  }
  if (name === "drop") return taken.join().replace(/^\((l\d+ = .*)\)$/, "$1");
  if (name === "br_if") return `br_if ${numbers[0]} ${taken[0]}`;
  const beside = numbers.length > 0 ? ` ${operation === "shuffle" ? lanes(numbers) : numbers.join(" ")}` : "";
  return `${name}${beside}${taken.length > 0 ? `(${taken.join(", ")})` : ""}`;
}

/** Four numbers of f32, as bytes: in whole numbers where they are bits of something else. */
function vector(bytes: readonly number[]): string {
  const view = new DataView(Uint8Array.from(bytes).buffer);
  const whole = [0, 4, 8, 12].map((at) => view.getInt32(at, true));
  const numbers = [0, 4, 8, 12].map((at) => view.getFloat32(at, true));
  const usual = numbers.every((n) => n === 0 || (Math.abs(n) > 1e-30 && Math.abs(n) < 1e30));
  return `(${(usual && whole.some((n) => n !== 0) ? numbers : whole).join(" ")})`;
}

/** Lanes of 4 bytes, of which shuffles of ours consist. */
function lanes(bytes: readonly number[]): string {
  return [0, 4, 8, 12].map((at) => (bytes[at] ?? 0) / 4).join(" ");
}
