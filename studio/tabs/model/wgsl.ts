/** WGSL in colours: words of the language, types, numbers, comments. */
import { h } from "../../dom.ts";

const keywords =
  "alias break case const const_assert continue continuing default diagnostic discard else enable false fn for if let loop override requires return struct switch true var while";
const types =
  "array atomic bool f16 f32 i32 mat2x2 mat2x3 mat2x4 mat3x2 mat3x3 mat3x4 mat4x2 mat4x3 mat4x4 ptr u32 vec2 vec3 vec4 vec2f vec3f vec4f vec2i vec3i vec4i vec2u vec3u vec4u storage uniform private workgroup function read read_write";

const kindOf: ReadonlyMap<string, string> = new Map([
  ...keywords.split(" ").map((word): [string, string] => [word, "keyword"]),
  ...types.split(" ").map((word): [string, string] => [word, "type"]),
]);

export interface Token {
  readonly text: string;
  /** keyword, type, number, comment, attribute, function; "" for the rest. */
  readonly kind: string;
}

/** The tokens of a text; put together they are the text. */
export function tokens(wgsl: string): readonly Token[] {
  const pattern =
    /(?<comment>\/\/[^\n]*|\/\*[\s\S]*?\*\/)|(?<attribute>@\w+)|(?<number>\b(?:0x[\da-fA-F]+|\d+\.?\d*(?:[eE][+-]?\d+)?)[fhiu]?\b)|(?<word>[A-Za-z_]\w*)/g;
  const list: Token[] = [];
  let end = 0;
  for (const match of wgsl.matchAll(pattern)) {
    if (match.index > end) list.push({ text: wgsl.slice(end, match.index), kind: "" });
    end = match.index + match[0].length;
    list.push({ text: match[0], kind: kind(match, wgsl[end] === "(") });
  }
  if (end < wgsl.length) list.push({ text: wgsl.slice(end), kind: "" });
  return list;
}

function kind({ groups = {}, 0: text }: RegExpMatchArray, called: boolean): string {
  if (groups["word"] === undefined)
    return Object.keys(groups).find((name) => groups[name] !== undefined) ?? "";
  return kindOf.get(text) ?? (called ? "function" : "");
}

/** A `<pre>` with a number before each line. */
export function wgslNode(wgsl: string): HTMLElement {
  const code = h("code");
  for (const { text, kind } of tokens(wgsl))
    code.append(kind === "" ? text : h("span", { class: kind }, text));
  const lines = wgsl.trimEnd().split("\n").length;
  const numbers = Array.from({ length: lines }, (_, i) => `${i + 1}`).join("\n");
  return h(
    "pre",
    { class: "wgsl", tabIndex: 0, attrs: { "aria-label": "WGSL" } },
    h("span", { class: "lines", attrs: { "aria-hidden": "true" } }, numbers),
    code,
  );
}
