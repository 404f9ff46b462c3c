// The page: a picture in, boxes around its text and the words in them out. Both models were compiled when it was built.
import { load as loadDetect } from "./detect.bundle.js";
import { load as loadRead } from "./read.bundle.js";
import { drawSample } from "./sample.ts";
import { type Box, boxesOf, planes, textOf } from "./text.ts";

const byId = (id: string): HTMLElement => document.getElementById(id) ?? document.body;
const say = (text: string): void => {
  byId("status").textContent = text;
};
const file = document.querySelector("input");
/** `?device=wasm` or `webgpu`: to compare them. Else a GPU, and WebAssembly where there is none. */
const device = /[?&]device=(webgpu|wasm)\b/.exec(location.search)?.[1] ?? "auto";
const picture = drawing(document.querySelector("canvas"), 640, 448);
const line = drawing(document.createElement("canvas"), 480, 48);

function drawing(canvas: HTMLCanvasElement | null, width: number, height: number): CanvasRenderingContext2D {
  const sized = canvas && Object.assign(canvas, { width, height });
  const context = sized?.getContext("2d", { willReadFrequently: true });
  if (!context) throw new Error("this browser draws no canvas");
  return context;
}

/** Draws a part of a picture as large as it fits, from the left, and gives the pixels. */
function place(
  to: CanvasRenderingContext2D,
  from: CanvasImageSource,
  { x, y, width, height }: Box,
): Uint8ClampedArray {
  const { canvas } = to;
  const scale = Math.min(canvas.width / width, canvas.height / height);
  to.fillRect(0, 0, canvas.width, canvas.height);
  to.drawImage(from, x, y, width, height, 0, 0, scale * width, scale * height);
  return to.getImageData(0, 0, canvas.width, canvas.height).data;
}

async function get(name: string): Promise<ArrayBuffer> {
  const response = await fetch(name);
  if (!response.ok) throw new Error(`${name}: ${response.status} ${response.statusText}`);
  return response.arrayBuffer();
}

async function start(): Promise<() => Promise<void>> {
  const detect = await loadDetect(await get("detect.safetensors"), device);
  const read = await loadRead(await get("read.safetensors"), device);
  const known = new TextDecoder()
    .decode(await get("characters.txt"))
    .trimEnd()
    .split("\n");
  const characters = ["", ...known, " "]; // the first is none

  return async () => {
    const before = performance.now();
    const { data, width, height } = picture.getImageData(0, 0, picture.canvas.width, picture.canvas.height);
    const x = planes(data, [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]);
    const [likely] = Object.values(await detect.run({ x }));
    const boxes = boxesOf(likely?.data ?? x, width);
    const found = performance.now();
    byId("boxes").replaceChildren(
      ...boxes.map((box) => {
        const [left, wide] = [box.x, box.width].map((part) => `${(100 * part) / width}%`);
        const [top, high] = [box.y, box.height].map((part) => `${(100 * part) / height}%`);
        const mark = document.createElement("span");
        Object.assign(mark.style, { left, top, width: wide, height: high });
        return mark;
      }),
    );
    byId("lines").replaceChildren();
    for (const box of boxes) {
      const pixels = place(line, picture.canvas, box);
      const [scores] = Object.values(await read.run({ x: planes(pixels, [0.5, 0.5, 0.5], [0.5, 0.5, 0.5]) }));
      const textContent = textOf(scores?.data ?? x, characters);
      byId("lines").append(Object.assign(document.createElement("li"), { textContent }));
    }
    const [ms, more] = [found - before, performance.now() - found].map((took) => took.toFixed(0));
    const on = detect.runsOn?.text || "WebGPU";
    say(`${boxes.length} lines found in ${ms} ms, read in ${more} ms · ${on}`);
  };
}

const ready = start();
const look = (): void => {
  say("Looking …");
  ready.then((find) => find()).catch((error: Error) => say(error.message));
};
const street = (): void => {
  drawSample(picture);
  look();
};
byId("street").addEventListener("click", street);
file?.addEventListener("change", async () => {
  const [chosen] = file.files ?? [];
  if (!chosen) return;
  const bitmap = await createImageBitmap(chosen).catch(() => undefined);
  file.value = "";
  if (!bitmap) return say(`${chosen.name} is no picture that the browser can read`);
  place(picture, bitmap, { x: 0, y: 0, width: bitmap.width, height: bitmap.height });
  look();
});
street();
