/** Values as colours. Pure. */

/** What the colours of a picture stand for: `low` … `high`; a diverging scale has 0 in its middle. */
export interface Scale {
  readonly low: number;
  readonly high: number;
  readonly diverging: boolean;
}

/** The smallest and the largest finite value of `values[from … to)`; 0 and 1 where there is none. */
export function extent(values: ArrayLike<number>, from = 0, to = values.length): Scale {
  let low = Infinity;
  let high = -Infinity;
  for (let i = from; i < to; i++) {
    const value = values[i] ?? Number.NaN;
    if (!Number.isFinite(value)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low > high ? { low: 0, high: 1, diverging: false } : { low, high, diverging: false };
}

/** The extent; where there are both signs, as far to both sides of 0. */
export function scaleOf(values: ArrayLike<number>, from = 0, to = values.length): Scale {
  const { low, high } = extent(values, from, to);
  const most = Math.max(-low, high);
  return low < 0 && high > 0 ? { low: -most, high: most, diverging: true } : { low, high, diverging: false };
}

type Stops = readonly (readonly [r: number, g: number, b: number])[];

/** Dark to bright, its lightness rising evenly. */
const SEQUENTIAL: Stops = [
  [13, 16, 48],
  [34, 50, 114],
  [32, 98, 142],
  [40, 143, 137],
  [104, 188, 108],
  [200, 223, 105],
  [252, 246, 186],
];
/** Blue below 0, orange above; 0 recedes into the page. */
const DIVERGING: Readonly<Record<"light" | "dark", Stops>> = {
  light: [
    [20, 68, 160],
    [112, 164, 224],
    [245, 245, 243],
    [236, 158, 96],
    [168, 66, 8],
  ],
  dark: [
    [132, 188, 255],
    [44, 98, 168],
    [24, 27, 32],
    [164, 88, 32],
    [255, 184, 120],
  ],
};
/** What is not a number, or infinite. */
const BROKEN = [255, 0, 255] as const;
const STEPS = 256;

function table(stops: Stops): Uint8ClampedArray {
  const colors = new Uint8ClampedArray(3 * STEPS);
  for (let i = 0; i < STEPS; i++) {
    const at = (i / (STEPS - 1)) * (stops.length - 1);
    const first = Math.min(Math.floor(at), stops.length - 2);
    for (let c = 0; c < 3; c++) {
      const [a = 0, b = 0] = [stops[first]?.[c], stops[first + 1]?.[c]];
      colors[3 * i + c] = a + (b - a) * (at - first);
    }
  }
  return colors;
}

const sequential = table(SEQUENTIAL);
const diverging = { light: table(DIVERGING.light), dark: table(DIVERGING.dark) };

const tableOf = (scale: Scale, dark: boolean): Uint8ClampedArray =>
  scale.diverging ? diverging[dark ? "dark" : "light"] : sequential;

/** `values[from …]` as RGBA into the whole of `pixels`. */
export function paint(
  values: ArrayLike<number>,
  from: number,
  scale: Scale,
  dark: boolean,
  pixels: Uint8ClampedArray,
): void {
  const colors = tableOf(scale, dark);
  const range = scale.high - scale.low || 1;
  for (let i = 0; 4 * i < pixels.length; i++) {
    const value = values[from + i] ?? Number.NaN;
    const step = Math.round(Math.min(1, Math.max(0, (value - scale.low) / range)) * (STEPS - 1));
    const finite = Number.isFinite(value);
    for (let c = 0; c < 3; c++) pixels[4 * i + c] = finite ? (colors[3 * step + c] ?? 0) : (BROKEN[c] ?? 0);
    pixels[4 * i + 3] = 255;
  }
}

/** One value's colour, and black or white, whichever can be read on it (WCAG 2.2, relative luminance). */
export function colorOf(
  value: number,
  scale: Scale,
  dark: boolean,
): { readonly background: string; readonly ink: string } {
  const rgba = new Uint8ClampedArray(4);
  paint([value], 0, scale, dark, rgba);
  const [r = 0, g = 0, b = 0] = [...rgba].map((c) =>
    c <= 10 ? c / 3294 : ((c / 255 + 0.055) / 1.055) ** 2.4,
  );
  const bright = 0.2126 * r + 0.7152 * g + 0.0722 * b;
  return {
    background: `rgb(${rgba[0]} ${rgba[1]} ${rgba[2]})`,
    ink: (bright + 0.05) ** 2 > 1.05 * 0.05 ? "#000" : "#fff",
  };
}

/** The scale's colours as a CSS gradient, from low to high. */
export function gradient(scale: Scale, dark: boolean): string {
  const stops = scale.diverging ? DIVERGING[dark ? "dark" : "light"] : SEQUENTIAL;
  return `linear-gradient(to right, ${stops.map((rgb) => `rgb(${rgb.join(" ")})`).join(", ")})`;
}

/** The colours of bars below and above 0. */
export function signColors(dark: boolean): { readonly below: string; readonly above: string } {
  const stops = DIVERGING[dark ? "dark" : "light"];
  const css = (rgb: Stops[number] | undefined): string => `rgb(${rgb?.join(" ")})`;
  return { below: css(stops[0]), above: css(stops.at(-1)) };
}

/** Four significant digits, without a tail of zeros: `0.4213`, `-12`, `1.5e-7`. */
export function shown(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "NaN" : value > 0 ? "∞" : "−∞";
  const short = Number(value.toPrecision(4));
  const text =
    Math.abs(short) >= 1e6 || (short !== 0 && Math.abs(short) < 1e-4) ? short.toExponential() : `${short}`;
  return text.replace("-", "−");
}
