/** The drawing pad: a canvas of 28 × 28 pixels, white on black like the pictures that the model has learnt from. */

export interface Pad {
  clear(): void;
  /** Shows a picture of any size: fitted, its sides in proportion, on black. */
  show(picture: ImageBitmap | HTMLImageElement): void;
}

/** Calls `changed` with the brightness of every pixel, row by row, from 0 to 1, once per frame at most. */
export function openPad(canvas: HTMLCanvasElement, changed: (pixels: Float32Array) => Promise<void>): Pad {
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) throw new Error("this browser draws no canvas");
  const { width, height } = canvas;
  let busy = false;
  let again = false;

  const read = (): Float32Array => {
    const { data } = context.getImageData(0, 0, width, height);
    // Brightness as the eye weighs it (ITU-R BT.601), as the pictures of Fashion-MNIST were greyed.
    return Float32Array.from({ length: width * height }, (_, i) => {
      const [r = 0, g = 0, b = 0] = data.subarray(4 * i, 4 * i + 3);
      return (0.299 * r + 0.587 * g + 0.114 * b) / 255;
    });
  };
  const update = async (): Promise<void> => {
    again = busy;
    if (busy) return;
    busy = true;
    do {
      again = false;
      await changed(read());
    } while (again);
    busy = false;
  };
  const fill = (): void => {
    context.fillStyle = "#000";
    context.fillRect(0, 0, width, height);
  };

  let last: { x: number; y: number } | undefined;
  const at = (event: PointerEvent): { x: number; y: number } => {
    const box = canvas.getBoundingClientRect();
    return {
      x: ((event.clientX - box.left) / box.width) * width,
      y: ((event.clientY - box.top) / box.height) * height,
    };
  };
  const draw = (event: PointerEvent): void => {
    if (!last) return;
    const next = at(event);
    context.strokeStyle = "#ddd";
    context.lineWidth = 2.2;
    context.lineCap = "round";
    context.beginPath();
    context.moveTo(last.x, last.y);
    context.lineTo(next.x, next.y);
    context.stroke();
    last = next;
    void update();
  };
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    last = at(event);
    draw(event);
  });
  canvas.addEventListener("pointermove", draw);
  for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => (last = undefined));

  fill();
  return {
    clear() {
      fill();
      void update();
    },
    show(picture) {
      // An element's `width` is that of its place in the page, not of its picture.
      const size =
        picture instanceof HTMLImageElement
          ? { width: picture.naturalWidth, height: picture.naturalHeight }
          : picture;
      const scale = Math.min(width / size.width, height / size.height);
      const [w, h] = [size.width * scale, size.height * scale];
      fill();
      context.imageSmoothingQuality = "high";
      context.drawImage(picture, (width - w) / 2, (height - h) / 2, w, h);
      void update();
    },
  };
}
