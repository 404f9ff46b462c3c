/** From a model's output to class scores. Pure. */

import type { Node } from "../../../compiler/ir/graph.ts";
import { ops } from "../../../compiler/ops/index.ts";
import { KNOWN } from "../../../data/knownClasses.ts";

/** What the numbers of an output are: `logits` become shares by softmax, `log` by exp. */
export type ScoreKind = "logits" | "shares" | "log";

export interface Score {
  readonly index: number;
  readonly name: string;
  /** From 0 to 1. */
  readonly share: number;
}

/** What is scored by the output `[N, classes]` (or `[classes]`); undefined where it holds no scores of two classes or more. */
export function scoreKind(output: Node | undefined): { kind: ScoreKind; classes: number } | undefined {
  const dims = output?.type.shape.filter((d): d is number => d !== "N") ?? [];
  const [classes] = dims;
  if (output?.kind !== "op" || dims.length !== 1 || classes === undefined || classes < 2) return undefined;
  const { op } = output;
  const kind = op === ops.softmax || op === ops.sigmoid ? "shares" : op === ops.logSoftmax ? "log" : "logits";
  return { kind, classes };
}

/** exp(xᵢ − max x) / Σ exp(xⱼ − max x) for logits: it cannot overflow. */
export function sharesOf(values: ArrayLike<number>, kind: ScoreKind): readonly number[] {
  const list = Array.from(values);
  if (kind === "shares") return list;
  if (kind === "log") return list.map(Math.exp);
  const peak = Math.max(...list);
  const parts = list.map((x) => Math.exp(x - peak));
  const sum = parts.reduce((a, b) => a + b, 0);
  return parts.map((p) => p / sum);
}

/** The largest first; equal ones in their order. */
export function ranked(shares: readonly number[], names: readonly string[]): readonly Score[] {
  return shares
    .map((share, index) => ({ index, name: names[index] ?? "", share }))
    .sort((a, b) => b.share - a.share || a.index - b.index);
}

/**
 * The names of `count` classes: of a weights file's metadata `classes` (a JSON list), else a known set that the file's
 * name holds, else none.
 */
export function classNames(
  count: number,
  file: string,
  metadata: Readonly<Record<string, string>> = {},
): readonly string[] {
  const listed = parseNames(metadata["classes"]);
  if (listed.length === count) return listed;
  // The longer name first: "fashion-mnist" holds "mnist".
  const known = Object.keys(KNOWN)
    .sort((a, b) => b.length - a.length)
    .find((name) => file.toLowerCase().includes(name));
  const names = known === undefined ? [] : (KNOWN[known] ?? []);
  return names.length === count ? names : [];
}

function parseNames(text: string | undefined): readonly string[] {
  if (text === undefined) return [];
  try {
    const list: unknown = JSON.parse(text);
    return Array.isArray(list) && list.every((name) => typeof name === "string") ? list : [];
  } catch {
    return [];
  }
}
