/** Whether two types are the same, `readonly` told apart. */
export type Eq<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** `same<Tensor<[N, 10]>>()(logits)` has the type `true` where that is exactly the type of its argument. */
export function same<B>(): <A>(value: A) => Eq<A, B> {
  return <A>(_: A) => true as Eq<A, B>; // the compiler compares, not this function
}
