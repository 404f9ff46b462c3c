// The page: what is drawn goes through the model after every stroke.
import type {} from "{{plugin}}"; // tells TypeScript what the plugin makes of a model file
import { SHAPES, SIDE } from "./draw.ts";
import shapes from "./shapes.model.ts";

const pad = element("pad", HTMLCanvasElement);
const verdict = element("verdict", HTMLOutputElement);
const context = pad.getContext("2d", { willReadFrequently: true });

try {
  await start();
} catch (error) {
  verdict.textContent = error instanceof Error ? error.message : String(error);
}

async function start(): Promise<void> {
  const response = await fetch("shapes.safetensors", { cache: "no-cache" });
  if (!response.ok) throw new Error("There are no weights yet: npm run train makes them.");
  const session = await shapes.load(await response.arrayBuffer());
  const on = session.runsOn?.text || "this browser's GPU";
  element("about", HTMLElement).textContent = `Computed on ${on}. What you draw stays in this page.`;

  const rows = SHAPES.map(row);
  const show = (shares: readonly number[]): void => {
    for (const [i, set] of rows.entries()) set(shares[i] ?? 0);
  };
  const classify = async (): Promise<void> => {
    const { logits } = await session.run({ image: pixels() });
    const scores = [...logits.data];
    const highest = Math.max(...scores);
    const powers = scores.map((score) => Math.exp(score - highest));
    const sum = powers.reduce((total, power) => total + power, 0); // softmax
    show(powers.map((power) => power / sum));
    verdict.textContent = `${SHAPES[scores.indexOf(highest)]}, ${Math.round(100 / sum)}% sure`;
  };

  const clear = (): void => {
    context?.clearRect(0, 0, SIDE, SIDE);
    verdict.textContent = `A ${SHAPES.slice(0, -1).join(", a ")} or a ${SHAPES.at(-1)}`;
    show([]);
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

/** A line of the list with a bar; gives what sets it to a share of 1. */
function row(name: string): (share: number) => void {
  const part = (className: string, ...inside: readonly (Node | string)[]): HTMLElement => {
    const made = Object.assign(document.createElement("div"), { className });
    made.append(...inside);
    return made;
  };
  const [bar, percent] = [part("bar"), part("percent")];
  const item = document.createElement("li");
  item.append(name, part("track", bar), percent);
  element("scores", HTMLOListElement).append(item);
  return (share) => {
    bar.style.width = `${100 * share}%`;
    percent.textContent = share > 0 ? `${(100 * share).toFixed(1)}%` : "";
  };
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
