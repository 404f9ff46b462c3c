/** The card with the picture: drawing, files, samples; and the box of what a value sees. */
import type { Frame } from "../../../data/frame.ts";
import { framed, type Size, toInput } from "../../../data/picture.ts";
import { h } from "../../dom.ts";
import { readPicture } from "../../files.ts";
import type { Sample } from "../../project.ts";
import type { Box } from "./field.ts";
import { openPad, type Pad, type Picture, pixelsOf, sizeOf } from "./pad.ts";
import type { Text } from "./text.ts";

/** What of a picture outlives the card. */
export interface Kept {
  readonly rgba: Uint8ClampedArray<ArrayBuffer>;
  readonly frame: Frame;
  readonly sample: string | undefined;
}

export interface PictureCard {
  readonly element: HTMLElement;
  readonly frame: Frame;
  readonly canvas: HTMLCanvasElement;
  /** As the model wants it: values from 0 to 1, channels first. */
  values(): Float32Array<ArrayBuffer>;
  keep(): Kept;
  /** Frames the part of the picture, or none. */
  frameBox(box: Box | undefined): void;
  takePicture(file: File): Promise<void>;
}

const sameFrame = (a: Frame, b: Frame): boolean =>
  a.height === b.height && a.width === b.width && a.channels === b.channels;

export interface PictureOptions {
  readonly frame: Frame;
  readonly samples: readonly Sample[];
  readonly text: Text;
  readonly kept: Kept | undefined;
  readonly changed: () => void;
  readonly openFiles: (files: readonly File[]) => void;
  /** The input is to be numbers. */
  readonly useNumbers: () => void;
}

export function pictureCard(options: PictureOptions): PictureCard {
  const { frame, samples, text, kept, changed, openFiles, useNumbers } = options;
  let sample: string | undefined;
  const note = h("p", { class: "quiet-text small picture-note", attrs: { role: "status" } }, text.hint);
  const choose = (name: string | undefined): void => {
    sample = name;
    bar.update(name);
  };
  /** The picture is no sample, and nothing was done to it. */
  const anew = (): void => {
    choose(undefined);
    note.textContent = text.hint;
  };
  const pad = openPad(frame, changed, anew);
  pad.element.setAttribute("role", "img");
  pad.element.setAttribute("aria-label", text.padLabel(frame.width, frame.height));
  const take = (picture: Picture, what: readonly string[] = []): void => {
    note.textContent = [...what, ...shownOn(pad, picture, frame, text)].join(" · ") || text.hint;
  };
  const bar = sampleBar(samples, text, async (name, image) => {
    choose(name);
    await image.decode().catch(() => undefined);
    if (image.naturalWidth > 0) take(image);
    else note.textContent = text.notPicture(name);
  });
  const clear = (): void => {
    anew();
    pad.clear();
  };
  const box = fieldBox(frame);
  const before = kept && canBeKept(kept, options) ? kept : undefined;
  if (before) {
    pad.restore(before.rgba);
    choose(before.sample);
  } else queueMicrotask(bar.first);
  return {
    element: h(
      "section",
      { class: "card picture-card" },
      h("h2", {}, text.picture),
      h("div", { class: "stage" }, pad.element, box.element),
      note,
      toolRow({ pad, colored: frame.channels === 3, text, clear, openFiles, useNumbers }),
      bar.element,
    ),
    frame,
    canvas: pad.element,
    values: () => toInput(pad.read(), frame),
    keep: () => ({ rgba: pad.read(), frame, sample }),
    frameBox: box.update,
    async takePicture(file) {
      choose(undefined);
      const picture = await readPicture(file).catch(() => undefined);
      if (picture) take(picture, resizing(sizeOf(picture), frame, text));
      else note.textContent = text.notPicture(file.name);
    },
  };
}

/** A sample of other weights' pictures is not kept. */
function canBeKept(kept: Kept, { samples, frame }: PictureOptions): boolean {
  const known = kept.sample === undefined || samples.some((s) => s.name === kept.sample);
  return known && sameFrame(kept.frame, frame);
}

