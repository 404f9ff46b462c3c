/** Shapes of the ops that read where whole numbers say: gather, embedding. */
import type { AxisKey, Dim, N, NeedsAxis, NeedsOuterN, Shape, Show } from "./shape.ts";

/** [N, T] → [N, T, size] */
export type EmbeddingShape<S extends Shape, D extends number> = number extends S["length"]
  ? Shape
  : [...S, D];

type Before<S extends Shape, Key, Out extends Shape = []> = S extends readonly [
  infer H extends Dim,
  ...infer T extends Shape,
]
  ? `${Out["length"]}` extends Key
    ? Out
    : Before<T, Key, [...Out, H]>
  : Out;
type After<S extends Shape, Lead extends Shape> = S extends readonly [...Lead, Dim, ...infer T extends Shape]
  ? T
  : Shape;

/** The indices' sizes, without N where the data have it too. */
type Own<S extends Shape, I extends Shape> = S extends readonly [infer A, ...Shape]
  ? [A] extends [N]
    ? I extends readonly [infer B, ...infer T extends Shape]
      ? [B] extends [N]
        ? T
        : I
      : I
    : I
  : I;

type Joined<S extends Shape, I extends Shape, Lead extends Shape> = [
  ...Lead,
  ...Own<S, I>,
  ...After<S, Lead>,
];

type Default<S extends Shape> = S extends readonly [infer A, ...Shape] ? ([A] extends [N] ? "1" : "0") : "0";

type KeyOf<S extends Shape, X> = X extends number ? AxisKey<S, X> : Default<S>;

/** S with the sizes of I in place of one axis. */
export type GatherShape<S extends Shape, I extends Shape, X> = number extends S["length"] | I["length"]
  ? Shape
  : KeyOf<S, X> extends infer Key extends string
    ? [Key] extends [never]
      ? NeedsAxis<S, X & number>
      : string extends Key
        ? Shape
        : [S[Key & keyof S]] extends [N]
          ? `axis ${Key} of ${Show<S>} is the batch: examples stay apart`
          : NeedsOuterN<
              Joined<S, I, Before<S, Key>>,
              `gather from ${Show<S>} by ${Show<I>}: N would not be the first size`
            >
    : never;

/** T behind the first sizes, as many as `Count` has; `never` where there are fewer. */
type Behind<T extends Shape, Count, Gone extends readonly 0[] = []> = Gone["length"] extends Count
  ? T
  : T extends readonly [Dim, ...infer R extends Shape]
    ? Behind<R, Count, [...Gone, 0]>
    : never;

/** […I without the last, …what its rows do not name of S] */
export type GatherNDShape<S extends Shape, I extends Shape, B extends number> = number extends
  | S["length"]
  | I["length"]
  | B
  ? Shape
  : I extends readonly [...infer Rows extends Shape, infer Q]
    ? Q extends number
      ? number extends Q
        ? Shape
        : Behind<Behind<S, B>, Q> extends infer Rest
          ? [Rest] extends [never]
            ? `rows of ${Show<I>} name ${Q} axes of ${Show<S>}`
            : Rest extends Shape
              ? NeedsOuterN<
                  [...Rows, ...Rest],
                  `gatherND from ${Show<S>} by ${Show<I>}: N would not be the first size`
                >
              : Shape
          : never
      : `the rows of ${Show<I>} have no known length`
    : `gatherND by one number: indices are rows`;
