/**
 * Names for layers, read from the model file. Every function of the user's between the file's top and the op
 * adds a part: `const block2 = block(x)` around `const conv1 = conv2d(…)` makes `block2/conv1`.
 */
import { shortName } from "../dsl/names.ts";
import type { Site } from "./site.ts";

/** A layer to be named: the calls that led to it, outermost first, and what it is. */
export interface Unnamed {
  readonly op: string;
  readonly sites: readonly Site[];
  /** Whether a package made the layer: then the last site is a call of that package's function. */
  readonly inPackage?: boolean;
  /** Which it is of the tensors that the last call gives; absent where it gives one. */
  readonly part?: number | undefined;
}

interface Place {
  /** The name wanted here; a counted one gets a number. */
  readonly label: string;
  /** A layer under this name, a layer under this name and a number, or the first part of layers' names. */
  readonly kind: "named" | "counted" | "prefix";
  readonly children: Map<string, Place>;
  name: string;
}

/** The names, one per layer, each different from the others and from those in `taken`. */
export function nameLayers(layers: readonly Unnamed[], taken: ReadonlySet<string>): readonly string[] {
  const root = place("", "prefix");
  const repeats = new Map<string, number>();
  const paths = layers.map((layer) => {
    const chain = [...layer.sites.map((s) => s.key), layer.part].join(" ");
    const round = (repeats.get(chain) ?? 0) + 1;
    repeats.set(chain, round);
    return descend(root, layer, round);
  });
  assign(root, "", taken);
  return distinct(paths.map((path) => path.map((p) => p.name).join("/")));
}

/** The places from the root to a layer. A call that is made again (`round` > 1) is a new place at the looped site. */
function descend(root: Place, layer: Unnamed, round: number): readonly Place[] {
  const { sites, op, part } = layer;
  const calls = sites.length === 0 || layer.inPackage ? [...sites, undefined] : sites;
  const looped = sites.findLastIndex((s) => s.repeats);
  const repeated = looped >= 0 ? looped : calls.length - 1;
  const path: Place[] = [];
  const enter = (key: string, label: string, kind: Place["kind"]): void => {
    const siblings = (path.at(-1) ?? root).children;
    const here = siblings.get(key) ?? place(label, kind);
    siblings.set(key, here);
    path.push(here);
  };
  calls.forEach((site, i) => {
    const last = i === calls.length - 1;
    const own = last ? op : (site?.callee ?? "call");
    const key = `${site?.key ?? ""} ${last ? `${op} ${part ?? ""}` : ""}${i === repeated ? ` ${round}` : ""}`;
    if (site?.chain !== undefined) enter(`chain ${site.chain}`, site.holder ?? "chain", "prefix");
    const holder = site?.chain === undefined ? holderOf(site, last ? part : undefined) : undefined;
    if (holder !== undefined)
      enter(key, site?.direct ? holder : `${holder}/${own}`, last ? "named" : "prefix");
    else enter(key, last ? shortName(own) : own, last ? "counted" : "prefix");
  });
  return path;
}

/** The variable that a call's value is read by, or one of several that it gives. */
function holderOf(site: Site | undefined, part: number | undefined): string | undefined {
  if (part === undefined || !site?.direct) return site?.holder;
  return site.holders?.[part] || (site.holder && `${site.holder}[${part}]`);
}

function place(label: string, kind: Place["kind"]): Place {
  return { label, kind, children: new Map(), name: "" };
}

/**
 * Names the places among their siblings: wanted names first, then the counted ones around them. A layer and a
 * prefix may be called the same: `unit`, and `unit/conv1` before it.
 */
function assign(parent: Place, prefix: string, taken: ReadonlySet<string>): void {
  const layers = new Set<string>();
  const prefixes = new Set<string>();
  const used = (p: Place): Set<string> => (p.kind === "prefix" ? prefixes : layers);
  const free = (p: Place): boolean =>
    !used(p).has(p.name) && (p.kind === "prefix" || !taken.has(`${prefix}${p.name}`));
  const places = [...parent.children.values()];
  for (const p of places) {
    if (p.kind === "counted") continue;
    p.name = p.label;
    for (let k = 2; !free(p); k++) p.name = `${p.label}#${k}`;
    used(p).add(p.name);
  }
  const counts = new Map<string, number>();
  for (const p of places) {
    if (p.kind !== "counted") continue;
    let k = counts.get(p.label) ?? 0;
    const separator = /\d$/.test(p.label) ? "_" : "";
    do p.name = `${p.label}${separator}${++k}`;
    while (!free(p));
    counts.set(p.label, k);
    used(p).add(p.name);
  }
  for (const p of places) assign(p, `${prefix}${p.name}/`, taken);
}

/** Names that came out equal by different ways (a property called `a/b`) are numbered. */
function distinct(names: readonly string[]): readonly string[] {
  const used = new Set<string>();
  return names.map((name) => {
    let free = name;
    for (let k = 2; used.has(free); k++) free = `${name}#${k}`;
    used.add(free);
    return free;
  });
}
