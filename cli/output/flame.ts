/** A profile as a flame-style picture: the parts of layer names side by side, as wide as their share of the time. */
import { atText } from "../../compiler/report/layout.ts";
import type { KernelProfile, Profile } from "../profile/profile.ts";
import { escapeXml, svg } from "./plot.ts";
import { three } from "./profile.ts";

const WIDTH = 1200;
const MARGIN = 16;
const TOP = 56;
const ROW = 22;
/** A letter's width at 12 px, about; and the narrowest bar that holds text. */
const LETTER = 6.6;
const NARROW = 24;

/** Neighbouring kernels whose layers have a prefix in common. */
interface Bar {
  readonly name: string;
  readonly from: number;
  readonly to: number;
  readonly level: number;
  /** The one kernel that this is, at the top of the flame. */
  readonly kernel?: KernelProfile;
}

/** `stage1/block#2/conv1` is a path; a kernel stands where its first layer is. */
function barsOf(kernels: readonly KernelProfile[]): readonly Bar[] {
  const bars: Bar[] = [];
  const total = kernels.reduce((sum, k) => sum + k.milliseconds, 0);
  const walk = (list: readonly KernelProfile[], start: number, level: number): void => {
    let at = start;
    for (let i = 0; i < list.length; ) {
      const name = partOf(list[i], level);
      let end = i + 1;
      while (name !== undefined && end < list.length && partOf(list[end], level) === name) end++;
      const group = list.slice(i, end);
      const to = at + group.reduce((sum, k) => sum + k.milliseconds, 0);
      if (name === undefined)
        for (const kernel of group) bars.push({ name: kernel.kernel, from: at, to, level, kernel });
      else {
        bars.push({ name, from: at, to, level });
        walk(group, at, level + 1);
      }
      at = to;
      i = end;
    }
  };
  bars.push({ name: "", from: 0, to: total, level: 0 });
  walk(kernels, 0, 1);
  return bars;
}

/** The part of the first layer's path at a level from 1; undefined at its last, which is the kernel itself. */
function partOf(kernel: KernelProfile | undefined, level: number): string | undefined {
  const path = (kernel?.layers[0] ?? "").split("/");
  return level < path.length ? path[level - 1] : undefined;
}

/** Red is far from the peak, green is near. */
function colour(ofPeak: number): string {
  return `hsl(${Math.round(120 * Math.min(1, Math.sqrt(ofPeak)))} 62% 74%)`;
}

export function flameSvg(profile: Profile): string {
  const { kernels, total } = profile;
  const bars = barsOf(kernels);
  const levels = Math.max(...bars.map((b) => b.level)) + 1;
  const scale = (WIDTH - 2 * MARGIN) / Math.max(Number.MIN_VALUE, total.milliseconds);
  const height = TOP + levels * ROW + 44;
  const title = `${profile.model}, ${atText(profile.batch, profile)}, on ${profile.adapter}: ${three(total.milliseconds)} ms`;
  const parts = bars.map((bar) => {
    const [x, width] = [MARGIN + bar.from * scale, (bar.to - bar.from) * scale];
    const y = TOP + (levels - 1 - bar.level) * ROW;
    const ms = bar.to - bar.from;
    const { kernel } = bar;
    const fill = kernel ? colour(kernel.predicted / Math.max(Number.MIN_VALUE, ms)) : "#e3e6ea";
    const name =
      bar.level === 0 ? profile.model : kernel ? (kernel.layers[0] ?? "").split("/").at(-1) : bar.name;
    const letters = Math.floor((width - 8) / LETTER);
    const whole = name ?? "";
    const shown = whole.length <= letters ? whole : `${whole.slice(0, Math.max(0, letters - 1))}…`;
    const told = kernel
      ? [
          kernel.layers.join(", "),
          kernel.at ?? "",
          `${three(ms)} ms, ${(100 * kernel.share).toFixed(1)}% of all; predicted ${three(kernel.predicted)} ms (${kernel.bound})`,
          `${three(kernel.gflops)} GFLOP/s, ${three(kernel.gbytes)} GB/s`,
        ]
      : [
          whole,
          `${three(ms)} ms, ${((100 * ms) / Math.max(Number.MIN_VALUE, total.milliseconds)).toFixed(1)}% of all`,
        ];
    const text = width >= NARROW ? `<text x="${fixed(x + 4)}" y="${y + 15}">${escapeXml(shown)}</text>` : "";
    return `<g><title>${escapeXml(told.filter((line) => line !== "").join("\n"))}</title><rect x="${fixed(x)}" y="${y}" width="${fixed(width)}" height="${ROW - 1}" fill="${fill}"/>${text}</g>`;
  });
  const foot = `red is far from the roofline, green is near; peak ${three(profile.peak.gflops)} GFLOP/s, ${three(profile.peak.gbytes)} GB/s; clock: ${profile.clock}`;
  return svg(
    WIDTH,
    height,
    [
      `<text x="${MARGIN}" y="30" class="title">${escapeXml(title)}</text>`,
      ...parts,
      `<text x="${MARGIN}" y="${height - 14}">${escapeXml(foot)}</text>`,
    ],
    `${title}; the time of every kernel`,
    ["rect{stroke:#fff;stroke-width:.6}"],
  );
}

const fixed = (value: number): string => `${Number(value.toFixed(2))}`;
