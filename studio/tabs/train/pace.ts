/** Examples per second, over about the last two seconds. Pure but for what it remembers. */

export interface Pace {
  /** `examples`: those since the beginning; `now` in milliseconds. */
  add(examples: number, now: number): void;
  /** Undefined until there is something to measure. */
  readonly perSecond: number | undefined;
}

const WINDOW = 2000;
/** Less time tells nothing: reports of several steps come at once. */
const LEAST = 200;

export function pace(): Pace {
  let marks: { readonly examples: number; readonly at: number }[] = [];
  return {
    add(examples, at) {
      marks.push({ examples, at });
      // One mark that is older than the window stays: it is where the window begins.
      const first = marks.findLastIndex((m) => m.at <= at - WINDOW);
      if (first > 0) marks = marks.slice(first);
    },
    get perSecond() {
      const [from, to] = [marks[0], marks.at(-1)];
      if (!from || !to || to.at - from.at < LEAST) return undefined;
      return ((to.examples - from.examples) / (to.at - from.at)) * 1000;
    },
  };
}
