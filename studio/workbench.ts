/** The project's files while they are edited, what they compile to, and what is wrong with them. */
import type { Compilation, TargetName } from "../compiler/compile.ts";
import { UserError } from "../compiler/errors.ts";
import type { Graph } from "../compiler/ir/graph.ts";
import type { Diagnosis } from "../contract/diagnosis.ts";
import { type Pipeline, pipeline } from "./compile/pipeline.ts";
import type { LanguageCalls } from "./compile/protocol.ts";
import type { Remote } from "./compile/rpc.ts";
import type { ModelView } from "./compile/view.ts";
import { messageOf } from "./message.ts";
import type { Project } from "./project.ts";
import { saveFile } from "./server.ts";
import { type Signal, signal } from "./signal.ts";

export type Status =
  | { readonly kind: "compiling" }
  /** `ms`: from the files to the kernels. */
  | { readonly kind: "good"; readonly ms: number }
  | { readonly kind: "failed"; readonly diagnosis: Diagnosis };

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

export interface Workbench {
  readonly model: Signal<CompiledModel | null>;
  /** Of the last good compile. */
  readonly view: Signal<ModelView | null>;
  readonly status: Signal<Status>;
  readonly language: Remote<LanguageCalls>;
  /** The model file's path, a key of `files`. */
  readonly entry: Signal<string>;
  /** Whether a server saves the files: not those that were opened in the page. */
  readonly live: boolean;
  /** The files by path, as they are being edited. A new map at every edit. */
  readonly files: Signal<ReadonlyMap<string, string>>;
  /** Paths of files that differ from what was saved. */
  readonly edited: Signal<readonly string[]>;
  /** Puts other files in the place of all, and compiles them. They are the page's alone: no server saves them. */
  open(entry: string, files: Readonly<Record<string, string>>): Promise<void>;
  /** Changes a file's text; compiles soon after the last change. */
  edit(path: string, text: string): void;
  /** Files as they lie on disk: those that are being edited keep their text. */
  disk(files: Readonly<Record<string, string>>): void;
  /** A file as it was saved last. */
  revert(path: string): void;
  /** Has the server write a file. Throws where it does not. */
  save(path: string): Promise<void>;
}

/** Milliseconds after the last key until the model is compiled. */
const pause = 250;

export async function workbench(project: Project, target: Signal<TargetName>): Promise<Workbench> {
  const types: Readonly<Record<string, string>> = await (await fetch("types.json")).json();
  let onDisk = new Map(Object.entries(project.files));
  let live = project.live;
  const entry = signal(project.model);
  const files = signal<ReadonlyMap<string, string>>(new Map(onDisk));
  const edited = signal<readonly string[]>([]);
  const { language, compile } = pipeline();
  await language.call("open", Object.fromEntries(files.value), types);
  const { soon, begin, now, ...compiled } = keepCompiled(entry, files, target, compile);
  const change = (path: string, text: string): void => {
    if (files.value.get(path) === text) return;
    files.set(new Map([...files.value, [path, text]]));
    language.call("update", path, text);
    soon();
  };
  const compare = (): void => {
    const differ = [...files.value].flatMap(([path, text]) => (onDisk.get(path) === text ? [] : [path]));
    if (differ.join("\n") !== edited.value.join("\n")) edited.set(differ);
  };
  return {
    ...compiled,
    language,
    entry,
    get live() {
      return live;
    },
    files,
    edited,
    async open(path, given) {
      live = false;
      onDisk = new Map(Object.entries(given));
      await language.call("open", given, types);
      entry.set(path);
      begin(); // before whoever watches the files asks for more
      files.set(new Map(onDisk));
      compare();
      await now();
    },
    edit(path, text) {
      change(path, text);
      compare();
    },
    disk(fresh) {
      if (!live) return;
      for (const [path, text] of Object.entries(fresh)) {
        const untouched = files.value.get(path) === onDisk.get(path);
        onDisk.set(path, text);
        if (untouched) change(path, text);
      }
      compare();
    },
    revert(path) {
      change(path, onDisk.get(path) ?? "");
      compare();
    },
    async save(path) {
      const text = files.value.get(path) ?? "";
      await saveFile(path, text);
      onDisk.set(path, text);
      compare();
    },
  };
}

interface KeptCompiled extends Pick<Workbench, "model" | "view" | "status"> {
  /** The files have changed: compiles once they rest. */
  soon(): void;
  /** Says that they are being compiled. */
  begin(): void;
  /** Compiles them. Resolves when this is done, or there is a newer compile. */
  now(): Promise<void>;
}

/** Compiles the model file now, for each new target, and when it is asked to. */
function keepCompiled(
  entry: Signal<string>,
  files: Workbench["files"],
  target: Signal<TargetName>,
  compile: Pipeline["compile"],
): KeptCompiled {
  const model = signal<CompiledModel | null>(null);
  const view = signal<ModelView | null>(null);
  const status = signal<Status>({ kind: "compiling" });
  const begin = (): void => {
    if (status.value.kind !== "compiling") status.set({ kind: "compiling" });
  };
  const now = async (): Promise<void> => {
    const start = performance.now();
    const file = entry.value;
    const source = files.value.get(file) ?? "";
    begin();
    try {
      const compiled = await compile(file, target.value);
      if (!compiled) return; // there is a newer one
      const { compilation } = compiled;
      const { source: graph } = compilation;
      view.set(compiled.view);
      model.set({ name: graph.name, file, source, graph, compilation });
      status.set({ kind: "good", ms: performance.now() - start });
    } catch (error) {
      const diagnosis = error instanceof UserError ? error.diagnosis : { problem: messageOf(error) };
      status.set({ kind: "failed", diagnosis });
    }
  };
  let timer: ReturnType<typeof setTimeout> | undefined;
  target.watch(() => void now());
  return {
    model,
    view,
    status,
    begin,
    now,
    soon() {
      clearTimeout(timer);
      timer = setTimeout(now, pause);
    },
  };
}
