/** What both sides tell texts and values apart by, in 32 bits. */
import type { Tensor } from "./tensor.ts";

/** FNV-1a over UTF-16 code units. */
export function hash(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return h >>> 0;
}

/** Of a parameter that is compiled in: its shape and its f32 values, as JavaScript prints them. */
export const digestOf = ({ shape, data }: Tensor): number => hash(`${shape};${data}`);
