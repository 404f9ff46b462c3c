/** Moves and scales a drawing: drag, wheel, two fingers, buttons and keys. */

export interface Camera {
  /** Scales about the middle of what is seen. */
  zoom(factor: number): void;
  /** The whole drawing. */
  fit(): void;
  /** From its top: all of its width where that can be read, else what is about `middle`. */
  start(middle: number): void;
  move(dx: number, dy: number): void;
  /** Moves just so far that a box of the drawing is seen. */
  reveal(box: {
    readonly x: number;
    readonly y: number;
    readonly width: number;
    readonly height: number;
  }): void;
  /** The drawing has another size. */
  resize(width: number, height: number): void;
  readonly scale: number;
}

const smallest = 0.05;
const largest = 3;
/** The smallest scale at which text can be read. */
const readable = 0.65;
/** Pixels after which a press is a drag, not a click. */
const slop = 4;

/** `moved` is called with the transform of the drawing, for an SVG group. */
export function camera(host: SVGSVGElement, moved: (transform: string) => void): Camera {
  let [x, y, scale, width, height] = [0, 0, 1, 1, 1];
  const seen = (): { readonly width: number; readonly height: number } => host.getBoundingClientRect();
  const clamp = (value: number, low: number, high: number): number => Math.min(Math.max(value, low), high);

  const apply = (): void => {
    const view = seen();
    // A drawing smaller than the window is centred; a larger one cannot be lost out of sight.
    const bound = (at: number, drawn: number, room: number): number =>
      drawn <= room ? clamp(at, 0, room - drawn) : clamp(at, room - drawn - room / 3, room / 3);
    x = bound(x, width * scale, view.width);
    y = bound(y, height * scale, view.height);
    moved(`translate(${x.toFixed(2)} ${y.toFixed(2)}) scale(${scale.toFixed(4)})`);
  };
  const zoomAt = (factor: number, px: number, py: number): void => {
    const next = clamp(scale * factor, smallest, largest);
    x = px - ((px - x) * next) / scale;
    y = py - ((py - y) * next) / scale;
    scale = next;
    apply();
  };
  const centre = (): void => {
    const view = seen();
    x = (view.width - width * scale) / 2;
    y = Math.max(0, (view.height - height * scale) / 2);
    apply();
  };

  host.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      const box = host.getBoundingClientRect();
      if (event.ctrlKey || event.metaKey)
        zoomAt(Math.exp(-event.deltaY / 300), event.clientX - box.left, event.clientY - box.top);
      else {
        x -= event.shiftKey ? event.deltaY : event.deltaX;
        y -= event.shiftKey ? 0 : event.deltaY;
        apply();
      }
    },
    { passive: false },
  );
  const pointers = new Map<number, { x: number; y: number }>();
  let travelled = 0;
  host.addEventListener("pointerdown", (event) => {
    if (pointers.size === 0) travelled = 0;
    pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
  });
  host.addEventListener("pointermove", (event) => {
    const before = pointers.get(event.pointerId);
    if (!before) return;
    const [dx, dy] = [event.clientX - before.x, event.clientY - before.y];
    travelled += Math.hypot(dx, dy);
    if (travelled > slop && !host.hasPointerCapture(event.pointerId)) host.setPointerCapture(event.pointerId);
    const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
    pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    if (other) {
      const box = host.getBoundingClientRect();
      const apart = Math.hypot(before.x - other.x, before.y - other.y);
      const now = Math.hypot(event.clientX - other.x, event.clientY - other.y);
      x += dx / 2;
      y += dy / 2;
      zoomAt(now / Math.max(1, apart), other.x - box.left, other.y - box.top);
    } else {
      x += dx;
      y += dy;
      apply();
    }
  });
  const up = (event: PointerEvent): void => {
    pointers.delete(event.pointerId);
  };
  host.addEventListener("pointerup", up);
  host.addEventListener("pointercancel", up);
  // What was dragged is not also clicked; a key's click has no pointer.
  host.addEventListener(
    "click",
    (event) => {
      if (event.detail > 0 && travelled > slop) event.stopPropagation();
    },
    { capture: true },
  );

  return {
    get scale() {
      return scale;
    },
    zoom(factor) {
      const view = seen();
      zoomAt(factor, view.width / 2, view.height / 2);
    },
    fit() {
      const view = seen();
      scale = clamp(Math.min(view.width / width, view.height / height), smallest, 1.2);
      centre();
    },
    start(middle) {
      const view = seen();
      scale = clamp(view.width / width, readable, 1);
      x = view.width / 2 - middle * scale;
      y = 0;
      apply();
    },
    move(dx, dy) {
      x += dx;
      y += dy;
      apply();
    },
    reveal(box) {
      const view = seen();
      const edge = 24;
      const into = (at: number, low: number, size: number, room: number): number =>
        at + Math.max(0, edge - (at + low)) - Math.max(0, at + low + size - (room - edge));
      x = into(x, box.x * scale, box.width * scale, view.width);
      y = into(y, box.y * scale, box.height * scale, view.height);
      apply();
    },
    resize(w, h) {
      [width, height] = [w, h];
    },
  };
}
