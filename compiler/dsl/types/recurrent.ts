/** Shapes of recurrent layers. */
import type { Add } from "./arith.ts";
import type { Dim, NeedsRank, Shape, Show, Size } from "./shape.ts";

export type Way = "forward" | "reverse" | "both";

type Ways<D> = [D] extends ["both"] ? 2 : [D] extends ["forward" | "reverse"] ? 1 : number;
type Twice<H extends number, D> = [D] extends ["both"]
  ? Add<H, H>
  : [D] extends ["forward" | "reverse"]
    ? H
    : number;

/** S, or why no recurrent layer goes along it. */
export type NeedsSteps<S extends Shape> = number extends S["length"]
  ? S
  : S extends readonly [Dim, infer T, Dim]
    ? T extends Size<infer Name>
      ? `the steps of ${Show<S>} are ${Name}, which a run decides: each step is written out`
      : S
    : NeedsRank<S, 3, "[N, steps, features]">;

/** [N, T, features] → [N, T, directions · hidden] */
export type SequenceShape<S extends Shape, H extends number, D> =
  NeedsSteps<S> extends infer E extends string
    ? E
    : S extends readonly [infer B, infer T, Dim]
      ? [B, T, Twice<H, D>]
      : readonly [Dim, Dim, Twice<H, D>];

/** [N, directions, hidden] */
export type StateShape<S extends Shape, H extends number, D> =
  NeedsSteps<S> extends infer E extends string
    ? E
    : S extends readonly [infer B, Dim, Dim]
      ? [B, Ways<D>, H]
      : readonly [Dim, Ways<D>, H];
