/** What a tab is, and what the studio gives to it. */
import type { Compilation, TargetName } from "../compiler/compile.ts";
import type { Graph } from "../compiler/ir/graph.ts";
import type { Weights } from "../runtime/weights.ts";
import type { Signal, Writable } from "./signal.ts";
import type { Workbench } from "./workbench.ts";

export type Language = "en" | "zh";
export type Words = Readonly<Record<Language, string>>;

export interface Tab {
  /** The address: `lecture` is shown under `#lecture`. */
  readonly id: string;
  readonly title: Words;
  /** Fills `host`, an empty element. Returns what undoes it: stops loops, workers and watchers. */
  mount(host: HTMLElement, studio: Studio): () => void;
}

/** A model that compiles. */
export interface CompiledModel {
  readonly name: string;
  /** The model file's path in the project: `models/lenet.ts`. */
  readonly file: string;
  /** The text that was compiled: what the editor holds, saved or not. */
  readonly source: string;
  /** As the model file builds it, with names and places. */
  readonly graph: Graph;
  readonly compilation: Compilation;
}

export interface Sample {
  readonly name: string;
  /** The address of a PNG. */
  readonly url: string;
}

/** What the page was opened with: `project.json` beside it. */
export interface Project {
  /** The model file's path; a key of `files`. */
  readonly model: string;
  /** The texts of the model file and of all that it imports, by path. */
  readonly files: Readonly<Record<string, string>>;
  /** The address of a safetensors file with the model's trained weights. */
  readonly weights: string | null;
  readonly samples: readonly Sample[];
  /** Whether there is a server that can save the model file and tells of changes on disk. */
  readonly live: boolean;
}

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
   * The page's one device, with the largest buffers and the features that the adapter has; a new one after a loss. Rejects with
   * a `WeftError` "no-device" that says what to do.
   */
  device(): Promise<GPUDevice>;
  /** What to compile for: `targetFor` of the adapter; "portable" until there is one. */
  readonly target: Signal<TargetName>;
  /** The files while they are edited, and what the model tab shows of them. */
  readonly bench: Workbench;
  /** Shows a tab, by its id. */
  show(id: string): void;
}
