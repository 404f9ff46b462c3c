// The page: a picture in, bars out. The model is compiled when the page is built, not here.
import type {} from "weftgpu/esbuild"; // tells TypeScript what the plugin makes of a model file
import lenet from "./lenet.model.ts";
import { openPad } from "./pad.ts";
import { showBars, softmax } from "./scores.ts";

const CLASSES = [
  "T-shirt/top",
  "Trouser",
  "Pullover",
  "Dress",
  "Coat",
  "Sandal",
  "Shirt",
  "Sneaker",
  "Bag",
  "Ankle boot",
];
const SAMPLES = ["t-shirt", "trouser", "pullover", "dress", "sandal", "sneaker", "bag", "boot"];

function byId<T extends Element>(id: string, kind: { new (): T }): T {
  const element = document.getElementById(id);
  if (!(element instanceof kind)) throw new Error(`the page has no #${id}`);
  return element;
}

/** `?device=wasm` or `webgpu`: to compare them. Else a GPU, and WebAssembly where there is none. */
const [, kind = "auto"] = /[?&]device=(webgpu|wasm)\b/.exec(location.search) ?? [];
const chosen = kind as "auto" | "webgpu" | "wasm"; // what the pattern takes

const status = byId("status", HTMLElement);
const verdict = byId("verdict", HTMLElement);

async function start(): Promise<void> {
  const weights = await fetch("lenet.safetensors").then((r) => {
    if (!r.ok) throw new Error(`lenet.safetensors: ${r.status} ${r.statusText}`);
    return r.arrayBuffer();
  });
  const before = performance.now();
  const session = await lenet.load(weights, chosen);
  const ready = performance.now() - before;
  const { kind, text = "" } = session.runsOn ?? {};
  const on = kind === "wasm" ? text : `WebGPU${text && `, ${text}`}`;

  const classify = async (pixels: Float32Array): Promise<void> => {
    const started = performance.now();
    const { logits } = await session.run({ image: pixels });
    const took = performance.now() - started;
    if (pixels.every((p) => p === 0)) {
      verdict.textContent = "Draw something bright on black";
      showBars(byId("bars", HTMLElement), CLASSES, undefined);
    } else {
      const shares = softmax(logits.data);
      verdict.textContent = CLASSES[shares.indexOf(Math.max(...shares))] ?? "";
      showBars(byId("bars", HTMLElement), CLASSES, shares);
    }
    status.textContent = `${took.toFixed(1)} ms for this picture, copies included · ${ready.toFixed(0)} ms to build the kernels · ${on}`;
  };

  const pad = openPad(byId("pad", HTMLCanvasElement), classify);
  byId("clear", HTMLButtonElement).addEventListener("click", () => {
    choose(undefined);
    pad.clear();
  });
  const file = byId("file", HTMLInputElement);
  file.addEventListener("change", async () => {
    const [picture] = file.files ?? [];
    if (!picture) return;
    choose(undefined);
    try {
      pad.show(await createImageBitmap(picture));
    } catch {
      verdict.textContent = `${picture.name} is no picture that the browser can read`;
    }
    file.value = "";
  });

  const buttons = SAMPLES.map((name) => {
    const image = Object.assign(new Image(28, 28), { src: `samples/${name}.png`, alt: "" });
    const button = document.createElement("button");
    button.type = "button";
    button.append(image, name);
    button.addEventListener("click", async () => {
      choose(button);
      await image.decode();
      pad.show(image);
    });
    return button;
  });
  const choose = (chosen: HTMLButtonElement | undefined): void => {
    for (const button of buttons) button.setAttribute("aria-pressed", String(button === chosen));
  };
  byId("samples", HTMLElement).append(...buttons);
  buttons.at(-1)?.click();
}

start().catch((error: unknown) => {
  status.textContent = error instanceof Error ? error.message : String(error);
  status.closest("footer")?.classList.add("failed");
  verdict.textContent = "It does not run here";
});
