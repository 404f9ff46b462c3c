/** The drawing pad: a canvas with a pixel for each of the model's input, bright on black. */
import type { Frame } from "../../../data/frame.ts";
import { decodedSize, inverted, type Pixels, type Size } from "../../../data/picture.ts";
import { h } from "../../dom.ts";

export interface Brush {
  color: string;
  /** Paints the ground's black. */
  erasing: boolean;
}

export interface Pad {
  readonly element: HTMLCanvasElement;
  readonly brush: Brush;
  /** RGBA bytes, row by row. */
  read(): Uint8ClampedArray<ArrayBuffer>;
  /** Puts back what `read` gave; no change of the picture. */
  restore(rgba: Uint8ClampedArray<ArrayBuffer>): void;
  /** Shows other pixels of the pad's size. */
  show(rgba: Uint8ClampedArray<ArrayBuffer>): void;
  clear(): void;
  /** Bright becomes dark. */
  invert(): void;
}

export type Picture = ImageBitmap | HTMLImageElement;

/** A picture's own size. An element's `width` is that of its place in the page, not of its picture. */
export function sizeOf(picture: Picture): Size {
  if (!(picture instanceof HTMLImageElement)) return picture;
  const { naturalWidth, naturalHeight } = picture;
  // An SVG may have no size of its own.
  return { width: naturalWidth || 300, height: naturalHeight || 300 };
}

/** A picture's pixels. */
export function pixelsOf(picture: Picture): Pixels {
  const { width, height } = decodedSize(sizeOf(picture));
  const context = h("canvas", { width, height }).getContext("2d", { willReadFrequently: true });
  if (!context) throw new Error(NO_CANVAS);
  context.imageSmoothingQuality = "high";
  context.drawImage(picture, 0, 0, width, height);
  return { width, height, rgba: context.getImageData(0, 0, width, height).data };
}

/** The brush's width as a part of the picture's height; on 28 pixels 2.2 of them. */
const WIDTH = 2.2 / 28;
const GROUND = "#000";
const NO_CANVAS = "this browser draws no canvas";

/** `changed` is called after each change, `drawn` when a hand has begun one. */
export function openPad({ width, height }: Frame, changed: () => void, drawn: () => void): Pad {
  const element = h("canvas", { class: "pad", width, height });
  const context = element.getContext("2d", { willReadFrequently: true });
  if (!context) throw new Error(NO_CANVAS);
  const brush: Brush = { color: "#dddddd", erasing: false };
  const fillGround = (): void => {
    context.fillStyle = GROUND;
    context.fillRect(0, 0, width, height);
  };

  follow(element, {
    began: drawn,
    moved(points, pressure) {
      context.strokeStyle = brush.erasing ? GROUND : brush.color;
      context.lineWidth = Math.max(1, WIDTH * height * pressure * (brush.erasing ? 2 : 1));
      context.lineCap = "round";
      line(context, points);
      changed();
    },
  });

  const restore = (rgba: Uint8ClampedArray<ArrayBuffer>): void => {
    context.putImageData(new ImageData(rgba, width, height), 0, 0);
  };
  fillGround();
  return {
    element,
    brush,
    read: () => context.getImageData(0, 0, width, height).data,
    restore,
    show(rgba) {
      restore(rgba);
      changed();
    },
    clear() {
      fillGround();
      changed();
    },
    invert() {
      const pixels = context.getImageData(0, 0, width, height);
      inverted(pixels.data);
      context.putImageData(pixels, 0, 0);
      changed();
    },
  };
}

interface Point {
  readonly x: number;
  readonly y: number;
}

interface Hand {
  readonly began: () => void;
  /** From the first point to the last, in pixels of the canvas; `pressure` is 1 for whoever cannot tell. */
  readonly moved: (points: readonly [Point, ...Point[]], pressure: number) => void;
}

/** Tells of a pointer's strokes on a canvas. */
function follow(element: HTMLCanvasElement, { began, moved }: Hand): void {
  let last: Point | undefined;
  const at = ({ clientX, clientY }: PointerEvent): Point => {
    const box = element.getBoundingClientRect();
    return {
      x: ((clientX - box.left) / box.width) * element.width,
      y: ((clientY - box.top) / box.height) * element.height,
    };
  };
  const stroke = (event: PointerEvent): void => {
    if (!last) return;
    // All that happened since the last frame, so that quick strokes are round.
    const events = event.getCoalescedEvents?.() ?? [];
    const points = (events.length > 0 ? events : [event]).map(at);
    // A pen says how hard it is pressed; a mouse says 0.5, a finger often 0 or 1.
    moved([last, ...points], event.pointerType === "pen" ? 0.5 + event.pressure : 1);
    last = points.at(-1);
  };
  element.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    element.setPointerCapture(event.pointerId);
    last = at(event);
    began();
    stroke(event);
  });
  element.addEventListener("pointermove", stroke);
  for (const end of ["pointerup", "pointercancel"] as const)
    element.addEventListener(end, () => {
      last = undefined;
    });
}

function line(context: CanvasRenderingContext2D, [first, ...rest]: readonly [Point, ...Point[]]): void {
  context.beginPath();
  context.moveTo(first.x, first.y);
  context.lineTo(first.x + 0.01, first.y); // a line of no length would be no dot
  for (const { x, y } of rest) context.lineTo(x, y);
  context.stroke();
}
