/** Words about sizes that do not divide, gaps between windows, and sizes that come out even. */
import type { Words } from "../../../tab.ts";
import { type Axis, fits, outputs, padded, remainder, seen, span } from "./geometry.ts";

/** What the reader should notice about the sizes. */
export function remark(axis: Axis): Words | undefined {
  if (!fits(axis)) return undefined;
  const left = remainder(axis);
  const gaps = Array.from({ length: padded(axis) - left }, (_, i) => i).some((i) => !seen(axis, i));
  if (left > 0) {
    const free = padded(axis) - span(axis);
    const last = left === 1 ? "row and column" : `${left} rows and columns`;
    const zeros = left <= axis.padding; // nothing of the picture itself is lost
    return {
      en: `${free} is no multiple of ${axis.stride}: ⌊ ⌋ rounds down, and no window reaches the last ${last}${zeros ? " of zeros" : ""} (hatched).`,
      zh: `${free} 不是 ${axis.stride} 的倍数：⌊ ⌋ 向下取整，没有窗口用到末尾的 ${left} 行和 ${left} 列${zeros ? "零" : ""}（画有斜线）。`,
    };
  }
  if (gaps)
    return {
      en: "The windows leave gaps: hatched pixels are read by none of them.",
      zh: "窗口之间有空隙：画有斜线的像素不被任何窗口读到。",
    };
  if (outputs(axis) === axis.size)
    return { en: "The output is as large as the input.", zh: "输出与输入一样大。" };
  return { en: "The windows end exactly at the border.", zh: "窗口正好到达边界。" };
}
