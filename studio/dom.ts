/** Elements without a framework: `h("button", { class: "primary", onclick: run }, "Run")`. Text is never parsed as HTML. */

export type Child = Node | string | number | null | undefined | false;

type Props<E> = {
  readonly [K in keyof E]?: E[K];
} & {
  readonly class?: string;
  /** Attributes by their names: `{ "aria-label": "Zoom in" }`; null, undefined and false leave one out. */
  readonly attrs?: Readonly<Record<string, string | number | boolean | null | undefined>>;
  readonly data?: Readonly<Record<string, string>>;
};

export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  props: Props<Omit<HTMLElementTagNameMap[K], "dataset">> = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  const { class: name, attrs, data, ...own } = props;
  if (name !== undefined) element.className = name;
  Object.assign(element, own);
  setAttributes(element, attrs ?? {});
  Object.assign(element.dataset, data ?? {});
  append(element, children);
  return element;
}

/** The same for SVG; all of `attrs` are attributes. */
export function svg<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attrs: Readonly<Record<string, string | number | boolean | null | undefined>> = {},
  ...children: readonly Child[]
): SVGElementTagNameMap[K] {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  setAttributes(element, attrs);
  append(element, children);
  return element;
}

/** Puts children in place of all that an element holds. */
export function fill(element: Element, ...children: readonly Child[]): void {
  element.replaceChildren();
  append(element, children);
}

function append(element: Element, children: readonly Child[]): void {
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue;
    element.append(typeof child === "number" ? `${child}` : child);
  }
}

function setAttributes(
  element: Element,
  attrs: Readonly<Record<string, string | number | boolean | null | undefined>>,
): void {
  for (const [name, value] of Object.entries(attrs)) {
    if (value === null || value === undefined || value === false) element.removeAttribute(name);
    else element.setAttribute(name, value === true ? "" : `${value}`);
  }
}
