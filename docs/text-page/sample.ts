/** A street with signs, drawn anew: what there is to find is known. */

export interface Sign {
  readonly text: string;
  /** The middle of the text, and the height of its letters' box, in pixels of a picture of 640 × 448. */
  readonly x: number;
  readonly y: number;
  readonly size: number;
  readonly ink: string;
  readonly board: string;
}

export const SIGNS: readonly Sign[] = [
  { text: "WEAVER'S BAKERY", x: 215, y: 92, size: 36, ink: "#fff4d6", board: "#5b2b1f" },
  { text: "OPEN", x: 520, y: 84, size: 34, ink: "#ffffff", board: "#0f6b4f" },
  { text: "Fresh bread every morning", x: 235, y: 190, size: 22, ink: "#1d2733", board: "#f3e9d2" },
  { text: "Platform 42", x: 500, y: 236, size: 30, ink: "#ffd23f", board: "#1c3f94" },
  { text: "Mind the gap", x: 190, y: 384, size: 28, ink: "#ffffff", board: "" },
];

/** A small generator of numbers from 0 to 1, always the same ones (a linear congruence, Park and Miller 1988). */
function numbers(): () => number {
  let state = 20;
  return () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
}

export function drawSample(context: CanvasRenderingContext2D): void {
  const { width, height } = context.canvas;
  const next = numbers();
  const sky = context.createLinearGradient(0, 0, 0, height);
  for (const [at, color] of [
    [0, "#9fb9d4"],
    [0.55, "#d8c7b0"],
    [0.56, "#6d6a66"],
    [1, "#3d3f42"],
  ] as const)
    sky.addColorStop(at, color);
  context.fillStyle = sky;
  context.fillRect(0, 0, width, height);
  // Houses and their windows.
  for (let x = -20; x < width; x += 90 + 50 * next()) {
    const top = 20 + 90 * next();
    context.fillStyle = `hsl(${15 + 30 * next()} ${15 + 25 * next()}% ${42 + 22 * next()}%)`;
    context.fillRect(x, top, 86, 250 - top);
    context.fillStyle = "rgb(30 40 55 / 45%)";
    for (let y = top + 14; y < 225; y += 34)
      for (const dx of [10, 36, 62]) context.fillRect(x + dx, y, 14, 20);
  }
  for (const { text, x, y, size, ink, board } of SIGNS) {
    context.font = `600 ${size}px sans-serif`;
    const [w, h] = [context.measureText(text).width + size, 1.7 * size];
    context.fillStyle = board || "transparent";
    context.fillRect(x - w / 2, y - h / 2, w, h);
    context.fillStyle = ink;
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.fillText(text, x, y);
  }
  // Grain and uneven light, as a camera has them.
  const image = context.getImageData(0, 0, width, height);
  for (let i = 0; i < image.data.length; i += 4) {
    const light = 1.06 - 0.22 * (((i / 4) % width) / width);
    const grain = 24 * (next() - 0.5);
    for (let c = i; c < i + 3; c++) image.data[c] = light * (image.data[c] ?? 0) + grain;
  }
  context.putImageData(image, 0, 0);
}
