/** A value that can be watched: the studio's whole reactivity. */

export interface Signal<T> {
  readonly value: T;
  /** Calls `watcher` with the present value now, and with each new one. Returns what stops it. */
  watch(watcher: (value: T) => void): () => void;
}

export interface Writable<T> extends Signal<T> {
  /** Watchers are called in the order of their coming; a value that is the same (`Object.is`) calls nobody. */
  set(value: T): void;
}

export function signal<T>(first: T): Writable<T> {
  let value = first;
  const watchers = new Set<(value: T) => void>();
  return {
    get value() {
      return value;
    },
    set(next) {
      if (Object.is(value, next)) return;
      value = next;
      for (const watcher of [...watchers]) if (watchers.has(watcher)) watcher(value);
    },
    watch(watcher) {
      // A function of its own per call, so that the same watcher can be added twice.
      const own = (next: T): void => watcher(next);
      watchers.add(own);
      own(value);
      return () => watchers.delete(own);
    },
  };
}
