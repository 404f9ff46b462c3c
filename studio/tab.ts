/** What a tab is, and what the studio gives to it. */
import type { TargetName } from "../compiler/compile.ts";
import type { Weights } from "../contract/weights.ts";
import type { Project } from "./project.ts";
import type { Signal, Writable } from "./signal.ts";
import type { CompiledModel, Workbench } from "./workbench.ts";

export type Language = "en" | "zh";
export type Words = Readonly<Record<Language, string>>;

export interface Tab {
  /** The address: `lecture` is shown under `#lecture`. */
  readonly id: string;
  readonly title: Words;
  /** Fills `host`, an empty element. Returns what undoes it: stops loops, workers and watchers. */
  mount(host: HTMLElement, studio: Studio): () => void;
}

/** What was opened for a tab. */
export type Given =
  | { readonly kind: "picture" | "array"; readonly file: File }
  | { readonly kind: "set"; readonly files: readonly File[] };

export interface Studio {
  readonly project: Project;
  /** The last good compile; null until there is one. */
  readonly model: Signal<CompiledModel | null>;
  readonly language: Signal<Language>;
  /**
   * Trained weights by parameter name, shared by the tabs: at first those of `project.weights`; null: initial values.
   * They may not fit the model that is being edited: whoever uses them catches `WeftError` "weights".
   */
  readonly weights: Writable<Weights | null>;
  /**
   * The page's one device, with the largest buffers and the features that the adapter has, or one that computes in WebAssembly; a
   * new one after a loss. Rejects with a `WeftError` "no-device" that says what to do.
   */
  device(): Promise<GPUDevice>;
  /** What to compile for: `targetFor` of the device; "portable" until there is one. */
  readonly target: Signal<TargetName>;
  /** The files while they are edited, and what the model tab shows of them. */
  readonly bench: Workbench;
  /** Shows a tab, by its id. */
  show(id: string): void;
  /** Files that were dropped or chosen, of any kind that the studio knows. */
  open(files: readonly File[]): void;
  /** What the tab that it is for has not taken yet: it sets it to null. */
  readonly given: Writable<Given | null>;
}
