/**
 * The storage buffers of one kernel, and whether each is an array of f32 or of vectors.
 *
 * A kernel is written twice. The first time every binding is `array<f32>` and the addresses are noted; then each
 * tensor whose addresses are provably aligned, and fall into fewer vectors than elements, becomes an array of
 * vectors, and the second writing picks components. Sliding windows share their loads this way.
 */

import { must } from "../errors.ts";
import type { Index } from "../ir/expr.ts";
import { isBytes, type Node } from "../ir/graph.ts";
import { type Storages, type StorageType, typeOf } from "../ir/storage.ts";
import { add, constant, div, scale } from "../math/affine.ts";
import type { Width } from "../ops/scalar.ts";

export interface ReadBinding {
  /** A placeholder for the module-scope variable: names are given when it is known who shares the kernel. */
  readonly name: string;
  /** The stem of the variables that hold its elements. */
  readonly element: string;
  readonly width: Width;
  readonly type: StorageType;
}

/** An element of a binding: of its array of scalars or vectors. */
export interface Element {
  readonly from: Node;
  readonly at: Index;
}

interface Notes {
  /** The widest vector that is of use: that of its vector reads, if it has any. */
  widest: 2 | 4;
  /** Largest power of two ≤ 4 that divides every variable part. */
  alignment: number;
  readonly elements: Set<Index>;
  readonly bases: Map<Index, Set<number>>;
}

const COMPONENTS = ["x", "y", "z", "w"] as const;

/** Stands for a binding until it is named: the i-th of a part. No WGSL text holds this character. */
export function placeholder(part: number, i: number): string {
  return `\u00a7${part}.${i}\u00a7`;
}

/** Puts names in for the placeholders; `names[part][i]`. */
export function nameBindings(text: string, names: readonly (readonly string[])[]): string {
  return text.replace(
    /\u00a7(\d+)\.(\d+)\u00a7/g,
    (slot, part, i) => names[Number(part)]?.[Number(i)] ?? slot,
  );
}

export interface BindingOptions {
  readonly reads: readonly Node[];
  /** The tensor that the result overwrites: it is read through the result's binding. */
  readonly inPlace: Node | undefined;
  /** Which part of a module of several kernels this is. */
  readonly part: number;
  readonly resultWidth: Width;
  readonly storages: Storages;
  readonly resultType: StorageType;
}

export class Bindings {
  readonly #reads = new Map<Node, ReadBinding>();
  readonly #notes = new Map<Node, Notes>();

  /** The placeholder of the row numbers. */
  readonly order: string;
  /** The placeholder of the result. */
  readonly result: string;
  readonly resultType: StorageType;

  constructor(
    { reads, inPlace, part, resultWidth, storages, resultType }: BindingOptions,
    widths: ReadonlyMap<Node, Width> = new Map(),
  ) {
    const separate = reads.filter((node) => node !== inPlace);
    this.resultType = resultType;
    const rows = reads.some(isBytes) ? 1 : 0;
    this.order = placeholder(part, separate.length);
    this.result = placeholder(part, separate.length + rows);
    for (const node of reads) {
      this.#reads.set(node, {
        name: node === inPlace ? this.result : placeholder(part, separate.indexOf(node)),
        element: roleOf(node),
        width: node === inPlace ? resultWidth : (widths.get(node) ?? 1),
        type: typeOf(storages, node),
      });
    }
  }

  read(node: Node): ReadBinding {
    return must(this.#reads.get(node), "binding");
  }

  /** Remembers an address that is read. */
  note(node: Node, address: Index): void {
    let notes = this.#notes.get(node);
    if (!notes) {
      notes = { widest: 4, alignment: 4, elements: new Set(), bases: new Map() };
      this.#notes.set(node, notes);
    }
    for (const t of address.terms) while (t.coefficient % notes.alignment !== 0) notes.alignment /= 2;
    notes.elements.add(address);
    const base = add(address, -address.constant);
    const offsets = notes.bases.get(base) ?? new Set<number>();
    offsets.add(address.constant);
    notes.bases.set(base, offsets);
  }

  /** Remembers that `lanes` neighbours are read at once. */
  noteVector(node: Node, lanes: readonly Index[]): void {
    for (const a of lanes) this.note(node, a);
    const notes = must(this.#notes.get(node), "notes");
    if (lanes.length === 2 && isConsecutive(lanes)) notes.widest = 2;
  }

  /** The vector width that pays for each tensor, from the addresses noted. */
  widths(): ReadonlyMap<Node, Width> {
    const result = new Map<Node, Width>();
    for (const [node, { widest, alignment, elements, bases }] of this.#notes) {
      for (const width of [4, 2] as const) {
        if (width > widest || alignment % width !== 0) continue;
        let vectors = 0;
        for (const offsets of bases.values())
          vectors += new Set([...offsets].map((o) => Math.floor(o / width))).size;
        if (vectors * 1.5 <= elements.size) {
          result.set(node, width);
          break;
        }
      }
    }
    return result;
  }

  /** The tensors of which an address was noted. */
  get noted(): ReadonlySet<Node> {
    return new Set(this.#notes.keys());
  }

  /** Which array element an address is in, and which component of it. */
  locate(node: Node, address: Index): { readonly element: Index; readonly component: string | undefined } {
    const { width } = this.read(node);
    if (width === 1) return { element: address, component: undefined };
    const component = ((address.constant % width) + width) % width;
    return { element: div(add(address, -component), width), component: COMPONENTS[component] };
  }

  /** The element that holds exactly these addresses in order, if the binding's vectors are that wide. */
  wholeVector(node: Node, addresses: readonly Index[]): Index | undefined {
    const { width } = this.read(node);
    const first = addresses[0];
    if (width !== addresses.length || first === undefined || first.constant % width !== 0) return undefined;
    return isConsecutive(addresses) ? div(first, width) : undefined;
  }
}

function isConsecutive([first, ...rest]: readonly Index[]): boolean {
  return first !== undefined && rest.every((a, i) => add(a, scale(first, -1)) === constant(i + 1));
}

/** What a tensor is to the kernel that reads it, whatever it is called: `weight`, `running_mean`, `moment`, `grad`; else `x`. */
export function roleOf(node: Node): string {
  if (node.kind === "op") return node.own ?? (node.origin.role?.kind === "gradients" ? "grad" : "x");
  return (node.kind === "param" ? (node.own ?? node.use) : undefined) ?? "x";
}
