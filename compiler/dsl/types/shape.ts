/**
 * Shapes as types: `Tensor<[N, 16, 5, 5]>`.
 *
 * A shape function of this folder maps shapes and option literals to a shape, or to a string that says what is
 * wrong. A parameter whose type collapses to that string makes TypeScript print it, on the wrong argument.
 * A size that is not a literal is `number`, a shape of unknown rank is `Shape`: types never reject a program
 * that the check of the graph accepts.
 */

declare const batch: unique symbol;

/**
 * The batch size, the first size of a shape: `input("image", [N, 1, 28, 28])`. It is the one size that is not
 * known until a model runs, and one compiled model serves every N.
 */
export interface N {
  readonly [batch]: "the batch size";
}
/** In the graph the batch is the string "N"; the type keeps it apart from other strings. */
export const N: N = "N" as unknown as N;

/**
 * A size that a run decides, with a bound: `const T = dim("T", { max: 512 })`. One compiled model serves every T up to it.
 */
export interface Size<Name extends string = string, Max extends number = number> {
  readonly name: Name;
  /** The most that it can be. */
  readonly max: Max;
}

/** A size: a number, the batch size, or another size that a run decides. */
export type Dim = number | N | Size;
/** The sizes of a tensor, outermost first. */
export type Shape = readonly Dim[];

/** A shape that is not known because of a mistake elsewhere; the mistake is reported there, once. */
export interface ShapeError<Message> extends ReadonlyArray<Dim> {
  readonly error: Message;
}

// ------------------------------------------------------------------------------------------- messages

export type ShowDim<D> = [D] extends [N]
  ? "N"
  : D extends number
    ? number extends D
      ? "?"
      : `${D}`
    : D extends Size<infer Name>
      ? string extends Name
        ? "?"
        : Name
      : "?";

type ShowRest<S, Out extends string> = S extends readonly [infer H, ...infer T]
  ? ShowRest<T, `${Out}, ${ShowDim<H>}`>
  : Out;

/** `[N, 6, 28, 28]` */
export type Show<S> = S extends readonly [infer H, ...infer T]
  ? `[${ShowRest<T, ShowDim<H>>}]`
  : S extends readonly []
    ? "[]"
    : "[…]";

// ------------------------------------------------------------------- checks that stand aside for generics

declare const impossible: unique symbol;
interface Impossible {
  readonly [impossible]: 1;
}
type IsKnown<T> = [T] extends [Impossible] ? 0 : 1;
type AreKnown<S> = { [I in keyof S]: IsKnown<S[I]> };
type Evidence<S, R, Z> = Z extends 1
  ? { shape: IsKnown<S>; sizes: AreKnown<S>; options: AreKnown<R> }
  : never;

/**
 * 1 where S and R are free of a caller's type parameters, 0 inside a user's generic function.
 *
 * `IsKnown<T>` is a conditional type that stays unresolved while T mentions a type parameter, and an unresolved
 * one is not assignable to 1. Wrapped in an object type, the outer condition is decided at once. Z, always 1, is
 * a type parameter of each op and keeps the condition open in the op's own declaration. TypeScript does not
 * document when conditional types resolve, so test/types pins this for each compiler.
 */
export type Known<S, R, Z> =
  Evidence<S, R, Z> extends { shape: 1; sizes: readonly 1[]; options: readonly 1[] } ? 1 : 0;

/**
 * A parameter's type: `T`, or the message where the check X failed. No check at all while K is 0. TypeScript
 * infers from an argument to every branch; `NoInfer` leaves T as the only one.
 */
export type Checked<K, X, T> = K extends 0 ? T : [X] extends [string] ? NoInfer<X> : T;

/**
 * The shape of a result: unknown (and cheap) while K is 0. An indexed access, because TypeScript infers type arguments
 * from the type that a call's result is wanted to have, through conditional types but not through this: an option that
 * is left out would be guessed from the wanted shape, where its default is meant.
 */
export type Result<K, X> = { 0: Shape; 1: X extends Shape ? X : ShapeError<X> }[K extends 0 ? 0 : 1];