/** Shows a picture on the pad. Returns what was done to its colours. */
function shownOn(pad: Pad, picture: Picture, frame: Frame, text: Text): readonly string[] {
  const { rgba, ground, inverted } = framed(pixelsOf(picture), frame, frame.channels === 1 && "bright");
  pad.show(rgba);
  return [...(ground === "white" ? [text.onWhite] : []), ...(inverted ? [text.inverted] : [])];
}

function resizing({ width, height }: Size, frame: Frame, text: Text): readonly string[] {
  if (width === frame.width && height === frame.height) return [];
  return [text.resized(`${width}×${height}`, `${frame.width}×${frame.height}`)];
}

interface SampleBar {
  /** Null where there are none. */
  readonly element: HTMLElement | null;
  /** Presses the button of a sample, or none. */
  update(chosen: string | undefined): void;
  /** As if the first one were clicked. */
  first(): void;
}

function sampleBar(
  samples: readonly Sample[],
  text: Text,
  chosen: (name: string, image: HTMLImageElement) => void,
): SampleBar {
  const buttons = samples.map(({ name, url }) => {
    const image = h("img", { src: url, alt: "", width: 28, height: 28 });
    return h(
      "button",
      {
        type: "button",
        title: name,
        data: { sample: name },
        attrs: { "aria-pressed": "false" },
        onclick: () => chosen(name, image),
      },
      image,
      h("span", {}, name),
    );
  });
  const style = `--samples: ${Math.min(10, buttons.length)}`;
  const attrs = { role: "group", "aria-label": text.samples, style };
  return {
    element: buttons.length > 0 ? h("div", { class: "samples", attrs }, ...buttons) : null,
    update(name) {
      for (const button of buttons)
        button.setAttribute("aria-pressed", `${button.dataset["sample"] === name}`);
    },
    first: () => buttons[0]?.click(),
  };
}

interface ToolRowProps {
  readonly pad: Pad;
  /** Whether there are colours to choose from. */
  readonly colored: boolean;
  readonly text: Text;
  readonly clear: () => void;
  readonly openFiles: (files: readonly File[]) => void;
  readonly useNumbers: () => void;
}

function toolRow({ pad, colored, text, clear, openFiles, useNumbers }: ToolRowProps): HTMLElement {
  const erase = h("button", {
    type: "button",
    textContent: text.erase,
    attrs: { "aria-pressed": "false" },
    onclick() {
      pad.brush.erasing = !pad.brush.erasing;
      erase.setAttribute("aria-pressed", `${pad.brush.erasing}`);
    },
  });
  const color = h("input", {
    type: "color",
    value: pad.brush.color,
    oninput() {
      pad.brush.color = color.value;
    },
  });
  const file = h("input", {
    type: "file",
    accept: "image/*",
    class: "hidden-text",
    onchange() {
      openFiles([...(file.files ?? [])]);
      file.value = "";
    },
  });
  return h(
    "div",
    { class: "row tools" },
    h("button", { type: "button", textContent: text.clear, onclick: clear }),
    erase,
    h("label", { class: "button" }, text.open, file),
    h("button", { type: "button", textContent: text.invert, onclick: () => pad.invert() }),
    h("button", { type: "button", class: "quiet", textContent: text.asNumbers, onclick: useNumbers }),
    colored && h("label", { class: "inline" }, color, text.color),
  );
}

/** The frame around the part of the picture that a value sees. */
function fieldBox({ width, height }: Frame): {
  readonly element: HTMLElement;
  update(part: Box | undefined): void;
} {
  const element = h("span", { class: "field-box", hidden: true, attrs: { "aria-hidden": "true" } });
  const share = (n: number, of: number): string => `${(100 * n) / of}%`;
  return {
    element,
    update(part) {
      element.hidden = part === undefined;
      if (!part) return;
      element.style.left = share(part.left, width);
      element.style.top = share(part.top, height);
      element.style.width = share(part.right - part.left + 1, width);
      element.style.height = share(part.bottom - part.top + 1, height);
    },
  };
}
