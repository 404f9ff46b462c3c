/** Colours for TypeScript and WGSL: pieces of text and what they are. All pieces together are the text again. */

export interface Colored {
  readonly kind: "plain" | "comment" | "string" | "number" | "keyword" | "type" | "function";
  readonly text: string;
}

const KINDS = ["comment", "string", "number", "keyword", "type", "function"] as const;
const KEYWORDS =
  "import|from|export|default|const|let|var|fn|if|else|for|while|loop|return|struct|override|enable|requires|true|false|continue|break|read|read_write|storage|uniform|function";
const TYPES = "f32|f16|u32|i32|bool|array|atomic|ptr|vec[234][fuih]?|mat[234]x[234][fh]?";
const TOKENS = new RegExp(
  [
    "(?<comment>//[^\\n]*|/\\*[\\s\\S]*?\\*/)",
    '(?<string>"(?:[^"\\\\\\n]|\\\\.)*")',
    "(?<number>\\b(?:0x[0-9a-fA-F]+|\\d+\\.?\\d*(?:e[+-]?\\d+)?)[fuih]?\\b)",
    `(?<keyword>@\\w+|\\b(?:${KEYWORDS})\\b)`,
    `(?<type>\\b(?:${TYPES})\\b)`,
    "(?<function>\\b[A-Za-z_]\\w*(?=\\())",
  ].join("|"),
  "g",
);

export function highlight(text: string): readonly Colored[] {
  const found: Colored[] = [];
  let end = 0;
  for (const m of text.matchAll(TOKENS)) {
    if (m.index > end) found.push({ kind: "plain", text: text.slice(end, m.index) });
    const kind = KINDS.find((k) => m.groups?.[k] !== undefined) ?? "plain";
    found.push({ kind, text: m[0] });
    end = m.index + m[0].length;
  }
  if (end < text.length) found.push({ kind: "plain", text: text.slice(end) });
  return found;
}
