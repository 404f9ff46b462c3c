/**
 * Names for layers, read from the model file. Every function of the user's between the file's top and the op
 * adds a part: `const block2 = block(x)` around `const conv1 = conv2d(…)` makes `block2/conv1`.
 */
import type { Site } from "./site.ts";

/** A layer to be named: the calls that led to it, outermost first, and what it is. */
export interface Unnamed {
  readonly op: string;
  readonly sites: readonly Site[];
}

/** Short names for layers that no variable holds, numbered from 1: `conv1`, `pool1`, `fc1`. */
const shortNames: ReadonlyMap<string, string> = new Map([
  ["conv2d", "conv"],
  ["maxPool2d", "pool"],
  ["avgPool2d", "pool"],
  ["globalAvgPool2d", "pool"],
  ["linear", "fc"],
  ["batchNorm2d", "norm"],
  ["layerNorm", "norm"],
]);

export function shortName(op: string): string {
  return shortNames.get(op) ?? op;
}

interface Place {
  /** The name wanted here; a counted one gets a number. */
  readonly label: string;
  readonly counted: boolean;
  readonly children: Map<string, Place>;
  name: string;
}

/** The names, one per layer, each different from the others and from those in `taken`. */
export function nameLayers(layers: readonly Unnamed[], taken: ReadonlySet<string>): readonly string[] {
  const root = place("", false);
  const repeats = new Map<string, number>();
  const paths = layers.map((layer) => {
    const chain = layer.sites.map((s) => s.key).join(" ");
    const round = (repeats.get(chain) ?? 0) + 1;
    repeats.set(chain, round);
    return descend(root, layer, round);
  });
  assign(root, "", taken);
  return paths.map((path) => path.map((p) => p.name).join("/"));
}

/** The places from the root to a layer. A call that is made again (`round` > 1) is a new place at the looped site. */
function descend(root: Place, layer: Unnamed, round: number): readonly Place[] {
  const { sites, op } = layer;
  const looped = sites.findLastIndex((s) => s.repeats);
  const repeated = looped >= 0 ? looped : Math.max(sites.length - 1, 0);
  const path: Place[] = [];
  const steps = sites.length > 0 ? sites : [undefined];
  steps.forEach((site, i) => {
    const parent = path.at(-1) ?? root;
    const last = i === steps.length - 1;
    const key = `${site?.key ?? op}${last ? ` ${op}` : ""}${i === repeated ? ` ${round}` : ""}`;
    const here = parent.children.get(key) ?? (last ? leaf(site, op) : branch(site));
    parent.children.set(key, here);
    path.push(here);
  });
  return path;
}

function place(label: string, counted: boolean): Place {
  return { label, counted, children: new Map(), name: "" };
}

function leaf(site: Site | undefined, op: string): Place {
  if (site?.holder === undefined) return place(shortName(op), true);
  return place(site.direct ? site.holder : `${site.holder}/${op}`, false);
}

function branch(site: Site | undefined): Place {
  if (site?.holder === undefined) return place(site?.callee ?? "call", false);
  return place(site.direct ? site.holder : `${site.holder}/${site.callee}`, false);
}

/** Names the places among their siblings: wanted names first, then the counted ones around them. */
function assign(parent: Place, prefix: string, taken: ReadonlySet<string>): void {
  const used = new Set<string>();
  const free = (name: string): boolean => !used.has(name) && !taken.has(`${prefix}${name}`);
  const places = [...parent.children.values()];
  for (const p of places) {
    if (p.counted) continue;
    p.name = p.label;
    for (let k = 2; !free(p.name); k++) p.name = `${p.label}#${k}`;
    used.add(p.name);
  }
  const counts = new Map<string, number>();
  for (const p of places) {
    if (!p.counted) continue;
    let k = counts.get(p.label) ?? 0;
    const separator = /\d$/.test(p.label) ? "_" : "";
    do p.name = `${p.label}${separator}${++k}`;
    while (!free(p.name));
    counts.set(p.label, k);
    used.add(p.name);
  }
  for (const p of places) assign(p, `${prefix}${p.name}/`, taken);
}
