// The page: what is drawn goes through the model after every stroke.
import type {} from "weftgpu/esbuild"; // tells TypeScript what the plugin makes of a model file
import { SHAPES, SIDE } from "./draw.ts";
import shapes from "./shapes.model.ts";

declare const RELOAD: boolean; // set by build.mjs
if (RELOAD) new EventSource("/esbuild").addEventListener("change", () => location.reload());

const pad = element("pad", HTMLCanvasElement);
const verdict = element("verdict", HTMLOutputElement);
const context = pad.getContext("2d", { willReadFrequently: true });

try {
  await start();
} catch (error) {
  const why = error instanceof Error ? error.message : String(error);
  verdict.textContent =
    "gpu" in navigator ? why : "This browser has no WebGPU: try a current Chrome, Edge or Safari.";
}

async function start(): Promise<void> {
  const response = await fetch("shapes.safetensors");
  if (!response.ok) throw new Error("There are no weights yet: npm run train, then npm start.");
  const session = await shapes.load(await response.arrayBuffer());

  const classify = async (): Promise<void> => {
    const { logits } = await session.run({ image: pixels() });
    const scores = [...logits.data];
    const highest = Math.max(...scores);
    const best = scores.indexOf(highest);
    const sum = scores.reduce((total, score) => total + Math.exp(score - highest), 0); // softmax
    verdict.textContent = `${SHAPES[best]}, ${Math.round(100 / sum)}% sure`;
  };

  const clear = (): void => {
    context?.clearRect(0, 0, SIDE, SIDE);
    verdict.textContent = `A ${SHAPES.slice(0, -1).join(", a ")} or a ${SHAPES.at(-1)}`;
  };
  element("clear", HTMLButtonElement).addEventListener("click", clear);
  let last: PointerEvent | undefined;
  pad.addEventListener("pointerdown", (event) => {
    pad.setPointerCapture(event.pointerId);
    stroke(event, event);
    last = event;
  });
  pad.addEventListener("pointermove", (event) => {
    if (event.buttons !== 0) stroke(last ?? event, event);
    last = event.buttons === 0 ? undefined : event;
  });
  pad.addEventListener("pointerup", () => {
    last = undefined;
    void classify();
  });
  clear();
}

/** The brightness of every pixel from 0 to 1, row by row, as the training had it. */
function pixels(): Float32Array {
  const { data } = context?.getImageData(0, 0, SIDE, SIDE) ?? { data: new Uint8ClampedArray() };
  return Float32Array.from({ length: SIDE * SIDE }, (_, i) => (data[4 * i + 3] ?? 0) / 255);
}

function stroke(from: PointerEvent, to: PointerEvent): void {
  if (!context) return;
  const box = pad.getBoundingClientRect();
  const place = ({ clientX, clientY }: PointerEvent): [number, number] => [
    ((clientX - box.left) / box.width) * SIDE,
    ((clientY - box.top) / box.height) * SIDE,
  ];
  context.strokeStyle = "#fff";
  context.lineWidth = 2.4;
  context.lineCap = "round";
  context.beginPath();
  context.moveTo(...place(from));
  context.lineTo(...place(to));
  context.stroke();
}

function element<T extends Element>(id: string, kind: { new (): T }): T {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`the page has no #${id}`);
  return found;
}