// ------------------------------------------------------------------------------------------- sizes

/** Whether two sizes may be equal at run time. `number` and unions get the benefit of the doubt. */
export type MayEqual<A, B> = [A, B] extends [B, A]
  ? true
  : [Extract<A, B> | Extract<B, A>] extends [never]
    ? false
    : true;

/** The shape without `readonly`, which is how hovers show it. */
export type Mutable<S> = { -readonly [I in keyof S]: S[I] };

export type IsUnknownRank<S extends Shape> = number extends S["length"] ? true : false;

/** The rank, or a message that wants another one. */
export type NeedsRank<S extends Shape, Rank extends number, Form extends string> = number extends S["length"]
  ? S
  : S["length"] extends Rank
    ? S
    : `expected a tensor ${Form}, got ${Show<S>}`;

type NegativeAxis<Rank extends number> = Rank extends keyof NegativeAxes ? NegativeAxes[Rank] : [];
/** `NegativeAxes[rank][−axis]` is the axis counted from the front. */
interface NegativeAxes {
  1: [never, 0];
  2: [never, 1, 0];
  3: [never, 2, 1, 0];
  4: [never, 3, 2, 1, 0];
  5: [never, 4, 3, 2, 1, 0];
  6: [never, 5, 4, 3, 2, 1, 0];
  7: [never, 6, 5, 4, 3, 2, 1, 0];
  8: [never, 7, 6, 5, 4, 3, 2, 1, 0];
}

type IsUnion<T, U = T> = T extends unknown ? ([U] extends [T] ? false : true) : never;

/**
 * An axis counted from the front, as the key of a tuple (`"2"`): −1 is the last. `never` where the tensor has
 * no such axis, `string` where that cannot be known.
 */
export type AxisKey<S extends Shape, X> =
  IsUnion<X> extends true ? string : X extends number ? KeyOf<S, X> : never;
type KeyOf<S extends Shape, X extends number> = number extends X | S["length"]
  ? string
  : `${X}` extends `-${infer Back}`
    ? Back extends keyof NegativeAxis<S["length"]>
      ? NegativeAxis<S["length"]>[Back] extends infer A extends number
        ? `${A}`
        : never
      : never
    : `${X}` extends keyof S
      ? `${X}`
      : never;

/** X, or a message where the tensor has no axis X. */
export type NeedsAxis<S extends Shape, X extends number> = [AxisKey<S, X>] extends [never]
  ? `axis ${X} is outside ${Show<S>}, which has axes 0 to ${ShowLast<S>}`
  : X;
type ShowLast<S extends Shape> = S extends readonly [Dim, ...infer Rest] ? Rest["length"] : 0;

type HasInnerN<S> = S extends readonly [unknown, ...infer Rest]
  ? N extends Rest[number]
    ? true
    : false
  : false;

/** R, or a message where N is not its first size. A size that is only known as `Dim` may be anything. */
export type NeedsOuterN<R, Message extends string> =
  HasInnerN<R> extends true ? (R extends Shape ? (Dim extends R[number] ? R : Message) : R) : R;

/** S with V at the axis of that key. */
export type ReplaceAt<S extends Shape, Key extends string, V> = {
  -readonly [I in keyof S]: I extends Key ? V : S[I];
};

type AllMayEqual<A extends Shape, B extends Shape> = {
  [I in keyof A]: I extends keyof B ? MayEqual<A[I], B[I]> : false;
} extends readonly true[]
  ? true
  : false;

/** W, or how the shape of a given parameter differs from the one that is wanted. */
export type NeedsGiven<Op extends string, Role extends string, W extends Shape, Wanted> =
  IsUnknownRank<W> extends true
    ? W
    : Wanted extends Shape
      ? W["length"] extends Wanted["length"]
        ? AllMayEqual<W, Wanted> extends true
          ? W
          : Misfit<Op, Role, W, Wanted>
        : Misfit<Op, Role, W, Wanted>
      : W;
type Misfit<
  Op extends string,
  Role extends string,
  W,
  Wanted,
> = `${Op}: the given ${Role} is ${Show<W>}, but has to be ${Show<Wanted>}`;
