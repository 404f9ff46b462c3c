/** Where bars lie on a strip. Pure. */

/** Bars that are farther apart have gaps; narrower gaps would flicker from bar to bar. */
const ROOMY = 6;

/** Where bar `index` of `count` lies on a strip, in the strip's unit: a gap only where there is room for one. */
export function barAt(
  index: number,
  count: number,
  width: number,
): { readonly x: number; readonly width: number } {
  const pitch = width / count;
  return { x: index * pitch, width: pitch > ROOMY ? pitch * 0.84 : pitch };
}
