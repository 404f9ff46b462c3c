/** The card with the picture: drawing, files, samples; and the box of what a value sees. */
import type { Frame } from "../../../data/frame.ts";
import { framed, toInput } from "../../../data/picture.ts";
import { h } from "../../dom.ts";
import { readPicture } from "../../files.ts";
import type { Sample } from "../../project.ts";
import type { Box } from "./field.ts";
import { openPad, type Picture, pixelsOf, sizeOf } from "./pad.ts";
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
}

export function pictureCard({ frame, samples, text, kept, changed, openFiles }: PictureOptions): PictureCard {
  // A sample of other weights' pictures is not kept.
  const known = kept?.sample === undefined || samples.some((s) => s.name === kept.sample);
  const before = kept && known && sameFrame(kept.frame, frame) ? kept : undefined;
  let sample = before?.sample;
  const note = h("p", { class: "quiet-text small picture-note", attrs: { role: "status" } }, text.hint);
  const choose = (name: string | undefined): void => {
    sample = name;
    for (const button of buttons) button.setAttribute("aria-pressed", `${button.dataset["sample"] === name}`);
  };
  const pad = openPad(frame, changed, () => {
    choose(undefined);
    note.textContent = text.hint;
  });
  pad.element.setAttribute("role", "img");
  pad.element.setAttribute("aria-label", text.padLabel(frame.width, frame.height));
  const values = (): Float32Array<ArrayBuffer> => toInput(pad.read(), frame);

  const take = (picture: Picture, what: readonly string[] = []): void => {
    const { rgba, ground, inverted } = framed(pixelsOf(picture), frame, frame.channels === 1 && "bright");
    pad.show(rgba);
    const changes = [
      ...what,
      ...(ground === "white" ? [text.onWhite] : []),
      ...(inverted ? [text.inverted] : []),
    ];
    note.textContent = changes.join(" · ") || text.hint;
  };
  const buttons = samples.map(({ name, url }) => {
    const image = h("img", { src: url, alt: "", width: 28, height: 28 });
    return h(
      "button",
      {
        type: "button",
        title: name,
        data: { sample: name },
        attrs: { "aria-pressed": "false" },
        async onclick() {
          choose(name);
          await image.decode().catch(() => undefined);
          if (image.naturalWidth > 0) take(image);
          else note.textContent = text.notPicture(name);
        },
      },
      image,
      h("span", {}, name),
    );
  });
  const box = h("span", { class: "field-box", hidden: true, attrs: { "aria-hidden": "true" } });
  const erase = h("button", {
    type: "button",
    textContent: text.erase,
    attrs: { "aria-pressed": "false" },
    onclick() {
      pad.brush.erasing = !pad.brush.erasing;
      erase.setAttribute("aria-pressed", `${pad.brush.erasing}`);
    },
  });
  const color =
    frame.channels === 3 &&
    h(
      "label",
      { class: "inline" },
      h("input", {
        type: "color",
        value: pad.brush.color,
        oninput(event) {
          if (event.target instanceof HTMLInputElement) pad.brush.color = event.target.value;
        },
      }),
      text.color,
    );
  const file = h("input", {
    type: "file",
    accept: "image/*",
    class: "hidden-text",
    onchange() {
      openFiles([...(file.files ?? [])]);
      file.value = "";
    },
  });
  const clear = (): void => {
    choose(undefined);
    note.textContent = text.hint;
    pad.clear();
  };
  const element = h(
    "section",
    { class: "card picture-card" },
    h("h2", {}, text.picture),
    h("div", { class: "stage" }, pad.element, box),
    note,
    h(
      "div",
      { class: "row tools" },
      h("button", { type: "button", textContent: text.clear, onclick: clear }),
      erase,
      h("label", { class: "button" }, text.open, file),
      h("button", { type: "button", textContent: text.invert, onclick: () => pad.invert() }),
      color,
    ),
    buttons.length > 0 &&
      h(
        "div",
        {
          class: "samples",
          attrs: {
            role: "group",
            "aria-label": text.samples,
            style: `--samples: ${Math.min(10, buttons.length)}`,
          },
        },
        ...buttons,
      ),
  );
  if (before) {
    pad.restore(before.rgba);
    choose(before.sample);
  } else queueMicrotask(() => buttons[0]?.click());
  return {
    element,
    frame,
    canvas: pad.element,
    values,
    keep: () => ({ rgba: pad.read(), frame, sample }),
    frameBox(part) {
      box.hidden = part === undefined;
      if (!part) return;
      const share = (n: number, of: number): string => `${(100 * n) / of}%`;
      box.style.left = share(part.left, frame.width);
      box.style.top = share(part.top, frame.height);
      box.style.width = share(part.right - part.left + 1, frame.width);
      box.style.height = share(part.bottom - part.top + 1, frame.height);
    },
    async takePicture(picked) {
      choose(undefined);
      let picture: Picture;
      try {
        picture = await readPicture(picked);
      } catch {
        note.textContent = text.notPicture(picked.name);
        return;
      }
      const { width, height } = sizeOf(picture);
      const same = width === frame.width && height === frame.height;
      take(picture, same ? [] : [text.resized(`${width}×${height}`, `${frame.width}×${frame.height}`)]);
    },
  };
}
