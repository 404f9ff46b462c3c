/** Whole numbers of which the smallest is taken first: a binary heap (Williams, "Heapsort", 1964). */
export class Smallest {
  /** The number at i is none above those at 2i + 1 and 2i + 2. */
  readonly #heap: number[] = [];

  add(number: number): void {
    const heap = this.#heap;
    let at = heap.length;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const other = heap[above] as number; // above < at
      if (other <= number) break;
      heap[at] = other;
      at = above;
    }
    heap[at] = number;
  }

  take(): number | undefined {
    const heap = this.#heap;
    const smallest = heap[0];
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return smallest;
    let at = 0;
    for (;;) {
      const [left, right] = [heap[2 * at + 1], heap[2 * at + 2]];
      if (left === undefined) break;
      const isRight = right !== undefined && right < left;
      const least = isRight ? right : left;
      if (last <= least) break;
      heap[at] = least;
      at = 2 * at + (isRight ? 2 : 1);
    }
    heap[at] = last;
    return smallest;
  }
}
