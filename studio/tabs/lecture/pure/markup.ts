/** The little markup of the lecture's paragraphs: `code`, **strong** and *emphasis*, nothing nested. */

export interface Piece {
  readonly kind: "text" | "code" | "strong" | "em";
  readonly text: string;
}

const MARKS = /`([^`]+)`|\*\*([^*]+)\*\*|\*([^*]+)\*/g;

/** A formula's signs stay with what they join. */
const bound = (text: string): string => text.replace(/ ([−·+]) /g, "\u00a0$1\u00a0");

export function pieces(source: string): readonly Piece[] {
  const text = bound(source);
  const found: Piece[] = [];
  let end = 0;
  for (const m of text.matchAll(MARKS)) {
    if (m.index > end) found.push({ kind: "text", text: text.slice(end, m.index) });
    const [whole, code, strong, em] = m;
    if (code !== undefined) found.push({ kind: "code", text: code });
    else if (strong !== undefined) found.push({ kind: "strong", text: strong });
    else found.push({ kind: "em", text: em ?? "" });
    end = m.index + whole.length;
  }
  if (end < text.length) found.push({ kind: "text", text: text.slice(end) });
  return found;
}
