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

const clamp = (value: number, low: number, high: number): number => Math.min(Math.max(value, low), high);

/** `moved` is called with the transform of the drawing, for an SVG group. */
export function camera(host: SVGSVGElement, moved: (transform: string) => void): Camera {
  const made = new HostCamera(host, moved);
  onWheel(host, made);
  onPointers(host, made);
  return made;
}

class HostCamera implements Camera {
  readonly #host: SVGSVGElement;
  readonly #moved: (transform: string) => void;
  #x = 0;
  #y = 0;
  #width = 1;
  #height = 1;
  scale = 1;

  constructor(host: SVGSVGElement, moved: (transform: string) => void) {
    this.#host = host;
    this.#moved = moved;
  }

  zoom(factor: number): void {
    const { width, height } = this.#seen();
    this.zoomAt(factor, width / 2, height / 2);
  }

  /** About a point of the host, once the drawing was moved. */
  zoomAt(factor: number, px: number, py: number, dx = 0, dy = 0): void {
    const next = clamp(this.scale * factor, smallest, largest);
    this.#x = px - ((px - this.#x - dx) * next) / this.scale;
    this.#y = py - ((py - this.#y - dy) * next) / this.scale;
    this.scale = next;
    this.#apply();
  }

  fit(): void {
    const view = this.#seen();
    this.scale = clamp(Math.min(view.width / this.#width, view.height / this.#height), smallest, 1.2);
    this.#x = (view.width - this.#width * this.scale) / 2;
    this.#y = Math.max(0, (view.height - this.#height * this.scale) / 2);
    this.#apply();
  }

  start(middle: number): void {
    const view = this.#seen();
    this.scale = clamp(view.width / this.#width, readable, 1);
    this.#x = view.width / 2 - middle * this.scale;
    this.#y = 0;
    this.#apply();
  }

  move(dx: number, dy: number): void {
    this.#x += dx;
    this.#y += dy;
    this.#apply();
  }

  reveal(box: Parameters<Camera["reveal"]>[0]): void {
    const view = this.#seen();
    const edge = 24;
    const into = (at: number, low: number, size: number, room: number): number =>
      at + Math.max(0, edge - (at + low)) - Math.max(0, at + low + size - (room - edge));
    this.#x = into(this.#x, box.x * this.scale, box.width * this.scale, view.width);
    this.#y = into(this.#y, box.y * this.scale, box.height * this.scale, view.height);
    this.#apply();
  }

  resize(width: number, height: number): void {
    this.#width = width;
    this.#height = height;
  }

  #seen(): { readonly width: number; readonly height: number } {
    return this.#host.getBoundingClientRect();
  }

  #apply(): void {
    const view = this.#seen();
    // A drawing smaller than the window is centred; a larger one cannot be lost out of sight.
    const bound = (at: number, drawn: number, room: number): number =>
      drawn <= room ? clamp(at, 0, room - drawn) : clamp(at, room - drawn - room / 3, room / 3);
    this.#x = bound(this.#x, this.#width * this.scale, view.width);
    this.#y = bound(this.#y, this.#height * this.scale, view.height);
    this.#moved(`translate(${this.#x.toFixed(2)} ${this.#y.toFixed(2)}) scale(${this.scale.toFixed(4)})`);
  }
}

function onWheel(host: SVGSVGElement, view: HostCamera): void {
  host.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      const { deltaX, deltaY } = event;
      const box = host.getBoundingClientRect();
      if (event.ctrlKey || event.metaKey)
        view.zoomAt(Math.exp(-deltaY / 300), event.clientX - box.left, event.clientY - box.top);
      else view.move(event.shiftKey ? -deltaY : -deltaX, event.shiftKey ? 0 : -deltaY);
    },
    { passive: false },
  );
}

/** One pointer drags, two scale about the one that rests. */
function onPointers(host: SVGSVGElement, view: HostCamera): void {
  const pointers = new Map<number, { readonly x: number; readonly y: number }>();
  let travelled = 0;
  host.addEventListener("pointerdown", ({ pointerId, clientX: x, clientY: y }) => {
    if (pointers.size === 0) travelled = 0;
    pointers.set(pointerId, { x, y });
  });
  host.addEventListener("pointermove", ({ pointerId, clientX: x, clientY: y }) => {
    const before = pointers.get(pointerId);
    if (!before) return;
    const [dx, dy] = [x - before.x, y - before.y];
    travelled += Math.hypot(dx, dy);
    if (travelled > slop && !host.hasPointerCapture(pointerId)) host.setPointerCapture(pointerId);
    pointers.set(pointerId, { x, y });
    const other = [...pointers].find(([id]) => id !== pointerId)?.[1];
    if (!other) return view.move(dx, dy);
    const box = host.getBoundingClientRect();
    const apart = Math.hypot(before.x - other.x, before.y - other.y);
    const factor = Math.hypot(x - other.x, y - other.y) / Math.max(1, apart);
    view.zoomAt(factor, other.x - box.left, other.y - box.top, dx / 2, dy / 2);
  });
  for (const end of ["pointerup", "pointercancel"] as const)
    host.addEventListener(end, ({ pointerId }) => pointers.delete(pointerId));
  // What was dragged is not also clicked; a key's click has no pointer.
  host.addEventListener(
    "click",
    (event) => {
      if (event.detail > 0 && travelled > slop) event.stopPropagation();
    },
    { capture: true },
  );
}
