/**
 * Choices out of a list of drawn numbers. A generator that takes every decision from such a list shrinks by itself:
 * a shorter list, or smaller numbers, is a simpler model, and always a valid one.
 */
export class Dice {
  readonly #values: readonly number[];
  #next = 0;
  constructor(values: readonly number[]) {
    this.#values = values;
  }
  /** A whole number from 0 to sides − 1; 0 when the list is used up. */
  roll(sides: number): number {
    const value = this.#values[this.#next++] ?? 0;
    return sides <= 1 ? 0 : value % sides;
  }
  /** From low to high, both included. */
  between(low: number, high: number): number {
    return low + this.roll(Math.max(0, high - low) + 1);
  }
  /** One of a list; the first is the simplest. */
  pick<T>(list: readonly T[]): T {
    const chosen = list[this.roll(list.length)];
    if (chosen === undefined) throw new Error("nothing to pick from");
    return chosen;
  }
  /** True once in `oneIn` times. */
  rarely(oneIn: number): boolean {
    return this.roll(oneIn) === oneIn - 1;
  }
}
