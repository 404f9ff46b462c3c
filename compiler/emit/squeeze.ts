/**
 * WGSL made small for the bundle. Two steps, neither of which changes a name:
 *
 * `squeeze` drops comments and the white space that separates nothing.
 *
 * `deltas` writes every number as the difference to the last number that stood behind the same four characters,
 * other numbers left out: the two operands of `acc3 += v7 * weight12` have histories of their own.
 * Unrolled loops (`acc3 += v7 * weight12;`, `acc4 += v8 * weight12;`) then repeat to the letter, and gzip takes a
 * third of the bytes it would take for the text as it was. (Delta coding before a dictionary coder, as PNG's filters do.)
 */

/** Pairs that would become another token if the space between them went. */
const FUSES = /^(?:--|\+\+|\/\/|\/\*|<<|>>|&&|\|\||->|[-+*/%&|^<>=!]=)$/;
const LINE_BREAK = /[\n\v\f\r\u0085\u2028\u2029]/;
const WORD = /[\w.\u0080-\uffff]/;

/** A WGSL module without comments and without needless white space. */
export function squeeze(wgsl: string): string {
  const text = withoutComments(wgsl).trim();
  return text.replace(/\s+/g, (space: string, at: number) => {
    const before = text[at - 1] ?? "";
    const after = text[at + space.length] ?? "";
    return (WORD.test(before) && WORD.test(after)) || FUSES.test(before + after) ? " " : "";
  });
}

/** WGSL, section 3.4: line comments end at any line break, block comments nest. WGSL has no string literals. */
function withoutComments(wgsl: string): string {
  let text = "";
  let depth = 0;
  for (let i = 0; i < wgsl.length; i++) {
    const pair = wgsl.slice(i, i + 2);
    if (depth === 0 && pair === "//") {
      while (i < wgsl.length && !LINE_BREAK.test(wgsl[i] ?? "")) i++;
      text += "\n";
    } else if (pair === "/*" || (pair === "*/" && depth > 0)) {
      depth += pair === "/*" ? 1 : -1;
      i++;
      text += " ";
    } else if (depth === 0) text += wgsl[i];
  }
  return text;
}

/**
 * Digits behind a point belong to a fraction and stay, as do numbers with a leading zero. `#` marks a negative
 * difference; WGSL has no such character.
 */
export function deltas(kernel: string): string {
  const last = new Map<string, number>();
  let key = "";
  return kernel.replace(/([\s\S]*?)(?<![.\d])(0|[1-9]\d*)(?!\d)/g, (_, before: string, digits: string) => {
    key = (key + before).slice(-4);
    const step = Number(digits) - (last.get(key) ?? 0);
    last.set(key, Number(digits));
    return `${before}${step < 0 ? `#${-step}` : step}`;
  });
}
