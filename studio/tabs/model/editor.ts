/** The source in an editor (CodeMirror 6) that knows its types. */
import {
  autocompletion,
  type Completion,
  type CompletionContext,
  type CompletionResult,
  closeBrackets,
} from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { javascript } from "@codemirror/lang-javascript";
import { bracketMatching, HighlightStyle, indentOnInput, syntaxHighlighting } from "@codemirror/language";
import { type Diagnostic, forEachDiagnostic, lintGutter, lintKeymap, setDiagnostics } from "@codemirror/lint";
import { highlightSelectionMatches, searchKeymap } from "@codemirror/search";
import { EditorState, type Extension, RangeSet, StateEffect, StateField } from "@codemirror/state";
import {
  Decoration,
  type DecorationSet,
  drawSelection,
  EditorView,
  highlightActiveLine,
  hoverTooltip,
  keymap,
  lineNumbers,
  type Tooltip,
  type ViewUpdate,
} from "@codemirror/view";
import { tags } from "@lezer/highlight";
import type { Hover, LanguageCalls, Mark } from "../../compile/protocol.ts";
import type { Remote } from "../../compile/rpc.ts";
import { h } from "../../dom.ts";
import "./editor.css";

export interface EditorEvents {
  readonly change: (text: string) => void;
  /** The cursor came to another line, by the user's doing; lines count from 1. */
  readonly line: (line: number) => void;
  readonly save: () => void;
}

export interface Editor {
  readonly element: HTMLElement;
  /** Shows a file; the cursor stays where the file is the same. */
  open(path: string, text: string): void;
  readonly path: string;
  /** Puts the cursor at a place, and the focus into the editor. */
  go(line: number, column: number): void;
  /** Tints a line; null: none. */
  tint(line: number | null): void;
  marks(marks: readonly Mark[]): void;
  /** The line of an offset. */
  lineAt(offset: number): number;
  /** The offset of a place, and of the end of the word there. */
  wordAt(line: number, column: number): { readonly from: number; readonly to: number };
  destroy(): void;
}

const colours = HighlightStyle.define([
  { tag: [tags.keyword, tags.modifier], color: "var(--code-keyword)" },
  { tag: [tags.typeName, tags.className, tags.namespace], color: "var(--code-type)" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--code-number)" },
  { tag: [tags.string, tags.special(tags.string), tags.regexp], color: "var(--code-string)" },
  { tag: [tags.comment], color: "var(--code-comment)", fontStyle: "italic" },
  {
    tag: [tags.function(tags.variableName), tags.function(tags.propertyName)],
    color: "var(--code-function)",
  },
]);

const setTint = StateEffect.define<number | null>();
const tinted = Decoration.line({ class: "tinted" });
const tintField = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(value, transaction) {
    for (const effect of transaction.effects) {
      if (!effect.is(setTint)) continue;
      const line = effect.value;
      if (line === null || line < 1 || line > transaction.state.doc.lines) return Decoration.none;
      return RangeSet.of([tinted.range(transaction.state.doc.line(line).from)]);
    }
    return value.map(transaction.changes);
  },
  provide: (field) => EditorView.decorations.from(field),
});

export function editor(language: Remote<LanguageCalls>, label: string, events: EditorEvents): Editor {
  return new CodeMirrorEditor(language, label, events);
}

class CodeMirrorEditor implements Editor {
  readonly element = h("div", { class: "code" });
  path = "";
  readonly #view: EditorView;
  readonly #extensions: Extension;
  /** A file is put in: that is nobody's edit. */
  #opening = false;

  constructor(language: Remote<LanguageCalls>, label: string, events: EditorEvents) {
    this.#extensions = [
      looks(label),
      languageHelp(language, () => this.path),
      keymaps(events.save),
      EditorView.updateListener.of((update) => {
        if (!this.#opening) tell(update, events);
      }),
    ];
    const state = EditorState.create({ extensions: this.#extensions });
    this.#view = new EditorView({ parent: this.element, state });
  }

  open(path: string, text: string): void {
    const { state } = this.#view;
    if (path === this.path && text === state.doc.toString()) return;
    this.#opening = true;
    if (path === this.path)
      this.#view.dispatch({
        changes: { from: 0, to: state.doc.length, insert: text },
        selection: { anchor: Math.min(state.selection.main.head, text.length) },
      });
    else this.#view.setState(EditorState.create({ doc: text, extensions: this.#extensions }));
    this.path = path;
    this.#opening = false;
  }

