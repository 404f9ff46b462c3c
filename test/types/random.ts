/**
 * Random one-line programs. Each is run, which gives its shape or an error, and type-checked: the run-time check
 * is the source of truth, so a program that runs must have exactly that type, and one that fails must be
 * rejected.
 */
import * as w from "../../compiler/dsl/index.ts";
import { UserError } from "../../compiler/errors.ts";

export interface Program {
  readonly code: string;
  /** `[N, 6, 28, 28]`; undefined where the program fails. */
  readonly shape: string | undefined;
}

/** Mulberry32 (Tommy Ettinger): the same programs for the same seed. */
function randomSource(seed: number): () => number {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export function randomPrograms(seed: number, count: number): readonly Program[] {
  const random = randomSource(seed);
  const int = (low: number, high: number): number => low + Math.floor(random() * (high - low + 1));
  const pick = <T>(...from: readonly [T, ...T[]]): T => from[int(0, from.length - 1)] ?? from[0];
  const chance = (p: number): boolean => random() < p;
  const list = (n: number, f: () => unknown): string => `[${Array.from({ length: n }, f).join(", ")}]`;

  const pair = (low: number, high: number): string =>
    chance(0.6) ? `${int(low, high)}` : `[${int(low, high)}, ${int(low, high)}]`;
  const option = (p: number, name: string, value: string): string => (chance(p) ? `, ${name}: ${value}` : "");
  const padding = (): string =>
    pick(
      pair(0, 3),
      pair(0, 3),
      list(4, () => int(0, 3)),
      '"same"',
    );
  const input = (sizes: string): string => `w.input("x", ${sizes})`;
  const image = (): string =>
    input(`[N, ${pick(1, 3, 4, 6, 12)}, ${int(1, pick(9, 40, 300))}, ${int(1, pick(9, 40, 300))}]`);
  /** A list of `n` numbers, or one. */
  const each = (n: number, low: number, high: number): string =>
    chance(0.6) ? `${int(low, high)}` : list(n, () => int(low, high));
  const spatial = (rank: number): string =>
    input(`[N, ${pick(1, 3, 4, 6)}, ${Array.from({ length: rank }, () => int(1, pick(9, 40))).join(", ")}]`);
  const ends = (rank: number): string =>
    pick(
      each(rank, 0, 3),
      list(2 * rank, () => int(0, 3)),
      '"same"',
      '"sameUpper"',
    );
  const shapeOf = (rank: number, sizes: readonly [number, ...number[]], batch = chance(0.5)): string =>
    `[${Array.from({ length: rank }, (_, i) => (i === 0 && batch ? "N" : pick(...sizes))).join(", ")}]`;
  const axis = (): number => int(-5, 4);

  const makers: readonly (() => string)[] = [
    () =>
      `w.conv2d(${image()}, { out: ${pick(1, 4, 6, 64, 1000)}, kernel: ${pair(1, 7)}${option(0.5, "stride", pair(1, 5))}${option(0.6, "padding", padding())}${option(0.3, "dilation", pair(1, 4))}${option(0.3, "groups", `${pick(1, 2, 3, 4)}`)} })`,
    () =>
      `w.maxPool2d(${image()}, { kernel: ${pair(1, 5)}${option(0.5, "stride", pair(1, 4))}${option(0.3, "padding", pair(0, 1))}${option(0.3, "dilation", pair(1, 2))}${option(0.5, "ceilMode", "true")} })`,
    () =>
      `w.avgPool2d(${image()}, { kernel: ${pair(1, 5)}${option(0.5, "stride", pair(1, 4))}${option(0.3, "padding", '"same"')}${option(0.5, "ceilMode", "true")} })`,
    () => {
      const rank = pick(1, 3);
      return `w.conv${rank}d(${spatial(pick(rank, rank, rank, 2))}, { out: ${pick(4, 6, 64)}, kernel: ${each(rank, 1, 6)}${option(0.5, "stride", each(rank, 1, 4))}${option(0.6, "padding", ends(rank))}${option(0.3, "dilation", each(rank, 1, 3))}${option(0.3, "groups", `${pick(1, 2, 3)}`)} })`;
    },
    () => {
      const rank = pick(1, 2, 3);
      return `w.${pick("max", "avg")}Pool${rank}d(${spatial(rank)}, { kernel: ${each(rank, 1, 5)}${option(0.5, "stride", each(rank, 1, 4))}${option(0.3, "padding", each(rank, 0, 1))}${option(0.3, "dilation", each(rank, 1, 2))}${option(0.5, "ceilMode", "true")} })`;
    },
    () => {
      const rank = pick(1, 2, 3);
      const sides = pick(
        each(rank, 0, 3),
        list(2 * rank, () => int(0, 3)),
      );
      return `w.convTranspose${rank}d(${spatial(rank)}, { out: ${pick(4, 6, 64)}, kernel: ${each(rank, 1, 6)}${option(0.5, "stride", each(rank, 1, 4))}${option(0.6, "padding", sides)}${option(0.3, "dilation", each(rank, 1, 3))}${option(0.3, "outputPadding", each(rank, 0, 2))}${option(0.3, "groups", `${pick(1, 2, 3)}`)} })`;
    },
    () => {
      const rank = int(0, 3);
      const count = int(1, 5);
      const wanted = chance(0.5)
        ? `size: ${chance(0.6) ? int(1, 9) : list(count, () => int(1, 9))}`
        : `scale: ${chance(0.6) ? int(1, 4) : list(count, () => int(1, 3))}`;
      const x = chance(0.8) ? `[N, ${[3, 4, 5, 6].slice(0, rank + 1).join(", ")}]` : "[2, 3, 4]";
      return `w.${pick("resize", "upsample")}(${input(x)}, { ${wanted}, mode: "linear" })`;
    },
    () => `w.global${pick("Max", "Avg")}Pool${int(1, 3)}d(${spatial(int(1, 3))})`,
    () =>
      `w.${pick("add", "mul", "max")}(${input(shapeOf(int(0, 4), [1, 1, 2, 5]))}, ${input(shapeOf(int(0, 4), [1, 1, 2, 5]))})`,
    () => `w.matmul(${input(shapeOf(int(1, 4), [1, 2, 3]))}, ${input(shapeOf(int(1, 4), [1, 2, 3]))})`,
    () =>
      `w.linear(${input(shapeOf(int(1, 3), [3, 4]))}, { out: ${int(1, 5)}${option(0.3, "in", `${int(3, 4)}`)} })`,
    () =>
      `w.reshape(${input(shapeOf(int(1, 4), [1, 2, 3, 4, 6]))}, ${shapeOf(int(1, 4), [1, 2, 3, 4, 6, 12, -1])})`,
    () =>
      `w.transpose(${input(shapeOf(int(1, 4), [2, 3, 5]))}${chance(0.8) ? `, ${pick("[0, 1]", "[1, 0]", "[0, 2, 1]", "[0, -1, 1]", "[2, 0, 1]", "[0, 2, 3, 1]", "[0, 3, 1, 2]", "[0, 1, 1]")}` : ""})`,
    () =>
      `w.concat([${Array.from({ length: int(1, 3) }, () => input(`[N, ${int(1, 9)}, ${pick(4, 4, 4, 5)}]`)).join(", ")}]${chance(0.4) ? `, { axis: ${axis()} }` : ""})`,
    () =>
      `w.${pick("sum", "mean", "min")}(${input(shapeOf(int(1, 4), [2, 3, 5]))}, { axis: ${chance(0.6) ? axis() : `[${pick("0", "1", "-1")}, ${pick("2", "-2")}]`}${option(0.5, "keepDims", "true")} })`,
    () => `w.softmax(${input(shapeOf(int(1, 4), [2, 3, 5]))}, { axis: ${axis()} })`,
    () => `w.flatten(${input(shapeOf(int(1, 5), [1, 7, 13, 128]))})`,
    () =>
      `w.pad(${input(shapeOf(int(1, 4), [2, 3, 95]))}, { padding: ${pick(
        pair(0, 9),
        list(4, () => int(0, 9)),
      )} })`,
    () =>
      `w.slice(${input(shapeOf(int(1, 4), [2, 3, 95]))}, { axis: ${axis()}${option(0.6, "start", `${int(0, 4)}`)}${option(0.6, "end", `${int(0, 6)}`)} })`,
    () =>
      `w.split(${input(shapeOf(int(2, 4), [2, 3, 12]))}, { axis: ${axis()}, ${chance(0.5) ? `parts: ${int(1, 4)}` : `sizes: ${list(int(1, 3), () => int(1, 6))}`} })[0]`,
    () =>
      `w.corr2d(${input(shapeOf(int(1, 4), [3, 7, 10]))}, ${input(shapeOf(int(1, 3), [1, 2, 5], false))})`,
    () =>
      `w.pipe(${image()}, w.conv2d({ out: 8, kernel: ${pair(1, 5)}, padding: ${padding()} }), w.maxPool2d({ kernel: ${pair(1, 3)} }), w.flatten(), w.linear({ out: 10 }))`,
  ];
  return Array.from({ length: count }, (_, i) => run(makers[i % makers.length]?.() ?? ""));
}

/** Types do not look at each window apart. */
const blind = (e: UserError): boolean => e.message.includes("wholly in the padding");

function run(code: string): Program {
  try {
    const result: unknown = new Function("w", "N", `return ${code}`)(w, w.N);
    const shape = (result as w.Tensor).shape; // every program ends in a tensor
    return { code, shape: `[${shape.join(", ")}]` };
  } catch (e) {
    if (!(e instanceof UserError)) throw e;
    return blind(e) ? run("w.input('x', [N])") : { code, shape: undefined };
  }
}
