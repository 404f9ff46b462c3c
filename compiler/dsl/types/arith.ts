/**
 * Arithmetic on number literal types, exact to 2^53: `Add<28, 4>` is `32`.
 *
 * Numbers are decimal strings; sums, differences and products run over them in little-endian order ("28" is
 * "82"), so that a carry travels with the recursion. An operand that is only known as `number` gives `number`.
 * Operands are natural numbers: for a negative or fractional literal the result is unspecified, and the check
 * of the graph at run time speaks.
 */
import type {
  DiffBorrow,
  DiffDigit,
  HalfDigit,
  HalfRest,
  ProductHigh,
  ProductLow,
  SumCarry,
  SumDigit,
} from "./digits.ts";

type Digit = "0" | "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9";
type Bit = "0" | "1";

type Reverse<S extends string, Out extends string = ""> = S extends `${infer H}${infer T}`
  ? Reverse<T, `${H}${Out}`>
  : Out;

type StripZeros<S extends string> = S extends "0" | "" ? "0" : S extends `0${infer T}` ? StripZeros<T> : S;

/** The number that a big-endian string spells. */
type Parse<S extends string> = StripZeros<S> extends `${infer V extends number}` ? V : number;
/** The number that a little-endian string spells. */
type ParseLittle<S extends string> = Parse<Reverse<S>>;
type Little<A extends number> = Reverse<`${A}`>;

/** Little-endian sum, digit by digit, with a carry. */
type SumOf<
  A extends string,
  B extends string,
  Carry extends Bit = "0",
  Out extends string = "",
> = A extends `${infer a extends Digit}${infer RestA}`
  ? B extends `${infer b extends Digit}${infer RestB}`
    ? SumOf<RestA, RestB, SumCarry[Carry][a][b], `${Out}${SumDigit[Carry][a][b]}`>
    : Carry extends "0"
      ? `${Out}${A}`
      : SumOf<RestA, "", SumCarry["1"][a]["0"], `${Out}${SumDigit["1"][a]["0"]}`>
  : B extends ""
    ? Carry extends "0"
      ? Out
      : `${Out}1`
    : SumOf<B, "", Carry, Out>;

/** Little-endian difference with a borrow; "negative" where A < B. */
type DifferenceOf<
  A extends string,
  B extends string,
  Borrow extends Bit = "0",
  Out extends string = "",
> = A extends `${infer a extends Digit}${infer RestA}`
  ? B extends `${infer b extends Digit}${infer RestB}`
    ? DifferenceOf<RestA, RestB, DiffBorrow[Borrow][a][b], `${Out}${DiffDigit[Borrow][a][b]}`>
    : Borrow extends "0"
      ? `${Out}${A}`
      : DifferenceOf<RestA, "", DiffBorrow["1"][a]["0"], `${Out}${DiffDigit["1"][a]["0"]}`>
  : B extends `${infer b extends Digit}${infer RestB}`
    ? b extends "0"
      ? DifferenceOf<"", RestB, Borrow, Out>
      : "negative"
    : Borrow extends "0"
      ? Out
      : "negative";

/** Little-endian A times one digit, with a carry digit. */
type TimesDigit<
  A extends string,
  d extends Digit,
  Carry extends Digit = "0",
  Out extends string = "",
> = A extends `${infer a extends Digit}${infer Rest}`
  ? TimesDigit<
      Rest,
      d,
      SumDigit[SumCarry["0"][ProductLow[a][d]][Carry]][ProductHigh[a][d]]["0"],
      `${Out}${SumDigit["0"][ProductLow[a][d]][Carry]}`
    >
  : Carry extends "0"
    ? Out
    : `${Out}${Carry}`;

/** Horner's rule over the digits of a big-endian B; A and the result are little-endian. */
type ProductOf<
  A extends string,
  B extends string,
  Sum extends string = "",
> = B extends `${infer b extends Digit}${infer Rest}` ? ProductOf<A, Rest, ProductStep<A, b, Sum>> : Sum;
type ProductStep<A extends string, b extends Digit, Sum extends string> = b extends "0"
  ? Sum extends ""
    ? ""
    : `0${Sum}`
  : Sum extends ""
    ? TimesDigit<A, b>
    : SumOf<`0${Sum}`, TimesDigit<A, b>>;

/** ⌊S / 2⌋ of a big-endian string. */
type HalfOf<
  S extends string,
  Rest extends Bit = "0",
  Out extends string = "",
> = S extends `${infer d extends Digit}${infer T}`
  ? HalfOf<T, HalfRest[d], `${Out}${HalfDigit[Rest][d]}`>
  : Out;

/** One digit of a quotient, by repeated subtraction: `[digit, rest]`. */
type QuotientDigit<Rest extends string, B extends string, Count extends readonly 0[] = []> =
  DifferenceOf<Rest, B> extends infer Left extends string
    ? Left extends "negative"
      ? [Count["length"], Rest]
      : QuotientDigit<Left, B, [...Count, 0]>
    : never;