  go(line: number, column: number): void {
    const at = this.#offset(line, column);
    this.#view.dispatch({
      selection: { anchor: at },
      effects: EditorView.scrollIntoView(at, { y: "center" }),
    });
    this.#view.focus();
  }

  tint(line: number | null): void {
    const view = this.#view;
    view.dispatch({ effects: setTint.of(line) });
    if (line === null || line > view.state.doc.lines) return;
    // Within the editor alone: CodeMirror's own way scrolls the page too, away from what is pointed at.
    const { top, bottom } = view.lineBlockAt(view.state.doc.line(line).from);
    const { scrollTop, clientHeight } = view.scrollDOM;
    if (top < scrollTop) view.scrollDOM.scrollTop = top;
    else if (bottom > scrollTop + clientHeight) view.scrollDOM.scrollTop = bottom - clientHeight;
  }

  marks(marks: readonly Mark[]): void {
    const { state } = this.#view;
    const list = marks.map(({ from: wanted, to, severity, message }): Diagnostic => {
      const from = Math.min(wanted, state.doc.length);
      return { from, to: Math.max(from, Math.min(to, state.doc.length)), severity, message };
    });
    this.#view.dispatch(setDiagnostics(state, list));
  }

  lineAt(offset: number): number {
    const { doc } = this.#view.state;
    return doc.lineAt(Math.min(offset, doc.length)).number;
  }

  wordAt(line: number, column: number): { readonly from: number; readonly to: number } {
    const { state } = this.#view;
    const from = this.#offset(line, column);
    return { from, to: state.wordAt(from)?.to ?? Math.min(from + 1, state.doc.length) };
  }

  destroy(): void {
    this.#view.destroy();
  }

  #offset(line: number, column: number): number {
    const { doc } = this.#view.state;
    const { from, to } = doc.line(Math.min(Math.max(1, line), doc.lines));
    return Math.min(to, from + Math.max(0, column - 1));
  }
}

/** What an editor of code looks and feels like. */
function looks(label: string): Extension {
  return [
    lineNumbers(),
    lintGutter(),
    history(),
    drawSelection(),
    indentOnInput(),
    bracketMatching(),
    closeBrackets(),
    highlightActiveLine(),
    highlightSelectionMatches(),
    EditorState.tabSize.of(2),
    EditorView.contentAttributes.of({
      "aria-label": label,
      tabindex: "0",
      autocapitalize: "off",
      spellcheck: "false",
    }),
    javascript({ typescript: true }),
    syntaxHighlighting(colours),
    tintField,
  ];
}

/** Completion, and types under the pointer. */
function languageHelp(language: Remote<LanguageCalls>, path: () => string): Extension {
  return [
    autocompletion({ override: [(context) => completions(language, path(), context)], icons: false }),
    hoverTooltip((view, at) => (isMarked(view.state, at) ? null : typeAt(language, path(), at)), {
      hoverTime: 250,
    }),
  ];
}

function keymaps(save: () => void): Extension {
  const saving = (): boolean => {
    save();
    return true;
  };
  return keymap.of([
    { key: "Mod-s", run: saving },
    ...defaultKeymap,
    ...historyKeymap,
    ...searchKeymap,
    ...lintKeymap,
    // Tab indents once the editor is in use; Escape, then Tab leaves it (CodeMirror's own rule).
    indentWithTab,
  ]);
}

function tell(update: ViewUpdate, { change, line }: EditorEvents): void {
  if (update.docChanged) change(update.state.doc.toString());
  const at = ({ doc, selection }: EditorState): number => doc.lineAt(selection.main.head).number;
  if (update.selectionSet && at(update.state) !== at(update.startState)) line(at(update.state));
}

const kinds: Readonly<Record<string, string>> = {
  const: "constant",
  let: "variable",
  var: "variable",
  parameter: "variable",
  function: "function",
  method: "method",
  property: "property",
  keyword: "keyword",
  interface: "type",
  type: "type",
  alias: "function",
};

async function completions(
  language: Remote<LanguageCalls>,
  path: string,
  context: CompletionContext,
): Promise<CompletionResult | null> {
  const before = context.matchBefore(/[\w$]+|[.{,"]\s*/);
  if (!before && !context.explicit) return null;
  await settled();
  const found = await language.call("complete", path, context.pos);
  if (!found || context.aborted) return null;
  const options = found.options.map((o): Completion => {
    const info = async (): Promise<Node | null> => {
      const more = await language.call("explain", path, context.pos, o.label);
      return more && (more.signature !== "" || more.text !== "") ? typeNode(more) : null;
    };
    return { label: o.label, type: kinds[o.kind] ?? "text", info };
  });
  return { from: found.from, options, validFor: /^[\w$]*$/ };
}

/** The text reaches the language worker in an update listener, which runs after completion was asked for. */
const settled = (): Promise<void> => new Promise((done) => setTimeout(done));

/** The message of an error is shown by itself. */
function isMarked(state: EditorState, at: number): boolean {
  let found = false;
  forEachDiagnostic(state, (_, from, to) => {
    found ||= from <= at && at <= to;
  });
  return found;
}

async function typeAt(language: Remote<LanguageCalls>, path: string, at: number): Promise<Tooltip | null> {
  const hover = await language.call("hover", path, at);
  if (!hover) return null;
  return { pos: hover.from, end: hover.to, above: true, create: () => ({ dom: typeNode(hover) }) };
}

function typeNode({ signature, text }: Hover): HTMLElement {
  return h(
    "div",
    { class: "type" },
    signature !== "" && h("pre", {}, signature),
    text !== "" && h("p", {}, text),
  );
}
