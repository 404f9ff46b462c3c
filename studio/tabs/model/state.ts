/** What is chosen and pointed at in the model tab; every part of it listens. */
import type { ModelView } from "../../compile/view.ts";
import { type Signal, signal, type Writable } from "../../signal.ts";
import type { Studio } from "../../tab.ts";
import { type Word, words } from "./words.ts";

/** A layer, a kernel by its place in `view.kernels`, or both. */
export interface Choice {
  readonly layer: string | null;
  readonly group: number | null;
}

/** Measured times of the kernels of one run. */
export interface Times {
  /** Milliseconds by dispatch: the first of `view.kernels`. */
  readonly each: readonly number[];
  readonly batch: number;
  /** The model that was measured. */
  readonly view: ModelView;
}

export interface State {
  readonly studio: Studio;
  readonly view: Signal<ModelView | null>;
  readonly choice: Writable<Choice>;
  /** The layer under the pointer or with the focus. */
  readonly pointed: Writable<string | null>;
  readonly times: Writable<Times | null>;
  /** A place in a file that the editor shall show. */
  readonly place: Writable<{ readonly file: string; readonly line: number; readonly column: number } | null>;
  say(word: Word): string;
  /** Watches a signal until the tab is left. */
  watch<T>(source: Signal<T>, watcher: (value: T) => void): void;
  /** Runs `draw` now and whenever the language changes. */
  speak(draw: () => void): void;
  /** Runs when the tab is left. */
  leave(undo: () => void): void;
  end(): void;
}

export function stateOf(studio: Studio): State {
  const undo: (() => void)[] = [];
  const state: State = {
    studio,
    view: studio.bench.view,
    choice: signal<Choice>({ layer: null, group: null }),
    pointed: signal<string | null>(null),
    times: signal<Times | null>(null),
    place: signal<{ file: string; line: number; column: number } | null>(null),
    say: (word) => words[word][studio.language.value],
    watch(source, watcher) {
      undo.push(source.watch(watcher));
    },
    speak(draw) {
      undo.push(studio.language.watch(draw));
    },
    leave(what) {
      undo.push(what);
    },
    end() {
      for (const what of undo.splice(0).reverse()) what();
    },
  };
  return state;
}

/** Chooses a layer, and the kernel that computes it. */
export function chooseLayer({ view, choice }: State, layer: string): void {
  const row = view.value?.layers.find((l) => l.name === layer);
  choice.set({ layer, group: row?.group ?? null });
}