/** Long division of a big-endian S by a little-endian B: `[quotient (big-endian), remainder (little-endian)]`. */
type Divide<
  S extends string,
  B extends string,
  Rest extends string = "",
  Out extends string = "",
> = S extends `${infer d extends Digit}${infer T}`
  ? QuotientDigit<`${d}${Rest}`, B> extends [infer q extends number, infer Left extends string]
    ? Divide<T, B, Left, `${Out}${q}`>
    : never
  : [Out, Rest];

type IsZero<S extends string> = S extends "" ? true : S extends `0${infer T}` ? IsZero<T> : false;

export type Add<A extends number, B extends number> = number extends A | B
  ? number
  : B extends 0
    ? A
    : A extends 0
      ? B
      : ParseLittle<SumOf<Little<A>, Little<B>>>;

/** A − B; `never` where A < B. */
export type Subtract<A extends number, B extends number> = number extends A | B
  ? number
  : B extends 0
    ? A
    : DifferenceOf<Little<A>, Little<B>> extends infer R extends string
      ? R extends "negative"
        ? never
        : ParseLittle<R>
      : never;

export type Multiply<A extends number, B extends number> = number extends A | B
  ? number
  : 0 extends A | B
    ? 0
    : A extends 1
      ? B
      : B extends 1
        ? A
        : ParseLittle<ProductOf<Little<A>, `${B}`>>;

/** ⌊A / B⌋; `number` for B = 0. */
export type FloorDiv<A extends number, B extends number> = number extends A | B
  ? number
  : B extends 0
    ? number
    : B extends 1
      ? A
      : B extends 2
        ? Parse<HalfOf<`${A}`>>
        : Divide<`${A}`, Little<B>> extends [infer Q extends string, string]
          ? Parse<Q>
          : never;

/** Whether B divides A; `true` where that is not known. */
export type Divides<B extends number, A extends number> = number extends A | B
  ? true
  : B extends 0
    ? false
    : B extends 1
      ? true
      : A extends B
        ? true
        : Divide<`${A}`, Little<B>> extends [string, infer R extends string]
          ? IsZero<R>
          : never;

/** Whether A < B; `boolean` where that is not known. */
export type Less<A extends number, B extends number> = number extends A | B
  ? boolean
  : DifferenceOf<Little<A>, Little<B>> extends "negative"
    ? true
    : false;

/**
 * How many windows fit on an axis: ⌊(L + P − (D·(K − 1) + 1)) / S⌋ + 1, with P the padding of both sides.
 * "negative" where the dilated kernel is larger than the padded input.
 */
export type WindowCount<
  L extends number,
  K extends number,
  S extends number,
  P extends number,
  D extends number,
> = number extends L | K | S | P | D
  ? number
  : Slack<L, K, P, D> extends infer X extends string
    ? X extends "negative"
      ? X
      : S extends 1
        ? ParseLittle<SumOf<X, "1">>
        : S extends 2
          ? ParseLittle<SumOf<Reverse<HalfOf<Reverse<X>>>, "1">>
          : S extends 0
            ? number
            : Divide<Reverse<X>, Little<S>> extends [infer Q extends string, string]
              ? ParseLittle<SumOf<Reverse<Q>, "1">>
              : never
    : never;

/**
 * The same, rounding up: ⌈(L + P − (D·(K − 1) + 1)) / S⌉ + 1, less the last window where it would start
 * beyond the input and its leading padding `Before`.
 */
export type WindowCountCeil<
  L extends number,
  K extends number,
  S extends number,
  P extends number,
  D extends number,
  Before extends number,
> = number extends L | K | S | P | D | Before
  ? number
  : Slack<L, K, P, D> extends infer X extends string
    ? X extends "negative"
      ? X
      : S extends 0
        ? number
        : Divide<Reverse<X>, Little<S>> extends [infer Q extends string, infer R extends string]
          ? CeilCount<Add<Parse<Q>, 1>, IsZero<R>, S, Add<L, Before>>
          : never
    : never;
type CeilCount<Q extends number, Exact, S extends number, End extends number> = Exact extends true
  ? Q
  : Less<Multiply<Q, S>, End> extends true
    ? Add<Q, 1>
    : Q;

/** The size of a transposed window's result: (L − 1)·S + D·(K − 1) + 1 + More − P; "negative" below 1. */
export type TransposedCount<
  L extends number,
  K extends number,
  S extends number,
  P extends number,
  D extends number,
  More extends number,
> = number extends L | K | S | P | D | More
  ? number
  : Above<Add<Multiply<Subtract<L, 1>, S>, Add<Add<Multiply<D, Subtract<K, 1>>, 1>, More>>, P>;
type Above<A extends number, B extends number> = Less<B, A> extends true ? Subtract<A, B> : "negative";

/** L + P − (D·(K − 1) + 1), little-endian, or "negative". */
type Slack<L extends number, K extends number, P extends number, D extends number> = DifferenceOf<
  P extends 0 ? Little<L> : SumOf<Little<L>, Little<P>>,
  D extends 1 ? Little<K> : SumOf<ProductOf<Little<D>, `${Subtract<K, 1>}`>, "1">
>;
