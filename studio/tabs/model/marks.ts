/** What is underlined in the editor: errors of types, what the compiler threw, and its remarks. */
import type { Diagnosis } from "../../../contract/diagnosis.ts";
import type { Mark } from "../../compile/protocol.ts";
import type { Editor } from "./editor.ts";
import type { State } from "./state.ts";

/** Milliseconds after the last key until types are checked. */
const PAUSE = 200;

/** Keeps the marks of the file that the editor shows. */
export class Marks {
  readonly #state: State;
  readonly #code: Editor;
  #types: readonly Mark[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Whether types are to be asked for once the compile has ended. */
  #waits = true;
  /** How often types were asked for: an answer to an earlier question is dropped. */
  #asked = 0;

  constructor(state: State, code: Editor) {
    this.#state = state;
    this.#code = code;
    state.leave(() => {
      clearTimeout(this.#timer);
      this.#asked++;
    });
  }

  get waits(): boolean {
    return this.#waits;
  }

  /** The editor shows another file. */
  anew(): void {
    this.#types = [];
    this.#asked++;
    // A compile asks the same worker where layers stand, and types of a large model take it for seconds.
    this.#waits = this.#state.studio.bench.status.value.kind === "compiling";
    if (!this.#waits) this.check();
  }

  /** Asks for errors of types, soon. */
  check(): void {
    const { bench } = this.#state.studio;
    // The first compile has the machine to itself: types take a second to be loaded.
    this.#waits = this.#state.view.value === null && bench.status.value.kind === "compiling";
    if (this.#waits) return;
    clearTimeout(this.#timer);
    const own = ++this.#asked;
    this.#timer = setTimeout(async () => {
      const found = await bench.language.call("marks", this.#code.path);
      if (own !== this.#asked) return;
      this.#types = found;
      this.update();
    }, PAUSE);
  }

  update(): void {
    const code = this.#code;
    const types = this.#types;
    const status = this.#state.studio.bench.status.value;
    const failed = status.kind === "failed" ? status.diagnosis : undefined;
    const own = failed && failed.at?.file === code.path ? markOf(failed, "error", code) : undefined;
    const remarks = failed ? [] : (this.#state.view.value?.table.remarks ?? []);
    const remarked = remarks.filter((r) => r.at?.file === code.path).map((r) => markOf(r, "warning", code));
    // What types have said about a line need not be said twice.
    const told =
      own && types.some((t) => t.severity === "error" && code.lineAt(t.from) === code.lineAt(own.from));
    code.marks([...types, ...remarked, ...(own && !told ? [own] : [])]);
  }
}

function markOf({ problem, rule, fix, at }: Diagnosis, severity: Mark["severity"], code: Editor): Mark {
  const { line = 1, column = 1 } = at ?? {};
  const message = [problem, rule && `rule: ${rule}`, fix && `try: ${fix}`].filter(Boolean).join("\n");
  return { ...code.wordAt(line, column), severity, message };
}
